"""Maintenance: the web answers 503 to all but operators, health checks and the log-in, until it is over.

Rules:
- It is on while EXCHANGE_MAINTENANCE says so, or the file EXCHANGE_VAR/maintenance is there, whose text
  people are then shown. A process looks for the file at most once in LOOK_SECONDS.
- What is answered so did nothing: programs are told `unavailable`, and all when to come back.
- Engines go on: whoever wants no trading halts the markets.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from markets.error_pages import error_response

LOOK_SECONDS: Final = 1.0
MAX_WORDS: Final = 1000
"""Characters of the file that are shown."""
RETRY_AFTER: Final = 60
"""Seconds."""
STILL_SERVED: Final = ("/admin/", "/login/", "/logout/", "/static/")
"""What begins so works on: the way in for operators, and what they do there."""
DEFAULT_WORDS: Final = "The exchange is being looked after and will be back soon."

Respond = Callable[[HttpRequest], HttpResponse]


class _Look:
    """What was seen last, and until when that counts."""

    def __init__(self) -> None:
        self.words: str | None = None
        self.until = 0.0


_look: Final = _Look()


def words() -> str | None:
    """What people are told while there is maintenance; None: there is none."""
    now = monotonic()
    if now >= _look.until:
        _look.words = _read()
        _look.until = now + LOOK_SECONDS
    return _look.words


def look_again() -> None:
    """Forget what was seen."""
    _look.until = 0.0


def _read() -> str | None:
    try:
        with settings.MAINTENANCE_FILE.open(encoding="utf-8", errors="replace") as file:
            said: str = file.read(MAX_WORDS).strip()
    except FileNotFoundError:
        return DEFAULT_WORDS if settings.MAINTENANCE else None
    except OSError:
        return DEFAULT_WORDS  # it is there, whatever it says
    return said or DEFAULT_WORDS


class MaintenanceMiddleware:
    """Answer 503 while there is maintenance."""

    def __init__(self, get_response: Respond) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on, or answer."""
        said = words()
        if said is None or request.path.startswith(STILL_SERVED):
            return self._get_response(request)
        response = error_response(
            request, "unavailable", said, title="Back soon", retry_after=RETRY_AFTER
        )
        response._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001 - meant, no failure
        return response
