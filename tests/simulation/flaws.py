"""Flaws that are planted to prove that the simulation finds them: each breaks one promise of the code.

A flaw replaces a method for the rest of the process's life; `python -m tests.simulation --flaw NAME` has one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError

from markets import models
from markets.consumers.engine import batches, loop
from markets.consumers.engine.batches import Batches
from markets.consumers.engine.repeats import Repeats
from markets.gateway import Gateway
from markets.hub.market import MarketView
from markets.matching.engine import Engine
from markets.matching.events import Batch
from markets.messages import transport
from markets.private_feed import PrivateFeed
from markets.store import Committed, SequenceTaken, Store, Transaction
from markets.store.errors import StoreError
from markets.store.transaction import speaking

Method = Callable[..., Any]


def answer_before_commit() -> None:
    """The engine answers, and then commits."""
    commit, answer = Store.commit, loop.EngineLoop._answer
    waiting: dict[Store, list[tuple[Any, ...]]] = {}

    def put_off(store: Store, *arguments: Any) -> Committed:
        waiting.setdefault(store, []).append(arguments)
        return Committed({})

    async def answer_first(self: loop.EngineLoop, *arguments: Any) -> None:
        await answer(self, *arguments)
        store = self._batches._store
        for late in waiting.pop(store, ()):
            with suppress(StoreError):
                await batches.threads.run(commit, store, *late)

    _replace(Store, "commit", put_off)
    _replace(loop.EngineLoop, "_answer", answer_first)


def no_sequence_check() -> None:
    """A batch is written, whoever wrote since."""

    def advance(self: Transaction, configuration: object) -> None:
        state = self._batch.state
        self._dialect.execute(
            "UPDATE markets_market SET last_sequence = ?, status = ?, last_price = ? WHERE id = ?",
            (state.sequence, state.status.value, state.last_price, self._keys.market),
        )

    _replace(Transaction, "_advance", advance)


def gateway_repeats() -> None:
    """A gateway that has no answer after a second sends the commands again."""
    send = Gateway._send

    async def send_again(self: Gateway, symbol: str, lane: Any, waiting: Any) -> None:
        await send(self, symbol, lane, waiting)
        if not any(settled[1] is waiting for settled in self._sent.values()):
            return
        carried = [transport.carry(command) for command, _, _ in waiting]
        message = transport.Commands(next(self._ids), self._reply_channel, carried)
        payload = transport.pack(message, self._layer)

        async def again() -> None:
            await asyncio.sleep(1)
            try:
                channel = transport.engine_channel(symbol)
                await self._layer.send(channel, {"type": transport.COMMANDS, "payload": payload})
            except RedisError:
                return

        if any(settled[1] is waiting for settled in self._sent.values()):
            self._losing.add(asyncio.create_task(again()))

    _replace(Gateway, "_send", send_again)


def hub_believes_anything() -> None:
    """A hub applies whatever comes, and does not compare with the engine's pulse."""

    def hear_batch(self: MarketView, notice: transport.BatchNotice) -> None:
        self._engine_heard = time.monotonic()
        self._apply(notice)

    def hear_pulse(self: MarketView, pulse: transport.Pulse) -> None:
        self._engine_heard = time.monotonic()

    _replace(MarketView, "hear_batch", hear_batch)
    _replace(MarketView, "hear_pulse", hear_pulse)


def undone_by_half() -> None:
    """Of a batch that was not written the sequence is taken back, and nothing else."""

    def undo(self: Engine) -> None:
        self.accept()
        self._market.sequence = self._start[1].sequence

    _replace(Engine, "undo", undo)


def doubt_is_failure() -> None:
    """A commit whose answer was lost is taken for one that failed."""

    async def was_written(self: Batches, batch: object) -> bool:
        return False

    _replace(Batches, "_was_written", was_written)


def feed_skips() -> None:
    """A private feed sends what comes, also after something that did not come."""
    deliver = PrivateFeed.deliver

    async def run(self: PrivateFeed) -> None:
        self._hub.listen(self._account.pk, self._hear)
        while True:
            item = await self._queue.get()
            if isinstance(item, transport.PrivatePart):
                deliver(self, item.first, item.payload)
            elif item is None:
                await self.catch_up()
            else:
                await item()

    _replace(PrivateFeed, "run", run)


def repeats_are_taken() -> None:
    """A message that a channel layer delivers twice is carried out twice."""
    _replace(Repeats, "is_one", lambda self, channel, number: False)


# What the simulation found when it was new


def doubt_does_not_wait() -> None:
    """Whether a commit took place is read while it may still be at it."""

    def was_written(self: Store, batch: Batch) -> bool:
        with speaking():
            written = models.Batch.objects.filter(
                market=self._keys.market, sequence=batch.sequence, timestamp=batch.timestamp
            )
            return written.exists()

    _replace(Store, "was_written", was_written)


def doubt_gives_up() -> None:
    """A commit is not looked for when another engine wrote since."""
    was_written = Store.was_written

    def last_only(self: Store, batch: Batch) -> bool:
        written = was_written(self, batch)
        with speaking():
            last = models.Market.objects.get(symbol=self.symbol).last_sequence
            if last not in (batch.sequence, batch.prev_sequence):
                raise SequenceTaken("others wrote since")
            return written

    _replace(Store, "was_written", last_only)


def late_orders_stay() -> None:
    """An order that comes after its connection's end is not looked for."""

    async def nothing(self: Gateway, *arguments: object) -> None:
        return

    _replace(Gateway, "_cancel_late", nothing)


def plant(name: str) -> None:
    """Plant a flaw by its name."""
    flaw: Callable[[], None] = globals()[name]
    flaw()


def _replace(owner: type, name: str, method: Method) -> None:
    assert hasattr(owner, name), f"{owner.__name__} has no {name} any more: plant the flaw anew"
    setattr(owner, name, method)
