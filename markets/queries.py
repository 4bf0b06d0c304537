"""Pages of an account's orders and fills, newest first, by a cursor that stays right while rows come.

A cursor is the (time, id) of the row it continues from, so a page never repeats or skips a row that was
there before; it is opaque to clients.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from markets import models
from markets.history import INTERVALS
from markets.matching.types import OrderStatus, Side
from markets.problems import Problem

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 500
MAX_INTEGER: Final = 2**63 - 1

_DIRECTIONS: Final = {"n": True, "o": False}
"""What a cursor begins with: whether its page is of newer rows."""

Query = dict[str, str]


def read_query(given: Any, allowed: Sequence[str]) -> Query:
    """The query's parameters. Raises Problem for unknown or repeated ones."""
    errors = {
        name: [f"unknown parameter; known are: {', '.join(allowed)}"]
        for name in given
        if name not in allowed
    }
    for name, values in given.lists():
        if len(values) > 1:
            errors.setdefault(name, []).append("given more than once")
        if "\x00" in "".join(values):
            errors.setdefault(name, []).append("has a NUL character")
    if errors:
        raise _invalid(errors)
    return {name: str(given[name]) for name in given}


def _invalid(errors: dict[str, list[str]]) -> Problem:
    name, messages = next(iter(errors.items()))
    return Problem("invalid_request", f"{name}: {messages[0]}", errors)


def whole_number(
    query: Query, name: str, default: int | None, most: int, least: int = 1
) -> int | None:
    """A whole number of the query. Raises Problem."""
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and least <= int(text) <= most):
        raise _invalid({name: [f"must be a whole number from {least} to {most}"]})
    return int(text)


def limit(query: Query, default: int = DEFAULT_LIMIT, most: int = MAX_LIMIT) -> int:
    """How many rows are wanted. Raises Problem."""
    number = whole_number(query, "limit", default, most)
    assert number is not None
    return number


def choice(query: Query, name: str, choices: Sequence[str]) -> str | None:
    """One of some words. Raises Problem."""
    text = query.get(name)
    if text is not None and text not in choices:
        raise _invalid({name: [f"must be one of: {', '.join(choices)}"]})
    return text


def interval(query: Query) -> int:
    """A candle interval in seconds. Raises Problem."""
    return INTERVALS[choice(query, "interval", tuple(INTERVALS)) or "1m"]


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page continues, and in which direction."""

    newer: bool
    time: int
    id: int

    def text(self) -> str:
        """The cursor as clients see it."""
        plain = f"{'n' if self.newer else 'o'}:{self.time}:{self.id}"
        return base64.urlsafe_b64encode(plain.encode()).decode()

    @classmethod
    def read(cls, text: str | None) -> Cursor | None:
        """A client's cursor. Raises Problem."""
        if text is None:
            return None
        try:
            direction, time, id_ = (
                base64.b64decode(text, altchars=b"-_", validate=True).decode().split(":")
            )
            cursor = cls(_DIRECTIONS[direction], int(time), int(id_))
        except (binascii.Error, ValueError, KeyError):
            cursor = None
        if cursor is None or not (
            0 <= cursor.time <= MAX_INTEGER and 0 <= cursor.id <= MAX_INTEGER
        ):
            raise _invalid({"cursor": ["is not one that this API gave out"]})
        return cursor


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, newest first, and the cursors before and after them."""

    rows: list[tuple[Any, ...]]
    older: Cursor | None
    newer: Cursor | None

    def as_json(self, results: list[Any], url: str, query: Query) -> dict[str, Any]:
        """The contract's page."""

        def link(cursor: Cursor | None) -> str | None:
            return (
                None if cursor is None else f"{url}?{urlencode(query | {'cursor': cursor.text()})}"
            )

        return {"results": results, "next": link(self.older), "previous": link(self.newer)}


def page(
    querysets: Sequence[QuerySet[Any]],
    time: str,
    fields: Sequence[str],
    size: int,
    cursor: Cursor | None,
) -> Page:
    """A page over the union of querysets, ordered by (time, id)."""
    newer = cursor is not None and cursor.newer
    rows: list[tuple[Any, ...]] = []
    for queryset in querysets:
        if cursor is not None:
            operator = "gt" if newer else "lt"
            queryset = queryset.filter(
                Q(**{f"{time}__{operator}": cursor.time})
                | Q(**{time: cursor.time, f"id__{operator}": cursor.id})
            )
        order = (time, "id") if newer else (f"-{time}", "-id")
        rows += queryset.order_by(*order).values_list(time, "id", *fields)[: size + 1]
    rows.sort(key=lambda row: row[:2], reverse=not newer)
    more = len(rows) > size
    rows = rows[:size]
    if newer:
        rows.reverse()
    before, after = more if newer else cursor is not None, more if not newer else True
    return Page(
        rows=[row[2:] for row in rows],
        older=Cursor(False, *rows[-1][:2]) if rows and after else None,
        newer=Cursor(True, *rows[0][:2]) if rows and before else None,
    )


def orders(account: int, query: Query) -> QuerySet[models.Order]:
    """The account's orders that a query asks for. Raises Problem."""
    rows = models.Order.objects.filter(account=account)
    if "market" in query:
        rows = rows.filter(market=_market(query["market"]))
    status = choice(query, "status", [*OrderStatus, "rejected"])
    if status is not None:
        rows = rows.filter(status=status)
    side = choice(query, "side", list(Side))
    return rows if side is None else rows.filter(side=side)


def fills(account: int, query: Query) -> list[QuerySet[models.Trade]]:
    """The account's trades as taker and as maker that a query asks for. Raises Problem."""
    sides = [
        (models.Trade.objects.filter(taker_account=account), "taker_order"),
        (models.Trade.objects.filter(maker_account=account), "maker_order"),
    ]
    market = _market(query["market"]) if "market" in query else None
    order = whole_number(query, "order", None, MAX_INTEGER, least=0)
    wanted = []
    for rows, order_field in sides:
        if market is not None:
            rows = rows.filter(market=market)
        if order is not None:
            rows = rows.filter(**{order_field: order})
        wanted.append(rows)
    return wanted


def _market(symbol: str) -> models.Market:
    market = models.Market.objects.filter(symbol=symbol).first()
    if market is None:
        raise Problem(
            "not_found", f"there is no market {symbol[:32]!r}", {"market": ["unknown market"]}
        )
    return market
