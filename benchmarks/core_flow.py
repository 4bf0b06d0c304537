"""Seeded order flow for `benchmarks.core`: what is sent, in a shape that every engine can be fed with.

Rules:
- Half of the messages are limit orders that rest, 40 % cancel any open order, 10 % are marketable limit
  orders. Realistic: around a random walk, from an empty book. Deep: anywhere in a book of 100,000 orders
  on 5,000 levels.
- Which orders are open is asked from our own engine while the flow is made, once; so a cancel always
  finds its order, and in every engine with price-time priority the same one.
- The market's rules are the demo's (8 decimals, fees, a price band); nobody meets an order of its own.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from markets.matching.commands import CancelOrder, Command, PlaceOrder
from markets.matching.engine import Engine
from markets.matching.events import Batch, Done
from markets.matching.recall import Known
from markets.matching.spec import MarketSpec
from markets.matching.types import LIVE, Asset, MarketState, MarketStatus, OrderType, Side

SPEC: Final = MarketSpec(
    symbol="BTC-USD",
    base="BTC",
    quote="USD",
    base_decimals=8,
    quote_decimals=8,
    tick_size=10**6,
    lot_size=10**3,
    min_quantity=10**3,
    max_quantity=10**17,
    min_notional=0,
    maker_fee_rate=500,
    taker_fee_rate=1000,
    price_band=200_000,
)
MIDDLE: Final = 50_000_00
"""Where prices begin, in ticks (0.01 USD)."""
MAKERS: Final = range(1, 41)
TAKERS: Final = range(41, 51)
WIDTH: Final = 6
BATCH: Final = 100
"""Commands a batch."""
MONEY: Final = 10**30
DEEP_ORDERS: Final = 100_000
DEEP_LEVELS: Final = 5_000
SPREAD: Final = 100.0
"""How far from the middle new orders are, in ticks: the mean of an exponential distribution."""


class Message(NamedTuple):
    """One message, as peers read it: an order (the nth has the number n), or a cancel (quantity 0)."""

    buys: int
    price: int
    """In ticks."""
    quantity: int
    """In lots; 0: cancel."""
    number: int


@dataclass
class Flow:
    """A run of messages, kept as numbers. They are made into messages just before they are sent, as if
    they had been decoded just then.
    """

    opening: int = 0
    """How many of the messages make the book that the others meet; they are not timed."""
    loaded: int = 0
    """How many orders our engine was loaded with: its ids of what is sent begin after these."""
    numbers: array[int] = field(default_factory=lambda: array("q"))
    """Of each message: whether it buys, ticks, lots, number, account, our engine's id of the order."""

    def __len__(self) -> int:
        return len(self.numbers) // WIDTH

    def add(self, message: Message, account: int, order_id: int) -> None:
        """The next message."""
        self.numbers.extend((*message, account, order_id))

    def for_peers(self) -> bytes:
        """All messages for a peer in another process: four 64-bit numbers each."""
        numbers = self.numbers
        return array("q", (n for place, n in enumerate(numbers) if place % WIDTH < 4)).tobytes()

    def commands(self, start: int, end: int) -> list[Command]:
        """A part of the run for our engine."""
        numbers = self.numbers
        commands: list[Command] = []
        for place in range(start * WIDTH, end * WIDTH, WIDTH):
            buys, ticks, lots, _, account, order_id = numbers[place : place + WIDTH]
            if not lots:
                commands.append(CancelOrder(account, order_id + self.loaded))
                continue
            side = Side.BUY if buys else Side.SELL
            quantity, price = lots * SPEC.lot_size, ticks * SPEC.tick_size
            commands.append(PlaceOrder(account, side, OrderType.LIMIT, quantity, price))
        return commands


def an_engine() -> Engine:
    """Our engine before the first message."""
    return Engine(SPEC, MarketState(MarketStatus.OPEN, 0, MIDDLE * SPEC.tick_size))


def known_for(commands: list[Command]) -> Known:
    """The funds that a batch is given: of the accounts in it, ample."""
    accounts = {command.account for command in commands if isinstance(command, PlaceOrder)}
    return Known(funds={(account, asset): MONEY for account in accounts for asset in Asset})


def batches(commands: list[Command]) -> Iterator[tuple[Known, list[Command]]]:
    """The commands as an engine gets them."""
    for start in range(0, len(commands), BATCH):
        batch = commands[start : start + BATCH]
        yield known_for(batch), batch


def run(engine: Engine, known: Known, commands: list[Command], now: int) -> Batch:
    """One batch, as the engine's process drives it."""
    engine.begin(known, now)
    for command in commands:
        engine.execute(command)
    batch = engine.finish()
    engine.accept()
    return batch


class Maker:
    """Makes a flow, message by message, with an engine beside it that says what is open."""

    def __init__(self, seed: int) -> None:
        self.flow = Flow()
        self.random = random.Random(seed)
        self._engine = an_engine()
        self._open: list[int] = []
        self._where: dict[int, int] = {}
        self._numbers: dict[int, int] = {}
        self._orders = 0

    def rest(self, distance: int, middle: int) -> None:
        """A limit order so many ticks from the middle, that takes nothing."""
        chance, book = self.random, self._engine.book
        tick = SPEC.tick_size
        buys = chance.random() < 0.5
        if buys:
            price = middle - distance
            if book.asks.best is not None:
                price = min(price, book.asks.best.price // tick - 1)
        else:
            price = middle + distance
            if book.bids.best is not None:
                price = max(price, book.bids.best.price // tick + 1)
        self._place(buys, price, chance.randint(1, 1000), chance.choice(MAKERS))

    def take(self) -> None:
        """A marketable limit order, for no more than there is."""
        chance, book, tick = self.random, self._engine.book, SPEC.tick_size
        buys = chance.random() < 0.5
        opposite = book.asks if buys else book.bids
        if opposite.best is None:
            self.rest(1, MIDDLE)
            return
        price = opposite.best.price // tick + (5 if buys else -5)
        there = sum(level.quantity for level in opposite.crossing(price * tick)) // SPEC.lot_size
        self._place(buys, price, min(there, chance.randint(1, 600)), chance.choice(TAKERS))

    def cancel(self) -> None:
        """Cancel any open order."""
        order_id = self._open[self.random.randrange(len(self._open))]
        order = self._engine.book.orders[order_id].state
        price = (order.price or 0) // SPEC.tick_size
        message = Message(order.side is Side.BUY, price, 0, self._numbers[order_id])
        self._send(message, order.account, order_id)

    def mixed(self, distance: int, middle: int) -> None:
        """The next message of the mix."""
        kind = self.random.random()
        if kind < 0.5 or not self._open:
            self.rest(distance, middle)
        elif kind < 0.9:
            self.cancel()
        else:
            self.take()

    def _place(self, buys: bool, price: int, lots: int, account: int) -> None:
        self._orders += 1
        self._send(Message(buys, price, lots, self._orders), account, 0)

    def _send(self, message: Message, account: int, order_id: int) -> None:
        self.flow.add(message, account, order_id)
        commands = self.flow.commands(len(self.flow) - 1, len(self.flow))
        (outcome,) = run(self._engine, known_for(commands), commands, 0).outcomes
        assert isinstance(outcome, Done), outcome
        assert outcome.order is not None
        if message.quantity:
            self._numbers[outcome.order.id] = self._orders
            self._where[outcome.order.id] = len(self._open)
            self._open.append(outcome.order.id)
        for order in outcome.orders:
            if order.status not in LIVE:
                self._forget(order.id)

    def _forget(self, order_id: int) -> None:
        where = self._where.pop(order_id)
        last = self._open.pop()
        if last != order_id:
            self._open[where] = last
            self._where[last] = where


def realistic(messages: int, seed: int = 1) -> Flow:
    """Orders around a random walk."""
    maker, middle = Maker(seed), MIDDLE
    chance = maker.random
    while len(maker.flow) < messages:
        middle += chance.choice((-1, 0, 0, 0, 1))
        maker.mixed(1 + int(chance.expovariate(1 / SPREAD)), middle)
    return maker.flow


def deep(messages: int, seed: int = 1) -> Flow:
    """Orders anywhere in a deep book."""
    maker = Maker(seed)
    chance, half = maker.random, DEEP_LEVELS // 2
    for _ in range(DEEP_ORDERS):
        maker.rest(chance.randint(1, half), MIDDLE)
    maker.flow.opening = DEEP_ORDERS
    while len(maker.flow) < DEEP_ORDERS + messages:
        maker.mixed(chance.randint(1, half), MIDDLE)
    return maker.flow
