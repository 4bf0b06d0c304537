"""Whatever the commands are, the engine does what the reference model does, and can always go back."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markets.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    ConfigureMarket,
    PlaceOrder,
    SetMarketStatus,
)
from markets.matching.events import Done, Event, Refused, Trade
from markets.matching.types import (
    Asset,
    MarketStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from tests.drivers import PLAIN, Balance, MarketDriver, picture
from tests.matching.model import Model

TRADERS = {1: "alice", 2: "bob", 3: "carol"}
OWNER = -1
"""Stands for the account of the order that a command names."""
FEES = [(0, 0), (0, 100_000), (30_000, 70_000), (-50_000, 90_000)]
"""(maker, taker) rates in millionths: high, so that they show in small amounts."""
SPEC = replace(PLAIN, maker_fee_rate=-50_000, taker_fee_rate=90_000, max_quantity=12)


class Step(NamedTuple):
    """A batch and what becomes of it. An order is named by a number, see `named`."""

    commands: list[Command]
    undone_first: bool
    committed: bool
    restarted: bool


accounts = st.sampled_from(list(TRADERS))
owners = st.sampled_from([OWNER, OWNER, OWNER, OWNER, *TRADERS])
prices = st.integers(1, 6)
quantities = st.integers(1, 8) | st.sampled_from([1, 12, 13])
client_order_ids = st.sampled_from([None, None, None, None, None, "a", "b", "c"])
order_numbers = st.integers(0, 15)

limit_orders = st.builds(
    PlaceOrder,
    account=accounts,
    side=st.sampled_from(Side),
    type=st.just(OrderType.LIMIT),
    quantity=quantities,
    price=prices,
    time_in_force=st.sampled_from([None, None, None, *TimeInForce]),
    post_only=st.sampled_from([False] * 7 + [True]),
    self_trade_prevention=st.sampled_from(SelfTradePrevention),
    client_order_id=client_order_ids,
)
market_orders = st.builds(
    PlaceOrder,
    account=accounts,
    side=st.sampled_from(Side),
    type=st.just(OrderType.MARKET),
    quantity=quantities,
    price=st.none(),
    time_in_force=st.sampled_from([None, None, None, *TimeInForce]),
    post_only=st.sampled_from([False] * 7 + [True]),
    self_trade_prevention=st.sampled_from(SelfTradePrevention),
    client_order_id=client_order_ids,
)
amendments = st.builds(
    AmendOrder,
    account=owners,
    order_id=order_numbers,
    client_order_id=st.none(),
    price=st.none() | prices,
    quantity=st.none() | st.integers(1, 13),
)
amendments_by_client_order_id = st.builds(
    AmendOrder,
    account=accounts,
    order_id=st.none(),
    client_order_id=st.sampled_from("abc"),
    price=st.none() | prices,
    quantity=st.none() | st.integers(1, 13),
)
cancels = st.builds(lambda owner, number: CancelOrder(owner, number), owners, order_numbers)
cancels_by_client_order_id = st.builds(
    lambda account, name: CancelOrder(account, client_order_id=name),
    accounts,
    st.sampled_from("abc"),
)
mass_cancels = st.builds(
    lambda account, side: CancelAll(account, side), accounts, st.none() | st.sampled_from(Side)
)
statuses = st.builds(SetMarketStatus, st.sampled_from([MarketStatus.HALTED, *MarketStatus]))
configurations = st.builds(
    lambda fees, min_quantity, min_notional: ConfigureMarket(
        replace(
            SPEC,
            maker_fee_rate=fees[0],
            taker_fee_rate=fees[1],
            min_quantity=min_quantity,
            min_notional=min_notional,
        )
    ),
    st.sampled_from(FEES),
    st.sampled_from([1, 1, 2]),
    st.sampled_from([0, 0, 4]),
)
WEIGHTS: list[tuple[int, st.SearchStrategy[Command]]] = [
    (30, limit_orders),
    (3, market_orders),
    (8, amendments),
    (1, amendments_by_client_order_id),
    (3, cancels),
    (1, cancels_by_client_order_id),
    (1, mass_cancels),
    (1, configurations),
    (1, statuses),
    (2, st.just(SetMarketStatus(MarketStatus.OPEN))),
]
commands: st.SearchStrategy[Command] = st.sampled_from(
    [strategy for weight, strategy in WEIGHTS for _ in range(weight)]
).flatmap(lambda strategy: strategy)
steps = st.builds(
    Step,
    commands=st.lists(commands, min_size=4, max_size=12),
    undone_first=st.booleans(),
    committed=st.sampled_from([True, True, True, False]),
    restarted=st.sampled_from([False, False, True]),
)
histories = st.lists(steps, min_size=4, max_size=12)


def a_market() -> MarketDriver:
    market = MarketDriver(SPEC, opening=60)
    for trader in TRADERS.values():
        market.account(trader)
    return market


def a_model() -> Model:
    money = {(account, asset): 60 for account in TRADERS for asset in ("base", "quote")}
    return Model(SPEC, {**money, (0, "base"): 0, (0, "quote"): 0})


def named(model: Model, command: Command) -> Command:
    """The command with a real order's id: mostly an open one, one in four times any."""
    if not isinstance(command, AmendOrder | CancelOrder):
        return command
    if command.order_id is None:
        return command
    pool = model.book if command.order_id % 4 else model.orders
    if not pool:
        return command._replace(order_id=10**9, account=1)
    order = pool[-1 - command.order_id % len(pool)]
    account = command.account
    if account is None or account == OWNER:
        account = order.account
    return command._replace(order_id=order.id, account=account)


def run_on_the_model(model: Model, step: Step) -> tuple[list[Command], list[object]]:
    """The commands with real ids, and what each came to."""
    done, results = [], []
    for template in step.commands:
        command = named(model, template)
        done.append(command)
        results.append(model.execute(command))
    return done, list(results)


def run_on_the_engine(market: MarketDriver, batch: list[Command], *, fails: bool) -> list[object]:
    results: list[object] = []
    for answer in market.run(batch, fails=fails):
        match answer.outcome:
            case Refused(code=code):
                results.append((code, []))
            case Done(events=events):
                results.append((None, list(events)))
    return results


def check_that_they_agree(market: MarketDriver, model: Model) -> None:
    state = market.engine.state
    assert (state.status, state.sequence, state.last_price) == (
        model.status,
        model.sequence,
        model.last_price,
    )
    assert [
        (o.id, o.account, o.price, o.quantity, o.filled, o.canceled, o.prevented, o.fee)
        for o in market.rows.orders.values()
    ] == [
        (o.id, o.account, o.price, o.quantity, o.filled, o.canceled, o.prevented, o.fee)
        for o in model.orders
    ]
    resting = sorted(market.engine.book.orders.values(), key=lambda order: order.priority)
    assert [order.id for order in resting] == [order.id for order in model.book]
    for (account, asset), balance in market.rows.balances.items():
        name = "base" if asset is Asset.BASE else "quote"
        expected = (model.available(account, name), model.held(account, name))
        assert balance == expected


def play(history: list[Step]) -> MarketDriver:
    """Play a history on the engine and the model, comparing them after every batch."""
    market, model = a_market(), a_model()
    for step in history:
        model_before = deepcopy(model)
        if step.undone_first:
            model.now = market.now + 1
            batch, expected = run_on_the_model(model, step)
            assert run_on_the_engine(market, batch, fails=True) == expected
            model = deepcopy(model_before)
        if step.committed:
            model.now = market.now + 1
            batch, expected = run_on_the_model(model, step)
            assert run_on_the_engine(market, batch, fails=False) == expected
        check_that_they_agree(market, model)
        if step.restarted:
            market.restart()
    return market


@given(histories)
def test_the_engine_does_what_the_model_does(history: list[Step]) -> None:
    play(history)


@pytest.mark.slow
@settings(max_examples=500)
@given(st.lists(steps, min_size=10, max_size=40))
def test_the_engine_does_what_the_model_does_in_long_histories(history: list[Step]) -> None:
    play(history)


@given(histories)
@settings(max_examples=25)
def test_the_same_commands_make_the_same_batches(history: list[Step]) -> None:
    market = play(history)
    model, again = a_model(), a_market()

    for step in history:
        if step.undone_first:
            again.now += 1
        if step.committed:
            batch, _ = run_on_the_model(model, step)
            again.run(batch)

    assert again.batches == market.batches
    assert picture(again.engine) == picture(market.engine)


@given(st.lists(commands, min_size=20, max_size=60), st.integers(1, 20))
@settings(max_examples=25)
def test_where_batches_end_changes_nothing(templates: list[Command], size: int) -> None:
    batch, _ = run_on_the_model(a_model(), Step(templates, False, True, False))
    one_batch, many_batches = a_market(), a_market()

    one_batch.run(batch)
    for start in range(0, len(batch), size):
        many_batches.run(batch[start : start + size])

    assert timeless(one_batch) == timeless(many_batches)
    assert money(one_batch) == money(many_batches)
    assert one_batch.ladder() == many_batches.ladder()
    assert one_batch.engine.book.checksum == many_batches.engine.book.checksum


def money(market: MarketDriver) -> dict[tuple[int, Asset], Balance]:
    """All balances that are not nothing."""
    return {key: balance for key, balance in market.rows.balances.items() if any(balance)}


def timeless(market: MarketDriver) -> list[Event]:
    """All events, at no time in particular."""
    events: list[Event] = []
    for batch in market.batches:
        for outcome in batch.outcomes:
            if isinstance(outcome, Done):
                events += outcome.events
    return [event._replace(timestamp=0) if isinstance(event, Trade) else event for event in events]
