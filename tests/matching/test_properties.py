"""Whatever the commands are, the engine does what the reference model does, and can always go back."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markets.matching.commands import AmendOrder, CancelOrder, Command
from markets.matching.events import (
    Done,
    Event,
    Refused,
)
from markets.matching.types import Asset
from tests.drivers import Balance, MarketDriver, picture
from tests.matching.model import Model
from tests.matching.strategies import (
    OWNER,
    SPEC,
    START,
    TRADERS,
    Step,
    commands,
    histories,
    long_histories,
)


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
    pool = model.live() if command.order_id % 4 else model.orders
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
    assert market.engine.state == (
        model.status,
        model.sequence,
        model.last_price,
        model.auction_ends_at,
    )
    assert [
        (o.id, o.account, o.status, o.reason, o.price, o.stop_price, o.quantity, o.remaining)
        for o in market.rows.orders.values()
    ] == [
        (
            o.id,
            o.account,
            o.status,
            o.reason,
            o.price or None,
            o.stop_price,
            o.quantity,
            o.remaining,
        )
        for o in model.orders
    ]
    assert [
        (o.filled, o.canceled, o.prevented, o.fee, o.group, o.role, o.connection)
        for o in market.rows.orders.values()
    ] == [
        (o.filled, o.canceled, o.prevented, o.fee, o.group, o.role, o.connection)
        for o in model.orders
    ]
    book = market.engine.book
    assert {
        order.id: (order.priority, order.shown)
        for side in (book.bids, book.asks)
        for level in side
        for order in level
    } == {order.id: (order.place, order.shown) for order in model.book}
    assert {
        order.id: order.priority
        for side in (book.rising_stops, book.falling_stops)
        for order in side.orders.values()
    } == {order.id: order.place for order in model.waiting}
    assert market.rows.cancel_after == model.cancel_after
    assert market.rows.fee_rates == model.rates
    for (account, asset), balance in market.rows.balances.items():
        name = "base" if asset is Asset.BASE else "quote"
        expected = (model.available(account, name), model.held(account, name))
        assert balance == expected


def play(history: list[Step]) -> MarketDriver:
    """Play a history on the engine and the model, comparing them after every batch."""
    market, model = a_market(), a_model()
    for step in history:
        market.now += step.seconds * 1_000_000
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
@pytest.mark.long
@settings(max_examples=120)
@given(long_histories)
def test_the_engine_does_what_the_model_does_in_long_histories(history: list[Step]) -> None:
    play(history)


@given(histories)
@settings(max_examples=25)
def test_the_same_commands_make_the_same_batches(history: list[Step]) -> None:
    market = play(history)
    model, again = a_model(), a_market()

    for step in history:
        again.now += step.seconds * 1_000_000
        if step.undone_first:
            again.now += 1
        if step.committed:
            model.now = again.now + 1
            batch, _ = run_on_the_model(model, step)
            again.run(batch)

    assert again.batches == market.batches
    assert picture(again.engine) == picture(market.engine)


@given(st.lists(commands(), min_size=20, max_size=60), st.integers(1, 20))
@settings(max_examples=25)
def test_where_batches_end_changes_nothing(templates: list[Command], size: int) -> None:
    model = a_model()
    model.now = START + 1
    batch, _ = run_on_the_model(model, Step(0, templates, False, True, False))
    one_batch, many_batches = a_market(), a_market()

    one_batch.run(batch)
    for start in range(0, len(batch), size):
        many_batches.now = (
            START  # the driver's clock ticks with each batch; time is not the question
        )
        many_batches.run(batch[start : start + size])

    assert all_events(one_batch) == all_events(many_batches)
    assert money(one_batch) == money(many_batches)
    assert one_batch.ladder() == many_batches.ladder()
    assert one_batch.engine.book.checksum == many_batches.engine.book.checksum


def money(market: MarketDriver) -> dict[tuple[int, Asset], Balance]:
    """All balances that are not nothing."""
    return {key: balance for key, balance in market.rows.balances.items() if any(balance)}


def all_events(market: MarketDriver) -> list[Event]:
    return [
        event
        for batch in market.batches
        for outcome in batch.outcomes
        if isinstance(outcome, Done)
        for event in outcome.events
    ]
