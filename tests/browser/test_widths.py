"""From a phone of 360 pixels to a wide screen everything fits: nothing is cut off, nothing scrolls sideways.

Balances alone may: whoever has much money sees it to the last digit.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WatchedPage
from tests.browser.running import Person, RunningExchange

pytestmark = pytest.mark.slow

OpenAccount = Callable[[str], Person]
WIDTHS = (360, 414, 768, 1180, 1280, 1920)
TYPES = ("Limit", "Market", "Stop", "Stop-limit", "OCO", "Bracket")


def too_wide(tab: Page, width: int) -> list[str]:
    """What scrolls sideways, or sticks out of the window, at this width."""
    tab.set_viewport_size({"width": width, "height": 800})
    return list(
        tab.evaluate(
            """() => {
                const found = [];
                const inner = ".panel:not(.balances-panel) .scroll, .order-form, .safety";
                const scrolls = [document.documentElement, ...document.querySelectorAll(inner)];
                for (const each of scrolls) {
                    const name = each.id || each.className || "the page";
                    if (each.scrollWidth > each.clientWidth) found.push(name);
                }
                const controls = ".panel button, .panel input, .panel select, .state dd";
                for (const each of document.querySelectorAll(controls)) {
                    const { left, right, width } = each.getBoundingClientRect();
                    if (width && (left < 0 || right > innerWidth)) found.push(each.id || each.textContent);
                }
                return found;
            }"""
        )
    )


def test_a_visitor_s_page_fits(market: str, page: WatchedPage) -> None:
    tab = page.open(market)

    assert {width: too_wide(tab, width) for width in WIDTHS} == {width: [] for width in WIDTHS}


def test_every_type_of_order_fits(market: str, somebody: OpenAccount, page: WatchedPage) -> None:
    tab = page.log_in(somebody("alice"), market)
    tab.get_by_text("Advanced").click()
    tab.get_by_label("Time in force").select_option("gtd")

    for type_ in TYPES:
        page.choose(type_)
        assert {width: too_wide(tab, width) for width in WIDTHS} == {width: [] for width in WIDTHS}


def test_orders_with_all_that_can_be_said_of_them_fit_and_can_be_changed(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    order = {"market": market, "side": "buy", "price": "63920.33", "quantity": "10.12345"}
    until = {"time_in_force": "gtd", "expires_at": "2126-11-22T07:00:00Z"}
    wish = {"display_quantity": "1.5", "post_only": True, **until}
    exchange.post(alice, "orders", {**order, **wish})
    exchange.post(
        alice,
        "orders/bracket",
        {
            **order,
            "quantity": "1",
            "take_profit": {"price": "70000"},
            "stop_loss": {"stop_price": "60000", "price": "59000"},
        },
    )
    for _ in range(3):
        exchange.post(alice, "orders", {**order, "price": "1", "time_in_force": "ioc"})
    exchange.set_status(market, "auction", seconds=3600)
    exchange.submit(alice, market, "sell", "5", "60000")
    tab = page.log_in(alice, market)
    expect(tab.locator("#ended tr")).to_have_count(6)

    tab.get_by_role("button", name="Amend buy").first.click()

    assert {width: too_wide(tab, width) for width in WIDTHS} == {width: [] for width in WIDTHS}


def test_on_a_phone_an_order_is_placed_amended_and_canceled(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    page.page.set_viewport_size({"width": 360, "height": 740})
    tab = page.log_in(somebody("alice"), market)

    page.choose("OCO", "Sell")
    page.fill(price="120", stop_price="90", quantity="1")
    tab.locator("#submit").click()
    tab.get_by_role("button", name="Amend sell 1 at 90 (stop)").click()
    tab.locator("form.amend").get_by_label("Stop price").fill("91")
    tab.locator("form.amend").get_by_role("button", name="Save").click()
    expect(tab.locator("#orders-note")).to_have_text("Amended: sell 1 at 91 (stop).")
    tab.get_by_role("button", name="Cancel sell 1 at 91 (stop)").click()

    page.expect_ended("sell", "market", "Canceled: you canceled it.")
    expect(tab.locator("#orders tr")).to_have_count(0)
