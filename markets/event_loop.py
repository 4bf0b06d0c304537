"""How a process that serves orders runs: on uvloop where there is one, and looking seldom for garbage.

Rules:
- An engine's orders live long and are no garbage: what was loaded is frozen, and looked at never again.
- A look at what is young comes after MADE objects; Python's own 700 cost a tenth of all orders.
- A look at everything is left to Python, which waits until a quarter of it is new.
- A cancel is never forgotten: whoever is asked to stop, stops.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Awaitable, Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

TURN: Final = 0.001
"""Seconds that one thread may keep others from running Python: an engine's, while it executes a batch, the
event loop's. Python's own 5 ms cost a tenth of the orders, and as much of each one's latency."""
MADE: Final = (50_000, 20, 100)
"""Objects made between looks at the young ones; looks between looks at the older ones, and at all."""


def run(serving: Coroutine[Any, Any, None]) -> None:
    """Run a process's one coroutine to its end."""
    gc.set_threshold(*MADE)
    sys.setswitchinterval(TURN)
    try:
        import uvloop
    except ImportError:
        asyncio.run(serving)
    else:
        uvloop.run(serving)


def never_forget_a_cancel() -> None:
    """Give Python 3.11 the `asyncio.wait_for` of 3.12.

    Its own forgets a cancel that comes in the same turn of the loop as what was waited for. redis-py awaits
    each write by it: under load an engine that was asked to stop often went on.
    """
    if sys.version_info < (3, 12):
        asyncio.wait_for = wait_for  # type: ignore[assignment]


async def wait_for(fut: Awaitable[T], timeout: float | None) -> T:
    """What it returns or raises. Raises TimeoutError after so many seconds; None: never."""
    async with asyncio.timeout(timeout):
        return await fut


def keep_loaded() -> None:
    """What is in memory now stays; where garbage is looked for seldom."""
    if gc.get_threshold() == MADE:
        gc.freeze()
