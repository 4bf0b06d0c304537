"""The channel layer of a process that is alone: channels' own, at a cost that does not grow with the markets.

Rules:
- channels' looks through all channels and groups for what has expired whenever anything is sent or received,
  so that each order would cost a step for every market. This one looks once in EXPIRY_INTERVAL.
- A message is not copied deep: what its dictionary holds is never changed once it was sent (`Parcel`).
- A channel's queue stays while somebody receives from it; channels' makes one for every message.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from channels.exceptions import ChannelFull
from channels.layers import InMemoryChannelLayer

EXPIRY_INTERVAL: Final = 1.0
"""Seconds; messages expire after a minute."""

Message = dict[str, Any]
Queue = asyncio.Queue[tuple[float, Message]]
"""Messages, each with when it expires."""


class MemoryLayer(InMemoryChannelLayer):  # type: ignore[misc]  # channels has no types
    """channels' in-memory layer, made quick."""

    channels: dict[str, Queue]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._expire_at = 0.0

    async def send(self, channel: str, message: Message) -> None:
        """Put a message at the end of a channel. Raises ChannelFull."""
        self._put(channel, message)

    async def group_send(self, group: str, message: Message) -> None:
        """Put a message at the end of each channel of a group that is not full."""
        self._clean_expired()
        for channel in tuple(self.groups.get(group, ())):
            try:
                self._put(channel, message)
            except ChannelFull:
                continue

    async def receive(self, channel: str) -> Message:
        """Wait for a channel's next message."""
        self._clean_expired()
        queue = self.channels.get(channel) or self._open(channel)
        try:
            _, message = await queue.get()
        except asyncio.CancelledError:
            if queue.empty() and self.channels.get(channel) is queue:
                del self.channels[channel]
            raise
        return message

    def _put(self, channel: str, message: Message) -> None:
        queue = self.channels.get(channel) or self._open(channel)
        try:
            queue.put_nowait((time.time() + self.expiry, message.copy()))
        except asyncio.QueueFull:
            raise ChannelFull(channel) from None

    def _open(self, channel: str) -> Queue:
        """A channel's queue, when it has none. Raises TypeError: no name for a channel."""
        self.require_valid_channel_name(channel)
        queue = self.channels[channel] = asyncio.Queue(self.get_capacity(channel))
        return queue

    def _clean_expired(self) -> None:
        now = time.monotonic()
        if now >= self._expire_at:
            self._expire_at = now + EXPIRY_INTERVAL
            super()._clean_expired()
