"""The page that asks before a market is opened, halted or closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse

from markets import operators
from markets.admin.forms import NoteForm
from markets.admin.pages import Question
from markets.matching.types import MarketStatus
from markets.models import Market

VERBS: Final = {
    MarketStatus.OPEN: "Open",
    MarketStatus.HALTED: "Halt",
    MarketStatus.CLOSED: "Close",
}
CONSEQUENCES: Final = {
    MarketStatus.OPEN: "Orders are taken and matched again.",
    MarketStatus.HALTED: (
        "No order is taken or amended until the market is opened again. Open orders keep their "
        "place, and their owners may cancel them."
    ),
    MarketStatus.CLOSED: (
        "Every open order is canceled, and what it held is released. This cannot be undone: opening "
        "the market again does not bring the orders back."
    ),
}


def status_url(status: MarketStatus, keys: Sequence[str]) -> str:
    """Where it is asked of the markets of these keys."""
    url = reverse("admin:markets_market_status", args=[status.value])
    return f"{url}?{urlencode({'market': keys}, doseq=True)}"


def status_question(
    status: MarketStatus, markets: list[Market], form: NoteForm, back: str
) -> Question:
    """What is asked, and what it will do."""
    verb = VERBS[status]
    names = ", ".join(str(market) for market in markets)
    explanation = CONSEQUENCES[status]
    if status is MarketStatus.CLOSED:
        count = sum(operators.open_orders_of(market) for market in markets)
        explanation = f"{explanation}\nOpen orders now: {count}."
    return Question(
        title=f"{verb} {names}?",
        explanation=explanation,
        form=form,
        button=f"{verb} {names}",
        back=back,
        danger=status is MarketStatus.CLOSED,
    )
