"""The way in of whoever has faults: which plan an HTTP request or a handshake suffers, and what it does.

Rules:
- A plan is named by the key that is sent (`Authorization: Bearer`, `X-MBX-APIKEY`), or by an address that
  begins with `/faults/<token>`: what asks without a key, market data above all, names it so. The address is
  then as if it did not begin so; the rest of the site is not there.
- Any request of the two APIs may be answered 429 or 503 before it is looked at. Only what was done about
  orders times out: it is carried out, and `timeout` answered when the time is up.
- The addresses of API keys suffer nothing, so that faults can always be turned off.
- Bodies are read and changed for the clock and the checksum alone; all others go through as they come.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from markets.binance import http as dialect
from markets.faults import texts
from markets.faults.in_force import SCOPE, KeyFaults, in_force
from markets.faults.line import headers_of
from markets.faults.plan import RequestFate
from markets.faults.rows import PREFIX
from markets.lean import site_headers
from markets.middleware import request_id
from markets.problems import Problem, problem_response

LANE: Final = "http"
MAX_HELD: Final = 1_000
"""Answers of one key that may be held back at a time; beyond it they come at once."""
KEYS: Final = "/api/v1/api-keys"
TIMES: Final = frozenset({"/api/v1/time", "/api/v3/time", "/api/v3/exchangeInfo"})
OWN_BOOK: Final = re.compile(r"/api/v1/markets/[^/]+/book")
ORDERS: Final = ("/api/v1/orders", "/api/v3/order", "/api/v3/openOrders", "/api/v3/orderList")
READING: Final = ("GET", "HEAD", "OPTIONS")

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


async def serve(site: Application, scope: Scope, receive: Receive, send: Send) -> None:
    """A request or a connection, while somebody here has faults."""
    named: KeyFaults | None = None
    if scope["path"].startswith(PREFIX):
        token, slash, rest = scope["path"].removeprefix(PREFIX).partition("/")
        named = in_force.of_token(token)
        if named is None or not slash or not _is_of_an_api(scope["type"], f"/{rest}"):
            await site(scope, receive, send)  # there is no such page, and it says so
            return
        scope = scope | {"path": f"/{rest}", "raw_path": _raw(scope, token)}
    faults = named or _of_headers(scope["headers"])
    if faults is None or faults.plan is None:
        await site(scope, receive, send)
    elif scope["type"] == "websocket":
        await site(scope | {SCOPE: faults}, receive, send)
    elif _is_of_an_api("http", scope["path"]):
        await _Exchange(faults, scope | {SCOPE: faults}, send).run(site, receive)
    else:
        await site(scope, receive, send)


def _is_of_an_api(kind: str, path: str) -> bool:
    return kind == "websocket" or path.startswith("/api/v1/") or dialect.is_its_own(path)


def _raw(scope: Scope, token: str) -> bytes:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.removeprefix(f"{PREFIX}{token}".encode())


def _of_headers(headers: list[tuple[bytes, bytes]]) -> KeyFaults | None:
    for name, value in headers:
        if name == b"x-mbx-apikey":
            return in_force.of_key(value.decode("latin-1"))
        if name == b"authorization":
            words = value.split()
            if len(words) == 2 and words[0].lower() == b"bearer":
                return in_force.of_key(words[1].decode("latin-1"))
    return None


class _Exchange:
    """One request over HTTP and its answer."""

    def __init__(self, faults: KeyFaults, scope: Scope, send: Send) -> None:
        assert faults.plan is not None
        self._faults, self._plan = faults, faults.plan
        self._scope = scope
        self._send = send
        self._path: str = scope["path"]
        self._number = 0
        self._injected: list[str] = []
        self._start: Message | None = None
        """Of an answer that is to be changed, and waits for its body."""
        self._body = b""
        self._withheld = False
        self._may_time_out = False

    async def run(self, site: Application, receive: Receive) -> None:
        """Let happen what the plan says."""
        fate = RequestFate.ANSWERED
        if not self._path.startswith(KEYS):
            self._number = self._faults.next_request()
            fate = self._plan.fate_of_request(LANE, self._number)
        if fate in (RequestFate.RATE_LIMITED, RequestFate.UNAVAILABLE):
            await self._refuse(fate, receive)
            return
        self._may_time_out = (
            fate is RequestFate.TIME_OUT
            and self._scope["method"] not in READING
            and self._path.startswith(ORDERS)
        )
        await site(self._scope, receive, self.send)
        if self._withheld:
            await self._wait(self._plan.time_out_seconds)
            await self._answer(fate)

    async def _refuse(self, fate: RequestFate, receive: Receive) -> None:
        more = True
        while more:  # an answer before the whole request would look like another failure
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            more = message.get("more_body", False)
        await self._hold_back()
        await self._answer(fate)

    async def _answer(self, fate: RequestFate) -> None:
        self._injected.append(fate)
        status, headers, content = _refusal(self._path, texts.PROBLEMS[fate])
        given = dict(self._scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        headers += [
            (b"content-length", b"%d" % len(content)),
            (b"x-request-id", request_id(given).encode()),
            *self._headers(),
        ]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": content})

    async def _hold_back(self) -> None:
        delay = self._plan.delay_of(LANE, self._number) if self._number else 0
        if delay:
            self._injected.append(f"delay_ms {delay}")
            await self._wait(delay / 1000)

    async def _wait(self, seconds: float) -> None:
        if self._faults.held >= MAX_HELD:
            return
        self._faults.held += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._faults.held -= 1

    def _headers(self) -> list[tuple[bytes, bytes]]:
        return headers_of(self._faults, ", ".join(self._injected))

    # The site's answer

    async def send(self, message: Message) -> None:
        """Pass the answer on, late, changed, or not at all."""
        if message["type"] == "http.response.start":
            self._withheld = self._may_time_out and message["status"] < 300
            if self._withheld:
                return
            await self._hold_back()
            if self._change is not None:
                self._start = message
            else:
                await self._send_start(message)
        elif not self._withheld:
            await self._send_body(message)

    async def _send_start(self, message: Message) -> None:
        await self._send(message | {"headers": [*message["headers"], *self._headers()]})

    async def _send_body(self, message: Message) -> None:
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        start, change = self._start, self._change
        if start["status"] == 200 and change is not None:
            name, of = change
            self._injected.append(name)
            self._body = of(self._body.decode()).encode()
        length = (b"content-length", b"%d" % len(self._body))
        headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
        await self._send_start(start | {"headers": [*headers, length]})
        await self._send({"type": "http.response.body", "body": self._body})

    @property
    def _change(self) -> tuple[str, Callable[[str], str]] | None:
        """What is changed of the answer's body."""
        skew = self._plan.clock_skew_ms
        if skew and self._path in TIMES:
            return "clock_skew", lambda text: texts.with_skewed_time(text, skew)
        if OWN_BOOK.fullmatch(self._path) and self._plan.corrupts(LANE, self._number):
            return "corrupt_checksum", texts.with_wrong_checksum
        return None


def _refusal(path: str, problem: Problem) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """How the API of an address refuses."""
    if dialect.is_its_own(path):
        status, headers, content = dialect.refusal(problem)
        return status, [dialect.CONTENT_TYPE, *headers], content
    response = problem_response(problem)
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    return problem.status_code, [*headers, *site_headers()], response.content
