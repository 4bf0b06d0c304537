"""Sessions: where somebody is logged in, as they see it themselves, and ending those that should not be.

Rules:
- What is known of a session is written when it begins, and then at most once in SEEN_SECONDS a process:
  a page that sends orders all day does not write a row for each.
- A session that is ended is deleted: pages are logged out by it, and sockets when they look again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Final

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

SEEN_SECONDS: Final = 60.0
MAX_REMEMBERED: Final = 10_000
"""Sessions of which a process remembers when it wrote them."""
MAX_SHOWN: Final = 100

Respond = Callable[[HttpRequest], HttpResponse]


class SessionsMiddleware:
    """Note where a session is used from, now and then."""

    def __init__(self, get_response: Respond) -> None:
        self._get_response = get_response
        self._written: OrderedDict[str, float] = OrderedDict()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; then note the session."""
        response = self._get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            try:
                self._note(request)
            except (DatabaseError, InterfaceError, PermissionDenied):
                return response  # it is seen again
        return response

    def _note(self, request: HttpRequest) -> None:
        key = request.session.session_key
        if key is not None and self._is_due(key) and request.user.is_authenticated:
            UserSession.objects.create_from_request(request)
            self._remember(key)

    def _is_due(self, key: str) -> bool:
        return monotonic() - self._written.get(key, -SEEN_SECONDS) >= SEEN_SECONDS

    def _remember(self, key: str) -> None:
        self._written[key] = monotonic()
        self._written.move_to_end(key)
        if len(self._written) > MAX_REMEMBERED:
            self._written.popitem(last=False)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sessions_page(request: HttpRequest) -> HttpResponse:
    """Where somebody is logged in; POST ends one session (`session`), or all others (`all`)."""
    assert isinstance(request.user, User)
    if request.method == "POST":
        ended = _end(request, request.user)
        said = f"{ended} session{'' if ended == 1 else 's'} ended."
        messages.success(request, said)
        return redirect("sessions")
    found = UserSession.objects.purge_and_list(request.user)
    found.sort(key=lambda session: (session.is_current(), session.last_seen_at), reverse=True)
    context = {"sessions": found[:MAX_SHOWN], "more": max(0, len(found) - MAX_SHOWN)}
    return render(request, "account/sessions.html", context)


def _end(request: HttpRequest, user: User) -> int:
    """End what is asked for, never the session that asks; how many."""
    rows = UserSession.objects.filter(user=user)
    if "all" not in request.POST:
        wanted = request.POST.get("session", "")
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 19):
            raise Http404("there is no such session")
        rows = rows.filter(pk=wanted)
    others = [session for session in rows if not session.is_current()]
    for session in others:
        session.end()
    return len(others)
