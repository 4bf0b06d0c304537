"""What is open can be changed where it is seen; what has ended says why, whoever ended it and when."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import WatchedPage
from tests.browser.running import Person, RunningExchange

pytestmark = pytest.mark.slow

OpenAccount = Callable[[str], Person]


def amend(tab: Page, name: str) -> Locator:
    """Open the form under the order of this name."""
    tab.get_by_role("button", name=f"Amend {name}").click()
    form = tab.locator("form.amend")
    expect(form.locator("input").first).to_be_focused()
    return form


def test_an_order_is_amended_in_its_place(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)
    page.order("buy", "1", "99")

    form = amend(tab, "buy 1 at 99")
    expect(form.get_by_label("Price")).to_have_value("99")
    form.get_by_label("Price").fill("98.5")
    form.get_by_label("Quantity in all").fill("2")
    form.get_by_role("button", name="Save").click()

    expect(tab.locator("#orders-note")).to_have_text("Amended: buy 2 at 98.5.")
    expect(form).to_have_count(0)
    expect(tab.get_by_role("button", name="Amend buy 2 at 98.5")).to_be_focused()
    assert exchange.book(market)["bids"] == [["98.5", "2"]]


def test_a_waiting_stop_gets_another_trigger(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    tab = page.log_in(alice, market)
    exchange.post(
        alice,
        "orders",
        {
            "market": market,
            "side": "sell",
            "type": "stop",
            "stop_price": "90",
            "quantity": "1",
        },
    )

    form = amend(tab, "sell 1 at 90 (stop)")
    expect(form.get_by_label("Price", exact=True)).to_have_count(0)
    form.get_by_label("Stop price").fill("92")
    form.get_by_label("Stop price").press("Enter")

    expect(page.open_order("Stop: waits for a trade at 92 or below")).to_have_count(1)


def test_a_refused_amendment_says_so_at_its_field_and_changes_nothing(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)
    page.order("buy", "1", "99")

    form = amend(tab, "buy 1 at 99")
    form.get_by_label("Price").fill("99.001")
    form.get_by_role("button", name="Save").click()
    expect(form.locator(".field-error").first).to_contain_text("nearest: 99 and 99.01")
    form.get_by_label("Price").fill("99")
    form.get_by_label("Quantity in all").fill("20000")
    form.get_by_role("button", name="Save").click()
    expect(form.locator(".note")).to_have_text("Needs 1980000 USD, available 1000000 USD")
    form.get_by_label("Price").press("Escape")

    expect(form).to_have_count(0)
    assert exchange.book(market)["bids"] == [["99", "1"]]


def test_only_what_was_changed_is_sent(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    """The order is reduced from elsewhere while its form is open."""
    alice = somebody("alice")
    tab = page.log_in(alice, market)
    placed = exchange.submit(alice, market, "buy", "2", "99")
    form = amend(tab, "buy 2 at 99")

    exchange.amend(alice, placed["id"], {"quantity": "1"})
    expect(tab.locator("#orders tr td").nth(3)).to_have_text("1.00000")
    form.get_by_label("Price").fill("98")
    form.get_by_role("button", name="Save").click()

    expect(form).to_have_count(0)
    assert exchange.book(market)["bids"] == [["98", "1"]]


def test_the_quantity_of_a_bracket_s_exit_is_not_the_owner_s_to_say(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    tab = page.log_in(alice, market)
    entry = {"market": market, "side": "buy", "price": "100", "quantity": "1"}
    exchange.post(alice, "orders/bracket", {**entry, "take_profit": {"price": "110"}})

    form = amend(tab, "sell 0 at 110")

    expect(form.get_by_label("Price")).to_be_visible()
    expect(form.locator("input")).to_have_count(1)


def test_an_order_that_ends_while_it_is_being_amended_says_how(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)
    page.order("buy", "1", "99")
    form = amend(tab, "buy 1 at 99")

    exchange.submit(somebody("bob"), market, "sell", "1", "99")

    expect(form).to_have_count(0)
    expect(tab.locator("#orders-note")).to_have_text(
        "The order that you were amending has ended. Filled at 99 on average."
    )
    expect(tab.locator("#orders-region")).to_be_focused()


def test_all_orders_of_one_side_are_canceled(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    for side, price in (("buy", "98"), ("buy", "99"), ("sell", "101")):
        exchange.submit(alice, market, side, "1", price)
    tab = page.log_in(alice, market)
    expect(tab.locator("#orders-count")).to_have_text("3")

    tab.get_by_label("Which orders to cancel").select_option("buy")
    tab.get_by_role("button", name="Cancel buys").click()

    expect(tab.locator("#orders-note")).to_have_text("Canceled 2 orders.")
    page.expect_ended("buy", "98.00", "Canceled: you canceled all orders.")
    expect(tab.get_by_role("button", name="Cancel buys")).to_be_disabled()
    assert exchange.book(market)["asks"] == [["101", "1"]]


def test_all_orders_everywhere_are_canceled(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    other = exchange.create_market(market.replace("-USD", "Z-USD"))
    exchange.submit(alice, other, "buy", "1", "1")
    exchange.submit(alice, market, "buy", "1", "1")
    tab = page.log_in(alice, market)
    expect(tab.locator("#orders-count")).to_have_text("1")

    tab.get_by_label(f"{market} only").uncheck()
    tab.get_by_role("button", name="Cancel all, all markets").click()

    expect(tab.locator("#orders-note")).to_have_text("Canceled 2 orders.")
    assert {order["status"] for order in exchange.orders(alice).values()} == {"canceled"}


def test_orders_that_ended_before_the_page_was_opened_say_why(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice, bob = somebody("alice"), somebody("bob")
    exchange.submit(alice, market, "buy", "1", "99")
    exchange.submit(bob, market, "sell", "1", "99")
    none_left = {"market": market, "side": "buy", "quantity": "1", "type": "market"}
    exchange.post(alice, "orders", none_left)
    exchange.post(
        alice, "orders", {**none_left, "type": "limit", "price": "9", "time_in_force": "fok"}
    )

    tab = page.log_in(alice, market)

    page.expect_ended("buy", "99.00", "Filled at 99 on average.")
    page.expect_ended("buy", "market", "Canceled: nobody is left on the other side.")
    page.expect_ended("buy", "9.00", "Canceled: it could not be filled whole at once.")
    page.see("Ended orders")
    expect(tab.locator("#ended tr").first).to_be_visible()
    expect(tab.locator("#ended-nothing")).to_be_hidden()


def test_orders_fills_and_safety_are_tabs(
    market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)
    ended, fills = (tab.get_by_role("tab", name=name) for name in ("Ended orders", "Your fills"))
    expect(tab.locator("#orders-nothing")).to_be_visible()

    fills.click()
    expect(tab.locator("#fills-nothing")).to_be_visible()
    expect(tab.locator("#ended-nothing")).to_be_hidden()
    fills.press("ArrowLeft")

    expect(ended).to_be_focused()
    expect(ended).to_have_attribute("aria-selected", "true")
    expect(tab.locator("#ended-nothing")).to_be_visible()
