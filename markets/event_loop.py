"""How a process that serves orders runs: on uvloop where there is one, and looking seldom for garbage.

Rules:
- An engine's orders live long and are no garbage: what was loaded is frozen, and looked at never again.
- A look at what is young comes after MADE objects; Python's own 700 cost a tenth of all orders.
- A look at everything is left to Python, which waits until a quarter of it is new.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Coroutine
from typing import Any, Final

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


def keep_loaded() -> None:
    """What is in memory now stays; where garbage is looked for seldom."""
    if gc.get_threshold() == MADE:
        gc.freeze()
