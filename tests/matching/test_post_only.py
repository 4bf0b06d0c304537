"""A post-only order adds to the book or is refused whole; its price is never changed."""

import pytest

from tests.drivers import MarketDriver


def test_post_only_that_would_not_take_rests() -> None:
    market = MarketDriver()
    market.sell("alice", 5, at=101)

    order = market.buy("bob", 5, at=100, post_only=True).order

    assert (order.status, order.post_only) == ("open", True)
    assert market.ladder() == ["101 ask: 5 alice", "100 bid: 5 bob"]


@pytest.mark.parametrize("price", [101, 105])
def test_post_only_that_would_take_is_refused_with_the_price_in_its_way(price: int) -> None:
    market = MarketDriver()
    market.sell("alice", 1, at=101)

    answer = market.buy("bob", 5, at=price, post_only=True)

    assert answer.refused == "post_only_would_take"
    assert "the best opposite price is 101" in answer.refusal.message
    assert market.ladder() == ["101 ask: 1 alice"]
    assert market.balance("bob", "USD") == (1_000_000, 0)


def test_a_sell_is_post_only_by_the_same_rule() -> None:
    market = MarketDriver()
    market.buy("alice", 1, at=100)

    would_take = market.sell("bob", 5, at=100, post_only=True)
    rests = market.sell("bob", 5, at=101, post_only=True)

    assert would_take.refused == "post_only_would_take"
    assert rests.order.status == "open"


def test_its_own_orders_are_in_its_way_too() -> None:
    market = MarketDriver()
    market.sell("bob", 1, at=101)

    answer = market.buy("bob", 5, at=101, post_only=True, self_trade_prevention="cancel_oldest")

    assert answer.refused == "post_only_would_take"
    assert market.ladder() == ["101 ask: 1 bob"]


@pytest.mark.parametrize("time_in_force", ["ioc", "fok"])
def test_post_only_with_a_time_in_force_that_takes_is_refused(time_in_force: str) -> None:
    market = MarketDriver()

    answer = market.buy("bob", 5, at=100, post_only=True, time_in_force=time_in_force)

    assert answer.refused == "invalid_order"
    assert list(answer.refusal.errors) == ["post_only"]


def test_a_post_only_market_order_is_refused() -> None:
    market = MarketDriver()

    answer = market.buy("bob", 5, post_only=True)

    assert answer.refused == "invalid_order"
    assert list(answer.refusal.errors) == ["post_only"]


def test_a_post_only_order_that_rests_trades_as_a_maker() -> None:
    market = MarketDriver()
    market.buy("bob", 5, at=100, post_only=True)

    market.sell("alice", 2, at=100)

    assert market.trades == ["alice sells 2 @ 100 to bob"]
