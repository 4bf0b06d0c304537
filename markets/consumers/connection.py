"""One WebSocket, from accept to close, whatever is spoken on it.

Rules:
- A frame over MAX_FRAME_BYTES closes the connection (1009), as does a client that does not read (1013).
- When this process stops, each socket is told (`say_stopping`), gets the answers that it waits for, and is
  closed (1012); new ones are refused.
- Plain ASGI with a receive loop of its own: a frame costs neither a task nor a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final

from markets import logs, metrics, process
from markets.hub import Outbox
from markets.hub.outbox import Subscription
from markets.middleware import request_id
from markets.problems import Problem, problem_response
from markets.ready_frames import EXTENSION

MAX_FRAME_BYTES: Final = 1024 * 1024
CLOSE_TIMEOUT: Final = 5.0
"""Seconds that a client which does not read is given to take the closing frame."""
CLOSE_TOO_BIG: Final = 1009
CLOSE_SERVICE_RESTART: Final = 1012
CLOSE_FORBIDDEN: Final = 4403
STOPPED: Final = Problem("busy", "this process is stopping: connect to another")

logger = logging.getLogger(__name__)
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Connection(ABC):
    """A connection, from accept to close."""

    kind: ClassVar[str]
    """Which of the sockets it is."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        self.request_id = request_id(given)
        self.outbox = Outbox(send, self.catch_up, scope.get("extensions", {}).get(EXTENSION))

    @property
    def address(self) -> str:
        """Where the client is."""
        client = self.scope.get("client")
        return str(client[0]) if client else "unknown"

    async def run(self) -> None:
        """Serve the connection until it ends."""
        logs.about_request(self.request_id)
        await self._receive()  # websocket.connect
        try:
            running = process.current()
        except process.NotStarted:
            await self._refuse(Problem("unavailable", "the exchange is stopping"))
            return
        problem = STOPPED if running.stopping else await self.refusal(dict(self.scope["headers"]))
        if problem is not None:
            await self._refuse(problem)
            return
        headers = [(b"x-request-id", self.request_id.encode())]
        await self._send({"type": "websocket.accept", "headers": headers})
        self.outbox.open()
        running.sockets.add(self)
        writer = asyncio.create_task(self.outbox.run(), name="socket writer")
        reader = asyncio.create_task(self._read(), name="socket reader")
        code: int | None = None
        try:
            with metrics.SOCKETS.labels(self.kind).track_inprogress():
                done, _ = await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
            code = next(iter(done)).result()
        except OSError:
            logger.debug("the client was gone before it could be told")
        finally:
            writer.cancel()
            reader.cancel()
            await asyncio.gather(writer, reader, return_exceptions=True)
            running.sockets.discard(self)
            await self.closed()
        if code is not None:
            await self._close(code)

    async def _close(self, code: int) -> None:
        """Say why it ends, if the client reads so far."""
        metrics.SOCKETS_CLOSED.labels(self.kind, code).inc()
        with contextlib.suppress(OSError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._send({"type": "websocket.close", "code": code})

    async def leave(self) -> None:
        """Answer what is in flight, then close."""
        await self.answered()
        await self.outbox.drained()
        self.outbox.close(CLOSE_SERVICE_RESTART)

    async def _refuse(self, problem: Problem) -> None:
        if "websocket.http.response" not in self.scope.get("extensions", {}):
            await self._send({"type": "websocket.close", "code": CLOSE_FORBIDDEN})
            return
        await send_problem(problem, self._send)

    async def _read(self) -> int | None:
        await self.opened()
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return None
            text = message.get("text")
            if text is None:
                self.refuse_binary()
            elif len(text) > MAX_FRAME_BYTES:
                return CLOSE_TOO_BIG
            else:
                await self.take(text)

    @abstractmethod
    async def refusal(self, headers: dict[bytes, bytes]) -> Problem | None:
        """Look who connects; a problem refuses the connection."""

    @abstractmethod
    async def opened(self) -> None:
        """The handshake is done; no frame was read yet."""

    @abstractmethod
    async def take(self, text: str) -> None:
        """Take a frame; whatever is wrong with it is answered."""

    @abstractmethod
    def refuse_binary(self) -> None:
        """Answer a frame that is no text."""

    @abstractmethod
    def say_stopping(self) -> None:
        """Tell the client that this process stops."""

    @abstractmethod
    async def answered(self) -> None:
        """Wait until nothing is in flight."""

    @abstractmethod
    def catch_up(self, missed: set[Subscription]) -> None:
        """The client read everything; market data of these was dropped before."""

    @abstractmethod
    async def closed(self) -> None:
        """The connection ended."""


async def send_problem(problem: Problem, send: Send) -> None:
    """Refuse a handshake with an HTTP answer."""
    response = problem_response(problem)
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in response.items()
    ]
    start = {
        "type": "websocket.http.response.start",
        "status": problem.status_code,
        "headers": headers,
    }
    await send(start)
    await send({"type": "websocket.http.response.body", "body": response.content})
