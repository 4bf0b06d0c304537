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


def ladder(page: Page) -> dict[str, Any]:
    """What the ladder shows, best first, with the sequence and checksum that it was drawn at."""
    return dict(
        page.evaluate(
            """() => {
                const level = (row) => [row.dataset.price, row.querySelector(".quantity").textContent];
                const side = (id) => [...document.querySelectorAll(`#${id} .level`)]
                    .filter((row) => row.dataset.price).map(level);
                const { sequence, checksum } = document.getElementById("ladder").dataset;
                return { sequence: Number(sequence), checksum: Number(checksum),
                         bids: side("bids"), asks: side("asks").reverse() };
            }"""
        )
    )


def as_numbers(levels: list[list[str]]) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(price), Decimal(quantity.replace(",", ""))) for price, quantity in levels]


def expect_ladder(page: Page, book: Any) -> None:
    """Wait until the ladder is at the book's sequence; it must show its best levels then."""
    expect(page.locator("#ladder")).to_have_attribute("data-sequence", str(book["sequence"]))
    shown = ladder(page)
    assert shown["checksum"] == book["checksum"]
    for side in ("bids", "asks"):
        assert as_numbers(shown[side]) == as_numbers(book[side][:20])


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
    expect(page.page.locator("#mark-word")).to_have_text("in step")
    checksum = f"{exchange.book(market)['checksum']:08x}"
    expect(page.page.locator("#mark-checksum")).to_have_text(checksum)
    expect(page.page.locator("#ladder-spread")).to_have_text("1.50")


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


def test_another_market_is_a_choice_away(
    exchange: RunningExchange, market: str, page: WatchedPage
) -> None:
    other = exchange.create_market(market.replace("-USD", "X-USD"))
    page.open(market)

    page.page.locator("#switcher summary").click()
    page.page.get_by_role("link", name=other, exact=True).click()

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

    expect(page.page.locator("#asks .level[data-price='101'] button")).to_be_focused()


def test_only_the_site_s_own_scripts_may_run(exchange: RunningExchange, market: str) -> None:
    answer = httpx.get(f"{exchange.url}/markets/{market}/")

    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert re.findall(r"https?://", answer.text) == []
    assert re.findall(r"\son\w+=|javascript:", answer.text) == []


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
