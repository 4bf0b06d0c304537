"""A frozen account has no orders in the book and brings none into it, whatever its market does: its orders
are canceled when it is frozen, and what it places or amends is refused. It may cancel, and
it may be unfrozen.
"""

from __future__ import annotations

import pytest

from tests.drivers import MarketDriver
from tests.matching.scenes import traded_at

STATUSES = ["open", "halt", "auction"]


def test_every_order_that_it_has_is_canceled_and_says_why() -> None:
    market = traded_at(100)
    orders = [
        market.buy("alice", 5, at=99),
        market.sell("alice", 5, at=105),
        market.buy("alice", 5, stop=110),
        market.buy("alice", 9, at=98, show=3),
    ]
    market.bracket("alice", "buy", 5, at=97, profit=120, loss=90)
    market.oco("alice", "sell", 5, limit=130, trigger=80)
    market.buy("bob", 5, at=99)

    market.freeze("alice")

    assert [market.order(order).status for order in orders] == ["canceled"] * 4
    assert {market.order(order).reason for order in orders} == {"account_frozen"}
    assert not market.engine.book.by_account.get(market.account("alice"))
    assert market.ladder() == ["99 bid: 5 bob"]
    assert market.balance("alice", "USD") == market.balance("alice", "BTC") == (1_000_000, 0)


@pytest.mark.parametrize("status", STATUSES)
def test_what_it_places_and_amends_is_refused_in_any_status(status: str) -> None:
    market = traded_at(100)
    order = market.buy("alice", 5, at=99)
    getattr(market, status)()
    market.freeze("alice")

    refusals = [
        market.buy("alice", 1, at=99).refused,
        market.sell("alice", 1).refused,
        market.buy("alice", 1, stop=110).refused,
        market.buy("alice", 1, at=99, validate_only=True).refused,
        market.oco("alice", "sell", 5, limit=130, trigger=80).refused,
        market.bracket("alice", "buy", 5, at=97, profit=120, loss=90).refused,
        market.amend("alice", order, quantity=2).refused,
    ]

    assert refusals == ["account_frozen"] * 7


def test_the_plain_lane_refuses_it_as_the_general_way_does() -> None:
    short, general = MarketDriver(), MarketDriver()
    general.engine.leave_plain_lane()

    for market in (short, general):
        market.freeze("alice")
        assert market.buy("alice", 5, at=99).refusal.message.startswith("the account is frozen")


def test_others_go_on_and_its_cancels_are_answered() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=99)
    market.freeze("alice")

    assert market.buy("bob", 5, at=99).refused is None
    assert market.cancel("alice", order).refused == "order_not_open"
    assert market.cancel_all("alice").done.canceled == ()
    assert market.cancel_all_after("alice", 5).refused is None


def test_a_repeat_of_an_order_that_it_had_is_answered_with_that_order() -> None:
    market = MarketDriver()
    first = market.buy("alice", 5, at=99, client_order_id="once")
    market.freeze("alice")

    again = market.buy("alice", 5, at=99, client_order_id="once")

    assert again.done.duplicate
    assert (again.order.id, again.order.reason) == (first.order.id, "account_frozen")


def test_an_order_just_before_is_canceled_and_one_just_after_is_refused() -> None:
    market = MarketDriver()

    with market.batch():
        before = market.buy("alice", 5, at=99)
        market.freeze("alice")
        after = market.buy("alice", 5, at=98)

    assert (market.order(before).status, after.refused) == ("canceled", "account_frozen")
    assert market.ladder() == []


def test_it_is_asked_after_the_name_and_the_deadline_and_before_the_markets_status() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=99, client_order_id="used")
    market.freeze("alice")
    market.halt()

    other = market.buy("alice", 6, at=99, client_order_id="used", deadline_in=-1)
    late = market.buy("alice", 5, at=99, deadline_in=-1)
    in_time = market.buy("alice", 5, at=99, deadline_in=0)
    market.unfreeze("alice")

    assert [each.refused for each in (other, late, in_time)] == [
        *("conflict", "deadline_passed", "account_frozen")
    ]
    assert market.buy("alice", 5, at=99).refused == "market_not_open"


def test_unfrozen_it_trades_again() -> None:
    market = MarketDriver()
    market.freeze("alice")

    market.unfreeze("alice")

    assert market.buy("alice", 5, at=99).refused is None


def test_it_is_a_fact_when_something_changes_only() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=99)

    assert market.freeze("alice").events == ["FrozenSet", "OrderCanceled"]
    assert market.freeze("alice").events == []
    assert market.unfreeze("alice").events == ["FrozenSet"]
    assert market.unfreeze("alice").events == []


def test_an_engine_that_starts_knows_it_before_it_is_told() -> None:
    """The operator's row is there at once; the command may wait for an engine that takes over."""
    market = MarketDriver(prove=False)
    order = market.buy("alice", 5, at=99)
    market.engine._market.frozen.add(market.account("alice"))  # as it is loaded from that row

    assert market.buy("alice", 1, at=99).refused == "account_frozen"
    assert market.freeze("alice").events == ["OrderCanceled"]
    assert market.order(order).reason == "account_frozen"


def test_it_survives_a_restart_and_what_is_undone_was_never_so() -> None:
    market = MarketDriver()
    order = market.buy("bob", 5, at=99)
    market.freeze("alice")

    with market.batch(fails=True):
        market.unfreeze("alice")
        market.freeze("bob")
    market.restart()

    assert market.buy("alice", 5, at=99).refused == "account_frozen"
    assert market.buy("bob", 5, at=99).refused is None
    assert market.order(order).status == "open"
