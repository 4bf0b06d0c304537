"""An account never trades with itself: the taker's mode decides what gives way; no trade, no fee.

cancel_newest: the taker's rest. cancel_oldest: the resting order, then the taker goes on.
cancel_both: both. decrement: both shrink by the smaller of the two.
"""

import pytest

from tests.drivers import MarketDriver

REASON = "self_trade_prevention"


def own_order_behind_alices() -> MarketDriver:
    """Asks at 101: 2 of alice, 3 of bob, 4 of carol."""
    market = MarketDriver()
    market.sell("alice", 2, at=101)
    market.sell("bob", 3, at=101, client_order_id="own")
    market.sell("carol", 4, at=101)
    return market


def test_cancel_newest_trades_up_to_the_own_order_and_stops() -> None:
    market = own_order_behind_alices()

    order = market.buy("bob", 8, at=101, self_trade_prevention="cancel_newest").order

    assert market.trades == ["bob buys 2 @ 101 from alice"]
    assert (order.status, order.reason, order.canceled) == ("canceled", REASON, 6)
    assert market.ladder() == ["101 ask: 3 bob, 4 carol"]


def test_cancel_newest_is_the_default() -> None:
    market = own_order_behind_alices()

    order = market.buy("bob", 8, at=101).order

    assert order.self_trade_prevention == "cancel_newest"
    assert market.ladder() == ["101 ask: 3 bob, 4 carol"]


def test_cancel_oldest_cancels_the_own_order_and_goes_on() -> None:
    market = own_order_behind_alices()

    answer = market.buy("bob", 8, at=101, self_trade_prevention="cancel_oldest")

    assert market.trades == ["bob buys 2 @ 101 from alice", "bob buys 4 @ 101 from carol"]
    assert answer.events == ["OrderAccepted", "Trade", "OrderCanceled", "Trade"]
    own = answer.done.orders[2]
    assert (own.status, own.reason, own.canceled) == ("canceled", REASON, 3)
    assert market.ladder() == ["101 bid: 2 bob"]


def test_cancel_both_cancels_the_own_order_and_the_takers_rest() -> None:
    market = own_order_behind_alices()

    answer = market.buy("bob", 8, at=101, self_trade_prevention="cancel_both")

    assert market.trades == ["bob buys 2 @ 101 from alice"]
    assert answer.events == ["OrderAccepted", "Trade", "OrderCanceled", "OrderCanceled"]
    assert (answer.order.reason, answer.order.canceled) == (REASON, 6)
    assert market.ladder() == ["101 ask: 4 carol"]


def test_decrement_shrinks_both_and_the_larger_taker_goes_on() -> None:
    market = own_order_behind_alices()

    answer = market.buy("bob", 8, at=101, self_trade_prevention="decrement")

    assert market.trades == ["bob buys 2 @ 101 from alice", "bob buys 3 @ 101 from carol"]
    assert (answer.order.prevented, answer.order.filled) == (3, 5)
    own = answer.done.orders[2]
    assert (own.status, own.reason, own.prevented) == ("canceled", REASON, 3)
    assert market.ladder() == ["101 ask: 1 carol"]


def test_decrement_leaves_the_larger_resting_order_its_place() -> None:
    market = MarketDriver()
    own = market.sell("bob", 5, at=101)
    market.sell("carol", 4, at=101)

    order = market.buy("bob", 3, at=101, self_trade_prevention="decrement").order

    assert market.trades == []
    assert (order.status, order.reason, order.prevented) == ("canceled", REASON, 3)
    assert (market.order(own).status, market.order(own).prevented) == ("open", 3)
    assert market.ladder() == ["101 ask: 2 bob, 4 carol"]
    assert market.balance("bob", "BTC") == (999_998, 2)


def test_decrement_of_equals_ends_both() -> None:
    market = MarketDriver()
    own = market.sell("bob", 3, at=101)

    answer = market.buy("bob", 3, at=101, self_trade_prevention="decrement")

    assert answer.events == ["OrderAccepted", "QuantityPrevented", "QuantityPrevented"]
    assert (answer.order.status, market.order(own).status) == ("canceled", "canceled")
    assert market.ladder() == []


def test_a_decremented_order_that_is_filled_later_accounts_for_every_lot() -> None:
    market = MarketDriver()
    own = market.sell("bob", 5, at=101)
    market.buy("bob", 3, at=101, self_trade_prevention="decrement")

    market.buy("carol", 2, at=101)

    order = market.order(own)
    assert (order.quantity, order.filled, order.prevented) == (5, 2, 3)
    assert order.remaining == 0


@pytest.mark.parametrize("resting_mode", ["cancel_newest", "cancel_oldest", "decrement"])
def test_the_resting_orders_own_mode_does_not_matter(resting_mode: str) -> None:
    market = MarketDriver()
    market.sell("bob", 3, at=101, self_trade_prevention=resting_mode)

    market.buy("bob", 3, at=101, self_trade_prevention="cancel_both")

    assert market.ladder() == []


@pytest.mark.parametrize("mode", ["cancel_newest", "cancel_oldest", "cancel_both", "decrement"])
def test_what_is_prevented_is_no_trade_and_costs_no_fee(mode: str) -> None:
    market = MarketDriver(taker_fee_rate=1000, maker_fee_rate=500)
    market.sell("bob", 3, at=101)

    market.buy("bob", 3, at=101, time_in_force="ioc", self_trade_prevention=mode)

    assert market.trades == []
    assert market.engine.state.last_price is None
    assert market.balance("bob", "USD").total == market.balance("bob", "BTC").total == 1_000_000
    assert market.balance("exchange", "USD").total == 0


def test_a_prevented_change_of_the_book_is_published() -> None:
    market = MarketDriver()
    market.sell("bob", 5, at=101)

    market.buy("bob", 3, at=101, self_trade_prevention="decrement")

    assert market.batches[-1].asks == ((101, 2),)


def test_a_market_order_is_prevented_by_the_same_rule() -> None:
    market = own_order_behind_alices()

    answer = market.buy("bob", 8, self_trade_prevention="decrement")

    order = answer.order
    assert market.trades == ["bob buys 2 @ 101 from alice", "bob buys 3 @ 101 from carol"]
    assert (order.filled, order.prevented, order.canceled) == (5, 3, 0)


def test_several_own_orders_give_way_one_after_the_other() -> None:
    market = MarketDriver()
    for price in (101, 102, 103):
        market.sell("bob", 1, at=price)
    market.sell("alice", 1, at=104)

    market.buy("bob", 1, at=104, self_trade_prevention="cancel_oldest")

    assert market.trades == ["bob buys 1 @ 104 from alice"]
    assert market.ladder() == []
    assert market.balance("bob", "BTC") == (1_000_001, 0)


def test_an_own_order_beyond_the_limit_stays() -> None:
    market = MarketDriver()
    market.sell("bob", 1, at=105)

    market.buy("bob", 1, at=104, self_trade_prevention="cancel_both")

    assert market.ladder() == ["105 ask: 1 bob", "104 bid: 1 bob"]
