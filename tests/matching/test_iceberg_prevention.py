"""Self-trade prevention meets an iceberg part by part: what is shown gives way when its turn comes.

cancel_oldest and cancel_both cancel the whole iceberg, hidden quantity too; decrement takes off what is
shown, and the next part goes to the back of the level.
"""

import pytest

from tests.drivers import MarketDriver

REASON = "self_trade_prevention"


def own_iceberg_before_alices_order() -> MarketDriver:
    """Asks at 101: 2 (and 4 hidden) of bob, 3 of alice."""
    market = MarketDriver()
    market.sell("bob", 6, at=101, show=2, client_order_id="own")
    market.sell("alice", 3, at=101)
    return market


def test_cancel_newest_stops_at_the_part_that_is_shown() -> None:
    market = own_iceberg_before_alices_order()

    order = market.buy("bob", 5, at=101, self_trade_prevention="cancel_newest").order

    assert market.trades == []
    assert (order.status, order.reason, order.canceled) == ("canceled", REASON, 5)
    assert market.ladder() == ["101 ask: 2+4 bob, 3 alice"]


def test_cancel_newest_trades_what_comes_before_the_next_part() -> None:
    market = MarketDriver()
    market.sell("bob", 6, at=101, show=2)
    market.sell("alice", 3, at=101)
    market.buy("carol", 2, at=101)

    order = market.buy("bob", 5, at=101, self_trade_prevention="cancel_newest").order

    assert market.trades[1:] == ["bob buys 3 @ 101 from alice"]
    assert (order.filled, order.canceled, order.reason) == (3, 2, REASON)
    assert market.ladder() == ["101 ask: 2+2 bob"]


def test_cancel_oldest_cancels_the_whole_iceberg_and_goes_on() -> None:
    market = own_iceberg_before_alices_order()

    answer = market.buy("bob", 5, at=101, self_trade_prevention="cancel_oldest")

    assert market.trades == ["bob buys 3 @ 101 from alice"]
    own = answer.done.orders[1]
    assert (own.status, own.reason, own.canceled, own.hidden) == ("canceled", REASON, 6, 0)
    assert market.ladder() == ["101 bid: 2 bob"]
    assert market.balance("bob", "BTC") == (1_000_003, 0)


def test_cancel_both_cancels_the_whole_iceberg_and_the_taker() -> None:
    market = own_iceberg_before_alices_order()

    order = market.buy("bob", 5, at=101, self_trade_prevention="cancel_both").order

    assert (order.canceled, order.reason) == (5, REASON)
    assert market.ladder() == ["101 ask: 3 alice"]
    assert market.balance("bob", "BTC") == (1_000_000, 0)


def test_decrement_shrinks_part_by_part_and_lets_others_come_between() -> None:
    market = own_iceberg_before_alices_order()

    answer = market.buy("bob", 7, at=101, self_trade_prevention="decrement")

    assert market.trades == ["bob buys 3 @ 101 from alice"]
    assert (answer.order.filled, answer.order.prevented) == (3, 4)
    assert answer.order.status == "canceled"
    own = answer.done.orders[1]
    assert (own.status, own.prevented, own.remaining) == ("open", 4, 2)
    assert market.ladder() == ["101 ask: 2 bob"]
    assert market.balance("bob", "BTC") == (1_000_001, 2)


def test_decrement_leaves_what_is_shown_of_a_part_its_place() -> None:
    market = own_iceberg_before_alices_order()

    market.buy("bob", 1, at=101, self_trade_prevention="decrement")

    assert market.ladder() == ["101 ask: 1+4 bob, 3 alice"]


@pytest.mark.parametrize(
    ("mode", "quantity", "status"),
    [
        ("cancel_newest", 1, "canceled"),
        ("cancel_oldest", 3, "filled"),
        ("cancel_oldest", 4, "canceled"),
        ("cancel_both", 1, "canceled"),
        ("decrement", 3, "canceled"),
    ],
)
def test_fill_or_kill_is_decided_after_prevention(mode: str, quantity: int, status: str) -> None:
    market = own_iceberg_before_alices_order()

    order = market.buy(
        "bob", quantity, at=101, time_in_force="fok", self_trade_prevention=mode
    ).order

    assert order.status == status
    assert order.reason == (None if status == "filled" else "fok_unfillable")
    if status == "canceled":
        assert market.ladder() == ["101 ask: 2+4 bob, 3 alice"]


@pytest.mark.parametrize(
    ("mode", "need"),
    [("cancel_newest", 0), ("cancel_oldest", 303), ("cancel_both", 0), ("decrement", 202)],
)
def test_a_market_order_past_its_own_iceberg_needs_what_it_will_trade(mode: str, need: int) -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "BTC", 9)
    market.deposit("bob", "BTC", 6)
    market.deposit("bob", "USD", need)
    market.sell("bob", 6, at=101, show=2)
    market.sell("alice", 3 if mode == "cancel_oldest" else 2, at=101)

    answer = market.buy("bob", 8, self_trade_prevention=mode)

    assert answer.order.notional == need
    assert market.balance("bob", "USD") == (0, 0)


def test_what_it_needs_counts_the_parts_in_their_turn() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "BTC", 6)
    market.deposit("bob", "BTC", 6)
    market.deposit("bob", "USD", 4 * 101)
    market.sell("alice", 6, at=101, show=2)
    market.sell("bob", 6, at=101, show=2)

    order = market.buy("bob", 8, self_trade_prevention="decrement").order

    assert (order.filled, order.prevented) == (4, 4)
    assert market.balance("bob", "USD") == (0, 0)
    assert market.ladder() == ["101 ask: 2 alice, 2 bob"]


@pytest.mark.parametrize("mode", ["cancel_newest", "cancel_oldest", "cancel_both", "decrement"])
def test_an_own_iceberg_that_takes_is_prevented_as_any_taker(mode: str) -> None:
    market = MarketDriver()
    market.sell("bob", 3, at=101)

    answer = market.buy("bob", 8, at=101, show=2, self_trade_prevention=mode)

    assert market.trades == []
    assert (
        market.ladder()
        == {
            "cancel_newest": ["101 ask: 3 bob"],
            "cancel_oldest": ["101 bid: 2+6 bob"],
            "cancel_both": [],
            "decrement": ["101 bid: 2+3 bob"],
        }[mode]
    )
    assert answer.order.prevented == (3 if mode == "decrement" else 0)


@pytest.mark.parametrize("mode", ["cancel_newest", "cancel_oldest", "cancel_both", "decrement"])
def test_prevention_of_icebergs_can_be_undone_and_survives_a_restart(mode: str) -> None:
    market = own_iceberg_before_alices_order()
    before = market.ladder()

    with market.batch(fails=True):
        market.buy("bob", 7, at=101, self_trade_prevention=mode)
    assert market.ladder() == before
    market.buy("bob", 7, at=101, self_trade_prevention=mode)
    after = market.ladder()
    market.restart()

    assert market.ladder() == after
