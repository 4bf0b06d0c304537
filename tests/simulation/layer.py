"""The channel layer of a simulation: it loses, repeats, delays, reorders, can be away, or restart empty.

Like Redis it is a process of its own: what was sent stays when its sender dies, a dead process's channels
stay in their groups, and a message that is not fetched in EXPIRY is gone.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from typing import Any, Final

from channels.exceptions import ChannelFull
from channels.layers import BaseChannelLayer
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.simulation.dice import Dice
from tests.simulation.loop import VirtualLoop
from tests.simulation.processes import RUNNING, Process
from tests.simulation.trace import Trace

LATENCY: Final = 0.0004
"""Seconds that a message takes, on average."""
LATE: Final = 2.0
"""Seconds that a late one takes, on average."""
EXPIRY: Final = 10.0
CAPACITY: Final = 1000

Message = dict[str, Any]


class SimulatedLayer(BaseChannelLayer):  # type: ignore[misc]  # Channels has no types
    """Channels' interface over a network that does as it likes."""

    def __init__(self, loop: VirtualLoop, dice: Dice, trace: Trace) -> None:
        super().__init__(expiry=EXPIRY, capacity=CAPACITY)
        self._loop = loop
        self._dice = dice
        self._trace = trace
        self._names = itertools.count(1)
        self._queues: dict[str, deque[tuple[float, Message]]] = {}
        self._waiting: dict[str, list[tuple[Process | None, asyncio.Future[Message]]]] = {}
        self._groups: dict[str, dict[str, None]] = {}
        self.away = False

    # What processes call

    async def new_channel(self, prefix: str = "specific.") -> str:
        """A name that nobody else has."""
        return f"{prefix}!{next(self._names)}"

    async def send(self, channel: str, message: Message) -> None:
        """Send a message on its way. Raises ChannelFull and redis' ConnectionError."""
        await self._reach()
        if len(self._queues.get(channel, ())) >= CAPACITY:
            raise ChannelFull(channel)
        self._post(channel, message)

    async def group_send(self, group: str, message: Message) -> None:
        """Send it to each of a group; each has a way of its own."""
        await self._reach()
        for channel in tuple(self._groups.get(group, ())):
            self._post(channel, message)

    async def group_add(self, group: str, channel: str) -> None:
        """Join a group."""
        await self._reach()
        self._groups.setdefault(group, {})[channel] = None

    async def group_discard(self, group: str, channel: str) -> None:
        """Leave a group."""
        await self._reach()
        self._groups.get(group, {}).pop(channel, None)

    async def receive(self, channel: str) -> Message:
        """The next message; of two who wait, either gets it."""
        self._fail_if_away()
        queue = self._queues.get(channel)
        while queue:
            expires_at, message = queue.popleft()
            if expires_at > self._loop.time():
                return message
        future: asyncio.Future[Message] = self._loop.create_future()
        self._waiting.setdefault(channel, []).append((RUNNING.get(), future))
        return await future

    # What happens to them

    def restart(self) -> None:
        """It forgets everything, and who waited finds out."""
        self._queues.clear()
        self._groups.clear()
        self.disconnect(lambda process: True)

    def disconnect(self, whom: Any) -> None:
        """Whoever waits for a message is told that the connection is gone."""
        for waiting in self._waiting.values():
            for process, future in waiting:
                if whom(process) and not future.done():
                    future.set_exception(_gone())
                    future.exception()  # whoever waited may have died
        self._waiting = {
            channel: [entry for entry in waiting if not entry[1].done()]
            for channel, waiting in self._waiting.items()
        }

    async def _reach(self) -> None:
        self._fail_if_away()
        await asyncio.sleep(self._dice.delay(LATENCY / 4))
        self._fail_if_away()

    def _fail_if_away(self) -> None:
        process = RUNNING.get()
        if self.away or (process is not None and process.cut_off):
            raise _gone()

    def _post(self, channel: str, message: Message) -> None:
        rates = self._dice.rates
        if self._dice.happens(rates.message_lost):
            self._trace.note(f"lost: {message['type']} to {channel}")
            return
        self._deliver_later(channel, message)
        if self._dice.happens(rates.message_repeated):
            self._trace.note(f"repeated: {message['type']} to {channel}")
            self._deliver_later(channel, message)

    def _deliver_later(self, channel: str, message: Message) -> None:
        mean = LATENCY
        if self._dice.happens(self._dice.rates.message_late):
            self._trace.note(f"late: {message['type']} to {channel}")
            mean = LATE
        self._loop.later(self._dice.delay(mean), self._deliver, channel, dict(message))

    def _deliver(self, channel: str, message: Message) -> None:
        waiting = [
            (process, future)
            for process, future in self._waiting.pop(channel, [])
            if not future.done() and (process is None or process.alive)
        ]
        if waiting:
            _, future = waiting.pop(self._dice.random.randrange(len(waiting)))
            future.set_result(message)
            self._waiting[channel] = waiting
        else:
            queue = self._queues.setdefault(channel, deque())
            if len(queue) < CAPACITY:
                queue.append((self._loop.time() + EXPIRY, message))


def _gone() -> RedisConnectionError:
    return RedisConnectionError("simulated: the connection is gone")
