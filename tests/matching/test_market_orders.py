"""A market order takes what is there, needs the money for exactly that, and never rests."""

import pytest

from tests.drivers import MarketDriver


def test_a_market_order_takes_the_best_prices_there_are() -> None:
    market = MarketDriver()
    market.sell("alice", 3, at=101)
    market.sell("carol", 3, at=150)

    order = market.buy("bob", 5).order

    assert market.trades == ["bob buys 3 @ 101 from alice", "bob buys 2 @ 150 from carol"]
    assert (order.status, order.price, order.notional) == ("filled", None, 603)


def test_what_a_thin_book_cannot_give_is_canceled() -> None:
    market = MarketDriver()
    market.buy("alice", 3, at=100)

    order = market.sell("bob", 5).order

    assert market.trades == ["bob sells 3 @ 100 to alice"]
    assert (order.status, order.reason) == ("canceled", "no_liquidity")
    assert (order.filled, order.canceled) == (3, 2)
    assert market.ladder() == []


def test_on_an_empty_book_a_market_order_is_canceled_whole() -> None:
    market = MarketDriver()

    answer = market.buy("bob", 5)

    assert answer.events == ["OrderAccepted", "OrderCanceled"]
    assert (answer.order.reason, answer.order.canceled) == ("no_liquidity", 5)


def test_a_market_order_is_ioc() -> None:
    market = MarketDriver()

    by_default = market.buy("bob", 5)
    when_said = market.buy("bob", 5, time_in_force="ioc")

    assert by_default.order.time_in_force == when_said.order.time_in_force == "ioc"


@pytest.mark.parametrize("time_in_force", ["gtc", "fok"])
def test_a_market_order_that_wants_to_wait_or_be_whole_is_refused(time_in_force: str) -> None:
    market = MarketDriver()

    answer = market.buy("bob", 5, time_in_force=time_in_force)

    assert answer.refused == "invalid_order"
    assert list(answer.refusal.errors) == ["time_in_force"]


def test_a_market_order_with_a_price_is_refused() -> None:
    market = MarketDriver()

    answer = market.buy("bob", 5, at=100, type="market")

    assert answer.refused == "invalid_order"
    assert list(answer.refusal.errors) == ["price"]


def test_a_limit_order_without_a_price_is_refused() -> None:
    market = MarketDriver()

    answer = market.buy("bob", 5, type="limit")

    assert answer.refused == "invalid_order"
    assert list(answer.refusal.errors) == ["price"]


def test_a_buy_needs_exactly_what_it_will_cost() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "BTC", 5)
    market.deposit("bob", "USD", 402)
    market.sell("alice", 2, at=100)
    market.sell("alice", 2, at=101)

    market.buy("bob", 9)

    assert market.trades == ["bob buys 2 @ 100 from alice", "bob buys 2 @ 101 from alice"]
    assert market.balance("bob", "USD") == (0, 0)


def test_a_buy_that_costs_a_unit_more_than_there_is_is_refused_whole() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "BTC", 5)
    market.deposit("bob", "USD", 401)
    market.sell("alice", 2, at=100)
    market.sell("alice", 2, at=101)

    answer = market.buy("bob", 9)

    assert answer.refused == "insufficient_funds"
    assert answer.refusal.message == "needs 402 USD, available 401 USD"
    assert market.trades == []


def test_a_sell_needs_its_whole_quantity_however_thin_the_book_is() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "USD", 100)
    market.deposit("bob", "BTC", 4)
    market.buy("alice", 1, at=100)

    too_much = market.sell("bob", 5)
    just_right = market.sell("bob", 4)

    assert too_much.refused == "insufficient_funds"
    assert just_right.order.filled == 1
    assert market.balance("bob", "BTC") == (3, 0)


def test_a_buy_that_self_trade_prevention_stops_needs_only_what_it_trades_before() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "BTC", 1)
    market.deposit("bob", "BTC", 5)
    market.deposit("bob", "USD", 100)
    market.sell("alice", 1, at=100)
    market.sell("bob", 5, at=101)

    order = market.buy("bob", 3).order

    assert market.trades == ["bob buys 1 @ 100 from alice"]
    assert (order.reason, order.canceled) == ("self_trade_prevention", 2)
    assert market.balance("bob", "USD") == (0, 0)


@pytest.mark.parametrize(
    ("mode", "need"),
    [("cancel_newest", 100), ("cancel_both", 100), ("decrement", 304), ("cancel_oldest", 406)],
)
def test_a_buy_past_its_own_order_needs_what_its_mode_lets_it_trade(mode: str, need: int) -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "BTC", 10)
    market.deposit("bob", "BTC", 1)
    market.deposit("bob", "USD", need - 1)
    market.sell("alice", 1, at=100)
    market.sell("bob", 1, at=101)
    market.sell("alice", 9, at=102)

    too_poor = market.buy("bob", 4, self_trade_prevention=mode)
    market.deposit("bob", "USD", 1)
    rich_enough = market.buy("bob", 4, self_trade_prevention=mode)

    assert too_poor.refused == "insufficient_funds"
    assert rich_enough.refused is None
    assert market.balance("bob", "USD") == (0, 0)
