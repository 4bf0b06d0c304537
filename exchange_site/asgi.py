"""The three ways in: http (the Binance dialect, the lean lane, Django), websocket, channel (engines).

Whatever serves it (uvicorn by `serve`, daphne by `runserver`), a body larger than the limit is refused
while it arrives, and the first request starts this process's gateway and hub if nothing has yet.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange_site.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import CookieMiddleware
from django.conf import settings

from markets import lean, process
from markets.binance import http as dialect
from markets.consumers.engine import engine_consumer
from markets.consumers.socket import close_unknown_address
from markets.middleware import request_id
from markets.problems import Problem, problem_response
from markets.routing import websocket_urlpatterns

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def http(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The dialect for its addresses, the lean lane for what it takes, Django for everything else."""
    if settings.BINANCE and dialect.is_its_own(scope["path"]):
        await dialect.answer(scope, receive, send)
        return
    call = lean.call_of(scope) if settings.LEAN else None
    if call is None:
        await bounded_http(scope, receive, send)
    else:
        await call.answer(receive, send)


async def bounded_http(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Django, given a body of at most MAX_BODY_BYTES; a larger one is answered 413 unread."""
    limit = settings.MAX_BODY_BYTES
    length = dict(scope["headers"]).get(b"content-length", b"0")
    if length.isdigit() and int(length) > limit:
        await _refuse_body(scope, send)
        return
    messages: list[dict[str, Any]] = []
    taken = 0
    more = True
    while more:
        message = await receive()
        messages.append(message)
        taken += len(message.get("body", b""))
        if taken > limit:
            await _refuse_body(scope, send)
            return
        more = message["type"] == "http.request" and message.get("more_body", False)

    async def replay() -> dict[str, Any]:
        return messages.pop(0) if messages else await receive()

    application: Any = django_application
    await application(scope, replay, send)


async def _refuse_body(scope: dict[str, Any], send: Send) -> None:
    response = problem_response(Problem("payload_too_large", "the body is larger than 1 MiB"))
    given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    response["X-Request-ID"] = request_id(given)
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    headers.append((b"connection", b"close"))
    start = {"type": "http.response.start", "status": response.status_code, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": response.content})


router = ProtocolTypeRouter(
    {
        "http": http,
        # Cookies only: the middleware of sessions and users would take part in every frame.
        "websocket": CookieMiddleware(URLRouter([*websocket_urlpatterns, close_unknown_address])),
        "channel": engine_consumer,
    }
)


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The site."""
    if scope["type"] in ("http", "websocket"):
        await process.start(router, engines=not settings.REDIS_URL)
    await router(scope, receive, send)
