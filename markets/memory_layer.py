"""The channel layer of a process that is alone: channels' own, at a cost that does not grow with the markets.

channels' looks through all channels and groups for what has expired whenever anything is sent or received, so
that each order would cost a step for every market. This one looks once in EXPIRY_INTERVAL.
"""

from __future__ import annotations

import time
from typing import Any, Final

from channels.layers import InMemoryChannelLayer

EXPIRY_INTERVAL: Final = 1.0
"""Seconds; messages expire after a minute."""


class MemoryLayer(InMemoryChannelLayer):  # type: ignore[misc]  # channels has no types
    """channels' in-memory layer, that looks seldom for what has expired."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._expire_at = 0.0

    def _clean_expired(self) -> None:
        now = time.monotonic()
        if now >= self._expire_at:
            self._expire_at = now + EXPIRY_INTERVAL
            super()._clean_expired()
