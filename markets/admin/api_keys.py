"""API keys: looked at, and revoked."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from markets.admin.pages import ReadOnlyAdmin
from markets.known_keys import revoke
from markets.models import ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Programs' ways in: looked at and revoked; hashes are never shown."""

    fields = (
        "account",
        "name",
        "kind",
        "prefix",
        "can_read",
        "can_trade",
        "allowed_from",
        "expires_at",
        "created_at",
        "last_used_at",
        "revoked_at",
    )
    list_display = ("prefix", *(name for name in fields if name != "prefix"))
    list_filter = (
        "kind",
        "can_trade",
        ("revoked_at", admin.EmptyFieldListFilter),
        ("expires_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("account",)
    search_fields = ("account__name", "=prefix", "name")
    actions = ("revoke_selected",)

    @admin.display(description="allowed from")
    def allowed_from(self, key: ApiKey) -> str:
        """Addresses and networks."""
        return ", ".join(key.allowed_ips) or "anywhere"

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever may change keys."""
        return request.user.has_perm("markets.change_apikey")

    @admin.action(description="Revoke selected keys", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Let nobody in by them from now on."""
        with transaction.atomic():
            keys = list(queryset.filter(revoked_at=None).select_related("account"))
            revoked = revoke(keys)
            for key in keys:
                self.log_change(request, key, f"Revoked {key.prefix}… of {key.account}.")
        self.message_user(request, f"{revoked} revoked.", messages.SUCCESS)
