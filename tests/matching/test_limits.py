"""Steps and limits: nothing is ever rounded; a refusal names the step, or the limit, and what is right."""

from dataclasses import replace

import pytest

from markets.matching import plain_lane, rules
from markets.matching.types import MAX_UNITS
from tests.drivers import PLAIN, MarketDriver


def test_a_price_between_ticks_is_refused_with_its_neighbours() -> None:
    market = MarketDriver(tick_size=5)

    answer = market.buy("alice", 1, at=102)

    assert answer.refused == "invalid_order"
    assert answer.refusal.errors == {
        "price": ["price 102 is not a multiple of tick_size 5; nearest: 100 and 105"]
    }


def test_a_quantity_between_lots_is_refused_with_its_neighbours() -> None:
    market = MarketDriver(lot_size=10)

    answer = market.buy("alice", 25, at=100)

    assert answer.refusal.errors == {
        "quantity": ["quantity 25 is not a multiple of lot_size 10; nearest: 20 and 30"]
    }


def test_below_the_first_step_only_the_first_step_is_near() -> None:
    market = MarketDriver(tick_size=5)

    answer = market.buy("alice", 1, at=2)

    assert answer.refusal.message.endswith("nearest: 5")


def test_both_errors_are_told_at_once() -> None:
    market = MarketDriver(tick_size=5, lot_size=10)

    answer = market.buy("alice", 25, at=102)

    assert list(answer.refusal.errors) == ["price", "quantity"]


def test_steps_are_written_as_the_wire_writes_them() -> None:
    market = MarketDriver(base_decimals=2, quote_decimals=3, tick_size=500, lot_size=10)

    answer = market.buy("alice", 25, at=1200)

    assert answer.refusal.errors == {
        "price": ["price 1.2 is not a multiple of tick_size 0.5; nearest: 1 and 1.5"],
        "quantity": ["quantity 0.25 is not a multiple of lot_size 0.1; nearest: 0.2 and 0.3"],
    }


@pytest.mark.parametrize("price", [0, -5, MAX_UNITS + 1])
def test_a_price_is_more_than_nothing_and_fits_its_column(price: int) -> None:
    market = MarketDriver()

    assert market.buy("alice", 1, at=price).refused == "invalid_order"


@pytest.mark.parametrize("quantity", [0, -1, 11])
def test_a_quantity_is_more_than_nothing_and_at_most_max_quantity(quantity: int) -> None:
    market = MarketDriver(max_quantity=10)

    answer = market.buy("alice", quantity, at=100)

    assert answer.refused == "invalid_order"
    assert "at most max_quantity 10" in answer.refusal.message


def test_the_largest_price_and_quantity_are_allowed() -> None:
    market = MarketDriver(max_quantity=10)

    assert market.sell("alice", 10, at=MAX_UNITS).order.status == "open"


def test_an_amend_is_told_the_first_limit_that_it_breaks() -> None:
    market = MarketDriver(min_quantity=3, min_notional=300)
    order = market.buy("alice", 5, at=100)

    answer = market.amend("alice", order, at=99, quantity=1)

    assert answer.refusal.errors == {"quantity": ["quantity must be at least min_quantity 3"]}


def test_a_quantity_is_at_least_min_quantity() -> None:
    market = MarketDriver(min_quantity=3)

    too_small = market.buy("alice", 2, at=100)
    just_right = market.buy("alice", 3, at=100)

    assert "at least min_quantity 3" in too_small.refusal.message
    assert just_right.order.status == "open"


def test_price_times_quantity_is_at_least_min_notional() -> None:
    market = MarketDriver(min_notional=500)

    too_small = market.buy("alice", 4, at=124)
    just_right = market.buy("alice", 4, at=125)

    assert too_small.refused == "invalid_order"
    assert too_small.refusal.errors == {
        "quantity": ["price × quantity must be at least min_notional 500 USD"]
    }
    assert just_right.order.status == "open"


def test_a_market_order_is_valued_by_the_last_trade() -> None:
    market = MarketDriver(min_notional=300)
    market.sell("alice", 3, at=100)
    market.buy("bob", 3, at=100)
    market.sell("alice", 10, at=150)

    too_small = market.buy("bob", 2)
    just_right = market.buy("bob", 3)

    assert too_small.refused == "invalid_order"
    assert just_right.order.status == "filled"


def test_before_any_trade_a_market_order_is_valued_by_the_best_opposite_price() -> None:
    market = MarketDriver(min_notional=300)
    market.sell("alice", 10, at=100)
    market.buy("alice", 30, at=10)

    buy_too_small = market.buy("bob", 2)
    sell_too_small = market.sell("bob", 29)
    just_right = market.buy("bob", 3)

    assert buy_too_small.refused == sell_too_small.refused == "invalid_order"
    assert just_right.order.status == "filled"


def test_a_market_order_that_nothing_values_is_let_in() -> None:
    market = MarketDriver(min_notional=300)

    order = market.buy("bob", 1).order

    assert order.reason == "no_liquidity"


def test_what_a_partial_fill_leaves_may_be_under_the_minimum() -> None:
    market = MarketDriver(min_quantity=4, min_notional=400)
    market.sell("alice", 5, at=100)

    market.buy("bob", 4, at=100)

    assert market.ladder() == ["100 ask: 1 alice"]


def test_an_account_may_have_so_many_open_orders_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (rules, plain_lane):
        monkeypatch.setattr(module, "MAX_OPEN_ORDERS_PER_ACCOUNT", 2)
    market = MarketDriver()
    market.buy("alice", 1, at=98)
    market.buy("alice", 1, at=99)

    one_more = market.buy("alice", 1, at=100)
    somebody_else = market.buy("bob", 1, at=100)

    assert one_more.refused == "invalid_order"
    assert "2 open orders" in one_more.refusal.message
    assert somebody_else.order.status == "open"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"tick_size": 0}, "tick_size"),
        ({"lot_size": MAX_UNITS + 1}, "lot_size"),
        ({"min_quantity": 0}, "min_quantity"),
        ({"min_quantity": 11, "max_quantity": 10}, "min_quantity"),
        ({"min_notional": -1}, "min_notional"),
        ({"taker_fee_rate": -1}, "taker_fee_rate"),
        ({"taker_fee_rate": 1_000_000}, "taker_fee_rate"),
        ({"maker_fee_rate": -11, "taker_fee_rate": 10}, "maker_fee_rate"),
        ({"base_decimals": 3, "tick_size": 5, "lot_size": 100}, "tick_size × lot_size"),
    ],
)
def test_a_market_that_makes_no_sense_is_not_made(changes: dict[str, int], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        replace(PLAIN, **changes)  # type: ignore[arg-type]
