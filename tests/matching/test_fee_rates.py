"""An account may have fee rates of its own. What counts is the rate at the time of the match, the taker's
for who takes and the maker's for who rests; the trade's fact says which. Nobody may earn a rebate that
somebody's fee as a taker would not pay.
"""

import pytest

from markets.matching.commands import SetFeeRates
from markets.matching.types import FeeRates
from tests.drivers import MarketDriver
from tests.matching.scenes import told, trade_at, traded_at


def a_market() -> MarketDriver:
    """Makers pay 1 %, takers 2 %."""
    return MarketDriver(maker_fee_rate=10_000, taker_fee_rate=20_000)


# Whose rate counts


def test_a_taker_pays_its_own_rate_and_the_maker_the_markets() -> None:
    market = a_market()
    market.set_fee_rates("bob", (5_000, 50_000))
    market.sell("alice", 100, at=50)

    [trade] = market.buy("bob", 100, at=50).done.trades

    assert (trade.taker_fee_rate, trade.maker_fee_rate) == (50_000, 10_000)
    assert (trade.taker_fee, trade.maker_fee) == (5, 50)
    assert market.balance("bob", "BTC") == (1_000_095, 0)
    assert market.balance("alice", "USD") == (1_004_950, 0)
    assert market.balance("exchange", "BTC") == (5, 0)
    assert market.balance("exchange", "USD") == (50, 0)


def test_a_maker_pays_its_own_rate_and_the_taker_the_markets() -> None:
    market = a_market()
    market.set_fee_rates("alice", (5_000, 50_000))
    market.sell("alice", 100, at=50)

    [trade] = market.buy("bob", 100, at=50).done.trades

    assert (trade.taker_fee_rate, trade.maker_fee_rate) == (20_000, 5_000)
    assert (trade.taker_fee, trade.maker_fee) == (2, 25)


def test_both_may_have_their_own() -> None:
    market = a_market()
    market.set_fee_rates("alice", (0, 30_000))
    market.set_fee_rates("bob", (0, 40_000))
    market.buy("alice", 100, at=50)

    [trade] = market.sell("bob", 100, at=50).done.trades

    assert (trade.taker_fee_rate, trade.maker_fee_rate) == (40_000, 0)
    assert (trade.taker_fee, trade.maker_fee) == (200, 0)


def test_rates_of_nothing_are_rates_too() -> None:
    market = a_market()
    market.set_fee_rates("alice", (0, 0))
    market.buy("bob", 100, at=50)

    [trade] = market.sell("alice", 100, at=50).done.trades

    assert (trade.taker_fee_rate, trade.taker_fee) == (0, 0)


def test_a_trade_says_the_markets_rates_where_nobody_has_other_ones() -> None:
    market = a_market()
    market.buy("bob", 100, at=50)

    [trade] = market.sell("alice", 100, at=50).done.trades

    assert (trade.taker_fee_rate, trade.maker_fee_rate) == (20_000, 10_000)


# From when on


def test_the_rate_at_the_time_of_the_match_counts_for_orders_that_rest_already() -> None:
    market = a_market()
    order = market.sell("alice", 100, at=50)
    market.buy("bob", 50, at=50)

    market.set_fee_rates("alice", (0, 20_000))
    market.buy("bob", 50, at=50)

    assert [trade.maker_fee for trade in market.rows.trades] == [25, 0]
    assert market.order(order).fee == 25


def test_it_holds_from_the_next_command_of_the_batch() -> None:
    market = a_market()
    market.buy("alice", 100, at=50)

    with market.batch():
        market.sell("bob", 50, at=50)
        market.set_fee_rates("bob", (0, 40_000))
        market.sell("bob", 50, at=50)

    assert [trade.taker_fee_rate for trade in market.rows.trades] == [20_000, 40_000]


def test_taken_away_again_the_markets_rates_count() -> None:
    market = a_market()
    market.set_fee_rates("bob", (0, 40_000))

    answer = market.set_fee_rates("bob", None)
    market.buy("alice", 100, at=50)
    [trade] = market.sell("bob", 100, at=50).done.trades

    assert answer.events == ["FeeRatesSet"]
    assert trade.taker_fee_rate == 20_000


def test_the_markets_new_rates_are_not_for_accounts_with_their_own() -> None:
    market = a_market()
    market.set_fee_rates("bob", (0, 40_000))
    market.buy("alice", 100, at=50)

    market.configure(maker_fee_rate=30_000, taker_fee_rate=30_000)
    [trade] = market.sell("bob", 100, at=50).done.trades

    assert (trade.taker_fee_rate, trade.maker_fee_rate) == (40_000, 30_000)


# Every way to trade


def test_an_auction_charges_the_later_order_as_taker_by_its_own_rate() -> None:
    market = a_market()
    market.set_fee_rates("alice", (1_000, 30_000))
    market.set_fee_rates("bob", (2_000, 40_000))
    market.auction()
    market.buy("alice", 100, at=50)
    market.sell("bob", 100, at=50)

    market.open()

    [trade] = market.rows.trades
    assert (trade.taker_fee_rate, trade.maker_fee_rate) == (40_000, 1_000)


def test_a_triggered_stop_pays_as_a_taker_by_its_own_rate() -> None:
    market = traded_at(100, maker_fee_rate=10_000, taker_fee_rate=20_000)
    market.set_fee_rates("alice", (0, 50_000))
    market.buy("alice", 100, stop=110)
    market.sell("bob", 100, at=111)

    trade_at(market, 110)

    assert market.rows.trades[-1].taker_fee_rate == 50_000


def test_an_entrys_own_rate_says_how_much_its_exits_want() -> None:
    market = traded_at(100, maker_fee_rate=0, taker_fee_rate=0)
    market.set_fee_rates("alice", (100_000, 200_000))
    market.sell("bob", 50, at=99)
    bracket = market.bracket("alice", "buy", 100, at=99, profit=110)

    market.sell("bob", 50, at=99)

    assert told(market, bracket) == [
        "entry: filled, 100 of 100, 0 left",
        "take_profit: open, 0 of 85, 85 left",
    ]


def test_a_rebate_of_its_own_is_paid_by_the_exchange() -> None:
    market = a_market()
    market.set_fee_rates("alice", (-20_000, 20_000))
    market.sell("alice", 100, at=50)

    [trade] = market.buy("bob", 100, at=50).done.trades

    assert (trade.maker_fee_rate, trade.maker_fee) == (-20_000, -100)
    assert market.balance("exchange", "USD").total == -100
    assert market.balance("alice", "USD") == (1_005_100, 0)


# What is refused


@pytest.mark.parametrize(
    ("rates", "word"),
    [
        ((0, -1), "taker_fee_rate"),
        ((0, 1_000_000), "taker_fee_rate"),
        ((1_000_000, 20_000), "maker_fee_rate"),
        ((-20_001, 20_000), "maker_fee_rate"),
        ((-20_001, 90_000), "maker_fee_rate"),
        ((-1, 0), "maker_fee_rate"),
    ],
)
def test_rates_that_make_no_sense_are_refused(rates: tuple[int, int], word: str) -> None:
    market = a_market()

    answer = market.set_fee_rates("alice", rates)

    assert answer.refused == "invalid_order"
    assert word in answer.refusal.message
    assert market.engine.state.sequence == 0


def test_a_taker_may_not_pay_less_than_somebodys_rebate() -> None:
    market = a_market()
    market.set_fee_rates("alice", (-10_000, 20_000))

    too_little = market.set_fee_rates("bob", (0, 9_999))
    just_enough = market.set_fee_rates("bob", (0, 10_000))

    assert (too_little.refused, just_enough.refused) == ("invalid_order", None)


def test_the_markets_new_rates_may_not_pay_less_than_somebodys_rebate() -> None:
    market = a_market()
    market.set_fee_rates("alice", (-10_000, 20_000))

    too_little = market.configure(maker_fee_rate=0, taker_fee_rate=9_999)
    just_enough = market.configure(maker_fee_rate=0, taker_fee_rate=10_000)

    assert (too_little.refused, just_enough.refused) == ("invalid_order", None)


def test_of_several_accounts_all_are_set_or_none() -> None:
    market = a_market()
    alice, bob = market.account("alice"), market.account("bob")

    answer = market.send(SetFeeRates({alice: FeeRates(0, 30_000), bob: FeeRates(-30_000, 30_000)}))

    assert answer.refused == "invalid_order"
    assert market.rows.fee_rates == {}


# As facts


def test_setting_rates_is_a_fact_that_names_what_changed() -> None:
    market = a_market()
    alice, bob = market.account("alice"), market.account("bob")
    market.set_fee_rates("alice", (0, 30_000))

    answer = market.send(SetFeeRates({alice: FeeRates(0, 30_000), bob: FeeRates(0, 40_000)}))

    assert answer.events == ["FeeRatesSet"]
    assert market.batches[-1].fee_rates == {bob: FeeRates(0, 40_000)}


def test_the_rates_that_it_has_already_are_no_fact() -> None:
    market = a_market()
    market.set_fee_rates("alice", (0, 30_000))

    same = market.set_fee_rates("alice", (0, 30_000))
    none = market.set_fee_rates("bob", None)

    assert same.events == none.events == []


@pytest.mark.parametrize("status", ["halt", "auction", "close"])
def test_they_are_set_in_any_status(status: str) -> None:
    market = a_market()
    getattr(market, status)()

    assert market.set_fee_rates("alice", (0, 30_000)).events == ["FeeRatesSet"]


def test_they_survive_a_restart() -> None:
    market = a_market()
    market.set_fee_rates("alice", (0, 30_000))
    market.set_fee_rates("bob", (0, 40_000))
    market.set_fee_rates("bob", None)

    market.restart()
    market.buy("alice", 100, at=50)
    [trade] = market.sell("bob", 100, at=50).done.trades

    assert (trade.taker_fee_rate, trade.maker_fee_rate) == (20_000, 0)


def test_what_is_undone_was_never_set() -> None:
    market = a_market()
    market.set_fee_rates("alice", (0, 30_000))
    market.buy("bob", 100, at=50)

    with market.batch(fails=True):
        market.set_fee_rates("alice", None)
        market.set_fee_rates("carol", (0, 90_000))
        market.set_fee_rates("alice", (0, 50_000))

    [trade] = market.sell("alice", 100, at=50).done.trades
    assert trade.taker_fee_rate == 30_000
    assert market.rows.fee_rates == {market.account("alice"): FeeRates(0, 30_000)}
