"""The dead man's switch: `cancel_all_after` cancels all of an account's orders at a time, unless it is
called again before; 0 disarms it. It goes off as a sequenced command, with reason `cancel_after`.
"""

from markets.matching.commands import CancelAllAfter, FireTimers
from markets.matching.types import SECOND
from tests.drivers import MarketDriver
from tests.matching.scenes import traded_at


def test_at_its_time_it_cancels_all_of_the_accounts_orders() -> None:
    market = MarketDriver()
    bid = market.buy("alice", 5, at=100)
    ask = market.sell("alice", 5, at=110)
    market.buy("bob", 5, at=100)
    market.cancel_all_after("alice", 60)

    answer = market.wait(60)

    assert answer.events == ["OrderCanceled", "OrderCanceled", "CancelAfterSet"]
    for order in (bid, ask):
        assert (market.order(order).status, market.order(order).reason) == (
            "canceled",
            "cancel_after",
        )
    assert market.ladder() == ["100 bid: 5 bob"]
    assert market.balance("alice", "USD") == market.balance("alice", "BTC") == (1_000_000, 0)


def test_setting_it_is_a_fact_that_says_when() -> None:
    market = MarketDriver()

    answer = market.cancel_all_after("alice", 60)

    at = market.now + 60 * SECOND
    assert answer.events == ["CancelAfterSet"]
    assert market.batches[-1].cancel_after == {market.account("alice"): at}
    assert market.engine.next_due == at


def test_not_before_its_time() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100)
    market.cancel_all_after("alice", 60)
    due = market.engine.next_due
    assert due is not None

    market.now = due - 2  # the driver's clock ticks once with every batch
    too_early = market.send(FireTimers())
    in_time = market.send(FireTimers())

    assert too_early.events == []
    assert in_time.events == ["OrderCanceled", "CancelAfterSet"]


def test_each_call_restarts_the_time() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    for _ in range(5):
        market.cancel_all_after("alice", 60)
        market.wait(50)
    assert market.order(order).status == "open"

    market.wait(10)

    assert market.order(order).reason == "cancel_after"


def test_a_shorter_time_counts_too() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    market.cancel_all_after("alice", 600)
    market.cancel_all_after("alice", 10)

    market.wait(10)

    assert market.order(order).reason == "cancel_after"
    assert market.engine.next_due is None


def test_nothing_disarms_it() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    market.cancel_all_after("alice", 60)

    answer = market.cancel_all_after("alice", 0)
    market.wait(3600)

    assert answer.events == ["CancelAfterSet"]
    assert market.batches[-2].cancel_after == {market.account("alice"): None}
    assert market.order(order).status == "open"


def test_disarming_what_is_not_armed_is_no_fact() -> None:
    market = MarketDriver()

    assert market.cancel_all_after("alice", 0).events == []
    assert market.engine.state.sequence == 0


def test_it_goes_off_once() -> None:
    market = MarketDriver()
    market.cancel_all_after("alice", 60)
    market.wait(60)

    order = market.buy("alice", 5, at=100)
    market.wait(3600)

    assert market.order(order).status == "open"
    assert market.engine.next_due is None


def test_without_orders_it_just_goes_off() -> None:
    market = MarketDriver()
    market.cancel_all_after("alice", 60)

    assert market.wait(60).events == ["CancelAfterSet"]


def test_orders_placed_after_it_was_set_are_canceled_too() -> None:
    market = MarketDriver()
    market.cancel_all_after("alice", 60)
    order = market.buy("alice", 5, at=100)

    market.wait(60)

    assert market.order(order).reason == "cancel_after"


def test_every_account_has_its_own() -> None:
    market = MarketDriver()
    orders = [market.buy(trader, 5, at=100) for trader in ("alice", "bob", "carol")]
    market.cancel_all_after("bob", 20)
    market.cancel_all_after("alice", 40)

    market.wait(20)
    after_one = [market.order(order).status for order in orders]
    market.wait(20)
    after_two = [market.order(order).status for order in orders]

    assert after_one == ["open", "canceled", "open"]
    assert after_two == ["canceled", "canceled", "open"]


def test_several_that_are_due_go_off_by_time_then_by_account() -> None:
    market = MarketDriver()
    for trader in ("alice", "bob", "carol"):
        market.buy(trader, 5, at=100)
    with market.batch():
        market.cancel_all_after("carol", 60)
        market.cancel_all_after("bob", 60)
        market.cancel_all_after("alice", 61)

    market.wait(3600)

    ended = [(order.account, order.reason) for order in market.batches[-1].changed.values()]
    assert ended == [
        (market.account(trader), "cancel_after") for trader in ("bob", "carol", "alice")
    ]


def test_one_command_does_no_more_than_its_limit() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100)
    market.buy("alice", 5, at=101)
    market.buy("bob", 5, at=102, time_in_force="gtd", expires_in=10)
    market.cancel_all_after("alice", 20)
    market.cancel_all_after("bob", 30)
    market.now += 3600 * SECOND

    events = [market.send(FireTimers(limit=1)).events for _ in range(4)]

    assert events == [
        ["OrderCanceled"],
        ["OrderCanceled", "OrderCanceled", "CancelAfterSet"],
        ["CancelAfterSet"],
        [],
    ]


def test_an_order_that_expires_at_that_time_has_expired() -> None:
    market = MarketDriver()
    with market.batch():
        order = market.buy("alice", 5, at=100, time_in_force="gtd", expires_in=60)
        market.cancel_all_after("alice", 60)

    market.wait(60)

    assert market.order(order).status == "expired"


def test_it_cancels_waiting_stops_icebergs_and_groups() -> None:
    market = traded_at(100)
    stop = market.buy("alice", 5, stop=110)
    iceberg = market.sell("alice", 10, at=120, show=2)
    pair = market.oco("alice", "sell", 5, limit=130, trigger=80)
    bracket = market.bracket("alice", "buy", 5, at=90, profit=140, loss=70)
    market.cancel_all_after("alice", 60)

    market.wait(60)

    ended = [market.order(stop), market.order(iceberg), *market.group(pair), *market.group(bracket)]
    assert {order.reason for order in ended} == {"cancel_after"}
    assert market.waiting() == market.ladder() == []
    assert market.balance("alice", "USD") == market.balance("alice", "BTC") == (1_000_000, 0)


def test_in_a_halt_it_is_set_and_goes_off_as_ever() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    market.halt()

    market.cancel_all_after("alice", 60)
    market.wait(60)

    assert market.order(order).reason == "cancel_after"


def test_in_an_auction_it_goes_off_before_an_opening_at_the_same_time() -> None:
    market = MarketDriver()
    with market.batch():
        market.auction(60)
        market.buy("alice", 5, at=100)
        market.sell("bob", 5, at=100)
        market.cancel_all_after("alice", 60)

    market.wait(60)

    assert market.trades == []
    assert market.ladder() == ["100 ask: 5 bob"]


def test_overdue_it_goes_off_before_anything_else_of_the_batch_trades() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100)
    market.cancel_all_after("alice", 60)

    with market.batch():
        market.wait(3600)
        market.sell("bob", 5, at=100)

    assert market.trades == []


def test_a_time_that_has_passed_is_due_at_once() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    market.send(CancelAllAfter(market.account("alice"), market.now - 1))

    market.wait(0)

    assert market.order(order).reason == "cancel_after"


def test_it_survives_a_restart() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100)
    market.buy("bob", 5, at=100)
    market.cancel_all_after("alice", 60)
    market.cancel_all_after("bob", 60)
    market.cancel_all_after("bob", 0)

    market.restart()
    market.wait(60)

    assert market.ladder() == ["100 bid: 5 bob"]


def test_what_is_undone_was_neither_set_nor_gone_off() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100)
    market.cancel_all_after("alice", 60)
    due = market.engine.next_due

    with market.batch(fails=True):
        market.cancel_all_after("alice", 5)
        market.cancel_all_after("bob", 5)
        market.cancel_all_after("alice", 0)
    with market.batch(fails=True):
        market.wait(60)

    assert market.engine.next_due == due
    assert market.ladder() == ["100 bid: 5 alice"]
    market.wait(0)
    assert market.ladder() == []
