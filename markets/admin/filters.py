"""How orders and trades are found among millions.

Rules:
- A list costs what it shows: the ids of a market's rows are one range of the primary key, newest last,
  so "newest first" needs no other index; without a market, each market's NEWEST rows are shown.
- Search is exact: an id, a client_order_id, an account's name.
"""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from markets.admin.pages import ReadOnlyAdmin, whole_number
from markets.matching.types import OrderStatus, OrderType, Side
from markets.models import ID_BITS, LIVE_ORDERS, Account, Market

NEWEST: Final = 1000
"""Rows of each market that a list without a market shows."""
MAX_MARKETS_MERGED: Final = 100
LIVE_CHOICE: Final = "resting"


class NewestFirstAdmin(ReadOnlyAdmin):
    """Lists whose ids are times within a market."""

    def get_ordering(self, request: HttpRequest) -> Any:
        """By id where that is time, else by time."""
        return ("-pk",) if request.GET.get("market") else self.opts.ordering


class MarketFilter(admin.SimpleListFilter):
    """One market by its range of ids, or the newest rows of each."""

    title = "market"
    parameter_name = "market"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every market."""
        return [(str(key), symbol) for key, symbol in Market.objects.values_list("pk", "symbol")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What other filters left of the market, or of each."""
        chosen = self.value()
        if chosen is not None:
            key = whole_number(chosen)
            return queryset.none() if key is None else _of_market(request, queryset, key)
        markets = Market.objects.values_list("pk", flat=True)
        if request.GET.get("q") or len(markets) > MAX_MARKETS_MERGED:
            return queryset
        newest = Q(pk__in=[])
        for key in markets:
            rows = _of_market(request, queryset, key).order_by("-pk").values("pk")[:NEWEST]
            newest |= Q(pk__in=rows)
        return queryset.filter(newest)


def _of_market(request: HttpRequest, queryset: QuerySet[Any], key: int) -> QuerySet[Any]:
    if request.GET.get("status") == LIVE_CHOICE:
        return queryset.filter(market=key)  # few, and they have an index by market
    if not 0 <= key < 1 << (63 - ID_BITS):
        return queryset.none()
    return queryset.filter(pk__gte=key << ID_BITS, pk__lt=(key + 1) << ID_BITS)


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
    """Limit or market."""

    title = parameter_name = "type"
    choices_known = tuple(OrderType)


class StatusFilter(ChoiceFilter):
    """A status, or both that rest."""

    title = parameter_name = "status"
    choices_known = (LIVE_CHOICE, *OrderStatus)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        """The rows of that status."""
        if self.value() == LIVE_CHOICE:
            return queryset.filter(LIVE_ORDERS)
        return super().queryset(request, queryset)


def accounts_named(term: str) -> list[int]:
    """Keys of the accounts of that name."""
    return list(Account.objects.filter(name=term).values_list("pk", flat=True))
