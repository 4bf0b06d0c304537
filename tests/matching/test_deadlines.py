"""A request may carry a deadline: come to later, nothing is done and it is refused, `deadline_passed`.

Whether something has been done is told whatever the time: a repeated client_order_id gets its order.
"""

import pytest

from tests.drivers import Answer, MarketDriver


def ask(market: MarketDriver, kind: str, deadline_in: int) -> Answer:
    """Ask for something of this kind; alice has an order called `old`."""
    match kind:
        case "limit order":
            return market.buy("alice", 5, at=100, deadline_in=deadline_in)
        case "market order":
            return market.buy("alice", 5, deadline_in=deadline_in)
        case "stop":
            return market.buy("alice", 5, stop=110, deadline_in=deadline_in)
        case "amend":
            return market.amend("alice", "old", quantity=1, deadline_in=deadline_in)
        case "oco":
            return market.oco("alice", "sell", 5, limit=110, trigger=90, deadline_in=deadline_in)
        case _:
            return market.bracket("alice", "buy", 5, at=95, profit=110, deadline_in=deadline_in)


KINDS = ["limit order", "market order", "stop", "amend", "oco", "bracket"]


@pytest.mark.parametrize("kind", KINDS)
def test_later_than_its_deadline_nothing_is_done(kind: str) -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=90, client_order_id="old")

    answer = ask(market, kind, deadline_in=-1)

    assert answer.refused == "deadline_passed"
    assert answer.refusal.errors == {}
    assert market.ladder() == ["90 bid: 5 alice"]
    assert market.batches[-1].sequence == market.batches[-1].prev_sequence


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("deadline_in", [0, 60])
def test_at_its_deadline_and_before_it_is_done(kind: str, deadline_in: int) -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=90, client_order_id="old")

    answer = ask(market, kind, deadline_in)

    assert answer.refused is None
    assert answer.events


def test_the_time_is_the_batchs() -> None:
    market = MarketDriver()
    with market.batch():
        early = market.buy("alice", 1, at=100, deadline_in=5)
        market.wait(10)

    assert early.refused == "deadline_passed"


@pytest.mark.parametrize("status", ["halt", "close"])
def test_the_deadline_is_asked_before_the_markets_status(status: str) -> None:
    market = MarketDriver()
    getattr(market, status)()

    late = market.buy("alice", 5, at=100, deadline_in=-1)
    in_time = market.buy("alice", 5, at=100, deadline_in=0)

    assert (late.refused, in_time.refused) == ("deadline_passed", "market_not_open")


def test_a_repeat_with_a_known_client_order_id_beats_the_deadline() -> None:
    market = MarketDriver()
    first = market.buy("alice", 5, at=100, client_order_id="a1", deadline_in=60)

    again = market.buy("alice", 5, at=100, client_order_id="a1", deadline_in=-60)
    other = market.buy("alice", 6, at=100, client_order_id="a1", deadline_in=-60)

    assert (again.done.duplicate, again.order.id) == (True, first.order.id)
    assert other.refused == "conflict"


def test_a_repeated_group_beats_the_deadline() -> None:
    market = MarketDriver()
    first = market.oco(
        "alice", "sell", 5, limit=110, trigger=90, client_order_id="a1", deadline_in=60
    )

    again = market.oco(
        "alice", "sell", 5, limit=110, trigger=90, client_order_id="a1", deadline_in=-60
    )

    assert (again.done.duplicate, again.order.id) == (True, first.order.id)
    assert market.ladder() == ["110 ask: 5 alice"]


def test_a_refused_request_has_not_used_its_client_order_id() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100, client_order_id="a1", deadline_in=-1)

    again = market.buy("alice", 5, at=100, client_order_id="a1")

    assert not again.done.duplicate
    assert market.ladder() == ["100 bid: 5 alice"]


def test_an_amend_of_what_has_ended_says_so_whatever_the_time() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100, time_in_force="ioc")

    ended = market.amend("alice", order, quantity=1, deadline_in=-60)
    never = market.amend("alice", 12345, quantity=1, deadline_in=-60)

    assert (ended.refused, never.refused) == ("order_not_open", "not_found")
