"""What the admin's pages share: read-only lists of bounded cost, buttons, and pages that ask first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from markets.matching.types import format_units
from markets.messages.public import RATIO_DECIMALS, datetime_text, ratio_text, time_text

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
    AnyInline = admin.TabularInline[Any, Any]
    AnyPaginator = Paginator[Any]
else:
    AnyAdmin = admin.ModelAdmin
    AnyInline = admin.TabularInline
    AnyPaginator = Paginator

MAX_COUNTED: Final = 10_000
"""Rows that a list counts and pages through; filters and search find the others."""
MAX_NUMBER_LENGTH: Final = 18
NONE: Final = "–"


class BoundedPaginator(AnyPaginator):
    """Pages through the first MAX_COUNTED rows, so that no list counts millions."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, or MAX_COUNTED if there are more."""
        rows: models.QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by()[:MAX_COUNTED].count()


@dataclass(frozen=True, slots=True)
class Tool:
    """A button above a row's page."""

    label: str
    url: str
    danger: bool = False


class WrittenOnceAdmin(AnyAdmin):
    """Rows that may be added, and then nobody changes or deletes them here."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # their counts read every row
    sortable_by = ()

    def tools_of(self, request: HttpRequest, row: Any) -> list[Tool]:
        """The buttons above its page."""
        return []

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Add the buttons."""
        row = context["original"]
        tools = [] if row is None else self.tools_of(request, row)
        return super().render_change_form(request, {"tools": tools, **context}, *args, **options)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


class ReadOnlyAdmin(WrittenOnceAdmin):
    """Rows to look at: nobody adds them here either."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """All the width for what they show."""
        wide = {"is_nav_sidebar_enabled": False}
        return super().changelist_view(request, wide | (extra_context or {}))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A page that says what is about to happen, asks for what it needs, and does it when posted."""

    title: str
    explanation: str
    form: forms.Form
    button: str
    back: str
    danger: bool = False
    table: Sequence[Sequence[str]] = ()
    """Figures, the headings first."""
    hidden: Sequence[tuple[str, str]] = ()
    """What is sent with the form beside its fields."""

    @property
    def labelled_rows(self) -> list[list[tuple[str, str]]]:
        """The table's rows, each cell with its heading: on a phone there is no room for a head."""
        return [list(zip(self.table[0], row, strict=True)) for row in self.table[1:]]


def ask(page: AnyAdmin, request: HttpRequest, question: Question) -> HttpResponse:
    """Show the question."""
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": question.title,
        "question": question,
        "media": page.media + question.form.media,
    }
    return TemplateResponse(request, "admin/markets/question.html", context)


def change_url(row: models.Model) -> str:
    """The admin's page of a row."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def link_to(row: models.Model) -> SafeString:
    """A row's name, linked to its page."""
    return format_html('<a href="{}">{}</a>', change_url(row), row)


def list_url(model: type[models.Model], query: str = "") -> str:
    """The admin's list of a model."""
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist") + query


def links(pairs: Iterable[tuple[str, str]]) -> SafeString:
    """Labels with the addresses that they lead to, in a line."""
    return format_html_join(" · ", '<a href="{}">{}</a>', ((url, label) for label, url in pairs))


def readable(moment: int | datetime) -> str:
    """A time (or microseconds since 1970) as people read it: UTC, to the microsecond."""
    text = time_text(moment) if isinstance(moment, int) else datetime_text(moment)
    return text.replace("T", " ").replace("Z", " UTC")


def in_words_since(microseconds: int) -> str:
    """How long ago something was: "4 s ago", "3 h ago"."""
    seconds = max(0, microseconds) // 1_000_000
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def in_a_line(moment: int) -> SafeString:
    """Microseconds since 1970 to the second, for a list's column; the rest is in its tooltip."""
    exact = readable(moment)
    return format_html('<span class="in-a-line" title="{}">{}</span>', exact, exact[:19])


def rate_in_words(millionths: int) -> str:
    """A fee rate as the API writes it, and in per cent: "0.001 (0.1 %)"."""
    return f"{ratio_text(millionths)} ({format_units(millionths, RATIO_DECIMALS - 2)} %)"


def with_note(text: str, note: str) -> str:
    """What is kept in the admin log: what was done, and why if that was said."""
    return f"{text}: {note}" if note else f"{text}."


def whole_number(text: str) -> int | None:
    """A number that a 64-bit column can hold, if the text is one."""
    if text.isascii() and text.isdigit() and len(text) <= MAX_NUMBER_LENGTH:
        return int(text)
    return None
