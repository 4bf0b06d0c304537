"""Time as the code reads it: the loop's, and for a wall clock what its process's machine believes.

What asks outside of a run (or before one) gets the real time.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, tzinfo
from typing import Final

from django.utils import timezone

from tests.simulation.loop import START, VirtualLoop
from tests.simulation.processes import RUNNING

EPOCH: Final = 1_767_225_600_000_000  # 2026-01-01, microseconds
_real_monotonic, _real_time_ns = time.monotonic, time.time_ns


class Clocks:
    """Which loop's time it is."""

    loop: VirtualLoop | None = None


def wall_micros() -> int:
    """Microseconds since 1970 by the running process's clock."""
    loop = Clocks.loop
    if loop is None:
        return _real_time_ns() // 1000
    process = RUNNING.get()
    return EPOCH + loop.micros - START + (process.wall_offset if process is not None else 0)


def _monotonic() -> float:
    return _real_monotonic() if Clocks.loop is None else Clocks.loop.time()


def _now(tz: tzinfo | None = None) -> datetime:
    return datetime.fromtimestamp(wall_micros() / 1_000_000, tz or UTC)


def install() -> None:
    """Put these in the place of the standard library's; before anything is imported that keeps them."""
    replaced = {
        "monotonic": _monotonic,
        "clock_gettime": lambda clock: _monotonic(),
        "monotonic_ns": lambda: round(_monotonic() * 1e9),
        "time": lambda: wall_micros() / 1_000_000,
        "time_ns": lambda: wall_micros() * 1000,
    }
    vars(time).update(replaced)
    vars(timezone)["now"] = _now
