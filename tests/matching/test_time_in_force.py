"""How long an order wants to live: gtc rests, ioc takes what is there, fok takes all or nothing."""

import pytest

from tests.drivers import MarketDriver


def test_gtc_is_the_default_of_a_limit_order_and_rests() -> None:
    market = MarketDriver()

    order = market.buy("alice", 5, at=100).order

    assert (order.time_in_force, order.status, order.remaining) == ("gtc", "open", 5)
    assert market.ladder() == ["100 bid: 5 alice"]


def test_ioc_takes_what_is_there_and_cancels_the_rest() -> None:
    market = MarketDriver()
    market.sell("alice", 3, at=101)
    market.sell("alice", 9, at=103)

    order = market.buy("bob", 5, at=102, time_in_force="ioc").order

    assert market.trades == ["bob buys 3 @ 101 from alice"]
    assert (order.status, order.reason) == ("canceled", "ioc_remainder")
    assert (order.filled, order.canceled, order.remaining) == (3, 2, 0)
    assert market.ladder() == ["103 ask: 9 alice"]


def test_ioc_that_meets_nothing_is_canceled_whole() -> None:
    market = MarketDriver()

    answer = market.buy("bob", 5, at=102, time_in_force="ioc")

    assert answer.events == ["OrderAccepted", "OrderCanceled"]
    assert (answer.order.reason, answer.order.canceled) == ("ioc_remainder", 5)
    assert market.balance("bob", "USD") == (1_000_000, 0)


def test_ioc_that_is_filled_whole_is_filled() -> None:
    market = MarketDriver()
    market.sell("alice", 5, at=101)

    order = market.buy("bob", 5, at=101, time_in_force="ioc").order

    assert (order.status, order.reason, order.canceled) == ("filled", None, 0)


def test_fok_trades_whole_over_several_levels() -> None:
    market = MarketDriver()
    market.sell("alice", 3, at=101)
    market.sell("carol", 3, at=102)

    order = market.buy("bob", 5, at=102, time_in_force="fok").order

    assert market.trades == ["bob buys 3 @ 101 from alice", "bob buys 2 @ 102 from carol"]
    assert order.status == "filled"


def test_fok_that_cannot_be_whole_does_not_trade_at_all() -> None:
    market = MarketDriver()
    market.sell("alice", 3, at=101)
    market.sell("carol", 3, at=103)

    answer = market.buy("bob", 5, at=102, time_in_force="fok")

    assert market.trades == []
    assert answer.events == ["OrderAccepted", "OrderCanceled"]
    assert (answer.order.status, answer.order.reason) == ("canceled", "fok_unfillable")
    assert market.ladder() == ["103 ask: 3 carol", "101 ask: 3 alice"]


@pytest.mark.parametrize("mode", ["cancel_newest", "cancel_oldest", "cancel_both", "decrement"])
def test_fok_that_its_own_orders_keep_from_being_whole_leaves_them_alone(mode: str) -> None:
    market = MarketDriver()
    market.sell("bob", 3, at=101)
    market.sell("alice", 4, at=101)

    order = market.buy("bob", 5, at=101, time_in_force="fok", self_trade_prevention=mode).order

    assert market.trades == []
    assert (order.reason, order.canceled, order.prevented) == ("fok_unfillable", 5, 0)
    assert market.ladder() == ["101 ask: 3 bob, 4 alice"]


def test_fok_with_cancel_oldest_looks_past_its_own_orders() -> None:
    market = MarketDriver()
    market.sell("bob", 3, at=101)
    market.sell("alice", 5, at=101)

    order = market.buy(
        "bob", 5, at=101, time_in_force="fok", self_trade_prevention="cancel_oldest"
    ).order

    assert market.trades == ["bob buys 5 @ 101 from alice"]
    assert order.status == "filled"
    assert market.ladder() == []


def test_fok_with_decrement_is_never_whole_once_it_has_met_its_own_order() -> None:
    market = MarketDriver()
    market.sell("bob", 3, at=101)
    market.sell("alice", 9, at=101)

    order = market.buy(
        "bob", 5, at=101, time_in_force="fok", self_trade_prevention="decrement"
    ).order

    assert order.reason == "fok_unfillable"
    assert market.ladder() == ["101 ask: 3 bob, 9 alice"]


@pytest.mark.parametrize("mode", ["cancel_newest", "cancel_oldest", "cancel_both", "decrement"])
def test_fok_that_is_whole_before_it_meets_its_own_order_trades(mode: str) -> None:
    market = MarketDriver()
    market.sell("alice", 5, at=101)
    market.sell("bob", 3, at=101)

    order = market.buy("bob", 5, at=101, time_in_force="fok", self_trade_prevention=mode).order

    assert order.status == "filled"
    assert market.ladder() == ["101 ask: 3 bob"]


def test_fok_sells_by_the_same_rule() -> None:
    market = MarketDriver()
    market.buy("alice", 3, at=100)

    too_much = market.sell("bob", 4, at=100, time_in_force="fok")
    just_right = market.sell("bob", 3, at=100, time_in_force="fok")

    assert too_much.order.reason == "fok_unfillable"
    assert just_right.order.status == "filled"
