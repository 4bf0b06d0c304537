"""Connections of the load generator: WebSocket and HTTP over raw streams, as little work as possible.

Rules:
- One write for all requests that are ready, and one call for all replies of one read.
- Frames to the server carry the mask 0: lawful, and masking costs nothing.
- Only what the exchange's server sends is understood: unfragmented frames, answers with a Content-Length.
  Anything else, and a connection that ends before `close`, is an error.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

Received = Callable[[list[bytes], float], None]
"""Told of the payloads of one read, and of the time of the read (time.perf_counter)."""
TEXT: Final = 0x1
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
NO_MASK: Final = bytes(4)
W = TypeVar("W", bound="Wire")


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A client's frame."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 65536:
        head = bytes((0x80 | opcode, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0xFF)) + size.to_bytes(8, "big")
    return head + NO_MASK + payload


class Wire(asyncio.Protocol, ABC):
    """One connection; `received` is told of what comes."""

    def __init__(self, host: str, path: str, received: Received, key: str | None = None) -> None:
        self.host = host
        self.path = path
        self.received = received
        self.authorization = f"Authorization: Bearer {key}\r\n" if key else ""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.bytes_in = 0
        self.failure: str | None = None
        self._rest = b""
        self._closing = False
        self._transport = cast(asyncio.Transport, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the server."""
        self._transport = cast(asyncio.Transport, transport)
        self.greet()

    def data_received(self, data: bytes) -> None:
        """Cut what came into messages."""
        now = time.perf_counter()
        self.bytes_in += len(data)
        if self._rest:
            data = self._rest + data
        messages, used = self.cut(data)
        self._rest = data[used:] if used < len(data) else b""
        if messages:
            self.received(messages, now)

    def connection_lost(self, exc: Exception | None) -> None:
        """An end that nobody here asked for is a failure."""
        if not self._closing:
            self.failure = self.failure or f"the server ended the connection: {exc}"
            if not self.ready.done():
                self.ready.set_exception(ConnectionError(self.failure))

    def close(self) -> None:
        """End the connection."""
        self._closing = True
        self._transport.close()

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._transport.write(data)

    @abstractmethod
    def greet(self) -> None:
        """Say the first word."""

    @abstractmethod
    def cut(self, data: bytes) -> tuple[list[bytes], int]:
        """The whole messages in data, and how many bytes they took."""

    @abstractmethod
    def send(self, payloads: list[bytes]) -> None:
        """Send requests."""


class SocketWire(Wire):
    """A WebSocket connection."""

    def greet(self) -> None:
        """Ask for the upgrade."""
        self.write(
            f"GET {self.path} HTTP/1.1\r\nHost: {self.host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n{self.authorization}"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )

    def cut(self, data: bytes) -> tuple[list[bytes], int]:
        """Frames; pings are answered here."""
        messages: list[bytes] = []
        at = 0 if self.ready.done() else self._upgraded(data)
        end = len(data)
        while end - at >= 2 and self.ready.done():
            start, size = at + 2, data[at + 1]
            if size == 126:
                start, size = at + 4, int.from_bytes(data[at + 2 : at + 4], "big")
            elif size == 127:
                start, size = at + 10, int.from_bytes(data[at + 2 : at + 10], "big")
            if start + size > end:
                break
            payload = data[start : start + size]
            if data[at] == 0x80 | TEXT:
                messages.append(payload)
            else:
                self._control(data[at], payload)
            at = start + size
        return messages, at

    def _upgraded(self, data: bytes) -> int:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return 0
        if not data.startswith(b"HTTP/1.1 101 "):
            self.failure = f"no upgrade: {data[:300]!r}"
            self._transport.abort()
            return 0
        self.ready.set_result(None)
        return end + 4

    def _control(self, head: int, payload: bytes) -> None:
        if head == 0x80 | PING:
            self.write(frame(payload, PONG))
        elif head == 0x80 | CLOSE:
            self.failure = f"closed by the server: {payload!r}"
        else:
            raise ValueError(f"a frame of kind {head:#x} was not expected")

    def send(self, payloads: list[bytes]) -> None:
        """Send text frames, in one write."""
        self.write(b"".join(map(frame, payloads)))


class HttpWire(Wire):
    """A kept-alive HTTP connection that POSTs; a message is the status (3 digits) and the body."""

    def greet(self) -> None:
        """HTTP needs no greeting."""
        self._head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.host}\r\n{self.authorization}"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self.ready.set_result(None)

    def cut(self, data: bytes) -> tuple[list[bytes], int]:
        """Answers."""
        messages: list[bytes] = []
        at = 0
        while (head_end := data.find(b"\r\n\r\n", at)) >= 0:
            head = data[at:head_end].lower()
            field = head.find(b"content-length:")
            if field < 0:
                raise ValueError(f"an answer without a Content-Length: {head!r}")
            size = int(head[field + 15 :].split(b"\r\n", 1)[0])
            end = head_end + 4 + size
            if end > len(data):
                break
            messages.append(data[at + 9 : at + 12] + data[head_end + 4 : end])
            at = end
        return messages, at

    def send(self, payloads: list[bytes]) -> None:
        """POST."""
        for payload in payloads:
            self.write(self._head + str(len(payload)).encode() + b"\r\n\r\n" + payload)


async def connect(
    kind: type[W], url: str, path: str, received: Received, key: str | None = None
) -> W:
    """Open a connection, ready to use. Raises OSError."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    loop = asyncio.get_running_loop()

    def make() -> Any:
        return kind(parts.netloc, path, received, key)

    _, wire = await loop.create_connection(make, parts.hostname, parts.port)
    await asyncio.wait_for(wire.ready, 30)
    return cast(W, wire)
