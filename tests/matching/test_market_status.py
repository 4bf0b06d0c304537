"""An open market takes everything, a halted one cancels only, a closed one nothing.

A repeated client_order_id is answered in any of them: the order exists already.
"""

import pytest

from tests.drivers import MarketDriver


def test_a_halted_market_takes_no_orders_and_no_amends() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    market.halt()

    refusals = [
        market.buy("bob", 5, at=100).refused,
        market.sell("bob", 5).refused,
        market.amend("alice", order, quantity=1).refused,
        market.amend("alice", order, at=101).refused,
    ]

    assert refusals == ["market_not_open"] * 4
    assert market.ladder() == ["100 bid: 5 alice"]


def test_a_halted_market_takes_cancels() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    market.sell("bob", 5, at=101)
    market.halt()

    one = market.cancel("alice", order)
    all_of_them = market.cancel_all("bob")

    assert one.order.status == "canceled"
    assert len(all_of_them.done.canceled) == 1
    assert market.ladder() == []


def test_after_a_halt_the_book_is_as_it_was() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100)
    market.halt()
    market.restart()

    market.open()
    market.sell("bob", 2, at=100)

    assert market.trades == ["bob sells 2 @ 100 to alice"]


def test_closing_cancels_all_orders_and_releases_all_money() -> None:
    market = MarketDriver()
    bid = market.buy("alice", 5, at=100)
    ask = market.sell("bob", 5, at=101)

    answer = market.close()

    assert answer.done.canceled == (bid.order.id, ask.order.id)
    assert market.order(bid).reason == market.order(ask).reason == "market_closed"
    assert market.ladder() == []
    assert market.balance("alice", "USD") == market.balance("bob", "BTC") == (1_000_000, 0)


def test_closing_goes_by_age_whatever_the_orders_went_through() -> None:
    market = MarketDriver()
    orders = [market.buy(trader, 1, at=100) for trader in ("bob", "alice", "carol")]
    market.amend("bob", orders[0], quantity=2)

    answer = market.close()

    assert answer.done.canceled == tuple(order.order.id for order in orders)


def test_a_closed_market_takes_nothing() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    market.close()

    assert market.buy("bob", 5, at=100).refused == "market_not_open"
    assert market.cancel("alice", order).refused == "order_not_open"
    assert market.amend("alice", order, quantity=1).refused == "order_not_open"


@pytest.mark.parametrize("status", ["halt", "close"])
def test_a_repeated_client_order_id_is_answered_all_the_same(status: str) -> None:
    market = MarketDriver()
    first = market.buy("alice", 5, at=100, client_order_id="a1")
    getattr(market, status)()

    again = market.buy("alice", 5, at=100, client_order_id="a1")

    assert again.done.duplicate
    assert again.order.id == first.order.id


def test_a_change_of_status_is_a_fact_and_a_notice() -> None:
    market = MarketDriver()

    market.halt()

    [notice] = market.batches[-1].notices
    assert notice.sequence == 1
    assert market.engine.state.status == "halted"


def test_the_status_it_has_already_is_no_fact() -> None:
    market = MarketDriver()

    answer = market.open()

    assert answer.events == []
    assert market.engine.state.sequence == 0


def test_a_status_holds_within_its_batch() -> None:
    market = MarketDriver()

    with market.batch():
        before = market.buy("alice", 1, at=100)
        market.halt()
        during = market.buy("alice", 2, at=100)
        market.open()
        after = market.buy("alice", 3, at=100)

    assert (before.refused, during.refused, after.refused) == (None, "market_not_open", None)
    assert market.ladder() == ["100 bid: 1 alice, 3 alice"]


def test_a_closing_that_fails_never_was() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100)
    market.sell("bob", 5, at=101)

    with market.batch(fails=True):
        market.close()

    assert market.ladder() == ["101 ask: 5 bob", "100 bid: 5 alice"]
    assert market.engine.state.status == "open"
