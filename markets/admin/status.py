"""Opening, halting, closing and auctioning markets: what it does in words, asked before it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from asgiref.sync import async_to_sync
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from markets import operators, process, schedules
from markets.admin import commands
from markets.admin.forms import AuctionForm, NoteForm
from markets.admin.pages import (
    AnyAdmin,
    Question,
    ask,
    change_url,
    list_url,
    whole_number,
    with_note,
)
from markets.hub import Hub
from markets.matching.types import MarketStatus
from markets.messages.public import JSON
from markets.models import Market


@dataclass(frozen=True, slots=True)
class StatusChange:
    """What an operator may make of markets."""

    label: str
    """On buttons."""
    asked: str
    """In questions and the log; the markets' names follow."""
    consequence: str
    about_hours: str
    """What a market's schedule does about it; its next change goes in the gap."""


CHANGES: Final = {
    MarketStatus.OPEN: StatusChange(
        "Open",
        "Open",
        "Orders are taken and matched again. Where orders cross (after an auction they may), they trade "
        "first: at one price, the one at which most can trade.",
        "By its hours {market} changes to {change}.",
    ),
    MarketStatus.AUCTION: StatusChange(
        "Auction",
        "Hold an auction in",
        "Limit orders and stops are collected and may be amended and canceled, but nothing trades. "
        "Market orders, ioc, fok and post-only are refused. When the market is opened again (after so "
        "many seconds by itself), what crosses trades at one price.",
        "By its hours {market} changes to {change}.",
    ),
    MarketStatus.HALTED: StatusChange(
        "Halt",
        "Halt",
        "No order is taken or amended until the market is opened again. Open orders keep their "
        "place, and their owners may cancel them.",
        "{market} has hours: they wait until somebody opens it by hand.",
    ),
    MarketStatus.CLOSED: StatusChange(
        "Close",
        "Close",
        "Every open order is canceled, and what it held is released. This cannot be undone: opening "
        "the market again does not bring the orders back.",
        "By its hours {market} changes to {change}: halt it, or turn its hours off, if it "
        "shall stay shut.",
    ),
}


def status_url(status: MarketStatus, keys: Sequence[str]) -> str:
    """Where it is asked of the markets of these keys."""
    url = reverse("admin:markets_market_status", args=[status.value])
    return f"{url}?{urlencode({'market': keys}, doseq=True)}"


def _action(status: MarketStatus) -> Callable[[AnyAdmin, HttpRequest, QuerySet[Market]], Any]:
    label = CHANGES[status].label

    @admin.action(description=f"{label} selected markets…", permissions=["change"])
    def ask_first(page: AnyAdmin, request: HttpRequest, queryset: QuerySet[Market]) -> HttpResponse:
        del page, request
        keys = [str(key) for key in queryset.values_list("pk", flat=True)]
        return HttpResponseRedirect(status_url(status, keys))

    ask_first.__name__ = f"{label.lower()}_selected"
    return ask_first


ACTIONS: Final = [_action(status) for status in CHANGES]


def status_view(page: AnyAdmin, request: HttpRequest, status: str) -> HttpResponse:
    """Ask why; then tell the engines, and say what they did."""
    if not page.has_change_permission(request):
        raise PermissionDenied
    if status not in tuple(MarketStatus):
        raise Http404("there is no such status")
    wanted = MarketStatus(status)
    keys = [whole_number(key) for key in request.GET.getlist("market")]
    markets = list(Market.objects.filter(pk__in=[key for key in keys if key is not None]))
    if not markets:
        raise Http404("there is no such market")
    form_of = AuctionForm if wanted is MarketStatus.AUCTION else NoteForm
    form = form_of(request.POST or None)
    back = change_url(markets[0]) if len(markets) == 1 else list_url(Market)
    if request.method != "POST" or not form.is_valid():
        return ask(page, request, _question(wanted, markets, form, back))
    _set_status(page, request, markets, wanted, form.cleaned_data)
    return HttpResponseRedirect(back)


def _question(status: MarketStatus, markets: list[Market], form: NoteForm, back: str) -> Question:
    names = ", ".join(str(market) for market in markets)
    title = f"{CHANGES[status].asked} {names}"
    return Question(
        title=f"{title}?",
        explanation="\n".join(_explanation(status, markets)),
        form=form,
        button=title,
        back=back,
        danger=status is MarketStatus.CLOSED,
    )


def _explanation(status: MarketStatus, markets: list[Market]) -> list[str]:
    change = CHANGES[status]
    lines = [change.consequence]
    if status is MarketStatus.CLOSED:
        count = sum(operators.open_orders_of(market) for market in markets)
        lines.append(f"Open orders now: {count}.")
    for market in markets:
        if status is MarketStatus.OPEN and (auction := auction_in_words(market)):
            lines.append(f"{market} is in an auction: {auction}.")
        if (due := schedules.next_change_of(market, timezone.now())) is not None:
            lines.append(change.about_hours.format(market=market, change=due.in_words()))
    return lines


def _set_status(
    page: AnyAdmin,
    request: HttpRequest,
    markets: list[Market],
    status: MarketStatus,
    wanted: dict[str, Any],
) -> None:
    by, note, seconds = request.user.get_username(), wanted["note"], wanted.get("seconds")
    asked = f"Asked to {CHANGES[status].label.lower()}"
    if seconds is not None:
        asked += f" for {seconds} s"
    with transaction.atomic():
        sent = [
            operators.set_market_status(market, status, by, note, seconds) for market in markets
        ]
        for market in markets:
            page.log_change(request, market, with_note(asked, note))
    commands.report(page, request, sent)


def auction_in_words(market: Market) -> str:
    """What an auction at hand would come to now, as far as this process knows; nothing without one."""
    try:
        hub = process.current().hub
    except process.NotStarted:
        return ""
    auction = async_to_sync(_auction_of)(hub, market.symbol)
    if auction is None:
        return ""
    if auction["indicative_price"] is None:
        return "nothing would trade now"
    base, quote = market.symbol.split("-")
    text = (
        f"{auction['indicative_volume']} {base} would trade at {auction['indicative_price']} "
        f"{quote} now"
    )
    if auction["surplus_side"] is not None:
        text += f", {auction['surplus']} more are there to {auction['surplus_side']}"
    return text


async def _auction_of(hub: Hub, symbol: str) -> JSON | None:
    """Asked in the loop that the hub lives in."""
    view = hub.markets.get(symbol)
    return view.auction_json() if view is not None else None
