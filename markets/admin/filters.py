"""How orders and trades are found among millions.

Rules:
- A list costs what it shows: the ids of a market's rows are one range of the primary key, newest last,
  so "newest first" needs no other index; without a market, each market's NEWEST rows are shown. With more
  than MAX_MARKETS_MERGED markets they come market by market.
- What filters leave is looked for among the LOOKED_THROUGH newest rows: who wants older ones searches.
- Search is exact: an id, a client_order_id, an account's name.
- A time is a part of a market's range of ids (`times`).
"""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from markets.admin.pages import ReadOnlyAdmin, whole_number
from markets.admin.times import narrowed
from markets.matching.types import LIVE, OrderStatus, OrderType, Reason, Side
from markets.models import ID_BITS, LIVE_ORDERS, Account, Market

NEWEST: Final = 1000
"""Rows of each market that a list without a market shows."""
MAX_MARKETS_MERGED: Final = 100
LOOKED_THROUGH: Final = 100_000
"""Rows (of all markets together) among which filters look, but for live orders: those have an index."""
FILTERS_LOOK: Final = f"Filters look through the newest {LOOKED_THROUGH:,} rows."
LIVE_CHOICE: Final = "live"
ENDED_CHOICE: Final = "ended"
ENDED: Final = [status for status in OrderStatus if status not in LIVE]


class NewestFirstAdmin(ReadOnlyAdmin):
    """Lists whose ids are times within a market."""

    def get_ordering(self, request: HttpRequest) -> Any:
        """By id where that is time, or where too many rows would have to be sorted; else by time."""
        by_id = request.GET.get("market") or not (request.GET.get("q") or _few_markets())
        return ("-pk",) if by_id else self.ordering


class MarketFilter(admin.SimpleListFilter):
    """One market by its range of ids, or the newest rows of each."""

    title = "market"
    parameter_name = "market"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every market."""
        return [(str(key), symbol) for key, symbol in Market.objects.values_list("pk", "symbol")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What other filters left of the market, or of each."""
        if queryset.query.is_empty():
            return queryset
        chosen = self.value()
        if chosen is not None:
            key = whole_number(chosen)
            if key is None:
                return queryset.none()
            return _of_market(request, queryset, key, LOOKED_THROUGH)
        markets = Market.objects.values_list("pk", flat=True)
        if request.GET.get("q") or len(markets) > MAX_MARKETS_MERGED:
            return queryset
        newest = Q(pk__in=[])
        for key in markets:
            rows = _of_market(request, queryset, key, LOOKED_THROUGH // len(markets))
            newest |= Q(pk__in=rows.order_by("-pk").values("pk")[:NEWEST])
        return queryset.filter(newest)


def _few_markets() -> bool:
    return Market.objects.count() <= MAX_MARKETS_MERGED


def _of_market(
    request: HttpRequest, queryset: QuerySet[Any], key: int, look_through: int
) -> QuerySet[Any]:
    if request.GET.get("status") == LIVE_CHOICE:
        return queryset.filter(market=key)  # few, and they have an index by market
    if not 0 <= key < 1 << (63 - ID_BITS):
        return queryset.none()
    first, end = narrowed(request, queryset.model, key << ID_BITS, (key + 1) << ID_BITS)
    if request.GET.keys() & FILTERED and not request.GET.get("q"):
        rows = queryset.model.objects.filter(pk__gte=first, pk__lt=end).order_by("-pk")
        first = rows.values_list("pk", flat=True)[look_through - 1 :].first() or first
    return queryset.filter(pk__gte=first, pk__lt=end)


class ChoiceFilter(admin.SimpleListFilter):
    """One of a column's known words; the rows are not asked which there are."""

    choices_known: tuple[str, ...]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The words."""
        return [(word, word) for word in self.choices_known]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        """The rows that say so."""
        word = self.value()
        return None if word is None else queryset.filter(**{str(self.parameter_name): word})


class SideFilter(ChoiceFilter):
    """Buy or sell."""

    title = parameter_name = "side"
    choices_known = tuple(Side)


class TakerSideFilter(ChoiceFilter):
    """Whether the taker bought or sold."""

    title = "taker's side"
    parameter_name = "taker_side"
    choices_known = tuple(Side)


class TypeFilter(ChoiceFilter):
    """Limit or market, stops of both."""

    title = parameter_name = "type"
    choices_known = tuple(OrderType)


class ReasonFilter(ChoiceFilter):
    """Why an order ended without being filled whole."""

    title = parameter_name = "reason"
    choices_known = tuple(Reason)


class StatusFilter(ChoiceFilter):
    """A status, or all those of orders that have (not) ended."""

    title = parameter_name = "status"
    choices_known = (LIVE_CHOICE, ENDED_CHOICE, *OrderStatus)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        """The rows of that status."""
        match self.value():
            case "live":
                return queryset.filter(LIVE_ORDERS)
            case "ended":
                return queryset.filter(status__in=ENDED)
            case _:
                return super().queryset(request, queryset)


FILTERED: Final = frozenset({"side", "taker_side", "type", "status", "reason"})
"""Parameters of filters that have no index."""


def accounts_named(term: str) -> list[int]:
    """Keys of the accounts of that name."""
    return list(Account.objects.filter(name=term).values_list("pk", flat=True))
