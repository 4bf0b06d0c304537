"""API keys: looked at, revoked, and given faults on purpose."""

from __future__ import annotations

from functools import partial

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from markets.admin.faults import faults_view, may_give_faults
from markets.admin.forms import NoteForm
from markets.admin.pages import Question, ReadOnlyAdmin, Tool, ask, list_url
from markets.faults import rows
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
        "faults_in_words",
        "created_at",
        "last_used_at",
        "revoked_at",
    )
    list_display = (
        "prefix",
        "account",
        "name",
        "kind_in_a_word",
        *(name for name in fields if name not in ("prefix", "account", "name", "kind")),
    )
    list_filter = (
        "kind",
        "can_trade",
        ("revoked_at", admin.EmptyFieldListFilter),
        ("expires_at", admin.EmptyFieldListFilter),
        "faults__is_on",
    )
    list_select_related = ("account", "faults")
    change_form_template = "admin/markets/change_form.html"
    search_fields = ("account__name", "=prefix", "name")
    actions = ("revoke_selected", "turn_faults_off")

    @admin.display(description="kind")
    def kind_in_a_word(self, key: ApiKey) -> str:
        """What its own page says at length."""
        return key.kind

    @admin.display(description="allowed from")
    def allowed_from(self, key: ApiKey) -> str:
        """Addresses and networks."""
        return ", ".join(key.allowed_ips) or "anywhere"

    @admin.display(description="faults")
    def faults_in_words(self, key: ApiKey) -> str:
        """What goes wrong for it on purpose."""
        row = rows.row_of_read(key)
        if row is None or not rows.has_faults(key):
            return "none"
        return f"ON: {rows.plan_of_row(row).in_words()}"

    def tools_of(self, request: HttpRequest, row: ApiKey) -> list[Tool]:
        """Its faults, while it is in force."""
        if row.revoked_at is not None or not may_give_faults(request):
            return []
        return [Tool("Faults…", reverse("admin:markets_apikey_faults", args=[row.pk]))]

    def get_urls(self) -> list[URLPattern]:
        """Add the page of its faults."""
        view = self.admin_site.admin_view(partial(faults_view, self))
        return [
            path("<int:key>/faults/", view, name="markets_apikey_faults"),
            *super().get_urls(),
        ]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever may change keys."""
        return request.user.has_perm("markets.change_apikey")

    @admin.action(description="Revoke selected keys", permissions=["revoke"])
    def revoke_selected(
        self, request: HttpRequest, queryset: QuerySet[ApiKey]
    ) -> HttpResponse | None:
        """Ask why; then let nobody in by them from now on."""
        keys = list(queryset.filter(revoked_at=None).select_related("account"))
        if not keys:
            self.message_user(request, "No such key is in force.", messages.WARNING)
            return None
        form = NoteForm(request.POST if "note" in request.POST else None)
        if not form.is_valid():
            return ask(self, request, _revoke_question(keys, form))
        with transaction.atomic():
            revoked = revoke(keys)
            note = form.cleaned_data["note"]
            for key in keys:
                self.log_change(request, key, f"Revoked {key.prefix}… of {key.account}: {note}.")
        self.message_user(request, f"{revoked} revoked.", messages.SUCCESS)
        return None

    @admin.action(description="Turn faults of selected keys off", permissions=["revoke"])
    def turn_faults_off(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Let nothing go wrong for them any more."""
        with transaction.atomic():
            keys = list(queryset.filter(faults__is_on=True).select_related("account"))
            changed = rows.turn_off(keys)
            for key in keys:
                self.log_change(request, key, "Turned its faults off.")
        self.message_user(request, f"Faults of {changed} turned off.", messages.SUCCESS)


def _revoke_question(keys: list[ApiKey], form: NoteForm) -> Question:
    return Question(
        title=f"Revoke {len(keys)} key{'' if len(keys) == 1 else 's'}?",
        explanation="\n".join(
            f"{key.prefix}… of {key.account} {key.name}".rstrip() for key in keys
        ),
        form=form,
        button="Revoke",
        back=list_url(ApiKey),
        danger=True,
        hidden=[
            ("action", "revoke_selected"),
            *(("_selected_action", str(key.pk)) for key in keys),
        ],
    )
