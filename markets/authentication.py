"""Who is calling over HTTP: `Authorization: Bearer <key>` for programs, the session for pages."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from markets.accounts import Principal, principal_of_key, principal_of_user
from markets.problems import Problem

if TYPE_CHECKING:
    from rest_framework.views import APIView


class ApiKeyAuthentication(BaseAuthentication):
    """A key in the Authorization header. A wrong one is refused, not ignored."""

    def authenticate(self, request: Request) -> tuple[Any, Principal] | None:
        """The key's user and principal; None without such a header."""
        key = key_of_header(get_authorization_header(request))
        if key is None:
            return None
        principal = known_principal(principal_of_key(key), str(request.META.get("REMOTE_ADDR")))
        return principal.account.user or AnonymousUser(), principal

    def authenticate_header(self, request: Request) -> str:
        """Makes missing credentials a 401."""
        del request
        return 'Bearer realm="exchange"'


def key_of_header(header: bytes) -> str | None:
    """The key of an Authorization header; None if it is of another kind. Raises AuthenticationFailed."""
    words = header.split()
    if not words or words[0].lower() != b"bearer":
        return None
    if len(words) != 2:
        raise AuthenticationFailed("the header must be: Authorization: Bearer <key>")
    return words[1].decode("latin-1")


def known_principal(who: Principal | None, address: str) -> Principal:
    """Whose key it is. Raises AuthenticationFailed if it is nobody's, Problem if it has expired or may not
    be used from this address.
    """
    if who is None:
        raise AuthenticationFailed("the API key is unknown or was revoked")
    if who.limits is not None:
        who.limits.check(address)
    return who


def principal_of_session(session_key: str) -> Principal | None:
    """Whose session it is; None when it has ended, its user is locked out or has no account."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    return principal_of_user(user) if isinstance(user, User) else None


def principal(request: Request) -> Principal:
    """The caller's account. Raises Problem if there is none."""
    if isinstance(request.auth, Principal):
        return request.auth
    found = principal_of_user(request.user) if request.user.is_authenticated else None
    if found is None:
        raise Problem("permission_denied", "this user has no trading account")
    return found


class MayRead(BasePermission):
    """Private data: whoever is logged in, or a key with the scope `read`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raises Problem with the missing scope."""
        del view
        return _allowed(request, "read")


class MayTrade(BasePermission):
    """Orders: whoever is logged in, or a key with the scope `trade`; reading needs `read`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raises Problem with the missing scope."""
        del view
        return _allowed(
            request, "read" if request.method in ("GET", "HEAD", "OPTIONS") else "trade"
        )


def _allowed(request: Request, scope: str) -> bool:
    if isinstance(request.auth, Principal):
        require_scope(request.auth, scope)
        return True
    return bool(request.user and request.user.is_authenticated)


def require_scope(who: Principal, scope: str) -> None:
    """Raises Problem if the key may not `read` or `trade`."""
    if not (who.can_read if scope == "read" else who.can_trade):
        raise Problem("permission_denied", f"this API key lacks the scope {scope!r}")
