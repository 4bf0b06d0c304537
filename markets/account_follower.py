"""Following an account's private events, with none missed, doubled or out of turn, whoever is told of them.

Rules:
- The rows are the truth: an account's events are numbered there without gaps. A live message only says it
  sooner; what does not follow on the last one told is read from the rows.
- One task does everything in turn, so snapshot, replay and live events cannot overtake each other.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Final

from markets import models
from markets.hub import Hub, Outbox
from markets.messages.transport import PrivatePart

MAX_QUEUE: Final = 1000
"""Live messages that may wait; what comes beyond is read from the rows."""
REPLAY_ROWS: Final = 200
"""Rows of events read at once."""

Step = Callable[[], Awaitable[None]]
Deliver = Callable[[int, str], None]
"""Told of one batch's events: the first one's number, and their payload."""


class AccountFollower(ABC):
    """An account's events on their way to one socket."""

    def __init__(self, account: models.Account, hub: Hub, outbox: Outbox) -> None:
        self._account = account
        self._hub = hub
        self._outbox = outbox
        self._queue: asyncio.Queue[Step | PrivatePart | None] = asyncio.Queue(MAX_QUEUE)
        self._behind = False
        self._sent = 0
        """The last event that was told."""

    def _hear(self, part: PrivatePart | None) -> None:
        try:
            self._queue.put_nowait(part)
        except asyncio.QueueFull:
            self._behind = True

    async def in_turn(self, step: Step) -> None:
        """Do something after what came before."""
        await self._queue.put(step)

    async def run(self) -> None:
        """Tell until canceled."""
        self._hub.listen(self._account.pk, self._hear)
        try:
            while True:
                item = await self._queue.get()
                if callable(item):
                    await item()
                elif item is not None and item.first <= self._sent + 1:
                    self.deliver(item.first, item.payload)
                else:
                    await self.catch_up()
                if self._behind and self._queue.empty():
                    self._behind = False
                    await self.catch_up()
        finally:
            self._hub.unlisten(self._account.pk, self._hear)

    @abstractmethod
    def deliver(self, first: int, payload: str) -> None:
        """Tell of events beyond `_sent`, and move that on."""

    async def catch_up(self, until: int | None = None) -> None:
        """Tell what the rows have beyond what was told, up to a batch's last event or to the end."""
        await self.read(until, self.deliver)

    async def read(self, until: int | None, deliver: Deliver) -> None:
        """The same to somebody else."""
        while until is None or self._sent < until:
            rows = await self._hub.read(_events_after, self._account.pk, self._sent, until)
            for first, payload in rows:
                deliver(first, payload)
            if not rows:
                return
            await self._outbox.drained()


def last_sequence(account: int) -> int:
    """The number of an account's last event. Blocking."""
    return models.Account.objects.values_list("event_sequence", flat=True).get(pk=account)


def _events_after(account: int, sequence: int, until: int | None) -> list[tuple[int, str]]:
    rows = models.AccountEvents.objects.filter(account=account, last_sequence__gt=sequence)
    if until is not None:
        rows = rows.filter(last_sequence__lte=until)
    return list(
        rows.order_by("last_sequence").values_list("first_sequence", "payload")[:REPLAY_ROWS]
    )
