"""WebSocket frames that are encoded once and written at once, to however many sockets.

ASGI sends a text to one socket at a time, through a coroutine each, and the server encodes it again for each
of them. `serve` runs uvicorn with `ReadyProtocol`, which offers an application the extension EXTENSION; under
another server frames are sent the usual way.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import BytesLike

EXTENSION: Final = "exchange.ready_frames"
"""Name in the scope's `extensions`; its value is a `SendReady`."""
TEXT: Final = 0x81
"""First byte of a whole, unmasked text message (RFC 6455, 5.2)."""

SendReady = Callable[[bytes], bool]
"""Writes encoded frames; False: nothing was written, since the client has to read first, or is gone."""


class Frame:
    """A text message, and how it is written."""

    __slots__ = ("_encoded", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._encoded: bytes | None = None

    def __len__(self) -> int:
        return len(self.text)

    @property
    def encoded(self) -> bytes:
        """The frame's bytes, encoded when first asked for."""
        if self._encoded is None:
            payload = self.text.encode()
            size = len(payload)
            if size < 126:
                head = bytes((TEXT, size))
            elif size < 1 << 16:
                head = struct.pack("!BBH", TEXT, 126, size)
            else:
                head = struct.pack("!BBQ", TEXT, 127, size)
            self._encoded = head + payload
        return self._encoded


class ReadyProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own, with the extension. It must not compress: frames are written as they are.

    A ping carries the time as text, not random bytes: some clients read it as text before they answer.
    """

    def handle_connect(self, event: Request) -> None:
        """Offer the extension to the application, which starts after this."""
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:
            extensions = self.scope["extensions"]
            assert extensions is not None
            extensions[EXTENSION] = self.send_ready  # type: ignore[assignment]  # ASGI allows any value
            self.conn.send_ping = self._send_ping  # type: ignore[method-assign]

    def _send_ping(self, data: BytesLike) -> None:
        """Send uvicorn's ping with another payload, which the pong has to bring back."""
        del data
        self.pending_ping_payload = b"%d" % time.time_ns()
        ServerProtocol.send_ping(self.conn, self.pending_ping_payload)

    def send_ready(self, frame: bytes) -> bool:
        """Write a frame now, if the socket takes it."""
        if not self.writable.is_set() or self.close_sent or self.transport.is_closing():
            return False
        self.transport.write(frame)
        return True
