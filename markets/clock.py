"""The engine's clock: microseconds since 1970, UTC."""

from __future__ import annotations

import time


def now() -> int:
    """The time that commands are executed at."""
    return time.time_ns() // 1000
