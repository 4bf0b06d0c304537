"""What the parts of an order's way cost, each by itself: `make bench-parts` (pytest-benchmark).

Rules:
- The core's parts run on a book of 1,000 levels with an order each, in batches that are undone, so that every
  round meets the same market.
- These are for comparing two commits on one machine (`--benchmark-save`, `--benchmark-compare`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from markets.matching.commands import CancelOrder, Command, PlaceOrder
from markets.matching.engine import Engine
from markets.matching.events import Done
from markets.matching.recall import Known
from markets.matching.spec import MarketSpec
from markets.matching.types import Asset, MarketState, MarketStatus, OrderType, Side, TimeInForce
from markets.messages.orders import Telling
from markets.metrics import EngineFigures, LaneFigures
from markets.order_requests import PlainOrder, place_order, plain_order

SPEC = MarketSpec(
    symbol="BTC-USD",
    base="BTC",
    quote="USD",
    base_decimals=8,
    quote_decimals=8,
    tick_size=10**6,
    lot_size=10**5,
    min_quantity=10**5,
    max_quantity=10**15,
    min_notional=10**6,
    maker_fee_rate=500,
    taker_fee_rate=1_000,
    price_band=100_000,
)
LEVELS = 1_000
MIDDLE = 64_000 * 10**8
MAKER, TAKER = 1, 2
FUNDS = {(account, asset): 10**25 for account in (MAKER, TAKER) for asset in Asset}
REQUEST = {
    "market": "BTC-USD",
    "side": "buy",
    "price": "63990.01",
    "quantity": "0.123",
    "client_order_id": "bench-1",
}
Measure = Callable[..., Any]


def resting(place: int) -> PlaceOrder:
    """An order on a level of its own, near levels first, sides by turns."""
    side = Side.BUY if place % 2 else Side.SELL
    away = (place // 2 + 1) * SPEC.tick_size * (-1 if side is Side.BUY else 1)
    return PlaceOrder(MAKER, side, OrderType.LIMIT, 10 * SPEC.lot_size, MIDDLE + away)


def run(engine: Engine, commands: list[Command]) -> list[Any]:
    """One batch's outcomes; the batch stays open."""
    engine.begin(Known(funds=FUNDS), 1_700_000_000_000_000)
    return [engine.execute(command) for command in commands]


@pytest.fixture
def engine() -> Engine:
    """A market with its book."""
    made = Engine(SPEC, MarketState(MarketStatus.OPEN, 0, MIDDLE))
    run(made, [resting(place) for place in range(LEVELS)])
    made.finish()
    made.accept()
    return made


def undone(engine: Engine, commands: list[Command], *, finish: bool = False) -> None:
    """Execute a batch and take it back."""
    run(engine, commands)
    if finish:
        engine.finish()
    engine.undo()


def test_read_a_plain_order(benchmark: Measure) -> None:
    text = json.dumps(REQUEST)
    decode = msgspec.json.Decoder(PlainOrder).decode

    assert benchmark(lambda: plain_order(decode(text), TAKER, SPEC, None))


def test_read_an_order_the_careful_way(benchmark: Measure) -> None:
    assert benchmark(lambda: place_order(REQUEST, TAKER, lambda _: SPEC))


def test_100_orders_that_rest_and_are_undone(benchmark: Measure, engine: Engine) -> None:
    commands: list[Command] = [resting(place) for place in range(100)]

    benchmark(undone, engine, commands)


def test_100_orders_that_trade_and_are_undone(benchmark: Measure, engine: Engine) -> None:
    take = PlaceOrder(
        TAKER,
        Side.BUY,
        OrderType.LIMIT,
        SPEC.lot_size,
        MIDDLE + 100 * SPEC.tick_size,
        TimeInForce.IOC,
    )

    benchmark(undone, engine, [take] * 100)


def test_100_cancels_that_are_undone(benchmark: Measure, engine: Engine) -> None:
    ids = list(engine.book.orders)[:100]
    commands: list[Command] = [CancelOrder(MAKER, order_id) for order_id in ids]

    benchmark(undone, engine, commands)


def test_close_a_batch_of_100_orders(benchmark: Measure, engine: Engine) -> None:
    commands: list[Command] = [resting(place) for place in range(100)]

    benchmark(undone, engine, commands, finish=True)


def test_write_100_orders_for_their_owners(benchmark: Measure, engine: Engine) -> None:
    outcomes = run(engine, [resting(place) for place in range(100)])
    batch = engine.finish()

    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert len(benchmark(lambda: Telling(batch)).private[MAKER]) == 100


def test_count_a_message_of_100_commands(benchmark: Measure) -> None:
    figures = LaneFigures(SPEC.symbol)
    outcomes = ["done"] * 90 + ["insufficient_funds"] * 10

    def count() -> None:
        figures.sent(100)
        figures.answered([time.perf_counter()] * 100, outcomes)

    benchmark(count)


def test_count_a_batch(benchmark: Measure) -> None:
    figures = EngineFigures(SPEC.symbol)

    def count() -> None:
        figures.queue.set(100)
        with figures.batch(100), figures.commit():
            pass
        figures.durable(1, 33, LEVELS)

    benchmark(count)
