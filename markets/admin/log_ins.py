"""Second factors and sessions of people: seen and taken away here, never made or edited.

A secret is not shown, not even encrypted.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.admin import AuthenticatorAdmin
from allauth.mfa.models import Authenticator
from allauth.usersessions.admin import UserSessionAdmin
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

# Imported above, so that the library has registered its own by now.
admin.site.unregister([Authenticator, UserSession])


@admin.register(Authenticator)
class SecondFactorAdmin(AuthenticatorAdmin):  # type: ignore[misc]
    """Taken away from who lost it."""

    fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: people add their own."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


@admin.register(UserSession)
class SessionAdmin(UserSessionAdmin):  # type: ignore[misc]
    """Where people are logged in."""

    fields = ("user", "created_at", "last_seen_at", "ip", "user_agent")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: it comes by a log-in."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        """Log it out, too: the row alone is but a note of it."""
        obj.end()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[UserSession]) -> None:
        """All of them."""
        for session in queryset:
            session.end()
