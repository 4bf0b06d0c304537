"""An engine's right to run its market, and what it tells its process of how it goes.

Rules:
- A process sees each second that it still holds its markets. When it has not seen that for CERTAIN
  seconds (the database does not answer, the process slept), its engines carry out nothing and say nothing
  new until it has: by then another may run them.
- The clock goes on while the process, or its machine, sleeps.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from django.utils import timezone

CERTAIN: Final = 3.5
"""Seconds for which a process counts on what it has seen to hold. Others wait longer before they take it."""
PATIENCE: Final = 0.5
"""Seconds that an engine waits for its process to be certain again, before it answers `unavailable`."""

_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> float:
    """Seconds on a clock that never goes back, and goes on while the machine sleeps."""
    return time.clock_gettime(_CLOCK)


class Lease:
    """Until when this process counts on what it holds: for ever, until it is renewed for the first time."""

    def __init__(self) -> None:
        self._until = math.inf
        self._renewed = asyncio.Event()

    def renew(self, seen: float) -> None:
        """What is held was seen to be held, not before `seen`."""
        self._until = seen + CERTAIN
        self._renewed.set()

    def holds(self) -> bool:
        """Whether it can be counted on now."""
        return now() < self._until

    async def certain(self) -> bool:
        """The same, after a little patience."""
        if self.holds():
            return True
        self._renewed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._renewed.wait()
        return self.holds()


class Standing(NamedTuple):
    """How an engine is doing."""

    sequence: int
    done: int
    """Commands carried out since it began."""
    waiting: int
    """Commands that have arrived and wait for their batch."""
    behind: float
    """Seconds that the first of them has waited."""


@dataclass(slots=True)
class Tenure:
    """One engine's time as the writer of a market."""

    lease: Lease = field(default_factory=Lease)
    token: str = field(default_factory=lambda: secrets.token_hex(6))
    """Names it in messages that are for this engine and not for the next one of the market."""
    since: datetime = field(default_factory=timezone.now)
    standing: Callable[[], Standing] | None = None
    """Given by the engine when it has loaded its market."""
