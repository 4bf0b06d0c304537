"""axe-core finds nothing amiss on the trading page, in both themes, for a visitor and for who trades."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.axe import expect_accessible
from tests.browser.conftest import WatchedPage
from tests.browser.running import Person, RunningExchange

pytestmark = pytest.mark.slow

OpenAccount = Callable[[str], Person]


def test_a_visitor_s_page_is_accessible(market: str, page: WatchedPage) -> None:
    expect_accessible(page.open(market))


def test_the_page_of_who_trades_is_accessible(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice, bob = somebody("alice"), somebody("bob")
    exchange.submit(bob, market, "buy", "1", "98")
    exchange.submit(alice, market, "sell", "2", "101")
    exchange.submit(bob, market, "buy", "1", "101")
    tab = page.log_in(alice, market)
    expect(tab.locator("#orders tr")).not_to_have_count(0)

    expect_accessible(tab)

    tab.get_by_role("button", name="Amend sell 2 at 101").click()
    page.order("buy", "x", "100")
    expect(tab.locator("#quantity-error")).to_be_visible()
    expect_accessible(tab)
