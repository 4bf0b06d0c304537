"""RFC 9457 problems: the one form in which HTTP errors leave this site, with the contract's codes."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from markets.messages.public import JSON
from markets.metrics import PROBLEMS

logger = logging.getLogger(__name__)

STATUSES: Final = {
    "invalid_request": 400,
    "not_authenticated": 401,
    "permission_denied": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "payload_too_large": 413,
    "deadline_passed": 422,
    "account_frozen": 422,
    "invalid_order": 422,
    "insufficient_funds": 422,
    "post_only_would_take": 422,
    "stop_would_trigger": 422,
    "price_out_of_band": 422,
    "market_not_open": 422,
    "order_not_open": 422,
    "rate_limited": 429,
    "internal_error": 500,
    "busy": 503,
    "unavailable": 503,
    "timeout": 504,
}
MEANINGS: Final = {
    "invalid_request": "The request has a wrong shape; `errors` names the fields.",
    "not_authenticated": "No key or session was sent, or the key is unknown or revoked.",
    "permission_denied": "The key lacks a scope, the CSRF token is missing, or the call is not offered here.",
    "not_found": "There is no such thing, or it belongs to another account.",
    "method_not_allowed": "The address does not know this method; `Allow` lists those it knows.",
    "conflict": "The client_order_id was used for another order. Choose a new one.",
    "payload_too_large": "The body is larger than 1 MiB.",
    "deadline_passed": "The order's `deadline` had passed when its engine came to it. Nothing was done.",
    "account_frozen": "The operator froze the account: it can read and cancel, not place or amend orders.",
    "invalid_order": "The market does not take such an order; `errors` says what would be right.",
    "insufficient_funds": "The account has less available than the order needs.",
    "post_only_would_take": "The post-only order would have traded at once.",
    "stop_would_trigger": "The stop that must wait would have been triggered at once.",
    "price_out_of_band": "The limit price is too far from the reference price.",
    "market_not_open": "The market is halted or closed; cancels are still taken when it is halted.",
    "order_not_open": "The order has ended; the problem carries it as it ended, so no fill is hidden.",
    "rate_limited": "Too many requests; come back after `Retry-After` seconds.",
    "internal_error": "A defect of ours; it was logged.",
    "busy": "Too much is in flight. Nothing was done: try again after `Retry-After` seconds.",
    "unavailable": "The exchange cannot store orders at the moment. Nothing was done: try again.",
    "timeout": "The outcome is unknown: ask again with the same client_order_id.",
}
"""What each code tells a client to do."""
RETRY_AFTER: Final = {"rate_limited": 1, "busy": 1, "unavailable": 2}
"""Seconds, where the contract promises the header."""
CONTENT_TYPE: Final = "application/problem+json"


class Problem(exceptions.APIException):
    """An error with one of the contract's codes."""

    def __init__(
        self,
        code: str,
        detail: str,
        errors: dict[str, list[str]] | None = None,
        *,
        order: JSON | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.status_code = STATUSES[code]
        self.message = detail
        self.errors = errors or {}
        self.order = order
        self.retry_after = (
            RETRY_AFTER.get(code) if retry_after is None else max(1, round(retry_after))
        )

    def as_json(self) -> JSON:
        """The problem's members."""
        body: JSON = {
            "type": f"/api/docs/problems#{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status_code,
            "detail": self.message,
            "code": self.code,
            "errors": self.errors,
        }
        if self.order is not None:
            body["order"] = self.order
        return body

    def as_socket_error(self) -> JSON:
        """The same on a socket."""
        error: JSON = {"code": self.code, "message": self.message, "errors": self.errors}
        if self.order is not None:
            error["order"] = self.order
        if self.retry_after is not None:
            error["retry_after"] = self.retry_after
        return error


def note(problem: Problem) -> None:
    """Count an error that a client is answered with."""
    PROBLEMS.labels(problem.code).inc()
    logger.debug("answered %s: %s", problem.code, problem.message)


def problem_response(problem: Problem) -> JsonResponse:
    """A problem outside of the REST framework."""
    note(problem)
    response = JsonResponse(
        problem.as_json(), status=problem.status_code, content_type=CONTENT_TYPE
    )
    _add_headers(response, problem)
    return response


def _add_headers(response: HttpResponse, problem: Problem) -> None:
    for name, value in problem_headers(problem).items():
        response[name] = value


def problem_headers(problem: Problem) -> dict[str, str]:
    """What a problem says in headers, too."""
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.status_code == STATUSES["not_authenticated"]:
        headers["WWW-Authenticate"] = 'Bearer realm="exchange"'
    return headers


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """The REST framework's exception handler; None (a defect of ours) becomes a logged 500."""
    problem = as_problem(error)
    if problem is None:
        return None
    note(problem)
    response = Response(problem.as_json(), status=problem.status_code, content_type=CONTENT_TYPE)
    _add_headers(response, problem)
    if isinstance(error, exceptions.MethodNotAllowed) and (view := context.get("view")) is not None:
        response["Allow"] = ", ".join(view.allowed_methods)
    return response


def as_problem(error: Exception) -> Problem | None:
    """The problem that an exception of Django or the REST framework stands for."""
    match error:
        case Problem():
            return error
        case Http404() | exceptions.NotFound():
            return Problem("not_found", "there is nothing at this address")
        case PermissionDenied() | exceptions.PermissionDenied():
            return Problem("permission_denied", str(error) or "not allowed")
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return Problem("not_authenticated", _text(error))
        case exceptions.MethodNotAllowed():
            return Problem("method_not_allowed", _text(error))
        case exceptions.Throttled():
            return Problem(
                "rate_limited",
                "too many requests; slow down",
                retry_after=getattr(error, "wait", None) or 1,
            )
        case exceptions.ValidationError():
            errors = flatten(error.detail)
            return Problem("invalid_request", next(iter(errors.values()))[0], errors)
        case RequestDataTooBig():
            return Problem("payload_too_large", "the body is larger than 1 MiB")
        case exceptions.ParseError() | exceptions.UnsupportedMediaType():
            return Problem("invalid_request", _text(error))
        case exceptions.APIException():
            return Problem("invalid_request", _text(error))
        case OperationalError() | InterfaceError():
            logger.warning("the database does not answer: %s", error)
            return Problem("unavailable", "the exchange cannot reach its database at the moment")
    return None


def _text(error: exceptions.APIException) -> str:
    return str(error.detail)


def flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """The REST framework's nested errors as dotted field → messages."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, value in detail.items():
            found.update(flatten(value, f"{path}.{name}" if path else str(name)))
        return found
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        found = {}
        for index, item in enumerate(detail):
            if item:
                found.update(flatten(item, f"{path}.{index}" if path else str(index)))
        return found
    messages = detail if isinstance(detail, list) else [detail]
    return {path or "request": [str(message) for message in messages]}


def media_type_of(content_type: str) -> str:
    """A Content-Type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


class JSONNegotiation(BaseContentNegotiation):
    """Answers are JSON, whatever a client says that it accepts."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """The parser for the body's media type, if there is one."""
        media_type = media_type_of(request.content_type or "")
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Always the first."""
        del request, format_suffix
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


# Django's own errors, outside of the REST framework


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, and the size limit that Django reports through it."""
    del request
    problem = as_problem(exception) or Problem("invalid_request", "the request makes no sense")
    return problem_response(problem)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    del exception
    return problem_response(Problem("not_found", f"there is nothing at {request.path}"))


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a defect of ours, already logged."""
    del request
    return problem_response(Problem("internal_error", "a defect of ours; it was logged"))
