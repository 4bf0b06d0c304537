"""The engine consumer: the single writer of one market, one batch after the other.

Rules:
- A batch is what has already arrived, at most MAX_BATCH commands; it never waits for more.
- Gather, prefetch, execute, commit, and only then answer and publish.
- What the database refused is undone; a commit whose outcome is unknown is settled by reading. A market
  that another engine writes is left to it (`SteppedDown`).
- When MAX_QUEUED commands wait, more are answered `busy` at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from markets import clock
from markets.database import DatabaseThreads
from markets.gateway import failed
from markets.matching.commands import Command, ConfigureMarket, SetMarketStatus
from markets.matching.engine import Engine
from markets.matching.events import Batch, Outcome, Refused
from markets.matching.recall import Known
from markets.matching.types import MarketStatus
from markets.messages import transport
from markets.messages.transport import Answer, Commands, Failure
from markets.publisher import Publisher
from markets.store import (
    Committed,
    Outdated,
    PendingCommand,
    SequenceTaken,
    Store,
    StoreUnavailable,
)

MAX_BATCH: Final = 500
"""Commands in one transaction (a message is never split, so one may add a message's worth)."""
MAX_QUEUED: Final = 10_000
"""Commands that wait for their batch; beyond it, `busy`."""
MAX_ATTEMPTS: Final = 5
"""Times that a batch is executed again because money was spent in another market."""
PULSE_INTERVAL: Final = 1.0
"""Seconds between an engine's signs of life."""
FIRST_PULSE: Final = 0.05
"""Seconds to the first pulse, twice as many to the next: whoever begins to follow is not kept waiting."""
SETTLE_INTERVAL: Final = 0.5
"""Seconds between attempts to find out whether a commit took place."""

MAX_THREADS: Final = 8
"""Database threads (and connections) that all engines of a process share."""

logger = logging.getLogger(__name__)
_threads = DatabaseThreads("engines", MAX_THREADS)


class SteppedDown(Exception):
    """Another engine writes this market; this one changed nothing since and must not go on."""


async def engine_consumer(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """ASGI application of the channel `engine.SYMBOL`: run the market until canceled or stepped down."""
    del send  # a channel consumer answers through the channel layer
    await EngineLoop(scope["channel"].removeprefix("engine."), receive).run()


class EngineLoop:
    """One market's engine with its store, its inbox and its voice."""

    def __init__(self, symbol: str, receive: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        self.symbol = symbol
        self._receive = receive
        self._layer: Any = get_channel_layer()
        self._store = Store(symbol)
        self._publisher = Publisher(symbol)
        self._inbox: deque[Commands] = deque()
        self._queued = 0
        self._arrived = asyncio.Event()
        self._arrived.set()
        self._operator_waits = True  # what was asked for before it started
        self._undecided = False
        self._engine: Engine

    async def run(self) -> None:
        """Load the market and serve it."""
        with _threads.use():
            await self._serve()

    async def _serve(self) -> None:
        try:
            self._engine = await self._load()
            state = self._engine.state
            logger.info("%s: %s at sequence %d", self.symbol, state.status, state.sequence)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read())
                tasks.create_task(self._pulse())
                tasks.create_task(self._work())
        except* SteppedDown:
            logger.warning("%s: another engine writes this market; stepping down", self.symbol)

    async def _load(self) -> Engine:
        while True:
            try:
                loaded = await _threads.run(self._store.load)
            except StoreUnavailable as error:
                logger.warning("%s: cannot load: %s", self.symbol, error)
                await asyncio.sleep(SETTLE_INTERVAL)
            else:
                return Engine.load(loaded.spec, loaded.state, loaded.orders)

    # 1 gather

    async def _read(self) -> None:
        while True:
            try:
                message = await self._receive()
            except (RedisError, OSError) as error:
                logger.warning("%s: the channel layer does not answer: %s", self.symbol, error)
                await asyncio.sleep(PULSE_INTERVAL)
                continue
            if message["type"] == transport.COMMANDS:
                await self._enqueue(transport.decode_commands(message["payload"]))
            elif message["type"] == transport.OPERATOR:
                self._operator_waits = True
                self._arrived.set()

    async def _enqueue(self, message: Commands) -> None:
        if self._queued >= MAX_QUEUED:
            await self._answer_all([message], Failure.BUSY)
            return
        self._queued += len(message.commands)
        self._inbox.append(message)
        self._arrived.set()

    async def _pulse(self) -> None:
        wait = FIRST_PULSE
        while True:
            await asyncio.sleep(wait)
            wait = min(2 * wait, PULSE_INTERVAL)
            book = self._engine.book
            if not self._undecided:
                await self._publisher.pulse(self._engine.state.sequence, book.checksum)

    async def _work(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            if self._operator_waits:
                self._operator_waits = False
                await self._obey_operators()
            while self._inbox:
                await self._run_batch(self._gather())

    def _gather(self) -> list[Commands]:
        gathered: list[Commands] = []
        count = 0
        while self._inbox and count < MAX_BATCH:
            message = self._inbox.popleft()
            count += len(message.commands)
            gathered.append(message)
        self._queued -= count
        return gathered

    # 2 prefetch, 3 execute, 4 commit

    async def _run_batch(self, messages: list[Commands]) -> None:
        commands: list[Command] = [
            carrier.command for message in messages for carrier in message.commands
        ]
        try:
            answers = await self._carry_out(commands)
        except StoreUnavailable as error:
            logger.warning("%s: %s", self.symbol, error)
            answers = [failed(Failure.UNAVAILABLE)] * len(commands)
        except SteppedDown:
            await self._answer_all([*messages, *self._inbox], Failure.UNAVAILABLE)
            raise
        await self._answer(messages, answers)

    async def _carry_out(self, commands: list[Command]) -> list[Answer]:
        """Make the commands durable together; publish; return their answers in order."""
        busy: frozenset[int] = frozenset()
        attempt = 0
        while True:
            wanted = [command for command in commands if _account(command) not in busy]
            try:
                outcomes = iter(await self._attempt(wanted))
            except Outdated as outdated:
                attempt += 1
                if attempt >= MAX_ATTEMPTS:
                    # Their money moves faster than we can follow: nothing was done for them.
                    busy |= outdated.accounts or frozenset(
                        account for command in wanted if (account := _account(command)) is not None
                    )
                continue
            return [
                failed(Failure.BUSY)
                if _account(command) in busy
                else transport.answer_of(next(outcomes))
                for command in commands
            ]

    async def _attempt(
        self,
        commands: list[Command],
        command_id: int | None = None,
        configuration: dict[str, Any] | None = None,
    ) -> tuple[Outcome, ...]:
        known = await _threads.run(self._store.prefetch, self._engine.needs(commands))
        self._undecided = True
        try:
            batch = await self._execute(known, commands)
            if batch.sequence == batch.prev_sequence:
                self._engine.accept()
                return batch.outcomes
            committed = await self._commit(batch, command_id, configuration)
        finally:
            self._undecided = False
        await self._publisher.publish(batch, committed)
        return batch.outcomes

    async def _commit(
        self, batch: Batch, command_id: int | None, configuration: dict[str, Any] | None
    ) -> Committed:
        engine = self._engine
        try:
            committed = await _threads.run(self._store.commit, batch, command_id, configuration)
        except Outdated:
            engine.undo()
            raise
        except SequenceTaken as error:
            engine.undo()
            raise SteppedDown from error
        except StoreUnavailable:
            if not await self._was_written(batch):
                engine.undo()
                raise
            committed = Committed({})  # whoever serves the accounts finds their events in the rows
        engine.accept()
        return committed

    async def _execute(self, known: Known, commands: list[Command]) -> Batch:
        """Execute in memory; a defect of ours costs the batch, never the market."""
        try:
            self._engine.begin(known, clock.now())
            for command in commands:
                self._engine.execute(command)
            return self._engine.finish()
        except Exception as error:
            logger.exception("%s: a batch could not be executed; reloading", self.symbol)
            self._engine = await self._load()
            raise StoreUnavailable("a batch could not be executed") from error

    async def _was_written(self, batch: Batch) -> bool:
        """Settle a commit whose outcome is unknown; until it is known, nothing else is taken."""
        while True:
            try:
                written = await _threads.run(self._store.was_written, batch)
            except SequenceTaken as error:
                raise SteppedDown from error
            except StoreUnavailable:
                waiting = list(self._inbox)
                self._inbox.clear()
                self._queued = 0
                await self._answer_all(waiting, Failure.UNAVAILABLE)
                await asyncio.sleep(SETTLE_INTERVAL)
            else:
                return written

    # Operators' commands, each a batch of its own

    async def _obey_operators(self) -> None:
        try:
            for pending in await _threads.run(self._store.pending_commands):
                await self._obey(pending)
        except StoreUnavailable as error:
            logger.warning("%s: operators' commands must wait: %s", self.symbol, error)

    async def _obey(self, pending: PendingCommand) -> None:
        command: Command
        configuration: dict[str, Any] | None = None
        try:
            if pending.kind == "configure":
                spec, configuration = await _threads.run(self._store.configured, pending.params)
                command = ConfigureMarket(spec)
            else:
                command = SetMarketStatus(MarketStatus(pending.params["status"]))
        except (ValueError, KeyError, ArithmeticError) as error:
            await _threads.run(self._store.close_command, pending.id, str(error))
            return
        try:
            (outcome,) = await self._attempt([command], pending.id, configuration)
        except Outdated:
            return  # it still waits; the next look finds it
        refusal = outcome.message if isinstance(outcome, Refused) else ""
        await _threads.run(self._store.close_command, pending.id, refusal)

    # 5 answer

    async def _answer_all(self, messages: list[Commands], failure: Failure) -> None:
        for message in messages:
            await self._answer([message], [failed(failure)] * len(message.commands))

    async def _answer(self, messages: list[Commands], answers: list[Answer]) -> None:
        start = 0
        for message in messages:
            end = start + len(message.commands)
            payload = transport.encode(transport.Answers(message.id, answers[start:end]))
            start = end
            try:
                await self._layer.send(
                    message.reply_channel, {"type": transport.ANSWER, "payload": payload}
                )
            except (ChannelFull, RedisError, OSError) as error:
                # The order stands; whoever asked asks again with its client_order_id.
                logger.warning("%s: an answer was lost: %s", self.symbol, error)


def _account(command: Command) -> int | None:
    return getattr(command, "account", None)
