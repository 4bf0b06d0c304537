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


def test_what_opens_and_what_pops_up_is_accessible(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    exchange.set_status(market, "auction", seconds=600)
    exchange.submit(alice, market, "sell", "2", "101")
    tab = page.log_in(alice, market)
    tab.get_by_text("Advanced").click()
    page.see("Safety")
    exchange.set_status(market, "open")
    exchange.submit(somebody("bob"), market, "buy", "1", "101")
    expect(tab.locator(".toast")).to_have_count(1)
    tab.locator("#mark summary").click()
    expect_accessible(tab)

    tab.locator("#switcher summary").click()
    expect(tab.locator("#mark-checksum")).to_be_hidden()
    expect_accessible(tab)


def test_every_part_of_a_phone_s_page_is_accessible(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    page.page.set_viewport_size({"width": 360, "height": 740})
    alice = somebody("alice")
    exchange.submit(alice, market, "buy", "1", "99")
    tab = page.log_in(alice, market)

    for part in ("chart", "book", "trade", "orders"):
        tab.locator(f"#views [data-view='{part}']").click()
        expect_accessible(tab)


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
