"""Commands are executed in batches. A batch is durable wholly or never was: undoing it restores
everything, at a cost that depends on the batch and not on the book. Sequences have no gaps.
"""

from __future__ import annotations

import pytest

from markets.matching.commands import CancelOrder, PlaceOrder
from markets.matching.engine import Engine
from markets.matching.events import Done, OrderAccepted
from markets.matching.recall import Known
from markets.matching.types import Asset, OrderStatus, OrderType, Side
from tests.drivers import MarketDriver, picture


def test_every_fact_takes_the_next_sequence_and_a_refusal_none() -> None:
    market = MarketDriver()

    with market.batch():
        first = market.sell("alice", 1, at=100)
        market.buy("bob", 0, at=100)
        second = market.buy("bob", 1, at=100)
    third = market.sell("alice", 1, at=100)

    events = [event for answer in (first, second, third) for event in answer.done.events]
    assert [event.sequence for event in events] == [1, 2, 3, 4]
    assert (market.batches[0].prev_sequence, market.batches[0].sequence) == (0, 3)
    assert (market.batches[1].prev_sequence, market.batches[1].sequence) == (3, 4)


def test_a_batch_of_refusals_changes_nothing() -> None:
    market = MarketDriver()

    market.buy("bob", 0, at=100)

    batch = market.batches[-1]
    assert batch.sequence == batch.prev_sequence
    assert not batch.balances
    assert not batch.created


def test_ids_are_the_markets_base_plus_the_sequence() -> None:
    market = MarketDriver(id_base=7_000_000)
    order = market.sell("alice", 1, at=100)

    [trade] = market.buy("bob", 1, at=100).done.trades

    assert order.done.events == (OrderAccepted(1, 7_000_001),)
    assert (trade.sequence, trade.id) == (3, 7_000_003)


def test_a_batch_tells_new_orders_from_changed_ones() -> None:
    market = MarketDriver()
    old = market.sell("alice", 5, at=100)

    with market.batch():
        new = market.sell("alice", 5, at=101)
        taker = market.buy("bob", 7, at=101)

    batch = market.batches[-1]
    assert batch.created.keys() == {new.order.id, taker.order.id}
    assert batch.changed.keys() == {old.order.id}
    assert batch.created[new.order.id].filled == 2
    assert batch.changed[old.order.id].status is OrderStatus.FILLED


def test_a_batch_says_each_balances_sum() -> None:
    market = MarketDriver()

    with market.batch():
        market.sell("alice", 5, at=100)
        market.buy("bob", 5, at=100)

    alice, bob = market.account("alice"), market.account("bob")
    assert market.batches[-1].balances == {
        (alice, Asset.BASE): (-5, 0),
        (alice, Asset.QUOTE): (500, 0),
        (bob, Asset.BASE): (5, 0),
        (bob, Asset.QUOTE): (-500, 0),
    }


def test_money_that_came_back_is_no_change() -> None:
    market = MarketDriver()

    with market.batch():
        market.sell("alice", 5, at=100, client_order_id="a1")
        market.cancel("alice", "a1")

    assert market.batches[-1].balances == {}


def test_times_are_the_batchs() -> None:
    market = MarketDriver()
    order = market.sell("alice", 5, at=100)
    placed_at = market.now

    market.buy("bob", 2, at=100)

    now = market.order(order)
    assert (now.created_at, now.updated_at) == (placed_at, market.now)
    assert market.now > placed_at


# Undo


def a_busy_market() -> MarketDriver:
    market = MarketDriver()
    market.sell("alice", 5, at=101)
    market.sell("bob", 5, at=101, client_order_id="b1")
    market.sell("carol", 5, at=102)
    market.buy("alice", 5, at=99, client_order_id="a1")
    market.buy("bob", 5, at=99)
    market.buy("dave", 2, at=101)
    return market


def test_an_undone_batch_never_was() -> None:
    market = a_busy_market()
    ladder, trades = market.ladder(), market.trades

    with market.batch(fails=True):
        market.buy("dave", 20, at=105)
        market.amend("alice", "a1", at=98)
        market.cancel_all("bob")
        market.sell("dave", 9, at=98)
        market.configure(taker_fee_rate=1000)
        market.close()

    assert (market.ladder(), market.trades) == (ladder, trades)
    assert market.engine.state.last_price == 101


def test_after_an_undone_batch_the_same_commands_come_to_the_same() -> None:
    market = a_busy_market()

    with market.batch(fails=True):
        first = market.buy("dave", 20, at=105)
    market.now -= 1
    again = market.buy("dave", 20, at=105)

    assert again.outcome == first.outcome


def test_a_batch_can_be_undone_before_it_is_finished() -> None:
    market = a_busy_market()
    engine, before = market.engine, picture(market.engine)
    dave = market.account("dave")

    engine.begin(Known(funds={(dave, Asset.QUOTE): 10_000}), market.now)
    outcome = engine.execute(PlaceOrder(dave, Side.BUY, OrderType.LIMIT, 20, 105))
    engine.undo()

    assert isinstance(outcome, Done)
    assert outcome.trades
    assert picture(engine) == before
    engine.check()


def test_an_order_that_came_moved_and_left_in_an_undone_batch_leaves_no_trace() -> None:
    market = a_busy_market()
    before = market.ladder()

    with market.batch(fails=True):
        market.sell("dave", 5, at=101, client_order_id="d1")
        market.amend("dave", "d1", at=102)
        market.amend("dave", "d1", quantity=3)
        market.buy("erin", 13, at=102)
        market.cancel("dave", "d1")

    assert market.ladder() == before
    assert market.cancel("dave", "d1").refused == "not_found"


def test_the_first_middle_and_last_of_a_queue_go_back_to_their_places() -> None:
    market = MarketDriver()
    orders = [market.buy("alice", n, at=100) for n in (1, 2, 3, 4, 5)]

    for chosen in ([0], [2], [4], [0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 3, 1]):
        with market.batch(fails=True):
            for index in chosen:
                market.cancel("alice", orders[index])

    assert market.ladder() == ["100 bid: 1 alice, 2 alice, 3 alice, 4 alice, 5 alice"]


@pytest.mark.parametrize("size", [10, 2_000])
def test_undo_touches_what_the_batch_changed_however_big_the_book_is(size: int) -> None:
    market = MarketDriver()
    alice = market.account("alice")
    market.run(
        PlaceOrder(alice, Side.BUY, OrderType.LIMIT, 1, price=1 + n % 50) for n in range(size)
    )
    engine = market.engine
    order = next(iter(engine.book.orders.values()))
    assert not engine._market.journal

    engine.begin(Known(), market.now)
    engine.execute(CancelOrder(order.account, order_id=order.id))

    assert len(engine._market.journal) == 1, "the order left its queue as it was"
    assert len(engine.book.bids.touched) == 1, "one level changed"
    engine.undo()
    engine.check()


def test_an_accepted_batch_cannot_be_undone() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100)
    before = picture(market.engine)

    market.engine._market.journal.undo()

    assert picture(market.engine) == before


# What an engine starts with


def test_a_loaded_engine_is_the_engine_that_was() -> None:
    market = a_busy_market()
    market.amend("alice", "a1", at=98)

    market.restart()

    market.buy("dave", 20, at=105)
    assert market.trades[1:] == [
        "dave buys 3 @ 101 from alice",
        "dave buys 5 @ 101 from bob",
        "dave buys 5 @ 102 from carol",
    ]


def test_rows_may_be_read_in_any_order() -> None:
    market = a_busy_market()
    rows = market.rows
    resting = list(rows.live.values())

    engine = Engine.load(rows.spec, rows.state, reversed(resting))

    assert picture(engine) == picture(market.engine)


def test_an_engine_asks_for_what_it_does_not_remember_and_no_more() -> None:
    market = a_busy_market()
    ended = market.buy("dave", 5, at=99, time_in_force="ioc", client_order_id="d1")
    resting_id = next(iter(market.engine.book.orders))
    alice, dave = market.account("alice"), market.account("dave")

    needs = market.engine.needs(
        [
            ended.command,
            CancelOrder(alice, order_id=resting_id),
            CancelOrder(dave, order_id=ended.order.id),
            CancelOrder(alice, client_order_id="a1"),
            CancelOrder(None, order_id=99_999),
        ]
    )

    assert needs.accounts == {dave}
    assert needs.client_order_ids == {(dave, "d1")}
    assert needs.order_ids == {ended.order.id, 99_999}
