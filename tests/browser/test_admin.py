"""The operator's pages in a real browser: front page, halt all, a preview, a freeze."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import expect_accessible
from tests.browser.conftest import WatchedPage
from tests.browser.running import Person, RunningExchange

pytestmark = pytest.mark.slow


@pytest.fixture
def desk(exchange: RunningExchange, page: WatchedPage) -> Page:
    """An operator who is logged in, at the front page."""
    script = (
        "from django.contrib.auth.models import User; "
        "User.objects.filter(username='olga').exists() or User.objects.create_superuser('olga')"
    )
    exchange.manage("shell", "--verbosity=0", "-c", script)
    session = exchange.session_of(Person("olga", "", ""))
    tab = page.page
    tab.context.add_cookies([{"name": "sessionid", "value": session, "url": exchange.url}])
    tab.goto(f"{exchange.url}/admin/")
    return tab


def confirm(desk: Page, why: str, button: str) -> None:
    desk.get_by_label("Why").fill(why)
    desk.get_by_role("button", name=button).click()


def test_the_front_page_follows_the_market_and_greys_out_when_nobody_answers(
    exchange: RunningExchange,
    market: str,
    somebody: Callable[[str], Person],
    desk: Page,
    page: WatchedPage,
) -> None:
    alice = somebody("alice")
    line = desk.locator("table.overview tr", has_text=market)
    expect(line).to_contain_text("in step")

    exchange.submit(alice, market, "buy", "1", "99.5")

    expect(line.locator("td[data-label='Best bid']")).to_have_text("99.5")
    expect(line.locator("td[data-label='Open orders']")).to_have_text("1")

    page.forgive("Failed to load resource")
    desk.route("**/overview/", lambda route: route.abort())
    expect(desk.locator("#stale")).to_contain_text("The server does not answer.")
    expect(desk.locator("#overview")).to_have_class("stale")
    desk.unroute("**/overview/")
    expect(desk.locator("#stale")).to_be_hidden()


def test_all_markets_are_halted_and_resumed_by_one_question_each(
    exchange: RunningExchange, market: str, desk: Page
) -> None:
    status = desk.locator("table.overview tr", has_text=market).locator("td[data-label='Status']")

    desk.get_by_role("link", name="Halt all…").click()
    confirm(desk, "prices are wrong", "Halt all")

    expect(desk.locator(".messagelist")).to_contain_text(f"{market}: done at sequence")
    expect(status).to_have_text("halted")
    expect(desk.locator(".warnings")).to_contain_text("halted: orders are not taken")

    desk.get_by_role("link", name="Resume all…").click()
    expect_accessible(desk)
    confirm(desk, "prices are right", "Resume them")

    expect(desk.locator(".messagelist")).to_contain_text(f"{market}: done at sequence")
    expect(status).to_have_text("open")


def test_a_change_of_a_market_is_shown_before_it_is_asked_for(
    exchange: RunningExchange, market: str, somebody: Callable[[str], Person], desk: Page
) -> None:
    exchange.submit(somebody("alice"), market, "buy", "1", "99.5")
    desk.get_by_role("link", name=market, exact=True).click()

    desk.get_by_label("Tick size").fill("0.5")
    desk.get_by_role("button", name="Show what changes…").click()
    expect(desk.locator(".errorlist").first).to_contain_text("cannot change under open orders")

    desk.get_by_label("Tick size").fill("0.01")
    desk.get_by_label("Taker fee rate").fill("0.002")
    desk.get_by_role("button", name="Show what changes…").click()
    line = desk.locator("table.figures tbody tr")
    expect(line).to_contain_text("0.002")
    expect(line).to_contain_text("every trade from the engine's next batch on")
    confirm(desk, "as announced", f"Change {market}")

    expect(desk.locator(".messagelist")).to_contain_text(f"{market}: done at sequence")
    expect(desk.get_by_label("Taker fee rate")).to_have_value("0.002")


def test_an_account_is_frozen_audited_and_unfrozen(
    exchange: RunningExchange, market: str, somebody: Callable[[str], Person], desk: Page
) -> None:
    alice = somebody("alice")
    order = exchange.submit(alice, market, "buy", "1", "99.5")
    desk.goto(f"{exchange.url}/admin/markets/account/?q={alice.name}")
    desk.get_by_role("link", name=alice.name, exact=True).click()

    desk.get_by_role("link", name="Freeze…").click()
    expect(desk.locator(".question-text")).to_contain_text(f"Open orders: 1 in {market}.")
    confirm(desk, "stolen key", "Freeze the account")

    expect(desk.locator(".messagelist")).to_contain_text("Done in")
    expect(desk.locator(".frozen")).to_contain_text("by olga: stolen key")
    assert exchange.get(alice, f"orders/{order['id']}")["reason"] == "account_frozen"

    desk.get_by_role("link", name="Audit", exact=True).click()
    expect(desk.get_by_text("checks passed")).to_be_visible()
    desk.get_by_role("link", name="Back to the account").click()
    desk.get_by_role("link", name="Unfreeze…").click()
    confirm(desk, "new key", "Unfreeze the account")
    expect(desk.locator(".frozen")).to_have_count(0)
    exchange.submit(alice, market, "buy", "1", "99.5")


@pytest.mark.parametrize("width", [360, 1440])
def test_pages_fit_and_say_nothing_to_the_console(
    exchange: RunningExchange,
    market: str,
    somebody: Callable[[str], Person],
    desk: Page,
    width: int,
) -> None:
    """Each model's list and form: a breach of the site's policy would be an error in the console."""
    exchange.submit(somebody("alice"), market, "buy", "1", "99.5")
    desk.set_viewport_size({"width": width, "height": 900})
    models = ["market", "account", "order", "trade", "transfer", "batch", "operatorcommand"]
    pages = ["", *(f"markets/{model}/" for model in models)]
    pages += ["markets/market/add/", "markets/account/add/", "markets/asset/add/"]

    for address in pages:
        desk.goto(f"{exchange.url}/admin/{address}")
        wide = desk.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, address
