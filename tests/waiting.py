"""How tests wait for something to become so: they look often, then less often, and give up loudly."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 20.0
PAUSE: Final = 0.01
LONGEST_PAUSE: Final = 0.1
"""What is waited for is often done by a process that has to answer each look."""


def wait_until(true: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until something is so."""
    late = threading.Event()
    timer = threading.Timer(seconds, late.set)
    timer.start()
    never = threading.Event()
    pause = PAUSE
    try:
        while not true():
            assert not late.is_set(), f"not within {seconds} s: {what}"
            never.wait(pause)
            pause = min(pause * 1.2, LONGEST_PAUSE)
    finally:
        timer.cancel()
