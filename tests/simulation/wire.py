"""A WebSocket between a client and a web process: in order, after a while, until it is cut.

The server's end is ASGI, what uvicorn would give the real sockets; the client's is two calls.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from tests.simulation.dice import Dice
from tests.simulation.loop import VirtualLoop
from tests.simulation.processes import Process

LATENCY: Final = 0.0003


class Wire:
    """One connection, accepted by one process."""

    def __init__(
        self,
        loop: VirtualLoop,
        dice: Dice,
        process: Process,
        on_text: Callable[[Wire, str], None],
        on_close: Callable[[Wire], None],
    ) -> None:
        self._loop = loop
        self._dice = dice
        self.process = process
        self._on_text = on_text
        self._on_close = on_close
        self.open = True
        """As the client knows it."""
        self._arrivals: deque[dict[str, Any]] = deque([{"type": "websocket.connect"}])
        self._arrived: asyncio.Future[None] | None = None
        self._up = self._down = 0.0
        process.at_death.append(self.cut)

    # The client's end

    def send_text(self, text: str) -> None:
        """Send a frame to the server."""
        self._up = self._when(self._up)
        frame = {"type": "websocket.receive", "text": text}
        self._loop.later(self._up - self._loop.time(), self._to_server, frame)

    def close(self) -> None:
        """Leave: the server finds out, the client knows."""
        if self.open:
            self.open = False
            self._up = self._when(self._up)
            gone = {"type": "websocket.disconnect", "code": 1006}
            self._loop.later(self._up - self._loop.time(), self._to_server, gone)

    def cut(self) -> None:
        """The connection is lost: both sides find out, each for itself."""
        self._loop.later(self._dice.delay(LATENCY), self._closed)
        gone = {"type": "websocket.disconnect", "code": 1006}
        self._loop.later(self._dice.delay(LATENCY), self._to_server, gone)

    def _closed(self) -> None:
        if self.open:
            self.open = False
            self._on_close(self)

    # The server's end

    async def receive(self) -> dict[str, Any]:
        """ASGI's receive."""
        while not self._arrivals:
            self._arrived = self._loop.create_future()
            await self._arrived
        return self._arrivals.popleft()

    async def send(self, message: dict[str, Any]) -> None:
        """ASGI's send."""
        self._down = self._when(self._down)
        seconds = self._down - self._loop.time()
        match message["type"]:
            case "websocket.send":
                self._loop.later(seconds, self._to_client, message["text"])
            case "websocket.close":
                self._loop.later(seconds, self._closed)

    def _to_server(self, message: dict[str, Any]) -> None:
        if self.process.cut_off and message["type"] != "websocket.disconnect":
            self.cut()  # it comes through later with all that follows, or never: never
            return
        self._arrivals.append(message)
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    def _to_client(self, text: str) -> None:
        if self.process.cut_off:
            self.cut()
        elif self.open:
            self._on_text(self, text)

    def _when(self, last: float) -> float:
        return max(last + 1e-6, self._loop.time() + self._dice.delay(LATENCY))
