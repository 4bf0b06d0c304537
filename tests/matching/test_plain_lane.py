"""The plain lane is a short cut and nothing else: with it and without it every batch is the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markets.matching.commands import CancelOrder, Command, PlaceOrder
from markets.matching.spec import MarketSpec
from markets.matching.types import OrderType, TimeInForce
from tests.drivers import MarketDriver, picture
from tests.matching.strategies import SPEC, TRADERS, Step, accounts, histories, prices, sides
from tests.matching.test_properties import a_model, run_on_the_model

BANDED = replace(SPEC, price_band=250_000)


def a_market(spec: MarketSpec, *, plain_lane: bool) -> MarketDriver:
    market = MarketDriver(spec, opening=60, prove=plain_lane)
    for trader in TRADERS.values():
        market.account(trader)
    if not plain_lane:
        market.engine.leave_plain_lane()
    return market


def check_that_they_agree(short: MarketDriver, general: MarketDriver) -> None:
    assert short.batches == general.batches
    assert picture_of(short) == picture_of(general)


def picture_of(market: MarketDriver) -> dict[str, object]:
    return picture(market.engine) | {"balances": dict(market.rows.balances)}


@given(histories)
@settings(max_examples=50)
def test_any_history_comes_to_the_same(history: list[Step]) -> None:
    short, general = a_market(SPEC, plain_lane=True), a_market(SPEC, plain_lane=False)
    model = a_model()

    for step in history:
        for market in (short, general):
            market.now += step.seconds * 1_000_000
        model.now = short.now + 1
        batch, _ = run_on_the_model(model, step)
        for market in (short, general):
            market.run(batch)

    check_that_they_agree(short, general)


plain_orders = st.builds(
    PlaceOrder,
    account=accounts,
    side=sides,
    type=st.just(OrderType.LIMIT),
    quantity=st.integers(1, 13),
    price=prices,
    time_in_force=st.sampled_from([None, None, None, TimeInForce.GTC, TimeInForce.IOC]),
    post_only=st.sampled_from([False, False, False, True]),
    client_order_id=st.sampled_from([None, None, None, *"abcdefghijkl"]),
    stop_price=st.none(),
    display_quantity=st.sampled_from([None, None, None, None, 1]),
    connection=st.sampled_from([None, "web1.1"]),
)
stops = st.builds(
    PlaceOrder,
    account=accounts,
    side=sides,
    type=st.just(OrderType.STOP),
    quantity=st.integers(1, 3),
    stop_price=prices,
)
cancels = st.builds(
    lambda account, order: CancelOrder(account, order), accounts, st.integers(1, 60)
)
plain_batches = st.lists(
    st.lists(plain_orders | plain_orders | plain_orders | cancels | stops, min_size=1, max_size=9),
    min_size=1,
    max_size=9,
)


@given(plain_batches, st.sampled_from([SPEC, BANDED]))
def test_busy_plain_trading_comes_to_the_same_and_can_be_undone(
    history: list[list[Command]], spec: MarketSpec
) -> None:
    short, general = a_market(spec, plain_lane=True), a_market(spec, plain_lane=False)

    for batch in history:
        short.run(batch, fails=True)
        for market in (short, general):
            market.now = 1_700_000_000_000_000
            market.run(batch)

    check_that_they_agree(short, general)


@pytest.mark.parametrize("lane", [True, False])
def test_most_commands_take_it(lane: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    market = MarketDriver(prove=False)
    if not lane:
        market.engine.leave_plain_lane()
    general = [0]
    execute = market.engine._execute

    def count(command: Command) -> object:
        general[0] += 1
        return execute(command)

    monkeypatch.setattr(market.engine, "_execute", count)
    ask = market.sell("alice", 5, at=101)
    market.buy("bob", 3, at=101)
    market.cancel("alice", ask)

    assert general == [0 if lane else 3]
