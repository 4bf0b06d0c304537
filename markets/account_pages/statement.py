"""The statement as a page, and as a file."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django import forms
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from markets import models
from markets.account_pages.owner import for_owner
from markets.messages.public import time_text
from markets.statement import KINDS, Line, Place, Statement, Wanted

MAX_EXPORT_LINES: Final = 100_000
"""Lines of one file; it says so where there are more."""
EXPORT_PAGE: Final = 1000
"""Movements that are read at a time."""
COLUMNS: Final = ("time", "kind", "asset", "change", "market", "trade", "order", "note")
DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet take a text for a formula, at its beginning."""


class FilterForm(forms.Form):
    """What of the statement is wanted."""

    asset = forms.ModelChoiceField(
        models.Asset.objects.order_by("symbol"),
        required=False,
        to_field_name="symbol",
        empty_label="All assets",
    )
    kind = forms.ChoiceField(
        choices=[("", "All kinds"), *((kind, kind.capitalize()) for kind in KINDS)], required=False
    )
    market = forms.ModelChoiceField(
        models.Market.objects.order_by("symbol"),
        required=False,
        to_field_name="symbol",
        empty_label="All markets",
    )
    first_day = forms.DateField(
        label="From", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    last_day = forms.DateField(
        label="To", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean(self) -> dict[str, Any]:
        """The days in their order."""
        found: dict[str, Any] = super().clean() or {}
        first, last = found.get("first_day"), found.get("last_day")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            self.add_error("last_day", "Before the first day.")
        return found

    def wanted(self) -> Wanted:
        """What was chosen; the form must be valid."""
        return Wanted(**self.cleaned_data)

    def query(self) -> dict[str, str]:
        """What was chosen, as a link carries it."""
        return {name: self.data[name] for name in self.fields if self.data.get(name)}


@require_safe
@for_owner
def statement_page(request: HttpRequest, account: models.Account) -> HttpResponse:
    """A page of the statement, filtered."""
    form = FilterForm(request.GET)
    text = request.GET.get("after", "")
    after = Place.read(text) if text else None
    lost = bool(text) and after is None
    context: dict[str, Any] = {"account": account, "form": form, "lost": lost}
    if not form.is_valid() or lost:
        return render(request, "account/statement.html", context)
    page = Statement(account.pk, form.wanted()).page(after)
    chosen = form.query()
    context |= {
        "lines": page.lines,
        "filtered": bool(chosen),
        "begin": None if after is None else f"?{urlencode(chosen)}",
        "more": None
        if page.after is None
        else f"?{urlencode(chosen | {'after': page.after.text()})}",
        "export": urlencode(chosen),
        "most": MAX_EXPORT_LINES,
    }
    return render(request, "account/statement.html", context)


@require_safe
@for_owner
def statement_file(request: HttpRequest, account: models.Account) -> Any:
    """The same as a file of comma-separated values, at most MAX_EXPORT_LINES."""
    form = FilterForm(request.GET)
    if not form.is_valid():
        context = {"account": account, "form": form, "lost": False}
        return render(request, "account/statement.html", context, status=400)
    statement = Statement(account.pk, form.wanted())
    # Read while it is sent. Django's test client, like WSGI, takes nothing asynchronous.
    asynchronous = hasattr(request, "scope")
    parts = _stream(statement) if asynchronous else _parts(statement)
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    name = content_disposition_header(True, f"statement-{account.name}.csv")
    assert name is not None
    response["Content-Disposition"] = name
    return response


async def _stream(statement: Statement) -> AsyncIterator[str]:
    parts = _parts(statement)
    read = sync_to_async(_next)
    while (part := await read(parts)) is not None:
        yield part


def _next(parts: Iterator[str]) -> str | None:
    return next(parts, None)


def _parts(statement: Statement) -> Iterator[str]:
    """The file, piece by piece; what was left out is its last row."""
    yield _rows([COLUMNS])
    sent = 0
    for lines in statement.lines(MAX_EXPORT_LINES + 1, EXPORT_PAGE):
        kept = lines[: MAX_EXPORT_LINES - sent]
        sent += len(kept)
        yield _rows([_row(line) for line in kept])
        if len(kept) < len(lines):
            said = f"there is more: a file has at most {MAX_EXPORT_LINES} lines; choose fewer days"
            yield _rows([("", "truncated", "", "", "", "", "", said)])
            return


class _Text:
    """What csv writes to."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, text: str) -> None:
        self.written.append(text)


def _rows(rows: list[tuple[str, ...]]) -> str:
    text = _Text()
    csv.writer(text).writerows(rows)
    return "".join(text.written)


def _row(line: Line) -> tuple[str, ...]:
    return (
        time_text(line.time),
        line.kind,
        line.asset,
        line.amount,
        line.market,
        line.trade,
        line.order,
        as_text(line.words),
    )


def as_text(words: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{words}" if words.startswith(DANGEROUS) else words
