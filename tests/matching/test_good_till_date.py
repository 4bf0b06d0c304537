"""A gtd order is good until `expires_at` on the engine's clock. It expires by a command of its own, in
sequence like any other: status `expired`, what it held released. What is due goes by time, then by age.
"""

import pytest

from markets.matching.commands import FireTimers
from markets.matching.events import OrderCanceled
from markets.matching.types import SECOND
from tests.drivers import Answer, MarketDriver
from tests.matching.scenes import trade_at, traded_at


def expired_by(answer: Answer) -> list[int]:
    return [event.order_id for event in answer.done.events if isinstance(event, OrderCanceled)]


def test_at_its_time_an_order_expires_and_its_money_is_released() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=60)
    assert market.balance("alice", "USD") == (999_500, 500)

    answer = market.wait(60)

    assert answer.events == ["OrderCanceled"]
    ended = market.order(order)
    assert (ended.status, ended.reason, ended.canceled) == ("expired", "expired", 5)
    assert market.ladder() == []
    assert market.balance("alice", "USD") == (1_000_000, 0)


def test_not_before_its_time() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=60)
    expires_at = order.order.expires_at
    assert expires_at is not None

    market.now = expires_at - 2  # the driver's clock ticks once with every batch
    too_early = market.send(FireTimers())
    in_time = market.send(FireTimers())

    assert too_early.events == []
    assert in_time.events == ["OrderCanceled"]
    assert market.batches[-1].timestamp == expires_at


def test_the_engine_knows_when_it_is_due_next() -> None:
    market = MarketDriver()
    assert market.engine.next_due is None
    late = market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=60)
    soon = market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=30)

    due = [market.engine.next_due]
    market.cancel("alice", soon)
    due.append(market.engine.next_due)
    market.wait(60)
    due.append(market.engine.next_due)

    assert due == [soon.order.expires_at, late.order.expires_at, None]


def test_until_then_it_trades_like_any_other() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=60)
    market.wait(59)

    market.sell("bob", 5, at=100)
    market.wait(60)

    assert market.trades == ["bob sells 5 @ 100 to alice"]
    assert market.order(order).status == "filled"


def test_what_was_filled_stays_filled() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=60)
    market.sell("bob", 2, at=100)

    market.wait(60)

    ended = market.order(order)
    assert (ended.status, ended.filled, ended.canceled) == ("expired", 2, 3)
    assert market.balance("alice", "USD") == (999_800, 0)
    assert market.balance("alice", "BTC") == (1_000_002, 0)


def test_overdue_orders_expire_before_anything_else_of_the_batch_trades() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=60)
    market.buy("bob", 5, at=99)

    with market.batch():
        market.wait(3600)
        market.sell("carol", 5, at=99)

    assert market.trades == ["carol sells 5 @ 99 to bob"]


def test_several_that_are_due_expire_by_time_then_by_age() -> None:
    market = MarketDriver()
    third = market.buy("alice", 3, at=100, time_in_force="gtd", expires_in=60)
    market.buy("bob", 4, at=100)
    first = market.buy("carol", 1, at=90, time_in_force="gtd", expires_in=20)
    second = market.sell("dave", 2, at=110, time_in_force="gtd", expires_in=30)

    answer = market.wait(60)

    assert expired_by(answer) == [each.order.id for each in (first, second, third)]
    assert market.ladder() == ["100 bid: 4 bob"]


def test_at_the_same_time_the_older_one_expires_first() -> None:
    market = MarketDriver()
    with market.batch():
        orders = [
            market.buy(trader, 1, at=price, time_in_force="gtd", expires_in=60)
            for trader, price in (("alice", 98), ("bob", 100), ("carol", 99))
        ]

    answer = market.wait(60)

    assert expired_by(answer) == [each.order.id for each in orders]


def test_one_command_does_no_more_than_its_limit() -> None:
    market = MarketDriver()
    for price in range(101, 106):
        market.sell("alice", 1, at=price, time_in_force="gtd", expires_in=price)
    market.now += 3600 * SECOND

    first = market.send(FireTimers(limit=2))
    assert market.ladder() == ["105 ask: 1 alice", "104 ask: 1 alice", "103 ask: 1 alice"]
    second = market.send(FireTimers(limit=2))
    third = market.send(FireTimers(limit=2))

    assert [len(answer.events) for answer in (first, second, third)] == [2, 2, 1]
    assert market.ladder() == []


@pytest.mark.parametrize("seconds", [0, -1, -3600])
def test_the_time_must_be_in_the_future(seconds: int) -> None:
    market = MarketDriver()

    answer = market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=seconds)

    assert (answer.refused, list(answer.refusal.errors)) == ("invalid_order", ["expires_at"])


def test_the_next_microsecond_is_the_future() -> None:
    market = MarketDriver()
    wish = market.wish("alice", "buy", 5, at=100, time_in_force="gtd", expires_in=0)
    assert wish.expires_at is not None

    answer = market.send(wish._replace(expires_at=wish.expires_at + 1))

    assert answer.order.status == "open"


def test_an_amend_keeps_the_time() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=60)
    market.amend("alice", order, at=101, quantity=9)

    market.wait(60)

    assert market.order(order).status == "expired"


def test_an_iceberg_expires_with_what_it_hides() -> None:
    market = MarketDriver()
    order = market.sell("alice", 10, at=101, show=3, time_in_force="gtd", expires_in=60)
    market.buy("bob", 4, at=101)

    market.wait(60)

    assert (market.order(order).filled, market.order(order).canceled) == (4, 6)
    assert market.balance("alice", "BTC") == (999_996, 0)


# Stops


@pytest.mark.parametrize("limit", [{}, {"at": 105}])
def test_a_stop_that_waits_expires(limit: dict[str, int]) -> None:
    market = MarketDriver()
    stop = market.buy("alice", 5, stop=100, time_in_force="gtd", expires_in=60, **limit)  # type: ignore[arg-type]

    market.wait(60)

    assert (market.order(stop).status, market.order(stop).reason) == ("expired", "expired")
    assert market.waiting() == []
    assert market.balance("alice", "USD") == (1_000_000, 0)
    trade_at(market, 100)
    assert market.order(stop).filled == 0


def test_a_stop_that_was_triggered_in_time_is_a_market_order_and_does_not_expire() -> None:
    market = traded_at(90)
    stop = market.buy("alice", 5, stop=100, time_in_force="gtd", expires_in=60)
    market.sell("bob", 2, at=101)
    trade_at(market, 100)

    market.wait(60)

    order = market.order(stop)
    assert (order.status, order.filled, order.reason) == ("canceled", 2, "no_liquidity")


# Where the market does not trade


def test_in_a_halt_and_in_an_auction_orders_expire_all_the_same() -> None:
    market = MarketDriver()
    halted = market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=60)
    market.halt()
    market.wait(60)
    market.auction()
    collected = market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=60)
    market.sell("bob", 5, at=100)

    market.wait(60)
    market.open()

    assert market.order(halted).status == market.order(collected).status == "expired"
    assert market.trades == []


def test_an_order_that_expires_when_an_auction_ends_has_no_part_in_it() -> None:
    market = MarketDriver()
    with market.batch():
        market.auction(60)
        market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=60)
        market.buy("carol", 5, at=99)
        market.sell("bob", 5, at=99)

    market.wait(60)

    assert market.trades == ["bob sells 5 @ 99 to carol"]


def test_an_order_that_expires_after_an_auction_ends_has_its_part_in_it() -> None:
    market = MarketDriver()
    with market.batch():
        market.auction(60)
        market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=61)
        market.sell("bob", 5, at=99)

    market.wait(3600)

    assert market.trades == ["bob sells 5 @ 99 to alice"]


# client_order_id, undo, restart


def test_the_same_request_after_it_expired_is_the_order_that_expired() -> None:
    market = MarketDriver()
    wish = market.wish(
        "alice", "buy", 5, at=100, time_in_force="gtd", expires_in=60, client_order_id="a1"
    )
    market.send(wish)
    market.wait(60)

    again = market.send(wish)

    assert again.done.duplicate
    assert again.order.status == "expired"


def test_what_is_due_survives_a_restart() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=60)
    stop = market.sell("bob", 5, stop=90, time_in_force="gtd", expires_in=60)

    market.restart()

    assert market.engine.next_due == order.order.expires_at
    market.wait(60)
    assert market.order(order).status == market.order(stop).status == "expired"


def test_what_expired_in_a_batch_that_is_undone_is_due_still() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=60)
    market.buy("bob", 5, at=100)

    with market.batch(fails=True):
        market.wait(60)

    assert market.ladder() == ["100 bid: 5 alice, 5 bob"]
    assert market.engine.next_due == order.order.expires_at
    market.wait(0)
    assert market.ladder() == ["100 bid: 5 bob"]
