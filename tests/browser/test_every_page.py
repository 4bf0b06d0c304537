"""Every page there is: answered as it should be, on a phone, too, silent on the console, and right by axe."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import every_page
from tests.browser.axe import expect_accessible, in_both_themes
from tests.browser.conftest import OpenPage, WatchedPage
from tests.browser.every_page import Addresses, SitePage
from tests.browser.running import Person, RunningExchange

pytestmark = pytest.mark.slow

PHONE = 360
SECRET = "somebody-has-a-secret"
MOVES = ("password-reset-new", "forbidden")
"""The one takes its secret out of the address, the other is refused at the admin's door."""
Lived = tuple[Addresses, dict[str, Person]]


@pytest.fixture(scope="module")
def lived(exchange: RunningExchange, fresh_markets: Iterator[str]) -> Lived:
    """An exchange with something on each page, where that is, and who may look."""
    market = next(fresh_markets)
    base = market.partition("-")[0]
    trader = exchange.open_account(f"vera-{base}", password=SECRET, USD="1000000", **{base: "10"})
    bob = exchange.open_account(f"bob-{base}", USD="1000000")
    exchange.open_account(f"nina-{base}", password=SECRET)
    exchange.submit(trader, market, "sell", "1", "101.5")
    exchange.submit(bob, market, "buy", "0.4", "101.5")
    exchange.submit(trader, market, "buy", "2", "99")
    script = (
        "from django.contrib.auth.models import User; "
        "User.objects.filter(username='olga').exists() or User.objects.create_superuser('olga')"
    )
    exchange.manage("shell", "--verbosity=0", "-c", script)
    people = {
        "trader": trader,
        "newcomer": Person(f"nina-{base}", SECRET, ""),
        "operator": Person("olga", "", ""),
    }
    return every_page.look_up(exchange.manage, market=market, trader=trader.name), people


def faults(tab: Page, url: str, page: SitePage, path: str) -> list[str]:
    """What is wrong with a page, in sentences."""
    answer = tab.goto(url + path)
    assert answer is not None
    moved = tab.url != url + path and page.name not in MOVES
    if answer.status != page.status or moved:
        return [f"{answer.status} at {tab.url}"]
    if page.name.startswith("market"):
        tab.locator('#mark[data-step="in"]').wait_for(state="attached")
    found = in_both_themes(tab)
    tab.set_viewport_size({"width": PHONE, "height": 740})
    if (wide := tab.evaluate("document.documentElement.scrollWidth")) > PHONE:
        found.append(f"{wide} pixels wide on a phone of {PHONE}")
    tab.set_viewport_size({"width": 1440, "height": 900})
    return found


@pytest.mark.parametrize(
    "chapter",
    ["MARKET", "DOORS", "ACCOUNT", "ERRORS", pytest.param("ADMIN", marks=pytest.mark.long)],
)
def test_every_page_is_as_it_should_be(
    exchange: RunningExchange, lived: Lived, new_page: OpenPage, chapter: str
) -> None:
    addresses, people = lived
    pages: tuple[SitePage, ...] = getattr(every_page, chapter)
    browsers: dict[str, WatchedPage] = {}
    found = []
    for page in pages:
        if page.who not in browsers:
            browsers[page.who] = new_page()
            enter(browsers[page.who].page, exchange, people.get(page.who))
            addresses.put_in_the_way_of(browsers[page.who].page.context, exchange.url)
        watched = browsers[page.who]
        if page.status >= 400:
            watched.forgive(f"status of {page.status}")
        found += [
            f"{page.name}: {sentence}"
            for sentence in faults(watched.page, exchange.url, page, addresses.of(page))
        ]
        found += [f"{page.name}: {problem}" for problem in watched.unforgiven()]
        watched.problems.clear()

    if found:
        pytest.fail("\n".join(found), pytrace=False)


def enter(tab: Page, exchange: RunningExchange, who: Person | None) -> None:
    """Log in, with a password where there is one: adding a second factor asks once more."""
    if who is None:
        return
    if not who.password:
        cookie = {"name": "sessionid", "value": exchange.session_of(who), "url": exchange.url}
        tab.context.add_cookies([cookie])  # type: ignore[list-item]
        return
    tab.goto(f"{exchange.url}/login/?next=/account/")
    tab.get_by_label("Username").fill(who.name)
    tab.get_by_label("Password").fill(who.password)
    tab.get_by_role("button", name="Log in").click()
    expect(tab.get_by_role("heading", name=who.name)).to_be_visible()
    tab.goto(f"{exchange.url}/account/confirm/?next=/account/")
    tab.get_by_label("Password").fill(who.password)
    tab.get_by_role("button", name="Go on").click()
    expect(tab.get_by_role("heading", name=who.name)).to_be_visible()


def test_what_is_shown_before_a_market_changes_is_accessible(
    exchange: RunningExchange, lived: Lived, page: WatchedPage
) -> None:
    addresses, people = lived
    tab = page.page
    enter(tab, exchange, people["operator"])
    tab.goto(f"{exchange.url}/admin/markets/market/{addresses.names['market_id']}/change/")

    tab.get_by_label("Tick size").fill("0.5")
    tab.get_by_label("Taker fee rate").fill("x")
    tab.get_by_role("button", name="Show what changes…").click()
    expect(tab.locator(".errorlist").first).to_be_visible()
    expect_accessible(tab)

    tab.get_by_label("Tick size").fill("0.01")
    tab.get_by_label("Taker fee rate").fill("0.002")
    tab.get_by_role("button", name="Show what changes…").click()
    expect(tab.locator("table.figures tbody tr")).to_contain_text("0.002")
    expect_accessible(tab)
