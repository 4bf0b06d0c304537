"""The engine's loop: what arrives for one market, in its order, and the answers to it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from markets import logs
from markets.consumers.engine.batches import Batches, SteppedDown, threads
from markets.consumers.engine.leases import Leases
from markets.consumers.engine.repeats import Repeats
from markets.gateway import connection_of, failed
from markets.matching.commands import Command
from markets.messages import transport
from markets.messages.transport import Answer, Commands, Failure
from markets.metrics import START, EngineFigures
from markets.store import StoreUnavailable
from markets.tenure import Standing, Tenure, now

MAX_BATCH: Final = 500
"""Commands in one transaction (a message is never split, so one may add a message's worth)."""
MAX_QUEUED: Final = 10_000
"""Commands that wait for their batch; beyond it, `busy`."""
PULSE_INTERVAL: Final = 1.0
"""Seconds between an engine's signs of life."""
FIRST_PULSE: Final = 0.05
"""Seconds to the first pulse, twice as many to the next: whoever begins to follow is not kept waiting."""
RETRY_INTERVAL: Final = 0.5
"""Seconds after which what is due is tried again, when the database did not answer."""

logger = logging.getLogger(__name__)


async def engine_consumer(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """ASGI application of the channel `engine.SYMBOL`: run the market until drained or stepped down.

    `scope["tenure"]`: its right to run it, where a process shares the markets with others.
    """
    del send  # a channel consumer answers through the channel layer
    symbol = scope["channel"].removeprefix("engine.")
    await EngineLoop(symbol, receive, scope.get("tenure"), scope.get("reason", START)).run()


class EngineLoop:
    """One market's engine with its inbox and its answers."""

    def __init__(
        self,
        symbol: str,
        receive: Callable[[], Awaitable[dict[str, Any]]],
        tenure: Tenure | None = None,
        reason: str = START,
    ) -> None:
        self.symbol = symbol
        self._reason = reason
        self._figures = EngineFigures(symbol)
        self._receive = receive
        self._tenure = tenure or Tenure()
        self._layer: Any = get_channel_layer()
        self._batches = Batches(symbol, self._refuse_waiting)
        self._leases = Leases(())
        self._repeats = Repeats()
        self._inbox: deque[tuple[float, Commands]] = deque()
        """What waits, with when it came."""
        self._queued = 0
        self._done = 0
        self._drained = False
        """Nothing more is read."""
        self._left = False
        """Nothing more is done."""
        self._arrived = asyncio.Event()
        self._arrived.set()
        self._operator_waits = True  # what was asked for before it started

    async def run(self) -> None:
        """Load the market and serve it."""
        with threads.use():
            await self._serve()

    async def _serve(self) -> None:
        logs.about_market(self.symbol)
        try:
            await self._batches.load()
            logs.about_market(self.symbol, lambda: self._batches.sequence)
            engine = self._batches.engine
            self._leases = Leases(order.connection for order in engine.book.orders.values())
            state = engine.state
            self._tenure.standing = self._standing
            self._figures.started(self._reason, state.sequence, len(engine.book.orders))
            logger.info("%s: %s at sequence %d", self.symbol, state.status, state.sequence)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read())
                pulse = tasks.create_task(self._pulse())
                await self._work()
                self._left = True
                pulse.cancel()
                logger.info("%s: given back at sequence %d", self.symbol, engine.state.sequence)
        except* SteppedDown:
            self._figures.stepped_down()
            logger.warning("%s: another engine writes this market; stepping down", self.symbol)
        finally:
            await self._refuse_waiting()
            self._figures.stopped()

    def _standing(self) -> Standing:
        behind = now() - self._inbox[0][0] if self._inbox else 0
        sequence = self._batches.sequence
        return Standing(sequence, self._done, self._queued, behind)

    # What arrives

    async def _read(self) -> None:
        while True:
            try:
                message = await self._receive()
            except (RedisError, OSError) as error:
                logger.warning("%s: the channel layer does not answer: %s", self.symbol, error)
                await asyncio.sleep(PULSE_INTERVAL)
                continue
            match message["type"]:
                case transport.COMMANDS:
                    await self._enqueue(transport.unpack_commands(message["payload"]))
                case transport.OPERATOR:
                    self._operator_waits = True
                    self._arrived.set()
                case transport.ALIVE:
                    self._leases.heard(message["gateway"])
                case transport.DRAIN if message["token"] == self._tenure.token:
                    self._drained = True
                    self._arrived.set()
                    return

    async def _enqueue(self, message: Commands) -> None:
        if self._repeats.is_one(message.reply_channel, message.id):
            logger.warning("%s: a message came twice", self.symbol)
            return
        if self._queued >= MAX_QUEUED:
            await self._answer_all([message], Failure.BUSY)
            return
        self._queued += len(message.commands)
        self._inbox.append((now(), message))
        self._figures.queue.set(self._queued)
        self._arrived.set()

    async def _pulse(self) -> None:
        wait = FIRST_PULSE
        while not self._left:  # a client of Redis may swallow that it is canceled
            await asyncio.sleep(wait)
            wait = min(2 * wait, PULSE_INTERVAL)
            if self._tenure.lease.holds():
                await self._batches.pulse()
            if self._leases.lost():
                self._arrived.set()

    # What is done about it

    async def _work(self) -> None:
        while not (self._drained and not self._inbox):
            await self._wait_for_work()
            if not await self._tenure.lease.certain():
                await self._refuse_waiting()
                self._arrived.set()
                continue
            try:
                await self._do_what_is_due()
            except StoreUnavailable as error:
                logger.warning("%s: what is due must wait: %s", self.symbol, error)
                await asyncio.sleep(RETRY_INTERVAL)
                self._arrived.set()
            finally:
                await self._batches.publish()
            while self._inbox and await self._tenure.lease.certain():
                await self._run_batch(self._gather())
                if self._operator_waits:
                    break  # who halts a market does not wait until its traders pause
            if self._inbox:
                self._arrived.set()

    async def _wait_for_work(self) -> None:
        """Wait until something arrives, or is due by the clock."""
        loop = asyncio.get_running_loop()
        seconds = self._batches.seconds_to_next_due()
        alarm = None if seconds is None else loop.call_later(seconds, self._arrived.set)
        try:
            await self._arrived.wait()
        finally:
            if alarm is not None:
                alarm.cancel()
        self._arrived.clear()

    async def _do_what_is_due(self) -> None:
        await self._batches.fire_timers()
        if self._operator_waits:
            self._operator_waits = False
            try:
                await self._batches.obey_operators()
            except StoreUnavailable:
                self._operator_waits = True
                raise
        for gateway in self._leases.lost():
            await self._batches.cancel_lost(gateway)
            self._leases.forget(gateway)

    def _gather(self) -> list[Commands]:
        gathered: list[Commands] = []
        count = 0
        while self._inbox and count < MAX_BATCH:
            _, message = self._inbox.popleft()
            count += len(message.commands)
            gathered.append(message)
        self._queued -= count
        self._done += count
        self._figures.queue.set(self._queued)
        return gathered

    async def _run_batch(self, messages: list[Commands]) -> None:
        commands: list[Command] = [
            carrier.command for message in messages for carrier in message.commands
        ]
        for message in messages:
            for carrier in message.commands:
                self._leases.heard_of(connection_of(carrier.command))
        try:
            with self._figures.batch(len(commands)):
                answers = await self._batches.carry_out(commands)
        except StoreUnavailable as error:
            logger.warning("%s: %s", self.symbol, error)
            answers = [failed(Failure.UNAVAILABLE)] * len(commands)
        except SteppedDown:
            await self._answer_all(messages, Failure.UNAVAILABLE)
            await self._batches.publish()
            raise
        await self._answer(messages, answers)
        await self._batches.publish()

    async def _refuse_waiting(self) -> None:
        waiting = [message for _, message in self._inbox]
        self._inbox.clear()
        self._queued = 0
        self._figures.queue.set(0)
        await self._answer_all(waiting, Failure.UNAVAILABLE)

    # The answers

    async def _answer_all(self, messages: list[Commands], failure: Failure) -> None:
        for message in messages:
            await self._answer([message], [failed(failure)] * len(message.commands))

    async def _answer(self, messages: list[Commands], answers: list[Answer]) -> None:
        start = 0
        for message in messages:
            end = start + len(message.commands)
            payload = transport.pack(transport.Answers(message.id, answers[start:end]), self._layer)
            start = end
            try:
                await self._layer.send(
                    message.reply_channel, {"type": transport.ANSWER, "payload": payload}
                )
            except (ChannelFull, RedisError, OSError) as error:
                # The order stands; whoever asked asks again with its client_order_id.
                logger.warning("%s: an answer was lost: %s", self.symbol, error)
