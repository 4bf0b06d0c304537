"""The dialect over HTTP: REST at its own addresses, before Django.

Rules:
- No session, no cookie, no CSRF, no Origin: what a request may do is said by its key and signature alone.
- A body is at most MAX_BODY_BYTES; its type is not looked at, since clients send any: it is a form or empty.
- Every answer is JSON and says what weight the caller has used, also 404, 405 and what went wrong here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from django.conf import settings

from markets import clock, logs, process
from markets.binance import time_unit, usage
from markets.binance.calls import Access, Call, Request, as_dialect_error, carry_out
from markets.binance.errors import (
    TOO_LARGE,
    UNSUPPORTED,
    UNSUPPORTED_METHOD,
    DialectError,
)
from markets.binance.parameters import Parameters
from markets.binance.routes import ROUTES
from markets.binance.signing import check_http, key_of
from markets.binance.time_unit import in_unit, unit_named
from markets.faults.in_force import clock_skew
from markets.middleware import request_id
from markets.problems import Problem

PREFIXES: Final = ("/api/v3/", "/sapi/", "/fapi/", "/dapi/")
CONTENT_TYPE: Final = (b"content-type", b"application/json;charset=UTF-8")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


def is_its_own(path: str) -> bool:
    """Whether an address is the dialect's."""
    return path.startswith(PREFIXES) or path == "/api/v3"


class _Gone(Exception):
    """The client went away before its request was whole."""


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Read a request, carry it out, answer."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    name = request_id(headers.get(b"x-request-id", b"").decode("latin-1"))
    logs.about_request(name)
    client = scope.get("client")
    request = Request(Parameters({}), client[0] if client else "")
    status, extra = 200, list[tuple[bytes, bytes]]()
    try:
        call = _call_of(scope["method"], scope["path"])
        body = await _body(headers, receive)
        unit = headers.get(time_unit.HEADER)
        with in_unit(unit_named(None if unit is None else unit.decode("latin-1"))):
            await _read(call, request, scope, body, headers)
            content = msgspec.json.encode(await carry_out(call, request))
    except _Gone:
        return
    except Exception as error:  # noqa: BLE001 - answered, and logged if it is a defect
        status, extra, content = _error(error)
    else:
        if call.orders:
            extra = usage.order_headers(request.who)
    all_headers: Headers = [
        CONTENT_TYPE,
        (b"content-length", b"%d" % len(content)),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
        (b"x-request-id", name.encode()),
        *usage.weight_headers(request.address),
        *extra,
    ]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": content})


def _call_of(method: str, path: str) -> Call:
    calls = ROUTES.get(path)
    if calls is None:
        raise DialectError(UNSUPPORTED)
    call = calls.get(method)
    if call is None:
        raise DialectError(UNSUPPORTED_METHOD)
    return call


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > settings.MAX_BODY_BYTES:
        raise DialectError(TOO_LARGE)
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        body += message.get("body", b"")
        if len(body) > settings.MAX_BODY_BYTES:
            raise DialectError(TOO_LARGE)
        more = message.get("more_body", False)
    return body


async def _read(
    call: Call, request: Request, scope: Scope, body: bytes, headers: dict[bytes, bytes]
) -> None:
    """Read the parameters, and see who asks."""
    query: bytes = scope["query_string"]
    params = Parameters.of_http(query.decode("latin-1"), body.decode("latin-1"))
    request.params = params
    if call.access is Access.NONE:
        return
    api_key = headers.get(b"x-mbx-apikey")
    named = None if api_key is None else api_key.decode("latin-1")
    key = await key_of(named, request.address, process.current().hub.read)
    if call.access is not Access.KEY:
        check_http(key, params, query, body, clock.now() + clock_skew(scope))
    request.known, request.api_key = key.who, named or ""


def refusal(problem: Problem) -> tuple[int, Headers, bytes]:
    """A refusal of the exchange: the status, the headers that go with it, and the body."""
    return _error(problem)


def _error(error: Exception) -> tuple[int, Headers, bytes]:
    refusal = as_dialect_error(error)
    headers: Headers = []
    if refusal.retry_after is not None:
        headers.append((b"retry-after", b"%d" % refusal.retry_after))
    return refusal.status, headers, msgspec.json.encode(refusal.as_json())
