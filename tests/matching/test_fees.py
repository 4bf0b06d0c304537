"""Maker and taker pay their rates in the asset that each receives, rounded up to its smallest unit.

Fees go to the exchange's account. A negative maker rate is a rebate: the exchange pays it.
"""

from markets.matching.types import fee_on
from tests.drivers import MarketDriver


def test_each_side_pays_its_rate_in_what_it_receives() -> None:
    market = MarketDriver(maker_fee_rate=10_000, taker_fee_rate=20_000)
    market.sell("alice", 100, at=50)

    [trade] = market.buy("bob", 100, at=50).done.trades

    assert (trade.maker_fee, trade.taker_fee) == (50, 2)
    assert market.balance("alice", "USD") == (1_000_000 + 5_000 - 50, 0)
    assert market.balance("bob", "BTC") == (1_000_000 + 100 - 2, 0)
    assert market.balance("exchange", "USD") == (50, 0)
    assert market.balance("exchange", "BTC") == (2, 0)


def test_a_selling_taker_pays_in_quote() -> None:
    market = MarketDriver(maker_fee_rate=10_000, taker_fee_rate=20_000)
    market.buy("alice", 100, at=50)

    [trade] = market.sell("bob", 100, at=50).done.trades

    assert (trade.maker_fee, trade.taker_fee) == (1, 100)
    assert market.balance("bob", "USD") == (1_000_000 + 5_000 - 100, 0)
    assert market.balance("alice", "BTC") == (1_000_000 + 100 - 1, 0)


def test_a_fee_is_rounded_up_trade_by_trade() -> None:
    market = MarketDriver(taker_fee_rate=1000)
    market.buy("alice", 1, at=1001)
    market.buy("carol", 1, at=1000)

    order = market.sell("bob", 2, at=1000).order

    assert [trade.taker_fee for trade in market.rows.trades] == [2, 1]
    assert order.fee == 3


def test_a_rebate_is_paid_to_the_maker_by_the_exchange() -> None:
    market = MarketDriver(maker_fee_rate=-10_000, taker_fee_rate=20_000)
    market.sell("alice", 100, at=50)

    [trade] = market.buy("bob", 100, at=50).done.trades

    assert (trade.maker_fee, trade.taker_fee) == (-50, 2)
    assert market.balance("alice", "USD") == (1_000_000 + 5_000 + 50, 0)
    assert market.balance("exchange", "USD").total == -50
    assert market.balance("exchange", "BTC").total == 2


def test_a_rebate_is_rounded_down() -> None:
    market = MarketDriver(maker_fee_rate=-1000, taker_fee_rate=1000)
    market.sell("alice", 1, at=1999)

    [trade] = market.buy("bob", 1, at=1999).done.trades

    assert trade.maker_fee == -1


def test_rounding_is_always_in_the_exchanges_favour() -> None:
    assert [fee_on(received, 1000) for received in (0, 1, 999, 1000, 1001)] == [0, 1, 1, 1, 2]
    assert [fee_on(received, -1000) for received in (0, 1, 999, 1000, 1999, 2000)] == [
        0,
        0,
        0,
        -1,
        -1,
        -2,
    ]


def test_an_orders_fee_is_the_sum_of_its_fills_fees() -> None:
    market = MarketDriver(maker_fee_rate=10_000, taker_fee_rate=20_000)
    order = market.sell("alice", 100, at=50)
    market.buy("bob", 30, at=50)
    market.buy("bob", 70, at=50)

    assert market.order(order).fee == 15 + 35


def test_an_order_amended_into_a_trade_pays_as_a_taker() -> None:
    market = MarketDriver(maker_fee_rate=10_000, taker_fee_rate=20_000)
    order = market.sell("alice", 100, at=60)
    market.buy("bob", 100, at=50)

    market.amend("alice", order, at=50)

    assert market.order(order).fee == 100


def test_new_rates_count_from_the_next_trade() -> None:
    market = MarketDriver(taker_fee_rate=10_000)
    market.buy("alice", 100, at=50)
    market.sell("bob", 10, at=50)

    market.configure(taker_fee_rate=20_000)
    market.sell("bob", 10, at=50)

    assert [trade.taker_fee for trade in market.rows.trades] == [5, 10]


def test_fees_go_to_the_account_that_the_market_names() -> None:
    market = MarketDriver(fee_account=7, taker_fee_rate=10_000)
    market.buy("alice", 100, at=50)

    market.sell("bob", 100, at=50)

    assert market.balance("exchange", "USD") == (50, 0)
    assert market.account("exchange") == 7
