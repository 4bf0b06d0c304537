"""Orders and trades of a time, found among millions without an index by time.

Rules:
- Within a market ids are times: where a time begins is found by halving the range of ids, at some thirty
  look-ups by key. Nothing is sorted, nothing is counted.
- Without a market that is done for each, if there are at most MAX_MARKETS; else a market must be chosen.
- What a search found is few, or an account's, which has an index by time: there the column is asked.
- Times are UTC. One that makes no sense finds nothing, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from markets.models import Market, Order

MAX_MARKETS: Final = 20
PARAMETERS: Final = ("from", "to")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def moment_of(text: str) -> int:
    """A time as a browser sends it, in microseconds since 1970. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // MICROSECOND


def times_of(request: HttpRequest) -> tuple[int | None, int | None]:
    """From when and until when; None: no such bound, or one that makes no sense."""
    bounds: list[int | None] = []
    for name in PARAMETERS:
        try:
            bounds.append(moment_of(request.GET[name]))
        except (KeyError, ValueError, OverflowError):
            bounds.append(None)
    return bounds[0], bounds[1]


def column_of(model: type[Any]) -> str:
    """The column that says when a row came to be."""
    return "created_at" if model is Order else "timestamp"


def narrowed(request: HttpRequest, model: type[Any], first: int, end: int) -> tuple[int, int]:
    """The part of a market's range of ids that is of the time that was asked for."""
    since, until = times_of(request)
    if until is not None:
        end = _first_at(model, first, end, until)
    if since is not None:
        first = _first_at(model, first, end, since)
    return first, end


def _first_at(model: type[Any], first: int, end: int, moment: int) -> int:
    """Where in a range of one market's ids the rows of a moment, or after it, begin."""
    rows = model.objects.order_by("pk").values_list("pk", column_of(model))
    last = rows.filter(pk__gte=first, pk__lt=end).last()
    if last is None or last[1] < moment:
        return end
    low, high = first, last[0]
    while low < high:
        middle = (low + high) // 2
        found = rows.filter(pk__gte=middle, pk__lt=high).first()
        if found is not None and found[1] < moment:
            low = found[0] + 1
        else:
            high = middle
    return low


class TimesFilter(admin.SimpleListFilter):
    """From when and until when, typed in."""

    title = "time (UTC)"
    parameter_name = "from"
    template = "admin/markets/times_filter.html"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in PARAMETERS:
            given = params.pop(name, None)
            if given is not None:
                self.used_parameters[name] = given[-1]
        self._request = request

    def expected_parameters(self) -> list[str | None]:
        """Both of them."""
        return list(PARAMETERS)

    def has_output(self) -> bool:
        """Always."""
        return True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Nothing to choose from."""
        return []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What a search found, of that time; a list is narrowed by the market's filter."""
        if self.problem():
            return queryset.none()
        if not (request.GET.get("q") or request.GET.get("status") == "live"):
            return queryset
        column = column_of(queryset.model)
        since, until = times_of(request)
        if since is not None:
            queryset = queryset.filter(**{f"{column}__gte": since})
        if until is not None:
            queryset = queryset.filter(**{f"{column}__lt": until})
        return queryset

    def problem(self) -> str:
        """Why nothing can be found so."""
        given = {name: self._request.GET.get(name, "") for name in PARAMETERS}
        for name, text in given.items():
            try:
                _ = text and moment_of(text)
            except (ValueError, OverflowError):
                return f"“{name}” is no time such as 2026-11-22T12:00."
        request = self._request.GET
        chosen = request.get("market") or request.get("q")
        if any(given.values()) and not chosen and Market.objects.count() > MAX_MARKETS:
            return "Choose a market too, or search for an account: there are too many markets."
        return ""

    def choices(self, changelist: Any) -> Iterator[Any]:
        """What the template shows: the two fields, what goes with them, and the way back."""
        others = [
            (name, value)
            for name, value in self._request.GET.items()
            if name not in (*PARAMETERS, "p", "e")
        ]
        yield {
            "since": self._request.GET.get("from", ""),
            "until": self._request.GET.get("to", ""),
            "others": others,
            "problem": self.problem(),
            "clear": changelist.get_query_string(remove=list(PARAMETERS)),
        }
