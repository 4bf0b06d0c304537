"""The page says what the market's state takes: an auction and what it would come to, a halt, a band."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import WatchedPage
from tests.browser.running import Person, RunningExchange
from tests.browser.test_market_page import expect_ladder

pytestmark = pytest.mark.slow

OpenAccount = Callable[[str], Person]


def test_an_auction_appears_says_what_it_would_come_to_and_uncrosses(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    base = market[:-4]
    alice, bob = somebody("alice"), somebody("bob")
    tab = page.log_in(alice, market)
    expect(tab.locator("#state")).to_be_hidden()

    exchange.set_status(market, "auction")

    expect(tab.locator("#state")).to_contain_text("Orders are collected")
    expect(tab.locator("#form-state")).to_contain_text("limit and stop orders that may rest")
    expect(tab.locator("#switcher summary .status")).to_have_class("status auction")
    expect(tab.locator("#auction-price")).to_have_text("none: nothing would trade")
    expect(tab.locator("#auction-ends")).to_have_text("when the operator says so")
    page.order("buy", "3", "101")
    page.expect_note(f"Placed: buy 3 {base} at 101, matched at the opening.")
    exchange.submit(bob, market, "sell", "1", "99")
    exchange.submit(bob, market, "sell", "1", "101")
    expect(tab.locator("#auction-price")).to_have_text("101.00 USD")
    expect(tab.locator("#auction-volume")).to_have_text(f"2 {base}")
    expect(tab.locator("#auction-surplus")).to_have_text(f"1 {base} more to buy")

    expect_ladder(tab, exchange.book(market))
    expect(tab.locator("#ladder-spread-word")).to_have_text("Overlap")
    expect(tab.locator("#ladder-spread")).to_have_text("2.00")

    exchange.set_status(market, "open")
    expect(tab.locator("#state")).to_be_hidden()
    expect(tab.locator("#form-state")).to_be_hidden()
    expect(tab.locator("#orders tr td").nth(4)).to_have_text("2.00000")
    expect(tab.locator("#tape tr td:first-child")).to_have_text(["101.00", "101.00"])
    expect(tab.locator("#ladder-spread-word")).to_have_text("Spread")


def test_an_auction_that_ends_by_itself_counts_down(
    exchange: RunningExchange, market: str, page: WatchedPage
) -> None:
    tab = page.open(market)

    exchange.set_status(market, "auction", seconds=3)

    expect(tab.locator("#auction-ends")).to_have_text(re.compile(r"in 0:0[123]"))
    expect(tab.locator("#auction-ends")).to_have_text("in 0:01")
    expect(tab.locator("#state")).to_be_hidden()
    expect(tab.locator("#switcher summary .status")).to_have_text("open")


@pytest.mark.parametrize(
    ("type_", "field", "words"),
    [
        ("Market", "type", "An auction takes no market orders"),
        ("Bracket", "entry", "An auction takes no market orders"),
    ],
)
def test_what_an_auction_does_not_take_is_refused_at_its_field(
    exchange: RunningExchange,
    market: str,
    somebody: OpenAccount,
    page: WatchedPage,
    type_: str,
    field: str,
    words: str,
) -> None:
    exchange.set_status(market, "auction")
    tab = page.log_in(somebody("alice"), market)

    page.choose(type_)
    if type_ == "Bracket":
        tab.get_by_label("Entry").select_option("market")
        page.fill(take_profit="2")
    page.fill(quantity="1")
    tab.locator("#submit").click()

    expect(tab.locator(f"#{field}-error")).to_have_text(words)


def test_a_halt_and_a_close_say_what_is_taken_and_what_became_of_the_orders(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)
    page.order("buy", "1", "99")
    expect(tab.locator("#orders tr")).to_have_count(1)

    exchange.set_status(market, "halted")
    expect(tab.locator("#form-state")).to_contain_text("no orders and no amendments are taken")
    expect(tab.locator("#state")).to_contain_text("Nothing trades")
    expect(tab.locator("#auction")).to_be_hidden()
    page.order("buy", "1", "98")
    page.expect_note(f"{market} is halted; orders are taken when it is open")

    exchange.set_status(market, "closed")
    expect(tab.locator("#form-state")).to_contain_text("is closed")
    expect(tab.locator(f'[data-status-of="{market}"]').first).to_have_text("closed")
    page.expect_ended("buy", "99.00", "Canceled: the market closed.")


def test_a_page_that_is_opened_in_an_auction_says_so(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    exchange.set_status(market, "auction", seconds=600)
    exchange.submit(somebody("alice"), market, "sell", "1", "99")
    exchange.submit(somebody("bob"), market, "buy", "1", "99")

    tab = page.open(market)

    expect(tab.locator("#auction-price")).to_have_text("99.00 USD")
    expect(tab.locator("#auction-ends")).to_have_text(re.compile(r"in (9|10):\d\d"))


def test_the_price_band_is_shown_at_the_price_and_follows_the_last_trade(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    banded = exchange.create_market(market.replace("-USD", "B-USD"), price_band="0.1")
    base = banded[:-4]
    alice = exchange.open_account(f"alice-{base}", USD="1000000", **{base: "10"})
    bob = exchange.open_account(f"bob-{base}", USD="1000000", **{base: "10"})
    tab = page.log_in(alice, banded)
    expect(tab.locator("#price-band")).to_be_hidden()

    exchange.submit(bob, banded, "sell", "1", "63920.33")
    exchange.submit(alice, banded, "buy", "1", "63920.33")

    expect(tab.locator("#price-band")).to_have_text("Price band: at most 70,312.36")
    page.choose("Sell")
    expect(tab.locator("#price-band")).to_have_text("Price band: at least 57,528.3")
    page.order("sell", "1", "57528.29")
    expect(tab.locator("#price-error")).to_contain_text("at least 57528.3 now")
    page.order("sell", "1", "57528.3")
    page.expect_note(f"Placed: sell 1 {base} at 57,528.3.")


def test_the_band_of_a_stop_limit_is_around_its_stop_price(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    banded = exchange.create_market(market.replace("-USD", "C-USD"), price_band="0.1")
    tab = page.log_in(somebody("alice"), banded)

    page.choose("Stop-limit")
    page.fill(stop_price="200")

    expect(tab.locator("#price-band")).to_have_text("Price band: at most 220")


def test_a_band_that_an_operator_changes_is_shown_as_it_is_now(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice, bob = somebody("alice"), somebody("bob")
    tab = page.log_in(alice, market)
    exchange.submit(bob, market, "sell", "1", "100")
    exchange.submit(alice, market, "buy", "1", "100")
    expect(tab.locator("#tape tr")).to_have_count(1)
    expect(tab.locator("#price-band")).to_be_hidden()

    exchange.configure(market, price_band="0.05")

    expect(tab.locator("#price-band")).to_have_text("Price band: at most 105")
