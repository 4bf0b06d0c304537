"""Anybody sees a market: its ladder is the exchange's book, proved, with its trades and its last day."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, WatchedPage
from tests.browser.running import Person, RunningExchange

pytestmark = pytest.mark.slow

OpenAccount = Callable[[str], Person]
FIT = 5  # levels a side that must be in sight, whatever else the page has to say


def ladder(page: Page) -> dict[str, Any]:
    """The rows that the ladder has, best first, with the sequence and checksum that it was drawn at."""
    return dict(
        page.evaluate(
            """() => {
                const level = (row) => [row.dataset.price, row.querySelector(".quantity").textContent];
                const rank = (row) => Number(row.getAttribute("aria-posinset"));
                const side = (id) => [...document.querySelectorAll(`#${id} .level:not([hidden])`)]
                    .sort((a, b) => rank(a) - rank(b)).map(level);
                const { sequence, checksum } = document.getElementById("ladder").dataset;
                return { sequence: Number(sequence), checksum: Number(checksum),
                         bids: side("bids"), asks: side("asks") };
            }"""
        )
    )


def as_numbers(levels: list[list[str]]) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(price), Decimal(quantity.replace(",", ""))) for price, quantity in levels]


def expect_ladder(page: Page, book: Any) -> None:
    """Wait until the ladder is at the book's sequence; it must show its best levels then, all that fit."""
    expect(page.locator("#ladder")).to_have_attribute("data-sequence", str(book["sequence"]))
    shown = ladder(page)
    assert shown["checksum"] == book["checksum"]
    for side in ("bids", "asks"):
        assert len(shown[side]) >= min(len(book[side]), FIT)
        assert as_numbers(shown[side]) == as_numbers(book[side][: len(shown[side])])


def test_the_ladder_is_the_book_at_its_sequence(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    for step in range(25):
        exchange.submit(alice, market, "buy", "0.5", str(99 - step))
        exchange.submit(alice, market, "sell", f"0.00{step + 1}", str(101 + step))

    page.open(market)
    expect_ladder(page.page, exchange.book(market))

    exchange.submit(alice, market, "buy", "0.25", "99.5")
    exchange.submit(alice, market, "buy", "0.25", "99")
    expect_ladder(page.page, exchange.book(market))
    expect(page.page.locator("#ladder-spread")).to_have_text("1.50")
    expect(page.page.locator("#ladder-spread-ratio")).to_have_text("1.485 %")


def test_what_proves_the_book_is_said_on_demand(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    exchange.submit(somebody("alice"), market, "buy", "0.5", "99")
    tab = page.open(market)
    expect(tab.locator("#mark-word")).to_have_text("Book verified")
    expect(tab.locator("#mark-checksum")).to_be_hidden()

    tab.locator("#mark summary").press("Enter")

    book = exchange.book(market)
    expect(tab.locator("#mark-sequence")).to_have_text(f"#{book['sequence']}")
    expect(tab.locator("#mark-checksum")).to_have_text(f"{book['checksum']:08x}")
    expect(tab.locator("#mark-verified")).to_have_text(re.compile(r"[0-9.]+ s ago"))
    expect(tab.locator("#mark-lag")).to_have_text(re.compile(r"[0-9]+ ms"))
    expect(tab.locator("#mark-resyncs")).to_have_text("0 times")
    expect(tab.locator("#ladder-size")).to_have_text("1 bid and 0 ask levels")
    tab.keyboard.press("Escape")
    expect(tab.locator("#mark-checksum")).to_be_hidden()


def test_trades_appear_on_the_tape_and_in_the_ticker(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice, bob = somebody("alice"), somebody("bob")
    page.open(market)
    expect(page.page.locator("#tape-nothing")).to_be_visible()

    exchange.submit(alice, market, "sell", "0.5", "100")
    exchange.submit(bob, market, "buy", "0.2", "100")
    exchange.submit(alice, market, "sell", "0.5", "110")
    exchange.submit(bob, market, "buy", "0.4", "110")

    prices = page.page.locator("#tape tr td:first-child")
    expect(prices).to_have_text(["110.00", "100.00", "100.00"])
    expect(page.page.locator("#tape tr").nth(2)).to_contain_text("0.20000")
    expect(page.page.locator("#ticker-last")).to_have_text("110.00")
    expect(page.page.locator("#ticker-change")).to_have_text(re.compile(r"\+10\.00\s+\+10\.00 %"))
    expect(page.page.locator("#ticker-low")).to_have_text("100.00")
    expect(page.page.locator("#ticker-volume")).to_have_text("0.6")
    expect(page.page).to_have_title(f"110.00 · {market} · Exchange")


def test_a_visitor_is_called_to_log_in_and_sees_nothing_private(
    market: str, page: WatchedPage
) -> None:
    page.open(market)

    expect(page.page.get_by_role("link", name="Log in to trade")).to_be_visible()
    assert page.page.locator("#order-form, #orders, #fills, #balances").count() == 0


def test_another_market_is_found_by_typing(
    exchange: RunningExchange, market: str, page: WatchedPage
) -> None:
    other = exchange.create_market(market.replace("-USD", "X-USD"))
    page.open(market)

    tab = page.page
    tab.locator("#switcher summary").press("Enter")
    expect(tab.get_by_label("Find a market")).to_be_focused()
    tab.keyboard.type("no such")
    expect(tab.locator("#switcher-nothing")).to_be_visible()
    tab.get_by_label("Find a market").fill(other[:-4].lower())
    expect(tab.locator("#switcher-markets tr:visible")).to_have_count(1)
    tab.keyboard.press("ArrowDown")
    expect(tab.get_by_role("link", name=other, exact=True)).to_be_focused()
    tab.keyboard.press("ArrowUp")
    tab.keyboard.press("Enter")

    expect(page.page).to_have_url(f"{exchange.url}/markets/{other}/")
    page.expect_step("in")
    expect(page.page.locator("#switcher .switcher-name")).to_have_text(other)


def test_the_front_page_is_a_market_s_page(
    exchange: RunningExchange, market: str, page: WatchedPage
) -> None:
    del market  # there is one
    page.page.goto(exchange.url)

    page.expect_step("in")


@pytest.mark.parametrize("path", ["/markets/NO-SUCH/", "/no-such-page"])
def test_what_is_not_there_is_a_page_that_leads_on(
    exchange: RunningExchange, market: str, page: WatchedPage, path: str
) -> None:
    page.forgive("404")

    answer = page.page.goto(exchange.url + path)

    assert answer is not None
    assert answer.status == 404
    expect(page.page.get_by_role("link", name=market, exact=True)).to_be_visible()


def test_a_level_can_be_reached_by_keyboard_in_one_stop(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    for price in ("98", "99"):
        exchange.submit(alice, market, "buy", "1", price)
    exchange.submit(alice, market, "sell", "1", "101")
    page.open(market)
    expect_ladder(page.page, exchange.book(market))

    page.page.locator("#bids button").first.focus()
    page.page.keyboard.press("ArrowDown")
    expect(page.page.locator("#bids button").nth(1)).to_be_focused()
    for _ in range(2):
        page.page.keyboard.press("ArrowUp")

    best_ask = page.page.locator("#asks .level[data-price='101'] button")
    expect(best_ask).to_be_focused()
    expect(page.page.locator("#ladder-sum-average")).to_have_text("101.00")
    expect(best_ask).to_have_attribute("aria-describedby", "ladder-sum")


def test_nothing_inline_and_nothing_of_another_site_may_run(
    exchange: RunningExchange, market: str
) -> None:
    answer = httpx.get(f"{exchange.url}/markets/{market}/")

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    for looser in ("script-src", "style-src", "connect-src", "unsafe", "http", "ws"):
        assert looser not in policy
    # What is elsewhere is a link that somebody may follow: the chart library's licence asks for it.
    elsewhere = re.findall(r"<[^>]*https?://[^>]*>", answer.text)
    assert len(elsewhere) == 1
    assert elsewhere[0].startswith('<a href="https://www.tradingview.com/"')
    assert re.findall(r"\s(on\w+|style)=|javascript:", answer.text) == []


def test_two_people_see_the_same_book(
    exchange: RunningExchange, market: str, somebody: OpenAccount, new_page: OpenPage
) -> None:
    alice = somebody("alice")
    pages = [new_page() for _ in range(2)]
    for each in pages:
        each.open(market)

    exchange.submit(alice, market, "buy", "1", "99")

    for each in pages:
        expect_ladder(each.page, exchange.book(market))
