"""Cancels: one order or all of an account's; what it held is released; a fill is never hidden."""

import pytest

from markets.matching.commands import CancelOrder
from markets.matching.types import Reason
from tests.drivers import MarketDriver


def test_a_cancel_takes_the_order_out_and_releases_what_it_held() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)

    answer = market.cancel("alice", order)

    assert (answer.order.status, answer.order.reason) == ("canceled", "canceled_by_owner")
    assert answer.order.canceled == 5
    assert market.ladder() == []
    assert market.balance("alice", "USD") == (1_000_000, 0)


def test_a_cancel_may_name_the_client_order_id() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100, client_order_id="mine")

    answer = market.cancel("alice", "mine")

    assert answer.order.client_order_id == "mine"
    assert market.ladder() == []


def test_a_cancel_of_a_partly_filled_order_cancels_the_rest() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    market.sell("bob", 2, at=100)

    answer = market.cancel("alice", order)

    assert (answer.order.filled, answer.order.canceled) == (2, 3)
    assert market.balance("alice", "USD") == (999_800, 0)


def test_a_cancel_leaves_the_others_in_the_queue_where_they_are() -> None:
    market = MarketDriver()
    market.buy("alice", 1, at=100)
    second = market.buy("bob", 2, at=100)
    market.buy("carol", 3, at=100)

    market.cancel("bob", second)

    assert market.ladder() == ["100 bid: 1 alice, 3 carol"]


def test_a_cancel_that_lost_against_a_fill_is_told_the_final_order() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    market.sell("bob", 5, at=100)

    answer = market.cancel("alice", order)

    assert answer.refused == "order_not_open"
    assert (answer.order.status, answer.order.filled) == ("filled", 5)


def test_a_cancel_that_lost_within_its_own_batch_is_told_the_final_order() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100, client_order_id="mine")

    with market.batch():
        market.sell("bob", 5, at=100)
        by_id = market.cancel("alice", order)
        by_client_order_id = market.cancel("alice", "mine")

    assert by_id.refused == by_client_order_id.refused == "order_not_open"
    assert by_id.order == by_client_order_id.order == market.order(order)
    assert by_id.order.filled == 5


def test_an_order_placed_earlier_in_the_batch_can_be_canceled_in_it() -> None:
    market = MarketDriver()
    next_id = market.buy("alice", 1, at=99).order.id + 1

    with market.batch():
        placed = market.buy("alice", 5, at=100)
        canceled = market.cancel("alice", next_id)
        again = market.cancel("alice", next_id)

    assert placed.order.status == "open"
    assert canceled.order.status == "canceled"
    assert again.refused == "order_not_open"
    assert again.order == canceled.order
    assert market.ladder() == ["99 bid: 1 alice"]


def test_an_order_canceled_twice_is_not_open() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    market.cancel("alice", order)

    again = market.cancel("alice", order)

    assert again.refused == "order_not_open"
    assert again.order.reason == "canceled_by_owner"


def test_another_accounts_order_is_not_found() -> None:
    market = MarketDriver()
    resting = market.buy("alice", 5, at=100, client_order_id="mine")
    ended = market.buy("alice", 5, at=100, time_in_force="ioc")

    answers = [market.cancel("bob", name) for name in (resting, ended, "mine")]

    assert [answer.refused for answer in answers] == ["not_found"] * 3
    assert all(answer.outcome.order is None for answer in answers)
    assert market.ladder() == ["100 bid: 5 alice"]


def test_an_order_that_never_was_is_not_found() -> None:
    market = MarketDriver()

    assert market.cancel("alice", 12345).refused == "not_found"
    assert market.cancel("alice", "nothing").refused == "not_found"


def test_an_order_of_another_market_is_not_found_by_its_client_order_id() -> None:
    market = MarketDriver()
    market.rows.used_elsewhere.add((market.account("alice"), "there"))

    assert market.cancel("alice", "there").refused == "not_found"


def test_an_operator_cancels_anybodys_order() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100).order

    answer = market.send(CancelOrder(None, order_id=order.id, reason=Reason.CANCELED_BY_OPERATOR))

    assert answer.order.reason == "canceled_by_operator"
    assert market.ladder() == []


def test_cancel_all_cancels_an_accounts_orders_and_nobody_elses() -> None:
    market = MarketDriver()
    mine = [
        market.buy("alice", 1, at=100),
        market.sell("alice", 2, at=105),
        market.buy("alice", 3, at=99),
    ]
    market.buy("bob", 4, at=100)

    answer = market.cancel_all("alice")

    assert answer.done.canceled == tuple(order.order.id for order in mine)
    assert {market.order(order).reason for order in mine} == {Reason.CANCEL_ALL}
    assert market.ladder() == ["100 bid: 4 bob"]
    assert market.balance("alice", "USD") == market.balance("alice", "BTC") == (1_000_000, 0)


@pytest.mark.parametrize("restarted", [False, True])
def test_cancel_all_goes_by_age_whatever_the_orders_went_through(restarted: bool) -> None:
    market = MarketDriver()
    orders = [market.buy("alice", 1, at=100) for _ in range(3)]
    market.amend("alice", orders[0], quantity=2)
    with market.batch(fails=True):
        market.cancel("alice", orders[1])
    if restarted:
        market.restart()

    answer = market.cancel_all("alice")

    assert answer.done.canceled == tuple(order.order.id for order in orders)


def test_cancel_all_of_one_side_leaves_the_other() -> None:
    market = MarketDriver()
    market.buy("alice", 1, at=100)
    market.sell("alice", 2, at=105)

    market.cancel_all("alice", side="sell")

    assert market.ladder() == ["100 bid: 1 alice"]


def test_cancel_all_of_nothing_is_done_and_is_no_fact() -> None:
    market = MarketDriver()

    answer = market.cancel_all("alice")

    assert answer.done.canceled == ()
    assert market.engine.state.sequence == 0


def test_a_cancel_may_be_meant_for_an_order_in_one_state_only() -> None:
    market = MarketDriver()
    order = market.sell("alice", 5, at=100)
    market.buy("bob", 2, at=100)

    answer = market.cancel("alice", order, only="open")

    assert answer.refused == "invalid_order"
    assert answer.refusal.errors == {"status": ["the order is partially_filled, not open"]}
    assert market.cancel("alice", order, only="partially_filled").order.status == "canceled"
