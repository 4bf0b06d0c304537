"""The exchange's own sockets: requests in, answers out, and the rules that both of them share.

Rules:
- A request is one JSON object `{"method", "params", "req_id"}`; whatever is wrong with it is answered with
  an error, and the connection stays.
- A browser page of another site may not connect: its Origin must be one of ours.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from django.conf import settings
from django.http.request import validate_host
from django.urls import re_path

from markets import maintenance, process
from markets.clock import now
from markets.consumers.connection import (
    CLOSE_FORBIDDEN,
    Connection,
    Receive,
    Scope,
    Send,
    send_problem,
)
from markets.limits import RateLimit
from markets.messages.public import JSON, time_text
from markets.parsers import load_json
from markets.problems import Problem, as_problem, note

MAX_REQ_ID_LENGTH: Final = 128
STOPPING: Final = '{"channel":"system","type":"status","data":{"status":"stopping"}}'
"""This process takes no more orders and closes this connection soon: go on at another."""

logger = logging.getLogger(__name__)


class Request(msgspec.Struct, frozen=True):
    """A client's request, its shape checked."""

    method: str
    params: dict[str, Any]
    req_id: int | str | None


def read_request(text: str) -> Request:
    """Read a frame. Raises Problem, BadRequest where the req_id could be read."""
    message = load_json(text)
    if not isinstance(message, dict):
        raise Problem("invalid_request", "a request must be a JSON object with a method")
    req_id = message.get("req_id")
    if isinstance(req_id, bool) or not isinstance(req_id, int | str | None):
        raise Problem("invalid_request", "req_id must be a whole number or a string")
    if len(str(req_id)) > MAX_REQ_ID_LENGTH:
        raise Problem("invalid_request", f"req_id must have at most {MAX_REQ_ID_LENGTH} characters")
    method, params = message.get("method"), message.get("params")
    request = Request(
        method if isinstance(method, str) else "",
        params if isinstance(params, dict) else {},
        req_id,
    )
    unknown = sorted(message.keys() - {"method", "params", "req_id"})
    if not isinstance(method, str):
        raise BadRequest(request, "method must be a string")
    if not isinstance(params, dict | None):
        raise BadRequest(request, "params must be a JSON object")
    if unknown:
        raise BadRequest(
            request, f"unknown field {unknown[0][:64]!r}; known are: method, params, req_id"
        )
    return request


class BadRequest(Problem):
    """A request that could be read far enough to say which one it is."""

    def __init__(self, request: Request, message: str) -> None:
        super().__init__("invalid_request", message)
        self.request = request


class Socket(Connection):
    """A connection on which the exchange's own requests are made."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, rate: RateLimit) -> None:
        super().__init__(scope, receive, send)
        self._rate = rate

    def say_stopping(self) -> None:
        """Tell the client that this process stops."""
        self.outbox.put(STOPPING)

    async def refusal(self, headers: dict[bytes, bytes]) -> Problem | None:
        """Refuse other sites' pages, and whoever is nobody."""
        origin = headers.get(b"origin")
        if origin is not None and not _origin_allowed(origin.decode("latin-1"), headers):
            return Problem("permission_denied", "pages of this origin may not connect")
        said = maintenance.words()
        if said is not None:
            return Problem("unavailable", said, retry_after=maintenance.RETRY_AFTER)
        return await self.authenticate(headers)

    async def opened(self) -> None:
        """Whoever connects says what it wants."""

    def refuse_binary(self) -> None:
        """Requests are texts."""
        self.answer_problem(None, Problem("invalid_request", "send text frames, not binary"))

    async def take(self, text: str) -> None:
        """Carry out a request, or answer what is wrong with it."""
        request: Request | None = None
        try:
            seconds = self._rate.wait(self.caller)
            if seconds:
                raise Problem("rate_limited", "too many requests; slow down", retry_after=seconds)
            if self.take_plain(text):
                return
            request = read_request(text)
            await self.on_request(request)
        except BadRequest as problem:
            self.answer_problem(problem.request, problem)
        except Exception as error:  # noqa: BLE001 - answered, and logged if it is a defect
            self.answer_problem(request, problem_of(error, request))

    def answer(self, request: Request, result: object) -> None:
        """Answer a request."""
        method = "pong" if request.method == "ping" else request.method
        self._put({"method": method, "req_id": request.req_id, "success": True, "result": result})

    def answer_problem(self, request: Request | None, problem: Problem) -> None:
        """Answer a request with an error."""
        note(problem)
        self._put(
            {
                "method": request.method if request else None,
                "req_id": request.req_id if request else None,
                "success": False,
                "error": problem.as_socket_error(),
            }
        )

    def _put(self, message: JSON) -> None:
        self.outbox.put(msgspec.json.encode(message).decode())

    def pong(self, request: Request) -> None:
        """Answer a ping."""
        self.answer(request, {"time": time_text(now())})

    @property
    def caller(self) -> str:
        """Whose rate a request counts to."""
        return self.address

    @abstractmethod
    async def authenticate(self, headers: dict[bytes, bytes]) -> Problem | None:
        """Find out who connects; a problem refuses the connection."""

    def take_plain(self, text: str) -> bool:
        """Carry out a request of the most frequent kind; False: it is none, and nothing was done."""
        del text
        return False

    @abstractmethod
    async def on_request(self, request: Request) -> None:
        """Carry out a request and answer it. Raises Problem."""


def problem_of(error: Exception, request: Request | None) -> Problem:
    """What a client is told of an exception; a defect of ours is logged."""
    if isinstance(error, process.NotStarted):
        return Problem("unavailable", "the exchange is stopping")
    problem = as_problem(error)
    if problem is None:
        about = {} if request is None else {"req_id": request.req_id}
        logger.error("a request failed", exc_info=error, extra=about)
        problem = Problem("internal_error", "a defect of ours; it was logged")
    return problem


def unknown_method(request: Request, known: tuple[str, ...]) -> Problem:
    """The answer to a method that this socket does not have."""
    return Problem(
        "invalid_request", f"unknown method {request.method[:64]!r}; known are: {', '.join(known)}"
    )


def _origin_allowed(origin: str, headers: dict[bytes, bytes]) -> bool:
    """Whether a page of this origin may connect: the same host, one of ours, or a trusted one."""
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    host = headers.get(b"host", b"").decode("latin-1")
    return (
        parts.scheme in ("http", "https")
        and parts.netloc == host
        and validate_host(parts.hostname or "", settings.ALLOWED_HOSTS)
    )


async def _close_unknown_address(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": CLOSE_FORBIDDEN})
        return
    await send_problem(Problem("not_found", f"there is no socket at {scope['path']}"), send)


close_unknown_address = re_path(r"", _close_unknown_address)  # type: ignore[arg-type]  # ASGI, not a view
"""Route of last resort: a socket address that does not exist is a 404, not an exception."""
