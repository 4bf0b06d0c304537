"""What waits to be sent to one socket: bounded, so that a slow reader costs nobody else anything.

Rules:
- Answers and private messages are never dropped: a socket that leaves MAX_FRAMES of them, or MAX_BYTES,
  unread is closed (1013), and its client finds everything again by sequence.
- Market data is: beyond MAX_MARKET_FRAMES all of it is dropped, and when the socket has read what it
  was sent, it is sent fresh snapshots of what it missed (`catch_up`).
- A socket that reads nothing for STALL_TIMEOUT is closed.
- Nothing waits for a task where the server takes frames at once and nothing is waiting before them.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from markets.metrics import updates_dropped
from markets.ready_frames import Frame, SendReady

MAX_MARKET_FRAMES: Final = 500
MAX_FRAMES: Final = 20_000
MAX_BYTES: Final = 16 * 1024 * 1024
STALL_TIMEOUT: Final = 20.0
TURN: Final = 0.5
"""Seconds of sending after which the stall timer starts anew."""

CLOSE_TRY_AGAIN_LATER: Final = 1013

Subscription = tuple[str, str]
"""(channel, market); the channel of candles carries its interval: `candles:1m`."""


class Outbox:
    """One socket's frames, and the task that sends them."""

    def __init__(
        self,
        send: Callable[[dict[str, Any]], Awaitable[None]],
        catch_up: Callable[[set[Subscription]], None],
        send_ready: SendReady | None = None,
    ) -> None:
        self._send = send
        self._send_ready = send_ready
        self._catch_up = catch_up
        self._frames: deque[Frame] = deque()
        self._market_frames: deque[tuple[Frame, Subscription]] = deque()
        self._bytes = 0
        self._market_bytes = 0
        self._waiting = asyncio.Event()
        self._lagging: set[Subscription] = set()
        self._close_code: int | None = None
        self._opened = False
        self._sending = False
        """The writer has taken a frame out that is not written yet."""
        self._empty = asyncio.Event()
        self._empty.set()

    def go_by(self, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """Send frames this way from now on, one at a time."""
        self._send, self._send_ready = send, None

    def close(self, code: int) -> None:
        """Close the connection as soon as the frame at hand is sent."""
        self._close_code = code
        self._waiting.set()

    async def drained(self) -> None:
        """Wait until everything was sent."""
        await self._empty.wait()

    def open(self) -> None:
        """The handshake is done: frames may be written."""
        self._opened = True

    def _writer(self) -> SendReady | None:
        """What writes at once, if nothing waits to be sent before."""
        if (
            not self._opened
            or self._frames
            or self._market_frames
            or self._close_code is not None
            or self._sending
        ):
            return None
        return self._send_ready

    def put(self, text: str) -> None:
        """Send a message that must not be lost."""
        frame = Frame(text)
        write = self._writer()
        if write is None or not write(frame.encoded):
            self._queue([frame])

    def put_frames(self, frames: Sequence[Frame], together: bytes | None) -> None:
        """Send messages that must not be lost; `together`: all of them encoded, if they are by now."""
        write = self._writer()
        if write is None or not write(together or b"".join(frame.encoded for frame in frames)):
            self._queue(frames)

    def _queue(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            # One frame may be larger than all that may wait behind it: an account's snapshot, say.
            behind_first = self._bytes - len(self._frames[0]) if self._frames else 0
            if len(self._frames) >= MAX_FRAMES or behind_first > MAX_BYTES:
                self._close_code = CLOSE_TRY_AGAIN_LATER
            else:
                self._frames.append(frame)
                self._bytes += len(frame)
        self._empty.clear()
        self._waiting.set()

    def put_market_data(self, frame: Frame, subscription: Subscription) -> None:
        """Send market data; or drop all that waits, and note that fresh snapshots are due."""
        if subscription in self._lagging:
            updates_dropped(*subscription).inc()
            return
        write = self._writer()
        if write is not None and write(frame.encoded):
            return
        full = len(self._market_frames) >= MAX_MARKET_FRAMES or self._market_bytes > MAX_BYTES
        if full:
            for _, dropped in (*self._market_frames, (frame, subscription)):
                self._lagging.add(dropped)
                updates_dropped(*dropped).inc()
            self._market_frames.clear()
            self._market_bytes = 0
        else:
            self._market_frames.append((frame, subscription))
            self._market_bytes += len(frame)
        self._waiting.set()

    async def run(self) -> int:
        """Send until the socket must be closed; return the close code."""
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            while self._frames or self._market_frames or self._close_code is not None:
                if self._close_code is not None:
                    return self._close_code
                try:
                    async with asyncio.timeout(STALL_TIMEOUT):
                        await self._send_some()
                except TimeoutError:
                    return CLOSE_TRY_AGAIN_LATER
            self._empty.set()
            if self._lagging:
                missed, self._lagging = self._lagging, set()
                self._catch_up(missed)

    async def _send_some(self) -> None:
        """Send for a while under one timeout: to set one for each frame costs as much as to send it."""
        until = time.monotonic() + TURN
        while self._close_code is None and time.monotonic() < until:
            if self._frames:
                frame = self._frames.popleft()
                self._bytes -= len(frame)
            elif self._market_frames:
                frame, _ = self._market_frames.popleft()
                self._market_bytes -= len(frame)
            else:
                return
            self._sending = True
            await self._send({"type": "websocket.send", "text": frame.text})
            self._sending = False
