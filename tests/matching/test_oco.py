"""One cancels the other: a limit order and a stop of one side. Any fill of the limit order cancels the
stop, the stop's trigger cancels the limit order, the end of one ends the other: the two are never in the
book together. What they need is held once: the most that either needs.
"""

import pytest

from tests.drivers import Answer, MarketDriver
from tests.matching.scenes import told, trade_at, traded_at, trades_since


def a_pair(price: int = 100, **changes: int) -> tuple[MarketDriver, Answer]:
    """Last trade at 100; alice sells 5 at 110, or from 90 on."""
    market = traded_at(price, **changes)
    return market, market.oco("alice", "sell", 5, limit=110, trigger=90)


# Placing


def test_the_limit_order_rests_and_the_stop_waits() -> None:
    market, pair = a_pair()

    limit, stop = market.group(pair)
    assert (limit.role, limit.status, stop.role, stop.status) == (
        "oco_limit",
        "open",
        "oco_stop",
        "untriggered",
    )
    assert pair.events == ["OrderAccepted", "OrderAccepted"]
    assert limit.group == stop.group == pair.order.id == limit.id
    assert market.ladder() == ["110 ask: 5 alice"]
    assert market.waiting() == ["alice sells 5 from 90"]


def test_a_pair_that_sells_holds_its_quantity_once() -> None:
    market, _ = a_pair()

    assert market.balance("alice", "BTC") == (999_995, 5)


@pytest.mark.parametrize(
    ("trigger", "trigger_at", "held"), [(110, None, 5 * 121), (110, 111, 5 * 111)]
)
def test_a_pair_that_buys_holds_the_most_that_either_needs(
    trigger: int, trigger_at: int | None, held: int
) -> None:
    market = traded_at(100)

    market.oco("alice", "buy", 5, limit=90, trigger=trigger, trigger_at=trigger_at)

    assert market.balance("alice", "USD") == (1_000_000 - held, held)


def test_a_pair_that_costs_a_unit_more_than_there_is_is_refused_whole() -> None:
    market = traded_at(100)
    market.deposit("alice", "USD", 604 - 1_000_000)

    too_poor = market.oco("alice", "buy", 5, limit=90, trigger=110)
    market.deposit("alice", "USD", 1)
    rich_enough = market.oco("alice", "buy", 5, limit=90, trigger=110)

    assert too_poor.refusal.message == "needs 605 USD, available 604 USD"
    assert len(rich_enough.done.group) == 2
    assert market.balance("alice", "USD") == (0, 605)


# A fill of the limit order


def test_the_limit_orders_fill_cancels_the_stop() -> None:
    market, pair = a_pair()

    answer = market.buy("bob", 5, at=110)

    assert answer.events == ["OrderAccepted", "Trade", "OrderCanceled"]
    assert told(market, pair) == [
        "oco_limit: filled, 5 of 5, 0 left",
        "oco_stop: canceled (oco), 0 of 5, 0 left",
    ]
    assert market.balance("alice", "BTC") == (999_995, 0)


def test_a_partial_fill_does_too_and_the_limit_order_goes_on() -> None:
    market, pair = a_pair()

    market.buy("bob", 2, at=110)
    trade_at(market, 90)

    assert told(market, pair) == [
        "oco_limit: partially_filled, 2 of 5, 3 left",
        "oco_stop: canceled (oco), 0 of 5, 0 left",
    ]
    assert market.ladder() == ["110 ask: 3 alice"]
    assert market.balance("alice", "BTC") == (999_995, 3)


def test_what_the_stop_needed_more_is_released_when_it_is_canceled() -> None:
    market = traded_at(100)
    market.oco("alice", "buy", 5, limit=90, trigger=110)

    market.sell("bob", 2, at=90)

    assert market.balance("alice", "USD") == (1_000_000 - 180 - 270, 270)


def test_a_limit_order_that_takes_at_once_cancels_the_stop_at_once() -> None:
    market = traded_at(100)
    market.buy("bob", 2, at=110)

    pair = market.oco("alice", "sell", 5, limit=110, trigger=90)

    assert trades_since(market) == ["alice sells 2 @ 110 to bob"]
    assert told(market, pair) == [
        "oco_limit: partially_filled, 2 of 5, 3 left",
        "oco_stop: canceled (oco), 0 of 5, 0 left",
    ]


def test_a_limit_order_that_trades_at_once_goes_before_a_stop_that_is_through() -> None:
    market = traded_at(90)
    market.buy("bob", 5, at=95)

    pair = market.oco("alice", "sell", 5, limit=95, trigger=92)

    assert trades_since(market) == ["alice sells 5 @ 95 to bob"]
    assert told(market, pair)[1] == "oco_stop: canceled (oco), 0 of 5, 0 left"


def test_an_amend_that_takes_cancels_the_stop() -> None:
    market, pair = a_pair()
    market.buy("bob", 2, at=99)

    market.amend("alice", pair, at=99)

    assert trades_since(market) == ["alice sells 2 @ 99 to bob"]
    assert told(market, pair)[1] == "oco_stop: canceled (oco), 0 of 5, 0 left"


# The stop's trigger


def test_the_trigger_cancels_the_limit_order_before_the_stop_trades() -> None:
    market, pair = a_pair()
    market.buy("bob", 9, at=89)

    trade_at(market, 90)

    answered = market.batches[-1].outcomes[-1].events  # type: ignore[union-attr]
    assert [type(event).__name__ for event in answered[-3:]] == [
        "OrderTriggered",
        "OrderCanceled",
        "Trade",
    ]
    assert trades_since(market, 2) == ["alice sells 5 @ 89 to bob"]
    assert told(market, pair) == [
        "oco_limit: canceled (oco), 0 of 5, 0 left",
        "oco_stop: filled, 5 of 5, 0 left",
    ]
    assert market.ladder() == ["89 bid: 4 bob"]
    assert market.balance("alice", "BTC") == (999_995, 0)


def test_what_a_triggered_stop_finds_no_liquidity_for_is_free_again() -> None:
    market, pair = a_pair()

    trade_at(market, 90)

    assert told(market, pair) == [
        "oco_limit: canceled (oco), 0 of 5, 0 left",
        "oco_stop: canceled (no_liquidity), 0 of 5, 0 left",
    ]
    assert market.balance("alice", "BTC") == (1_000_000, 0)


def test_a_triggered_stop_limit_rests_alone() -> None:
    market = traded_at(100)
    pair = market.oco("alice", "sell", 5, limit=110, trigger=90, trigger_at=88)
    market.buy("bob", 2, at=89)

    trade_at(market, 90)

    assert market.ladder() == ["88 ask: 3 alice"]
    assert told(market, pair)[1] == "oco_stop: partially_filled, 2 of 5, 3 left"
    assert market.balance("alice", "BTC") == (999_995, 3)


def test_a_stop_that_is_through_triggers_at_once() -> None:
    market = traded_at(90)
    market.buy("bob", 9, at=89)

    pair = market.oco("alice", "sell", 5, limit=110, trigger=90)

    assert trades_since(market) == ["alice sells 5 @ 89 to bob"]
    assert told(market, pair)[0] == "oco_limit: canceled (oco), 0 of 5, 0 left"
    assert market.ladder() == ["89 bid: 4 bob"]


def test_a_buying_stop_pays_from_what_was_held() -> None:
    market = traded_at(100)
    market.deposit("alice", "USD", 605 - 1_000_000)
    market.oco("alice", "buy", 5, limit=90, trigger=110)
    market.sell("bob", 9, at=112)

    trade_at(market, 110)

    assert trades_since(market, 2) == ["alice buys 5 @ 112 from bob"]
    assert market.balance("alice", "USD") == (605 - 560, 0)


def test_an_amended_stop_that_is_through_cancels_the_limit_order() -> None:
    market, pair = a_pair()
    market.buy("bob", 9, at=99)
    _, stop = market.group(pair)

    market.amend("alice", stop.id, stop=100)

    assert trades_since(market) == ["alice sells 5 @ 99 to bob"]
    assert told(market, pair)[0] == "oco_limit: canceled (oco), 0 of 5, 0 left"


# The end of one ends the other


@pytest.mark.parametrize(("canceled", "other"), [(0, 1), (1, 0)])
def test_canceling_one_cancels_the_other(canceled: int, other: int) -> None:
    market, pair = a_pair()

    answer = market.cancel("alice", market.group(pair)[canceled].id)

    orders = market.group(pair)
    assert orders[canceled].reason == "canceled_by_owner"
    assert (orders[other].status, orders[other].reason) == ("canceled", "oco")
    assert answer.done.canceled == (orders[canceled].id,)
    assert market.balance("alice", "BTC") == (1_000_000, 0)


def test_a_pair_expires_together() -> None:
    market = traded_at(100)
    pair = market.oco("alice", "sell", 5, limit=110, trigger=90, time_in_force="gtd", expires_in=60)

    market.wait(60)

    assert told(market, pair) == [
        "oco_limit: expired (expired), 0 of 5, 0 left",
        "oco_stop: canceled (oco), 0 of 5, 0 left",
    ]
    assert market.balance("alice", "BTC") == (1_000_000, 0)


def test_a_limit_order_that_prevention_ends_ends_the_stop() -> None:
    market, pair = a_pair()

    market.buy("alice", 1, at=110, self_trade_prevention="cancel_oldest")

    assert told(market, pair) == [
        "oco_limit: canceled (self_trade_prevention), 0 of 5, 0 left",
        "oco_stop: canceled (oco), 0 of 5, 0 left",
    ]


def test_a_limit_order_that_prevention_shrinks_is_no_fill() -> None:
    market, pair = a_pair()

    market.buy("alice", 2, at=110, self_trade_prevention="decrement")

    assert told(market, pair) == [
        "oco_limit: open, 0 of 5, 3 left",
        "oco_stop: untriggered, 0 of 5, 5 left",
    ]
    assert market.balance("alice", "BTC") == (999_995, 5), "the most that either needs"


def test_amends_change_what_is_held_for_both() -> None:
    market = traded_at(100)
    pair = market.oco("alice", "buy", 5, limit=90, trigger=110)
    limit, stop = market.group(pair)

    market.amend("alice", stop.id, quantity=2)
    after_less = market.balance("alice", "USD").held
    market.amend("alice", limit.id, at=80)
    after_cheaper = market.balance("alice", "USD").held
    market.amend("alice", limit.id, quantity=10)

    assert (after_less, after_cheaper) == (450, 400)
    assert market.balance("alice", "USD") == (1_000_000 - 800, 800)


def test_an_amend_that_neither_needs_is_refused_and_changes_nothing() -> None:
    market = traded_at(100)
    market.deposit("alice", "USD", 605 - 1_000_000)
    pair = market.oco("alice", "buy", 5, limit=90, trigger=110)
    limit, stop = market.group(pair)

    dearer = market.amend("alice", stop.id, stop=111)
    more = market.amend("alice", limit.id, quantity=7)
    fits = market.amend("alice", limit.id, quantity=6)

    assert (dearer.refused, more.refused) == ("insufficient_funds", "insufficient_funds")
    assert more.refusal.message == "needs 630 USD, available 605 USD"
    assert fits.order.quantity == 6
    assert market.balance("alice", "USD") == (0, 605)


# In an auction


def test_in_an_auction_both_wait_and_a_fill_cancels_the_stop() -> None:
    market = traded_at(100)
    market.auction()
    pair = market.oco("alice", "sell", 5, limit=95, trigger=94)
    market.buy("bob", 2, at=94)
    market.buy("bob", 3, at=96)

    market.open()

    assert trades_since(market) == ["bob buys 3 @ 95 from alice"]
    assert told(market, pair) == [
        "oco_limit: partially_filled, 3 of 5, 2 left",
        "oco_stop: canceled (oco), 0 of 5, 0 left",
    ]


def test_a_fill_goes_before_a_trigger_by_the_same_auction() -> None:
    market = traded_at(100)
    market.auction()
    pair = market.oco("alice", "sell", 5, limit=95, trigger=94)
    market.amend("alice", market.group(pair)[1].id, stop=96)
    market.buy("bob", 12, at=95)
    market.sell("carol", 9, at=90)

    market.open()

    assert trades_since(market) == ["carol sells 9 @ 95 to bob", "bob buys 3 @ 95 from alice"]
    assert told(market, pair) == [
        "oco_limit: partially_filled, 3 of 5, 2 left",
        "oco_stop: canceled (oco), 0 of 5, 0 left",
    ]
