"""What every HTTP answer carries: a request id, and headers that keep a browser to this site.

And health checks, which are answered before hosts and TLS are looked at: machines ask by address, over
plain HTTP, and nothing in the answer depends on either.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from markets import health, logs

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""Nothing inline, and no request, socket or frame to another site."""
INLINE_STYLES: Final = "; style-src 'self' 'unsafe-inline'"
ADMIN_POLICY: Final = CONTENT_SECURITY_POLICY + INLINE_STYLES
"""Django's own lists have a style element."""
DOCS_POLICY: Final = ADMIN_POLICY + "; script-src 'self' 'unsafe-inline'"
"""Swagger UI starts itself with an inline script, and styles what it draws."""
Respond = Callable[[HttpRequest], HttpResponse]
HEALTH: Final = {
    "/healthz": health.healthz,
    "/readyz": health.readyz,
    "/metrics": health.metrics,
}


def request_id(given: str) -> str:
    """The caller's own request id, or a new one."""
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


class RequestIdMiddleware:
    """Echo the caller's X-Request-ID, or make one."""

    def __init__(self, get_response: Respond) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the id."""
        name = request_id(request.headers.get("X-Request-ID", ""))
        with logs.during_request(name):
            response = self._get_response(request)
        response["X-Request-ID"] = name
        return response


class HealthMiddleware:
    """Answer health checks, whatever name they call this machine by."""

    def __init__(self, get_response: Respond) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or pass on what is no health check."""
        check = HEALTH.get(request.path)
        if check is None:
            return self._get_response(request)
        response = check(request)
        # Not ready is an answer and no failure of ours, which Django would log at each look.
        response._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001
        return response


def _policy(path: str) -> str:
    if path == "/api/docs/":
        return DOCS_POLICY
    return ADMIN_POLICY if path.startswith("/admin/") else CONTENT_SECURITY_POLICY


class SecurityHeadersMiddleware:
    """Only this site's scripts run, and nobody frames it."""

    def __init__(self, get_response: Respond) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the policy."""
        response = self._get_response(request)
        response.setdefault("Content-Security-Policy", _policy(request.path))
        return response
