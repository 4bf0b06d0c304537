"""Which messages of gateways an engine has taken lately: a channel layer may deliver one twice.

An order with a client_order_id is never doubled, whatever the layer does. Without one, and for an amend or a
cancel that comes again after a later one, this is what keeps a message from being carried out twice.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Final

REMEMBERED: Final = 30.0
"""Seconds; a layer keeps no message longer than 10."""


class Repeats:
    """What was taken, by the gateway's channel and its number."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, int]] = set()
        self._times: deque[tuple[float, tuple[str, int]]] = deque()

    def is_one(self, reply_channel: str, message_id: int) -> bool:
        """Whether the message was taken before; from now on it was."""
        now = time.monotonic()
        while self._times and self._times[0][0] < now - REMEMBERED:
            self._taken.discard(self._times.popleft()[1])
        key = (reply_channel, message_id)
        if key in self._taken:
            return True
        self._taken.add(key)
        self._times.append((now, key))
        return False
