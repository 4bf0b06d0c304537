"""The charts draw what the exchange tells: its candles, whatever was missed, and the book added up.

What is on a canvas is read where the page says it in words: in the legend, and in the tables beside it.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from markets.history import INTERVALS
from tests.browser.axe import expect_accessible
from tests.browser.conftest import OpenPage, WatchedPage
from tests.browser.running import Person, RunningExchange

pytestmark = pytest.mark.slow

OpenAccount = Callable[[str], Person]
LIBRARY = "lightweight-charts"
PAGE = 400
"""How many candles the page asks for at once."""


def trade(exchange: RunningExchange, somebody: OpenAccount, market: str, *prices: str) -> None:
    """One trade of 1 at each price."""
    seller, buyer = somebody("seller"), somebody("buyer")
    for price in prices:
        exchange.submit(seller, market, "sell", "1", price)
        exchange.submit(buyer, market, "buy", "1", price)


def candles_of(exchange: RunningExchange, market: str, interval: str = "1m") -> Any:
    return httpx.get(f"{exchange.url}/api/v1/markets/{market}/candles?interval={interval}").json()


def shown(number: str) -> str:
    return f"{Decimal(number):,.2f}"


def expect_table(page: Page, candles: list[Any]) -> None:
    """Wait until the rows that had trades are these, the newest first."""
    rows = page.locator("#candles-table tr:not(:has(td:nth-child(7):text-is('0')))")
    expected: list[str] = []
    for candle in reversed(candles):
        expected += [shown(candle[name]) for name in ("open", "high", "low", "close")]
        expected += [candle["volume"], str(candle["trade_count"])]
    expect(rows.locator("td:not(:first-child)")).to_have_text(expected)


def make_history(exchange: RunningExchange, market: str, minutes: int) -> None:
    """Candles of so many minutes before this one, each of a trade at 100."""
    script = (
        "import time; from markets import models; "
        f"market = models.Market.objects.select_related('base', 'quote').get(symbol={market!r}); "
        "price = 100 * 10**market.quote.decimals; now = int(time.time()) // 60 * 60; "
        "one = dict(open=price, high=price, low=price, close=price, trade_count=1); "
        "one |= dict(volume=10**market.base.decimals, quote_volume=price, seconds=60, market=market); "
        f"rows = [models.Candle(start=now - 60 * ago, **one) for ago in range(1, {minutes} + 1)]; "
        "models.Candle.objects.bulk_create(rows)"
    )
    exchange.manage("shell", "--verbosity=0", "-c", script)


def expect_bars(page: Page, count: int) -> None:
    """Wait until the chart has so many bars, or one more: a minute may have passed."""
    page.wait_for_function(
        "([count]) => [count, count + 1].includes(Number(document.querySelector('#candles').dataset.bars))",
        arg=[count],
    )


def test_trades_are_candles_as_they_happen(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.open(market)
    expect(tab.locator("#candles-state")).to_have_text(
        "No trades yet: the first makes the first candle."
    )
    expect(tab.locator("#candles canvas").first).to_be_visible()

    trade(exchange, somebody, market, "100", "103", "99.5", "101")

    legend = tab.locator("#candles-legend")
    expect(legend).to_contain_text("101.00")
    assert legend.is_visible()
    expect(tab.locator("#candles-state")).to_be_empty()
    tab.locator("#candles-as-table").click()
    expect_table(tab, candles_of(exchange, market))
    expect(tab.locator("#candles")).to_have_attribute(
        "aria-label", f"{market}, candles of 1m, the last closed at 101.00 USD"
    )
    tab.get_by_role("link", name="TradingView").wait_for()


def test_an_interval_is_chosen_and_kept(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    trade(exchange, somebody, market, "100", "102")
    tab = page.open(market)
    tab.locator("#candles-as-table").click()
    expect_table(tab, candles_of(exchange, market))

    for interval in INTERVALS:
        tab.get_by_role("radio", name=interval, exact=True).check()
        expect(tab.locator("#candles")).to_have_attribute(
            "aria-label", f"{market}, candles of {interval}, the last closed at 102.00 USD"
        )
        expect_table(tab, candles_of(exchange, market, interval))

    tab.reload()
    expect(tab.get_by_role("radio", name="1d", exact=True)).to_be_checked()


def test_scrolling_back_asks_for_what_was_before(
    exchange: RunningExchange, market: str, page: WatchedPage
) -> None:
    make_history(exchange, market, PAGE + 150)
    tab = page.open(market)
    expect_bars(tab, PAGE + 1)  # and the minute of now

    tab.locator("#candles").focus()
    tab.keyboard.press("Home")

    expect_bars(tab, PAGE + 151)
    expect(tab.locator("#chart-said")).to_contain_text("close 100, volume 1")
    tab.keyboard.press("End")
    expect(tab.locator("#chart-said")).to_contain_text("volume 0")


def test_what_traded_while_the_page_was_away_is_there_when_it_is_back(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    sockets: list[WebSocketRoute] = []
    is_cut = False

    def carry(socket: WebSocketRoute) -> None:
        if is_cut:
            socket.close()
            return
        socket.connect_to_server()
        sockets.append(socket)

    page.page.route_web_socket("**/ws/v1/market-data", carry)
    trade(exchange, somebody, market, "100")
    tab = page.open(market)
    tab.locator("#candles-as-table").click()
    expect_table(tab, candles_of(exchange, market))

    is_cut = True
    sockets[-1].close()
    expect(tab.locator("#candles")).to_have_attribute("data-step", "out")
    expect(tab.locator("#candles-state")).to_contain_text("The candles may be old")
    trade(exchange, somebody, market, "105", "95")
    is_cut = False

    expect(tab.locator("#candles")).to_have_attribute("data-step", "in")
    expect_table(tab, candles_of(exchange, market))
    expect(tab.locator("#candles-state")).to_be_empty()


def test_candles_that_cannot_be_had_are_asked_for_again(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    trade(exchange, somebody, market, "100")
    page.forgive("503")
    answers: list[Callable[[Route], None]] = [
        lambda route: route.fulfill(status=503, json={"code": "unavailable", "detail": "not now"})
    ]
    page.page.route(
        "**/candles?*", lambda route: answers.pop()(route) if answers else route.continue_()
    )

    tab = page.open(market)

    expect(tab.locator("#candles-state")).to_have_text("The candles may be old: not now.")
    expect(tab.locator("#candles-state")).to_be_empty()
    expect(tab.locator("#candles-legend")).to_contain_text("100.00")


def test_without_the_library_the_panel_says_so_and_the_rest_works(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    trade(exchange, somebody, market, "100")

    # As the page is where the server has no library; before its scripts run.
    page.page.add_init_script(
        """new MutationObserver((_, observer) => {
            const candles = document.querySelector("#candles");
            if (!candles) return;
            candles.dataset.library = "";
            observer.disconnect();
        }).observe(document, { childList: true, subtree: true });"""
    )
    tab = page.open(market)

    expect(tab.locator("#candles-missing")).to_contain_text("is not on this server")
    tab.locator("#candles-as-table").click()
    expect_table(tab, candles_of(exchange, market))


def test_the_page_does_not_wait_for_the_library(market: str, page: WatchedPage) -> None:
    held: list[Route] = []
    page.page.route(f"**/{LIBRARY}*", lambda route: held.append(route))

    tab = page.open(market)

    expect(tab.locator("#mark")).to_have_attribute("data-step", "in")
    assert len(held) == 1
    held[0].continue_()
    expect(tab.locator("#candles canvas").first).to_be_visible()


def test_depth_is_the_book_added_up_exactly(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    for side, quantity, price in (
        ("buy", "1", "99"),
        ("buy", "2.5", "98"),
        ("sell", "0.75", "101"),
        ("sell", "1", "102.5"),
    ):
        exchange.submit(alice, market, side, quantity, price)
    base = market.partition("-")[0]
    tab = page.open(market)
    tab.get_by_role("tab", name="Depth").click()
    legend = tab.locator("#depth-legend")
    expect(legend).to_have_text("Middle 100.00 USD")

    tab.locator("#depth").focus()
    tab.keyboard.press("ArrowRight")
    expect(legend).to_have_text(f"Asks up to 101.00: 0.75 {base}, 75.75 USD")
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#chart-said")).to_have_text(f"Asks up to 102.50: 1.75 {base}, 178.25 USD")
    for _ in range(2):
        tab.keyboard.press("ArrowLeft")
    expect(tab.locator("#chart-said")).to_have_text(f"Bids down to 99.00: 1 {base}, 99 USD")

    tab.locator("#depth-as-table").click()
    expect(tab.locator("#depth-table tr", has_text="1 %").first).to_contain_text("1 %")
    within = tab.locator("#depth-table tr:has(td:text-is('2.5 %')) td")
    expect(within).to_have_text(["2.5 %", "3.50000", "1.75000"])
    exchange.submit(alice, market, "sell", "2", "102")
    expect(within).to_have_text(["2.5 %", "3.50000", "3.75000"])


def test_the_pointer_shows_a_level_and_the_zoom_how_far_one_sees(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    for price in ("99", "98", "90"):
        exchange.submit(alice, market, "buy", "1", price)
        exchange.submit(alice, market, "sell", "1", str(200 - int(price)))
    tab = page.open(market)
    tab.get_by_role("tab", name="Depth").click()
    expect(tab.locator("#depth-zoom")).to_have_text("±2.5 %")
    box = tab.locator("#depth").bounding_box()
    assert box is not None

    tab.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2)
    expect(tab.locator("#depth-legend")).to_contain_text("Bids down to 98.00: 2 ")

    tab.get_by_role("button", name="Further from the middle").click(click_count=2)
    expect(tab.locator("#depth-zoom")).to_have_text("±10 %")
    tab.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    expect(tab.locator("#depth-legend")).to_contain_text("Asks up to 102.00: 2 ")


def colour_at(page: Page, selector: str) -> Any:
    """The colour of a canvas's pixel near its lower left corner, where nothing is but its ground."""
    return page.evaluate(
        """(selector) => {
            const canvas = document.querySelector(selector);
            return [...canvas.getContext("2d").getImageData(3, canvas.height - 3, 1, 1).data];
        }""",
        selector,
    )


def test_the_charts_have_the_page_s_colours_also_when_they_change(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    trade(exchange, somebody, market, "100")
    page.forgive("willReadFrequently")  # it is this test that reads
    page.page.emulate_media(color_scheme="dark")
    tab = page.open(market)
    expect(tab.locator("#candles canvas").first).to_be_visible()
    ground = "#candles td canvas"
    dark = colour_at(tab, ground)

    tab.emulate_media(color_scheme="light")

    tab.wait_for_function(
        """([selector, dark]) => {
            const canvas = document.querySelector(selector);
            const data = canvas.getContext("2d").getImageData(3, canvas.height - 3, 1, 1).data;
            return String([...data]) !== dark;
        }""",
        arg=[ground, ",".join(map(str, dark))],
    )
    assert sum(colour_at(tab, ground)[:3]) > 600, "light"
    assert sum(dark[:3]) < 150, "dark"


def test_own_orders_and_fills_are_in_the_chart(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice, bob = somebody("alice"), somebody("bob")
    exchange.submit(bob, market, "sell", "1", "100")
    tab = page.log_in(alice, market)
    page.order("buy", "1", "100")
    page.order("buy", "1", "98")

    expect(tab.locator("#orders tr", has_text="98")).to_be_visible()

    expect(tab.locator("#candles")).to_have_attribute("data-own", "1 line, 1 mark")


@pytest.mark.parametrize("as_table", [False, True])
def test_axe_finds_nothing_amiss(
    exchange: RunningExchange,
    market: str,
    somebody: OpenAccount,
    new_page: OpenPage,
    as_table: bool,
) -> None:
    trade(exchange, somebody, market, "100")
    page = new_page()
    tab = page.open(market)
    expect(tab.locator("#candles-legend")).to_contain_text("100.00")
    for name in ("candles", "depth"):
        tab.locator(f"#tab-{name}").click()
        if as_table:
            tab.locator(f"#{name}-as-table").click()

        expect_accessible(tab)
