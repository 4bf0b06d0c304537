"""What the dialect's sockets share: who may connect, how often it may speak, and how it is told of the end.

Rules:
- Programs connect: no Origin is looked at, and nothing that a browser sends by itself (cookies) counts.
- An address has at most MAX_CONNECTIONS connections at a time.
- A connection says at most MESSAGES_A_SECOND (and MESSAGES_AT_ONCE after a pause); more is answered with an
  error, and after MAX_REFUSED such answers the connection is closed (1008).
- A socket that lags is closed (1013).
- The address may name the unit of times (`timeUnit`); one that there is not is answered 400.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from markets import maintenance
from markets.binance.errors import DialectError
from markets.binance.time_unit import PARAMETER, in_unit, now_json, unit, unit_named
from markets.consumers.connection import CLOSE_FORBIDDEN, Connection, Receive, Scope, Send
from markets.hub.outbox import CLOSE_TRY_AGAIN_LATER, Subscription
from markets.limits import RateLimit
from markets.problems import Problem

MAX_CONNECTIONS: Final = 1000
MESSAGES_A_SECOND: Final = 50
MESSAGES_AT_ONCE: Final = 250
MAX_REFUSED: Final = 1000
CLOSE_POLICY: Final = 1008

_connections: Counter[str] = Counter()
"""By address."""


class DialectConnection(Connection):
    """A program's connection."""

    id_field = "id"
    marks_messages = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._rate = RateLimit(MESSAGES_A_SECOND, MESSAGES_AT_ONCE)
        self._refused = 0
        self._counted = False
        self._unit = unit()

    async def refusal(self, headers: dict[bytes, bytes]) -> Problem | None:
        """Everybody may connect, but not too often."""
        del headers
        said = maintenance.words()
        if said is not None:
            return Problem("unavailable", said, retry_after=maintenance.RETRY_AFTER)
        if _connections[self.address] >= MAX_CONNECTIONS:
            return Problem("rate_limited", f"at most {MAX_CONNECTIONS} connections an address")
        _connections[self.address] += 1
        self._counted = True
        return None

    async def closed(self) -> None:
        """Make room for another."""
        if self._counted:
            self._counted = False
            _connections[self.address] -= 1
            if not _connections[self.address]:
                del _connections[self.address]

    def speaks_too_much(self) -> bool:
        """Whether a message is one too many; after many of those the connection ends."""
        if not self._rate.wait(""):
            return False
        self._refused += 1
        if self._refused >= MAX_REFUSED:
            self.outbox.close(CLOSE_POLICY)
        return True

    def shutdown_event(self) -> dict[str, Any]:
        """This process ends: connect to another."""
        with in_unit(self._unit):
            return {"e": "serverShutdown", "E": now_json()}

    def put(self, message: object) -> None:
        """Send a message."""
        self.outbox.put(msgspec.json.encode(message).decode())

    def catch_up(self, missed: set[Subscription]) -> None:
        """Nothing of the dialect may be left out."""
        del missed
        self.outbox.close(CLOSE_TRY_AGAIN_LATER)


async def serve(kind: type[DialectConnection], scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a socket in the unit of times that its address names."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    try:
        unit = unit_named(query.get(PARAMETER, [None])[-1])
    except DialectError as error:
        await receive()  # websocket.connect
        await _refuse(error, scope, send)
        return
    with in_unit(unit):
        await kind(scope, receive, send).run()


async def _refuse(error: DialectError, scope: Scope, send: Send) -> None:
    """Refuse a handshake in the dialect's words."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": CLOSE_FORBIDDEN})
        return
    headers = [(b"content-type", b"application/json;charset=UTF-8")]
    start = {"type": "websocket.http.response.start", "status": error.status, "headers": headers}
    await send(start)
    body = msgspec.json.encode(error.as_json())
    await send({"type": "websocket.http.response.body", "body": body})
