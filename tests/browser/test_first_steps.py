"""A new account is shown three steps, which tick themselves off by what is so, until they are dismissed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WatchedPage
from tests.browser.running import Person, RunningExchange

pytestmark = pytest.mark.slow

OpenAccount = Callable[[str], Person]


def expect_steps(tab: Page, **done: bool) -> None:
    for step, is_done in done.items():
        said = tab.locator(f"#first-steps [data-step='{step}'] .step-state")
        expect(said).to_have_text("Done: " if is_done else "To do: ")


def test_a_new_account_goes_from_nothing_to_its_first_order(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    exchange.submit(somebody("bob"), market, "buy", "1", "99")
    name = f"newcomer-{market[:-4]}"
    exchange.manage("open_account", name)
    newcomer = Person(name, "", "")
    page.page.context.add_cookies(
        [{"name": "sessionid", "value": exchange.session_of(newcomer), "url": exchange.url}]
    )
    tab = page.open(market)
    expect_steps(tab, money=False, order=False, key=False)

    tab.get_by_role("button", name="Ask for play money").click()
    expect_steps(tab, money=True, order=False)
    expect(page.balance("USD").locator("td").nth(1)).not_to_have_text("0")
    tab.get_by_role("button", name="Place an order").click()
    expect(tab.locator("#asks button:focus, #bids button:focus")).to_have_count(1)
    tab.keyboard.press("Enter")
    expect(tab.get_by_label("Price", exact=True)).to_have_value("99")
    tab.keyboard.type("0.01")
    tab.keyboard.press("Enter")
    page.expect_note(f"Placed: buy 0.01 {market[:-4]} at 99.")
    expect_steps(tab, money=True, order=True, key=False)

    tab.get_by_role("button", name="Dismiss").click()
    expect(tab.locator("#first-steps")).to_have_count(0)
    tab.reload()
    expect(tab.locator("#orders tr")).to_have_count(1)
    expect(tab.locator("#first-steps")).to_be_hidden()


def test_who_has_done_all_three_is_not_shown_them(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    exchange.submit(alice, market, "buy", "1", "99")

    with page.page.expect_response("**/api/v1/api-keys"):
        tab = page.log_in(alice, market)

    expect(tab.locator("#orders tr")).to_have_count(1)
    expect(tab.locator("#first-steps")).to_be_hidden()
