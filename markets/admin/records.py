"""What engines and operators did, to look up: batches, operators' commands, the admin log."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from markets import operators
from markets.admin import commands
from markets.admin.pages import ReadOnlyAdmin, readable, whole_number
from markets.models import Batch, Market, OperatorCommand


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """An engine's transactions, newest first."""

    fields = ("market", "prev_sequence", "sequence", "orders", "trades", "checksum", "time")
    list_display = ("id", *fields)
    list_filter = ("market",)
    list_select_related = ("market",)
    search_fields = ("sequence",)
    search_help_text = "A sequence: finds each market's batch that holds it."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Batch], search_term: str
    ) -> tuple[QuerySet[Batch], bool]:
        """One batch a market, by the index of its sequences."""
        term = search_term.strip()
        if not term:
            return queryset, False
        sequence = whole_number(term)
        if sequence is None:
            return queryset.none(), False
        holding = [
            Batch.objects.filter(market=market, sequence__gte=sequence)
            .order_by("sequence")
            .values_list("pk", flat=True)
            .first()
            for market in Market.objects.all()
        ]
        return queryset.filter(pk__in=[key for key in holding if key is not None]), False

    @admin.display(description="time")
    def time(self, batch: Batch) -> str:
        """When it was executed."""
        return readable(batch.timestamp)


@admin.register(OperatorCommand)
class OperatorCommandAdmin(ReadOnlyAdmin):
    """What operators asked of engines, and what came of it."""

    fields: ClassVar[Any] = (
        "market",
        "kind",
        "wanted",
        "outcome",
        "requested_by",
        "note",
        "created_at",
    )
    list_display = ("id", *fields)
    list_filter = ("market", "kind", "done")
    list_select_related = ("market",)
    search_fields = ("requested_by", "note")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Fee rates account by account."""
        if obj is None or obj.kind != "set_fee_rates":
            return self.fields
        return (*self.fields[:3], "fee_rates", *self.fields[3:])

    @admin.display(description="wanted")
    def wanted(self, command: OperatorCommand) -> str:
        """What was asked for."""
        return commands.wanted(command)

    @admin.display(description="fee rates")
    def fee_rates(self, command: OperatorCommand) -> SafeString:
        """Which accounts shall pay what."""
        return commands.rates_wanted(command)

    @admin.display(description="outcome")
    def outcome(self, command: OperatorCommand) -> str:
        """What came of it."""
        return operators.outcome_of(command)


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """Who did what in the admin; nobody deletes it."""

    fields = ("action_time", "user", "content_type", "row", "what")
    list_display = fields
    list_filter = (
        ("user", admin.RelatedOnlyFieldListFilter),
        ("content_type", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr", "change_message")

    @admin.display(description="row")
    def row(self, entry: LogEntry) -> SafeString | str:
        """What it was done to, linked."""
        url = entry.get_admin_url()
        if url is None or entry.is_deletion():
            return entry.object_repr
        return format_html('<a href="{}">{}</a>', url, entry.object_repr)

    @admin.display(description="what")
    def what(self, entry: LogEntry) -> str:
        """What was done."""
        return entry.get_change_message()
