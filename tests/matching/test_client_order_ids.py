"""A client_order_id names one order of an account for ever: said again it gets the same order.

The same content: the original order, as it is now. Other content, or an order of another market:
`conflict`. Also after a restart, and while the first is in the same batch.
"""

import pytest

from markets.matching.commands import PlaceOrder
from markets.matching.types import OrderType, Side
from tests.drivers import MarketDriver


def test_the_same_request_again_is_the_same_order() -> None:
    market = MarketDriver()
    first = market.buy("alice", 5, at=100, client_order_id="a1")

    again = market.buy("alice", 5, at=100, client_order_id="a1")

    assert again.order == first.order
    assert (first.done.duplicate, again.done.duplicate) == (False, True)
    assert market.ladder() == ["100 bid: 5 alice"]
    assert again.events == []


def test_in_the_same_batch_too() -> None:
    market = MarketDriver()

    with market.batch():
        first = market.buy("alice", 5, at=100, client_order_id="a1")
        again = market.buy("alice", 5, at=100, client_order_id="a1")

    assert again.order == first.order
    assert again.done.duplicate
    assert market.ladder() == ["100 bid: 5 alice"]


def test_after_a_restart_too() -> None:
    market = MarketDriver()
    resting = market.buy("alice", 5, at=100, client_order_id="a1")
    ended = market.buy("alice", 5, at=100, client_order_id="a2", time_in_force="ioc")

    market.restart()

    assert market.buy("alice", 5, at=100, client_order_id="a1").order == resting.order
    again = market.buy("alice", 5, at=100, client_order_id="a2", time_in_force="ioc")
    assert again.order == ended.order


def test_the_answer_is_the_order_as_it_is_now() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100, client_order_id="a1")
    market.sell("bob", 2, at=100)

    again = market.buy("alice", 5, at=100, client_order_id="a1")

    assert (again.order.status, again.order.filled) == ("partially_filled", 2)


def test_after_the_order_ended_it_is_that_order_and_no_new_one() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100, client_order_id="a1")
    market.sell("bob", 5, at=100)

    again = market.buy("alice", 5, at=100, client_order_id="a1")

    assert again.done.duplicate
    assert again.order.status == "filled"
    assert market.ladder() == []


def test_after_it_ended_in_the_batch_of_the_repeat() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100, client_order_id="a1")

    with market.batch():
        market.sell("bob", 5, at=100)
        again = market.buy("alice", 5, at=100, client_order_id="a1")

    assert again.done.duplicate
    assert (again.order.status, again.order.filled) == ("filled", 5)
    assert market.ladder() == []


def test_after_it_came_and_ended_in_the_batch_of_the_repeat() -> None:
    market = MarketDriver()

    with market.batch():
        market.buy("alice", 5, at=100, client_order_id="a1")
        market.sell("bob", 5, at=100)
        again = market.buy("alice", 5, at=100, client_order_id="a1")
        other = market.buy("alice", 6, at=100, client_order_id="a1")

    assert again.order.status == "filled"
    assert other.refused == "conflict"


def test_after_it_was_canceled_it_stays_canceled() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100, client_order_id="a1")
    market.cancel("alice", "a1")

    again = market.buy("alice", 5, at=100, client_order_id="a1")

    assert again.order.status == "canceled"
    assert market.ladder() == []


def test_what_was_first_asked_for_counts_not_what_it_was_amended_to() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100, client_order_id="a1")
    market.amend("alice", "a1", at=99, quantity=3)

    first_wish = market.buy("alice", 5, at=100, client_order_id="a1")
    as_it_is = market.buy("alice", 3, at=99, client_order_id="a1")

    assert first_wish.done.duplicate
    assert (first_wish.order.price, first_wish.order.quantity) == (99, 3)
    assert as_it_is.refused == "conflict"


@pytest.mark.parametrize(
    "other",
    [
        {"at": 101},
        {"time_in_force": "ioc"},
        {"post_only": True},
        {"self_trade_prevention": "decrement"},
    ],
)
def test_another_request_by_the_same_id_is_a_conflict(other: dict[str, object]) -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100, client_order_id="a1")

    answer = market.buy("alice", 5, **({"at": 100, "client_order_id": "a1"} | other))  # type: ignore[arg-type]

    assert answer.refused == "conflict"
    assert list(answer.refusal.errors) == ["client_order_id"]
    assert market.ladder() == ["100 bid: 5 alice"]


def test_another_side_quantity_or_type_is_a_conflict() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100, client_order_id="a1")

    answers = [
        market.sell("alice", 5, at=100, client_order_id="a1"),
        market.buy("alice", 6, at=100, client_order_id="a1"),
        market.buy("alice", 5, client_order_id="a1"),
    ]

    assert [answer.refused for answer in answers] == ["conflict"] * 3


def test_a_default_said_out_loud_is_the_same_request() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100, client_order_id="a1")

    again = market.buy("alice", 5, at=100, client_order_id="a1", time_in_force="gtc")

    assert again.done.duplicate


def test_an_id_used_in_another_market_is_a_conflict() -> None:
    market = MarketDriver()
    market.rows.used_elsewhere.add((market.account("alice"), "a1"))

    answer = market.buy("alice", 5, at=100, client_order_id="a1")

    assert answer.refused == "conflict"


def test_the_same_request_is_another_one_in_another_market() -> None:
    market = MarketDriver()
    wish = PlaceOrder(1, Side.BUY, OrderType.LIMIT, 5, 100, client_order_id="a1")
    market.account("alice")

    [answer] = market.run([wish])

    assert answer.order.request == wish.fingerprint("BTC-USD")
    assert answer.order.request != wish.fingerprint("ETH-USD")


def test_every_account_has_its_own_ids() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100, client_order_id="a1")

    market.buy("bob", 6, at=100, client_order_id="a1")

    assert market.ladder() == ["100 bid: 5 alice, 6 bob"]


def test_a_refused_request_has_not_used_its_id() -> None:
    market = MarketDriver(opening=0)
    market.account("alice")
    refused = market.buy("alice", 5, at=100, client_order_id="a1")
    market.deposit("alice", "USD", 500)

    again = market.buy("alice", 5, at=100, client_order_id="a1")

    assert refused.refused == "insufficient_funds"
    assert again.order.status == "open"


def test_an_undone_request_has_not_used_its_id() -> None:
    market = MarketDriver()
    with market.batch(fails=True):
        market.buy("alice", 5, at=100, client_order_id="a1")

    again = market.buy("alice", 6, at=100, client_order_id="a1")

    assert not again.done.duplicate
    assert market.ladder() == ["100 bid: 6 alice"]


def test_without_an_id_the_same_request_is_another_order() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100)

    market.buy("alice", 5, at=100)

    assert market.ladder() == ["100 bid: 5 alice, 5 alice"]
