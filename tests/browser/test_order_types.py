"""Each type of order is placed from the form, is seen where it waits, and says why it ended."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import WatchedPage
from tests.browser.running import Person, RunningExchange

pytestmark = pytest.mark.slow

OpenAccount = Callable[[str], Person]


def trade_at(exchange: RunningExchange, market: str, price: str, *people: Person) -> None:
    """Let a trade happen, so that the market has a last price."""
    seller, buyer = people
    exchange.submit(seller, market, "sell", "0.01", price)
    exchange.submit(buyer, market, "buy", "0.01", price)


def test_an_iceberg_says_what_it_shows(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)

    tab.get_by_text("Advanced").click()
    page.fill(display_quantity="2")
    page.order("sell", "10", "120")

    expect(tab.locator("#orders tr").nth(1)).to_have_text("Shows 2 of 10")
    assert exchange.book(market)["asks"] == [["120", "2"]]


def test_an_order_until_a_date_says_when_and_expires(
    market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)
    here = tab.evaluate("new Date(Date.now() + 3000 - new Date().getTimezoneOffset() * 60000)")
    until = here.replace(tzinfo=None, microsecond=0)

    tab.get_by_label("Time in force").select_option("gtd")
    expect(tab.get_by_label("Until", exact=True)).to_have_value(re.compile(r"20.*T"))
    page.fill(expires_at=until.isoformat())
    page.order("buy", "1", "99")

    expect(tab.locator("#orders tr").nth(1)).to_have_text(
        re.compile(rf"Until {until.day} .* {until:%H:%M:%S}$")
    )
    page.expect_ended("buy", "99.00", "Expired: its time was up.")
    expect(tab.locator("#orders tr")).to_have_count(0)


def test_a_date_that_has_passed_is_refused_at_its_field(
    market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)

    tab.get_by_label("Time in force").select_option("gtd")
    page.fill(expires_at=(datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"))
    page.order("buy", "1", "99")

    expect(tab.locator("#expires_at-error")).to_have_text("The date must be in the future")


def test_a_market_order_spends_an_amount(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    base = market[:-4]
    exchange.submit(somebody("alice"), market, "sell", "1", "100")
    tab = page.log_in(somebody("bob"), market)

    page.choose("Market", "Spend USD")
    expect(tab.locator("#quantity")).to_be_hidden()
    page.fill(quote_quantity="50")
    expect(tab.locator("#cost-label")).to_have_text("Buys, about")
    expect(tab.locator("#cost")).to_have_text(f"0.5 {base}")
    tab.locator("#submit").click()

    page.expect_note(f"Bought 0.5 {base} at 100 on average.")
    page.expect_ended("buy", "market", "Filled at 100 on average.")


def test_a_market_order_goes_no_further_than_its_slippage(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    base = market[:-4]
    alice = somebody("alice")
    exchange.submit(alice, market, "sell", "1", "100")
    exchange.submit(alice, market, "sell", "1", "102")
    tab = page.log_in(somebody("bob"), market)

    page.choose("Market")
    page.fill(quantity="2", max_slippage="1")
    expect(tab.locator("#cost")).to_have_text("100 USD and no more within its limit")
    tab.locator("#submit").click()

    page.expect_note(
        f"Bought 1 {base} at 100 on average; the rest was canceled: "
        "nobody is left within its slippage."
    )
    page.expect_ended(
        "buy",
        "market",
        "Filled 1 at 100 on average; the rest canceled: nobody is left within its slippage.",
    )


@pytest.mark.parametrize(
    ("slippage", "words"),
    [
        ("200", "Give a percentage from 0 to 100."),
        ("0.00001", "Give at most four places after the point."),
        ("some", 'Must be a plain decimal such as "0.25", without exponent, sign or spaces'),
    ],
)
def test_a_slippage_that_is_none_is_refused_in_percent(
    market: str, somebody: OpenAccount, page: WatchedPage, slippage: str, words: str
) -> None:
    tab = page.log_in(somebody("alice"), market)

    page.choose("Market")
    page.fill(quantity="1", max_slippage=slippage)
    tab.locator("#submit").click()

    expect(tab.locator("#max_slippage-error")).to_have_text(words)


def test_a_stop_waits_with_its_trigger_and_trades_when_it_is_reached(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    base = market[:-4]
    alice, bob = somebody("alice"), somebody("bob")
    tab = page.log_in(alice, market)

    page.choose("Sell", "Stop")
    page.fill(stop_price="95", quantity="1")
    tab.locator("#submit").click()

    page.expect_note(f"Placed: sell 1 {base}, after a trade at 95 or below.")
    expect(tab.locator("#orders tr").nth(0)).to_contain_text("market")
    expect(tab.locator("#orders tr").nth(0)).to_contain_text("waiting")
    expect(tab.locator("#orders tr").nth(1)).to_have_text("Stop: waits for a trade at 95 or below")
    carol = somebody("carol")
    exchange.submit(bob, market, "buy", "5", "94")
    trade_at(exchange, market, "95", carol, bob)
    page.expect_ended("sell", "market", "Filled at 94 on average.")


def test_a_stop_limit_waits_and_then_rests_at_its_price(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice, bob = somebody("alice"), somebody("bob")
    tab = page.log_in(somebody("carol"), market)

    page.choose("Stop-limit")
    page.fill(stop_price="101", price="102", quantity="1")
    tab.locator("#submit").click()

    words = tab.locator("#orders tr").nth(1)
    expect(words).to_have_text("Stop-limit: waits for a trade at 101 or above")
    assert exchange.book(market)["bids"] == []
    expect(tab.locator("#bids .level.is-own")).to_have_count(0)
    trade_at(exchange, market, "101", alice, bob)
    expect(words).to_have_text("Triggered at 101")
    expect(tab.locator("#bids .level[data-price='102']")).to_have_class(re.compile("is-own"))


def test_a_take_profit_waits_from_the_other_side(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice, bob = somebody("alice"), somebody("bob")
    tab = page.log_in(somebody("carol"), market)
    trade_at(exchange, market, "100", alice, bob)

    page.choose("Profit limit", "Sell")
    page.fill(stop_price="110", price="109", quantity="1")
    tab.locator("#submit").click()

    words = tab.locator("#orders tr").nth(1)
    expect(words).to_have_text("Take-profit limit: waits for a trade at 110 or above")
    trade_at(exchange, market, "110", alice, bob)
    expect(words).to_have_text("Triggered at 110")
    expect(tab.locator("#asks .level[data-price='109']")).to_have_class(re.compile("is-own"))


def test_of_a_pair_one_order_cancels_the_other(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    base = market[:-4]
    tab = page.log_in(somebody("alice"), market)

    page.choose("OCO", "Sell")
    page.fill(price="120", stop_price="90", quantity="2")
    tab.locator("#submit").click()

    page.expect_note(f"Placed: sell 2 {base} at 120. Its stop waits for a trade at 90 or below.")
    expect(tab.locator("#orders tr")).to_have_count(4)
    expect(page.open_order("OCO: one of two that cancel each other")).to_have_count(2)
    page.expect_balance(base, "8", "2", "10")
    exchange.submit(somebody("bob"), market, "buy", "2", "120")
    page.expect_ended("sell", "120.00", "Filled at 120 on average.")
    page.expect_ended(
        "sell",
        "market",
        "Canceled: the other order of its pair traded, was triggered or ended.",
    )
    expect(tab.locator("#orders tr")).to_have_count(0)


def test_a_bracket_s_exits_wait_for_its_entry_and_end_each_other(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    base = market[:-4]
    alice, bob = somebody("alice"), somebody("bob")
    tab = page.log_in(alice, market)

    page.choose("Bracket", "Buy")
    page.fill(price="100", quantity="1", take_profit="110", loss_stop="95", loss_limit="94")
    tab.locator("#submit").click()

    page.expect_note(
        f"Placed: buy 1 {base} at 100. "
        "Take profit at 110 and stop loss at 95 wait for what it brings."
    )
    expect(page.open_order("Bracket: the entry")).to_have_count(1)
    expect(page.open_order("Waits for what the entry brings")).to_have_count(2)

    exchange.submit(bob, market, "sell", "1", "100")
    page.expect_ended("buy", "100.00", "Filled at 100 on average.")
    profit = tab.locator("#orders tr", has_text="110.00").first
    expect(profit.locator("td").nth(3)).to_have_text("1.00000")
    expect(page.open_order("Stop-limit: waits for a trade at 95 or below")).to_have_count(1)

    exchange.submit(bob, market, "buy", "1", "110")
    page.expect_ended("sell", "110.00", "Filled at 110 on average.")
    page.expect_ended("sell", "94.00", "Canceled: another order of its bracket traded or ended.")
    expect(tab.locator("#orders tr")).to_have_count(0)


def test_a_bracket_may_enter_at_the_market(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    base = market[:-4]
    exchange.submit(somebody("bob"), market, "sell", "1", "100")
    tab = page.log_in(somebody("alice"), market)

    page.choose("Bracket")
    tab.get_by_label("Entry").select_option("market")
    expect(tab.locator("#price")).to_be_hidden()
    page.fill(quantity="1", loss_stop="95")
    tab.locator("#submit").click()

    page.expect_note(f"Bought 1 {base} at 100 on average. Stop loss at 95 is in place.")
