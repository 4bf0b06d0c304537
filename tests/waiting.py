"""How tests wait for something to become so: they look often, and give up loudly."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 20.0
PAUSE: Final = 0.01


def wait_until(true: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until something is so, looking often."""
    late = threading.Event()
    timer = threading.Timer(seconds, late.set)
    timer.start()
    pause = threading.Event()
    try:
        while not true():
            assert not late.is_set(), f"not within {seconds} s: {what}"
            pause.wait(PAUSE)
    finally:
        timer.cancel()
