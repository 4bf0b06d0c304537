"""From a phone of 360 pixels to a wide screen everything fits: nothing is cut off, nothing scrolls sideways.

On a phone one part of the page is seen at a time, and the buttons that order are under the thumb.

Balances alone may: whoever has much money sees it to the last digit.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WatchedPage
from tests.browser.running import Person, RunningExchange

pytestmark = pytest.mark.slow

OpenAccount = Callable[[str], Person]
WIDTHS = (360, 414, 768, 900, 1180, 1280, 1440, 1680, 1920)
TYPES = ("Limit", "Market", "Stop", "Stop-limit", "OCO", "Bracket")


def too_wide(tab: Page, width: int) -> list[str]:
    """What scrolls sideways, or sticks out of the window, at this width, in any part of the page."""
    tab.set_viewport_size({"width": width, "height": 800})
    return list(
        tab.evaluate(
            """() => {
                const found = [];
                const look = () => {
                    const inner = ".panel:not(.balances-panel) .scroll, .order-form, .safety";
                    const scrolls = [document.documentElement, ...document.querySelectorAll(inner)];
                    for (const each of scrolls) {
                        const name = each.id || each.className || "the page";
                        if (each.scrollWidth > each.clientWidth) found.push(name);
                    }
                    const controls = ".panel button, .panel input, .panel select, .state dd";
                    for (const each of document.querySelectorAll(controls)) {
                        const { left, right, width } = each.getBoundingClientRect();
                        const isOut = width && (left < 0 || right > innerWidth);
                        if (isOut) found.push(each.id || each.textContent);
                    }
                };
                const views = [...document.querySelectorAll("#views button")];
                for (const view of innerWidth < 760 ? views : [views[0]]) {
                    view.click();
                    look();
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

    tab.locator("#quick").get_by_role("button", name="Sell").click()
    expect(tab.get_by_label("Sell", exact=True)).to_be_focused()
    expect(tab.locator("#submit")).to_be_in_viewport(ratio=1)
    expect(tab.locator("#ladder")).to_be_hidden()
    page.choose("OCO")
    page.fill(price="120", stop_price="90", quantity="1")
    tab.locator("#submit").click()
    expect(tab.locator("#views-count")).to_have_text("2")
    parts = tab.get_by_role("navigation", name="Parts of this page")
    parts.get_by_role("button", name="Orders").click()
    tab.get_by_role("button", name="Amend sell 1 at 90 (stop)").click()
    tab.locator("form.amend").get_by_label("Stop price").fill("91")
    tab.locator("form.amend").get_by_role("button", name="Save").click()
    expect(tab.locator("#orders-note")).to_have_text("Amended: sell 1 at 91 (stop).")
    tab.get_by_role("button", name="Cancel sell 1 at 91 (stop)").click()

    page.expect_ended("sell", "market", "Canceled: you canceled it.")
    expect(tab.locator("#orders tr")).to_have_count(0)


def test_on_a_phone_a_price_of_the_book_leads_to_the_order(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    page.page.set_viewport_size({"width": 360, "height": 740})
    exchange.submit(somebody("bob"), market, "sell", "1", "101")
    tab = page.log_in(somebody("alice"), market)
    parts = tab.get_by_role("navigation", name="Parts of this page")
    expect(tab.locator(".chart-panel")).to_be_visible()

    parts.get_by_role("button", name="Book").click()
    expect(tab.locator(".chart-panel")).to_be_hidden()
    tab.locator("#asks .level[data-price='101']").click()

    expect(tab.get_by_label("Price", exact=True)).to_have_value("101")
    trade = parts.get_by_role("button", name="Trade")
    expect(trade).to_have_attribute("aria-current", "true")
