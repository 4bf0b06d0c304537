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
from markets.matching.types import LIVE, OrderStatus, Side
from markets.problems import Problem

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 500
MAX_INTEGER: Final = 2**63 - 1
LOOKED_THROUGH: Final = 10_000
"""Rows of an account among which one page's filters look; the next page goes on from there."""

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

    @classmethod
    def at(cls, place: tuple[int, int] | None, *, newer: bool) -> Cursor | None:
        """The cursor that continues from a row's time and id, if there is one."""
        return None if place is None else cls(newer, *place)

    def turned(self) -> tuple[int, int]:
        """Where a cursor begins that leads back, and to the row that this one came from."""
        return self.time, self.id + (1 if self.newer else -1)

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


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that have an index by account and time, and what is wanted of them."""

    rows: QuerySet[Any]
    wanted: dict[str, Any]

    def beyond(self, cursor: Cursor | None, time: str, *, newer: bool) -> QuerySet[Any]:
        """The rows after the cursor, nearest first."""
        rows = self.rows
        if cursor is not None:
            # The first condition alone says where an index is to be entered.
            side = "gt" if newer else "lt"
            rows = rows.filter(
                Q(**{f"{time}__{side}": cursor.time}) | Q(**{f"id__{side}": cursor.id}),
                **{f"{time}__{side}e": cursor.time},
            )
        return rows.order_by(*((time, "id") if newer else (f"-{time}", "-id")))


def page(
    sources: Sequence[Source], time: str, fields: Sequence[str], size: int, cursor: Cursor | None
) -> Page:
    """A page over the union of sources, ordered by (time, id).

    Of rows that filters choose from, LOOKED_THROUGH are looked through: the page may be short then, even
    empty, and goes on.
    """
    newer = cursor is not None and cursor.newer
    beyond = [source.beyond(cursor, time, newer=newer) for source in sources]
    edges = [
        edge
        for source, near in zip(sources, beyond, strict=True)
        if source.wanted
        and (edge := near.values_list(time, "id")[LOOKED_THROUGH - 1 : LOOKED_THROUGH].first())
    ]
    edge = None if not edges else min(edges) if newer else max(edges)
    rows: list[tuple[Any, ...]] = []
    for source, near in zip(sources, beyond, strict=True):
        if edge is not None:
            near = near.filter(**{f"{time}__{'lte' if newer else 'gte'}": edge[0]})
        found = near.filter(**source.wanted).values_list(time, "id", *fields)[: size + 1]
        rows += found
    if edge is not None:
        rows = [row for row in rows if (row[:2] <= edge if newer else row[:2] >= edge)]
    rows.sort(key=lambda row: row[:2], reverse=not newer)
    more = len(rows) > size
    rows = rows[:size]
    onward = rows[-1][:2] if more else edge
    back = None if cursor is None else rows[0][:2] if rows else cursor.turned()
    if newer:
        rows.reverse()
    return Page(
        rows=[row[2:] for row in rows],
        older=Cursor.at(back if newer else onward, newer=False),
        newer=Cursor.at(onward if newer else back, newer=True),
    )


def orders(account: int, query: Query) -> Source:
    """The account's orders that a query asks for. Raises Problem."""
    wanted: dict[str, Any] = {}
    if "market" in query:
        wanted["market"] = _market(query["market"])
    rows = models.Order.objects.filter(account=account)
    status = choice(query, "status", [*OrderStatus, "rejected"])
    if status in LIVE:
        rows = rows.filter(models.LIVE_ORDERS)  # few, and they have an index of their own
    if status is not None:
        wanted["status"] = status
    side = choice(query, "side", list(Side))
    if side is not None:
        wanted["side"] = side
    return Source(rows, wanted)


def fills(account: int, query: Query) -> list[Source]:
    """The account's trades as taker and as maker that a query asks for. Raises Problem."""
    wanted: dict[str, Any] = {}
    if "market" in query:
        wanted["market"] = _market(query["market"])
    trades = models.Trade.objects
    order = whole_number(query, "order", None, MAX_INTEGER, least=0)
    if order is None:
        sides = [trades.filter(taker_account=account), trades.filter(maker_account=account)]
    elif models.Order.objects.filter(pk=order, account=account).exists():
        # Whose they are is known now: the database need not be tempted by the account's index.
        sides = [trades.filter(taker_order=order), trades.filter(maker_order=order)]
    else:
        sides = []
    return [Source(rows, wanted) for rows in sides]


def _market(symbol: str) -> models.Market:
    market = models.Market.objects.filter(symbol=symbol).first()
    if market is None:
        raise Problem(
            "not_found", f"there is no market {symbol[:32]!r}", {"market": ["unknown market"]}
        )
    return market
