"""The lean lane: programs' orders over HTTP without Django, answered as the REST views answer, to the byte.

Rules:
- It takes what bots send all day: an order placed, amended or canceled, or a batch of them, with an API key,
  a JSON body of known length, and nothing unusual. All else goes on to Django, unread: sessions, queries,
  other addresses, methods and types, bodies that are too large.
- Nothing is decided here. Key, scope, rate, JSON and order are checked by the views' own functions, in the
  views' order, and a problem is written as theirs; tests send the same to both and compare.
- A request takes no thread: its key is asked for once in KNOWN_SECONDS.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import cache, lru_cache
from typing import Any, Final

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from rest_framework.exceptions import Throttled

from markets import limits, logs, maintenance, process, trading, views
from markets.accounts import Principal
from markets.authentication import key_of_header, known_principal, require_scope
from markets.known_keys import known_keys
from markets.middleware import SecurityHeadersMiddleware, request_id
from markets.order_requests import PlainOrder, amendment_of, is_order_id
from markets.parsers import JSON_TYPE, load_object
from markets.problems import (
    CONTENT_TYPE,
    as_problem,
    media_type_of,
    note,
    problem_headers,
    server_error,
)
from markets.request_fields import is_client_order_id

ORDERS: Final = "/api/v1/orders"
BATCH: Final = f"{ORDERS}/batch"
BY_CLIENT_ID: Final = "by-client-id/"
KNOWN_HOSTS: Final = 100
"""Values of the Host header that are remembered."""

logger = logging.getLogger(__name__)
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = dict[bytes, bytes]
Result = tuple[int, object]
Verb = Callable[[Principal, bytes], Awaitable[Result]]
"""Carries out a request, given its body. Raises Problem."""


class Call:
    """A request that the lean lane takes."""

    def __init__(self, verb: Verb, allow: bytes, key: str, headers: Headers, address: str) -> None:
        self._verb = verb
        self._allow = allow
        self._key = key
        self._address = address
        self._request_id = headers.get(b"x-request-id", b"")

    async def answer(self, receive: Receive, send: Send) -> None:
        """Read the body, carry it out, answer."""
        name = request_id(self._request_id.decode("latin-1"))
        logs.about_request(name)
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        try:
            status, result = await self._carry_out(body)
        except Exception as error:  # noqa: BLE001 - answered, and logged if it is a defect
            status, headers, content = self._error(error)
        else:
            headers, content = [_JSON_ANSWER, (b"allow", self._allow)], msgspec.json.encode(result)
        headers += [
            (b"content-length", b"%d" % len(content)),
            (b"x-request-id", name.encode()),
            *_site_headers(),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _carry_out(self, body: bytes) -> Result:
        found = await known_keys.principal(self._key, process.current().hub.read)
        who = known_principal(found, self._address)
        require_scope(who, "trade")
        seconds = limits.wait_of_request(who)
        if seconds:
            raise Throttled(seconds)
        return await self._verb(who, body)

    def _error(self, error: Exception) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        problem = as_problem(error)
        kind = (b"content-type", CONTENT_TYPE.encode())
        if problem is None:
            logger.error("a request failed", exc_info=error)
            response = server_error(HttpRequest())
            return response.status_code, [kind], response.content
        note(problem)
        headers = [
            (name.lower().encode(), value.encode())
            for name, value in problem_headers(problem).items()
        ]
        content = msgspec.json.encode(problem.as_json())
        return problem.status_code, [kind, (b"allow", self._allow), *headers], content


_JSON_ANSWER: Final = (b"content-type", JSON_TYPE.encode())


def call_of(scope: Scope) -> Call | None:
    """What the lean lane makes of a request; None: it is for Django."""
    path: str = scope["path"]
    if not path.startswith(ORDERS) or scope["query_string"] or maintenance.words() is not None:
        return None
    found = _verb_of(scope["method"], path)
    headers: Headers = dict(scope["headers"])
    if found is None or len(headers) != len(scope["headers"]) or not _is_usual(headers):
        return None
    verb, with_body, allow = found
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > settings.MAX_BODY_BYTES:
        return None
    if (int(length) > 0) is not with_body or (with_body and not _is_json(headers)):
        return None
    words = headers.get(b"authorization", b"").split()
    if len(words) != 2:
        return None
    key = key_of_header(headers[b"authorization"])
    if key is None:
        return None
    client = scope.get("client")
    return Call(verb, allow, key, headers, str(client[0]) if client else "unknown")


def _is_usual(headers: Headers) -> bool:
    """Whether nothing is asked that the site's middleware would have a word in."""
    return (
        b"cookie" not in headers
        and b"transfer-encoding" not in headers
        and _is_our_host(headers.get(b"host", b""))
        and (not settings.HTTPS or headers.get(b"x-forwarded-proto") == b"https")
    )


def _is_json(headers: Headers) -> bool:
    kind = headers.get(b"content-type", b"")
    return kind == _JSON_ANSWER[1] or media_type_of(kind.decode("latin-1")) == JSON_TYPE


@lru_cache(maxsize=KNOWN_HOSTS)
def _is_our_host(host: bytes) -> bool:
    domain, _ = split_domain_port(host.decode("latin-1"))
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


@cache
def _site_headers() -> tuple[tuple[bytes, bytes], ...]:
    """What the site's middleware puts on every answer."""

    def answer(_: HttpRequest) -> HttpResponse:
        return HttpResponse()

    respond = SecurityMiddleware(XFrameOptionsMiddleware(SecurityHeadersMiddleware(answer)))
    request = HttpRequest()
    request.META["HTTP_X_FORWARDED_PROTO"] = "https"
    response = respond(request)
    assert isinstance(response, HttpResponse)
    return tuple(
        (name.lower().encode(), value.encode())
        for name, value in response.items()
        if name != "Content-Type"
    )


# What is done

_decode_plain: Final = msgspec.json.Decoder(PlainOrder).decode


async def _submit(who: Principal, body: bytes) -> Result:
    try:
        wish = _decode_plain(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return await trading.submit_order(who, load_object(body))
    plain = await trading.submit_plain_order(who, wish)
    return await trading.submit_order(who, load_object(body)) if plain is None else plain


async def _submit_batch(who: Principal, body: bytes) -> Result:
    return 200, await trading.submit_orders(who, load_object(body))


def _amend(name: str, value: str) -> Verb:
    async def amend(who: Principal, body: bytes) -> Result:
        return 200, await trading.amend_order(who, amendment_of(name, value, load_object(body)))

    return amend


def _cancel(name: str, value: str) -> Verb:
    async def cancel(who: Principal, _: bytes) -> Result:
        return 200, await trading.cancel_order(who, {name: value})

    return cancel


def _allow(view: type[views.OrdersView | views.OrderBatchView | views.OrderView]) -> bytes:
    answering = view()
    answering.setup(HttpRequest())
    return ", ".join(answering.allowed_methods).encode()


_ALLOW_ORDERS: Final = _allow(views.OrdersView)
_ALLOW_BATCH: Final = _allow(views.OrderBatchView)
_ALLOW_ORDER: Final = _allow(views.OrderView)


def _verb_of(method: str, path: str) -> tuple[Verb, bool, bytes] | None:
    """What a request does, whether it needs a body, and what its address allows."""
    if path == ORDERS:
        return (_submit, True, _ALLOW_ORDERS) if method == "POST" else None
    if path == BATCH:
        return (_submit_batch, True, _ALLOW_BATCH) if method == "POST" else None
    name, value = "id", path.removeprefix(f"{ORDERS}/")
    if value.startswith(BY_CLIENT_ID):
        name, value = "client_order_id", value.removeprefix(BY_CLIENT_ID)
    if not (is_order_id(value) if name == "id" else is_client_order_id(value)):
        return None
    if method == "DELETE":
        return _cancel(name, value), False, _ALLOW_ORDER
    return (_amend(name, value), True, _ALLOW_ORDER) if method == "PATCH" else None
