"""A market's changes, shown before they are asked for: old and new, what comes of it, what is sent, and why.

Rules:
- The form is sent twice: first it is shown what it would do, then it is confirmed with a reason.
- What is confirmed is what was shown: if the market has changed in between, it is shown again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from markets import operators
from markets.admin.forms import READERS_COLUMNS, ChangeMarketForm, NoteForm
from markets.admin.pages import AnyAdmin, Question, ask, change_url
from markets.models import SPECIFICATION, Market
from markets.operators import Change

SHOWN: Final = "shown"
"""The field that says which changes were shown."""
CHANGED_MEANWHILE: Final = (
    "The market or what you want of it is not what was shown to you. Look again, then confirm."
)


def preview_page(
    page: AnyAdmin, request: HttpRequest, market: Market, form: ChangeMarketForm
) -> HttpResponse | None:
    """The page to confirm; None: this was confirmed, is not valid, or changes nothing: go on."""
    if not form.is_valid():
        return None
    columns = form.changed((*SPECIFICATION, *READERS_COLUMNS))
    if not columns:
        return None
    changes = operators.preview(market, columns)
    fingerprint = _fingerprint(changes)
    shown = request.POST.get(SHOWN)
    reason = NoteForm(None if shown is None else request.POST)
    if shown is not None and reason.is_valid():
        if shown == fingerprint:
            return None
        reason.add_error(None, CHANGED_MEANWHILE)
    return ask(page, request, _question(market, changes, columns, reason, request))


def _fingerprint(changes: list[Change]) -> str:
    return "; ".join(f"{change.name}: {change.old} > {change.new}" for change in changes)


def _question(
    market: Market,
    changes: list[Change],
    columns: Mapping[str, Any],
    reason: NoteForm,
    request: HttpRequest,
) -> Question:
    sent = [
        (name, value)
        for name, value in request.POST.items()
        if name not in (SHOWN, "note", "csrfmiddlewaretoken") and isinstance(value, str)
    ]
    rows = [(change.name, change.old, change.new, change.effect) for change in changes]
    return Question(
        title=f"Change {market}?",
        explanation=operators.commands_in_words(market, columns),
        form=reason,
        button=f"Change {market}",
        back=change_url(market),
        table=[("rule", "now", "then", "what comes of it"), *rows],
        hidden=[*sent, (SHOWN, _fingerprint(changes))],
    )
