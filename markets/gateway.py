"""The only door to an engine: `await gateway.submit(symbol, command)`.

Rules:
- One gateway a process. What its clients submit while it is sending is merged into one message.
- What is in flight is bounded by market (`MAX_IN_FLIGHT`): beyond it, `busy`, and nothing was sent.
- An answer that does not come in `ANSWER_TIMEOUT` is `timeout`: the outcome is unknown, and asking
  again with the same client_order_id tells. Where surely nothing was sent it is `busy` at once, and so it is
  for what waits behind a message that the channel layer did not take.
- A process that stops takes nothing new (`busy`), and lets what is in flight be answered.
- Nothing is ever repeated from here, but one thing:
- A connection whose orders end with it is `lost` until every engine has said that they are canceled. And
  each second this process tells those engines that it lives: they do it themselves when it does not.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from markets import logs
from markets.matching.commands import CancelAll, KeepOrders, PlaceGroup, PlaceOrder
from markets.matching.types import Reason
from markets.messages import transport
from markets.messages.transport import Answer, ClientCommand, Failure
from markets.metrics import LaneFigures
from markets.redis_layer import NotSent

MAX_IN_FLIGHT: Final = 10_000
"""Commands of one market that this process may have waiting for an answer."""
MAX_MERGED: Final = 500
"""Commands in one message to an engine."""
ANSWER_TIMEOUT: Final = 10.0
"""Seconds to wait for an engine's answer."""
ALIVE_INTERVAL: Final = 1.0
"""Seconds between signs of life to the engines that have orders of this process's connections."""
CANCEL_INTERVAL: Final = 0.5
"""Seconds between attempts to cancel a lost connection's orders."""
MOST_LATE: Final = 11.0
"""Seconds after which nothing of a lost connection is under way any more: a channel layer keeps 10."""
ECHO_TIMEOUT: Final = 2.0
"""Seconds in which a message to ourselves must come back."""
LOOK_INTERVAL: Final = 0.02
"""Seconds between looks whether all is answered."""
LAYER_ERRORS: Final = (ChannelFull, RedisError, OSError)

logger = logging.getLogger(__name__)


Answered = Callable[[Answer], None]
"""Called once, in the event loop, with what came of a command; it must not raise."""
Waiting = tuple[ClientCommand, Answered, float]
"""A command, who is told what came of it, and when it arrived (`time.perf_counter`)."""


class _Lane:
    """One market's traffic from this process."""

    def __init__(self, symbol: str) -> None:
        self.waiting: deque[Waiting] = deque()
        self.in_flight = 0
        self.sender: asyncio.Task[None] | None = None
        self.figures = LaneFigures(symbol)


class Gateway:
    """This process's way to all engines."""

    def __init__(self) -> None:
        self._layer: Any = get_channel_layer()
        self._lanes: dict[str, _Lane] = {}
        self._sent: dict[int, tuple[_Lane, list[Waiting]]] = {}
        self._ids = itertools.count(1)
        self._reply_channel: str = ""
        self._stopping = False
        self._echoes: dict[int, asyncio.Future[None]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._connections: dict[str, set[str]] = {}
        """Connection whose orders end with it → the markets that they may be in."""
        self._losing: set[asyncio.Task[None]] = set()
        self._losing_late: set[asyncio.Task[None]] = set()
        self.name = secrets.token_hex(6)
        """What engines know this process by."""

    async def start(self) -> None:
        """Open the channel that answers come to."""
        self._reply_channel = await self._layer.new_channel()
        self._tasks = [
            asyncio.create_task(self._listen(), name="gateway"),
            asyncio.create_task(self._say_alive(), name="gateway alive"),
        ]

    async def stop(self) -> None:
        """Stop listening; what is unanswered is answered `timeout`."""
        senders = [lane.sender for lane in self._lanes.values() if lane.sender is not None]
        tasks = [*self._tasks, *self._losing, *self._losing_late, *senders]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for message_id in list(self._sent):
            self._settle(message_id, Failure.TIMEOUT)
        for lane in self._lanes.values():
            _refuse_waiting(lane)

    def submit(self, symbol: str, command: ClientCommand) -> asyncio.Future[Answer]:
        """Send a command to a market's engine; await the future for what came of it.

        Commands keep the order in which they were submitted. A failure comes as an answer, too:
        `busy` and `unavailable` (nothing was done) or `timeout` (the outcome is unknown).
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.send(symbol, command, partial(_resolve, future))
        return future

    def send(self, symbol: str, command: ClientCommand, answered: Answered) -> None:
        """The same for whoever would rather be called than wait."""
        if self._stopping:
            answered(failed(Failure.BUSY, STOPPING))
        else:
            self._queue(symbol, command, answered)

    def refuse_new(self) -> None:
        """The process stops: what is new is answered `busy`."""
        self._stopping = True

    async def quiet(self) -> None:
        """Wait until everything is answered, which takes ANSWER_TIMEOUT at the most."""
        while any(lane.in_flight for lane in self._lanes.values()):
            await asyncio.sleep(LOOK_INTERVAL)

    def _submit(self, symbol: str, command: ClientCommand) -> asyncio.Future[Answer]:
        """Send a command of our own, also while the process stops."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue(symbol, command, partial(_resolve, future))
        return future

    def _queue(self, symbol: str, command: ClientCommand, answered: Answered) -> None:
        connection = connection_of(command)
        if connection in self._connections:
            self._connections[connection].add(symbol)
        lane = self._lanes.get(symbol)
        if lane is None:
            lane = self._lanes[symbol] = _Lane(symbol)
        if lane.in_flight >= MAX_IN_FLIGHT:
            lane.figures.count(Failure.BUSY)
            answered(failed(Failure.BUSY))
            return
        lane.in_flight += 1
        lane.waiting.append((command, answered, time.perf_counter()))
        if lane.sender is None or lane.sender.done():
            draining = self._drain(symbol, lane)
            lane.sender = asyncio.create_task(draining, context=logs.nothing())

    def in_flight(self, symbol: str) -> int:
        """Commands of a market that wait for their answer."""
        lane = self._lanes.get(symbol)
        return lane.in_flight if lane is not None else 0

    async def _drain(self, symbol: str, lane: _Lane) -> None:
        """Send what waits, as few messages as possible."""
        logs.about_market(symbol)
        while lane.waiting:
            merged = [lane.waiting.popleft() for _ in range(min(len(lane.waiting), MAX_MERGED))]
            await self._send(symbol, lane, merged)

    async def _send(self, symbol: str, lane: _Lane, waiting: list[Waiting]) -> None:
        message_id = next(self._ids)
        carried = [transport.carry(command) for command, _, _ in waiting]
        message = transport.Commands(message_id, self._reply_channel, carried)
        payload = transport.pack(message, self._layer)
        self._sent[message_id] = (lane, waiting)
        lane.figures.sent(lane.in_flight)
        asyncio.get_running_loop().call_later(
            ANSWER_TIMEOUT, self._settle, message_id, Failure.TIMEOUT
        )
        try:
            await self._layer.send(
                transport.engine_channel(symbol), {"type": transport.COMMANDS, "payload": payload}
            )
        except ChannelFull:
            self._settle(message_id, Failure.BUSY)
        except NotSent as error:
            logger.warning("%s: the channel layer is away: %s", symbol, error)
            self._settle(message_id, Failure.BUSY, AWAY)
            _refuse_waiting(lane)
        except (RedisError, OSError) as error:
            # It may have arrived all the same: nobody knows.
            logger.warning("%s: the channel layer does not answer: %s", symbol, error)
            self._settle(message_id, Failure.TIMEOUT)
            _refuse_waiting(lane)

    def _settle(self, message_id: int, failure: Failure, message: str = "") -> None:
        if message_id in self._sent:
            _fail(*self._sent.pop(message_id), failure, message)

    async def _listen(self) -> None:
        while True:
            try:
                message = await self._layer.receive(self._reply_channel)
            except LAYER_ERRORS as error:
                logger.warning("gateway: the channel layer does not answer: %s", error)
                await asyncio.sleep(1)
                continue
            if message["type"] == transport.ECHO:
                self._take_echo(message["id"])
                continue
            answers = transport.unpack_answers(message["payload"])
            if answers.id in self._sent:  # else it came twice, or too late: nobody waits
                _answer(*self._sent.pop(answers.id), answers.answers)

    async def echo(self) -> bool:
        """Whether the channel layer brings a message of ours back in time."""
        number = next(self._ids)
        came = self._echoes[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ECHO_TIMEOUT):
                await self._layer.send(self._reply_channel, {"type": transport.ECHO, "id": number})
                await came
        except (*LAYER_ERRORS, TimeoutError):
            return False
        finally:
            del self._echoes[number]
        return True

    def _take_echo(self, number: int) -> None:
        came = self._echoes.get(number)
        if came is not None and not came.done():
            came.set_result(None)

    # Connections whose orders end with them

    def connect(self) -> str:
        """A name for a connection whose orders are to be canceled when it is lost."""
        connection = f"{self.name}.{next(self._ids)}"
        self._connections[connection] = set()
        return connection

    async def keep(self, account: int, connection: str) -> Failure | None:
        """The connection ends well: its orders stay. A failure: it is not known of all."""
        symbols = self._connections.get(connection, set())
        command = KeepOrders(account, connection)
        answers = await asyncio.gather(*(self._submit(symbol, command) for symbol in symbols))
        failures = [answer.failure for answer in answers if answer.failure is not None]
        if failures:
            return failures[0]
        self._connections.pop(connection, None)
        return None

    def lost(self, account: int, connection: str) -> None:
        """The connection is lost: cancel its orders, and do not give up before that is done."""
        for symbol in self._connections.pop(connection, ()):
            lost = (symbol, account, connection)
            for tasks, canceling in (
                (self._losing, self._cancel_lost(*lost)),
                (self._losing_late, self._cancel_late(*lost)),
            ):
                task = asyncio.create_task(canceling)
                tasks.add(task)
                task.add_done_callback(tasks.discard)

    async def finish_lost(self, seconds: float) -> None:
        """Give the engines so long to cancel the orders of connections that were lost."""
        if self._losing:
            await asyncio.wait(self._losing, timeout=seconds)

    async def _cancel_lost(self, symbol: str, account: int, connection: str) -> None:
        logs.about_market(symbol)
        command = CancelAll(account, reason=Reason.CANCEL_ON_DISCONNECT, connection=connection)
        while (await self._submit(symbol, command)).failure is not None:
            await asyncio.sleep(CANCEL_INTERVAL)

    async def _cancel_late(self, symbol: str, account: int, connection: str) -> None:
        """An order may have been under way longer than the command that canceled those before it."""
        await asyncio.sleep(MOST_LATE)
        await self._cancel_lost(symbol, account, connection)

    async def _say_alive(self) -> None:
        while True:
            await asyncio.sleep(ALIVE_INTERVAL)
            for symbol in set().union(*self._connections.values()):
                try:
                    await self._layer.send(
                        transport.engine_channel(symbol),
                        {"type": transport.ALIVE, "gateway": self.name},
                    )
                except LAYER_ERRORS as error:
                    about = {"market": symbol}
                    logger.warning("%s: could not say that we live: %s", symbol, error, extra=about)

    async def nudge(self, symbol: str) -> None:
        """Tell a market's engine that an operator's command waits; it looks each second anyway."""
        try:
            await self._layer.send(transport.engine_channel(symbol), {"type": transport.OPERATOR})
        except LAYER_ERRORS as error:
            about = {"market": symbol}
            logger.warning("%s: could not nudge the engine: %s", symbol, error, extra=about)


def connection_of(command: ClientCommand) -> str | None:
    """The connection that the command's orders end with, if they do."""
    if isinstance(command, PlaceGroup):
        return command.first.connection
    return command.connection if isinstance(command, PlaceOrder) else None


_MESSAGES: Final = {
    Failure.BUSY: "too much is in flight for this market; nothing was done, try again",
    Failure.UNAVAILABLE: "the exchange cannot store orders at the moment; nothing was done",
    Failure.TIMEOUT: (
        "no answer in time: the outcome is unknown; ask again with the same client_order_id"
    ),
}


STOPPING: Final = "this process is stopping; nothing was done, ask another or try again"
AWAY: Final = "the engines cannot be reached at the moment; nothing was done, try again"


def failed(failure: Failure, message: str = "") -> Answer:
    """The answer to a command that no engine looked at, or of which nothing is known."""
    return Answer(failure=failure, message=message or _MESSAGES[failure])


def _fail(lane: _Lane, waiting: Sequence[Waiting], failure: Failure, message: str = "") -> None:
    _answer(lane, waiting, [failed(failure, message)] * len(waiting))


def _refuse_waiting(lane: _Lane) -> None:
    """What no message carries yet was surely not sent."""
    waiting = list(lane.waiting)
    lane.waiting.clear()
    _fail(lane, waiting, Failure.BUSY, AWAY)


def _answer(lane: _Lane, waiting: Sequence[Waiting], answers: list[Answer]) -> None:
    lane.in_flight -= len(waiting)
    for (_, answered, _), answer in zip(waiting, answers, strict=True):
        answered(answer)
    arrivals = [arrival for _, _, arrival in waiting]
    lane.figures.answered(arrivals, map(_outcome, answers), lane.in_flight)


def _outcome(answer: Answer) -> str:
    return answer.failure or answer.code or ("duplicate" if answer.duplicate else "done")


def _resolve(future: asyncio.Future[Answer], answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)
