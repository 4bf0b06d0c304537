"""A market's specification can change, but never what resting orders or past rows mean."""

import pytest

from tests.drivers import MarketDriver


def test_limits_and_rates_change_while_orders_rest() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100)

    answer = market.configure(min_quantity=10, maker_fee_rate=100, taker_fee_rate=200)

    assert answer.events == ["MarketConfigured"]
    assert market.buy("alice", 5, at=100).refused == "invalid_order"
    assert market.ladder() == ["100 bid: 5 alice"]


@pytest.mark.parametrize("name", ["tick_size", "lot_size"])
def test_steps_change_only_while_no_order_rests(name: str) -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)

    under_orders = market.configure(**{name: 10})
    market.cancel("alice", order)
    without_orders = market.configure(**{name: 10})

    assert under_orders.refused == "conflict"
    assert list(under_orders.refusal.errors) == [name]
    assert without_orders.events == ["MarketConfigured"]
    assert market.buy("alice", 15, at=105).refused == "invalid_order"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("symbol", "ETH-USD"),
        ("base", "ETH"),
        ("quote", "EUR"),
        ("base_decimals", 1),
        ("quote_decimals", 1),
        ("id_base", 1),
    ],
)
def test_what_past_rows_are_written_in_never_changes(name: str, value: int | str) -> None:
    market = MarketDriver(tick_size=10)

    answer = market.configure(**{name: value})

    assert answer.refused == "conflict"
    assert list(answer.refusal.errors) == [name]


def test_the_specification_it_has_already_is_no_fact() -> None:
    market = MarketDriver()

    assert market.configure().events == []
    assert market.engine.state.sequence == 0


def test_a_specification_is_a_notice_and_survives_a_restart() -> None:
    market = MarketDriver()

    market.configure(min_quantity=3)
    market.restart()

    [notice] = market.batches[-1].notices
    assert notice.sequence == 1
    assert market.batches[-1].spec.min_quantity == 3
    assert market.engine.spec.min_quantity == 3


def test_a_specification_that_could_not_be_kept_never_was() -> None:
    market = MarketDriver()

    with market.batch(fails=True):
        market.configure(tick_size=5)
        refused = market.buy("alice", 1, at=101)

    assert refused.refused == "invalid_order"
    assert market.buy("alice", 1, at=101).order.status == "open"


def test_it_is_asked_in_any_status() -> None:
    market = MarketDriver()
    market.close()

    assert market.configure(tick_size=5).events == ["MarketConfigured"]
