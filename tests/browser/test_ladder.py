"""The ladder: grouped as is wished, a thousand levels deep, with own orders, and what a price comes to."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, WatchedPage
from tests.browser.running import Person, RunningExchange
from tests.browser.test_market_page import expect_ladder, ladder

pytestmark = pytest.mark.slow

OpenAccount = Callable[[str], Person]
DEEP = 1000
ROWS_AT_MOST = 60


def place_many(exchange: RunningExchange, who: Person, market: str, side: str) -> None:
    """A level at each of DEEP prices: asks from 1000 up, bids from 999 down, a tenth of each."""
    step, start = (1, 1000) if side == "sell" else (-1, 999)
    orders = [
        {"market": market, "side": side, "quantity": "0.001", "price": f"{start + step * at / 10}"}
        for at in range(DEEP)
    ]
    for first in range(0, DEEP, 500):
        exchange.post(who, "orders/batch", {"orders": orders[first : first + 500]})


def test_a_click_an_order_and_whoever_takes_it(
    exchange: RunningExchange, market: str, somebody: OpenAccount, new_page: OpenPage
) -> None:
    """From the ladder into the form, the book and the open orders; a second browser takes it, both see it."""
    base = market[:-4]
    exchange.submit(somebody("carol"), market, "buy", "1", "99")
    maker, taker = new_page(), new_page()
    maker.log_in(somebody("alice"), market)
    taker.log_in(somebody("bob"), market)

    maker.page.locator("#bids .level[data-price='99']").click()
    expect(maker.page.get_by_label("Price", exact=True)).to_have_value("99")
    maker.fill(quantity="2")
    expect(maker.page.get_by_label("Total", exact=True)).to_have_value("198")
    maker.page.locator("#submit").click()

    maker.expect_own("bids", "99", "2")
    expect(maker.page.locator("#bids .level[data-price='99'] .quantity")).to_have_text("3.00000")
    expect(maker.open_order("99.00")).to_have_count(1)
    expect(taker.page.locator("#bids .level[data-price='99'] .own")).to_have_text("")

    taker.choose("Sell")
    taker.page.locator("#bids .level[data-price='99'] button").press("Enter")
    expect(taker.page.get_by_label("Quantity", exact=True)).to_be_focused()
    taker.page.keyboard.type("2")
    taker.page.keyboard.press("Enter")

    expect(taker.page.locator(".toast")).to_contain_text(f"Sold 2 {base} at 99 on average")
    expect(maker.page.locator(".toast")).to_contain_text(f"Bought 1 {base} at 99")
    expect(maker.page.locator("#toasts-said")).to_have_text(f"Bought 1 {base} at 99.")
    maker.expect_own("bids", "99", "1")
    maker.expect_balance("USD", "999,802", "99", "999,901")
    taker.expect_balance(base, "8", "0", "8")
    expect(maker.page.locator("#fills tr")).to_have_count(1)
    expect(taker.page.locator("#fills tr")).to_have_count(2)
    expect(taker.balance(base).locator(".value")).to_have_text("792")
    maker.page.get_by_role("button", name="Dismiss").last.press("Escape")
    expect(maker.page.locator(".toast")).to_have_count(0)


def test_levels_are_grouped_and_own_orders_with_them(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice, bob = somebody("alice"), somebody("bob")
    exchange.submit(bob, market, "sell", "1", "100.01")
    for who, side, quantity, price in (
        (alice, "sell", "0.25", "100.99"),
        (alice, "buy", "1", "99.99"),
        (alice, "buy", "2", "99.01"),
        (bob, "buy", "4", "98.5"),
    ):
        exchange.submit(who, market, side, quantity, price)
    tab = page.log_in(alice, market)
    expect_ladder(tab, exchange.book(market))

    tab.get_by_label("Prices grouped by").select_option("1")

    expect(tab.locator("#asks .level[data-price='101'] .quantity")).to_have_text("1.25000")
    page.expect_own("asks", "101", "0.25")
    page.expect_own("bids", "99", "3")
    expect(tab.locator("#bids .level[data-price='98'] .total")).to_have_text("7.00000")
    expect(tab.locator("#ladder-spread")).to_have_text("0.02")  # the real one
    tab.locator("#asks .level[data-price='101']").hover()
    expect(tab.locator("#ladder-sum-average")).to_have_text("100.206")
    expect(tab.locator("#ladder-sum-amount")).to_have_text("125.2575")


def test_of_a_thousand_levels_those_in_sight_have_rows_and_all_can_be_seen(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    place_many(exchange, alice, market, "sell")
    place_many(exchange, somebody("bob"), market, "buy")
    tab = page.open(market)
    book = exchange.book(market)
    expect_ladder(tab, book)
    assert tab.locator(".level").count() <= ROWS_AT_MOST

    tab.locator("#asks").evaluate("(side) => side.scrollTo(0, -side.scrollHeight)")
    tab.locator("#bids").evaluate("(side) => side.scrollTo(0, side.scrollHeight)")

    worst = {"asks": tab.locator("#asks .level[data-price='1099.9']")}
    worst["bids"] = tab.locator("#bids .level[data-price='899.1']")
    for row in worst.values():
        expect(row).to_be_in_viewport()
        expect(row.locator(".total")).to_have_text("1.00000")
    assert tab.locator(".level").count() <= ROWS_AT_MOST
    assert len(ladder(tab)["bids"]) <= ROWS_AT_MOST

    best = tab.locator("#bids button[tabindex='0']")
    best.focus()
    exchange.post(alice, "orders", {"market": market, "side": "buy", "quantity": "1", "price": "1"})
    tab.keyboard.press("ArrowDown")
    for side in ("#asks", "#bids"):
        tab.locator(side).evaluate("(side) => side.scrollTo(0, 0)")
    expect_ladder(tab, exchange.book(market))


def test_an_order_from_the_first_key_to_the_last(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    """No pointer: a price from the ladder, a step up, an order; then it is amended and canceled."""
    exchange.submit(somebody("bob"), market, "buy", "1", "99")
    tab = page.log_in(somebody("alice"), market)
    expect_ladder(tab, exchange.book(market))
    keys = tab.keyboard

    tab.get_by_label("Prices grouped by").focus()
    keys.press("Tab")
    keys.press("Enter")
    expect(tab.get_by_label("Quantity", exact=True)).to_be_focused()
    keys.type("1")
    keys.press("ArrowUp")
    keys.press("Shift+Tab")
    keys.press("ArrowUp")
    expect(tab.get_by_label("Price", exact=True)).to_have_value("99.01")
    keys.press("Enter")
    page.expect_note(f"Placed: buy 1.00001 {market[:-4]} at 99.01.")

    tab.get_by_role("button", name="Amend buy 1.00001 at 99.01").focus()
    keys.press("Enter")
    keys.type("98")
    keys.press("Enter")
    cancel = tab.get_by_role("button", name="Cancel buy 1.00001 at 98")
    expect(cancel).to_be_visible()
    cancel.focus()
    keys.press("Enter")
    page.expect_ended("buy", "98.00", "Canceled: you canceled it.")
