"""The book and its number: the one counter that depth snapshots, depth updates and best prices share.

Rules:
- A book's number is its engine's sequence and the half seconds of the engine's clock when the engine last
  vouched for the book. Both come with every batch and every sign of life, neither goes back (also when
  another engine takes over, or everything starts anew), so all processes give a book the same number, and a
  later book a greater one.
- So a book that nobody changes gets a new number each second: clients that wait for an update after their
  snapshot get one, with the best prices as they are.
- An update covers all numbers from the one after the last update's to the book's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from markets.binance.calls import JSON, Request
from markets.binance.symbols import view_of
from markets.binance.texts import padded
from markets.hub import MarketView
from markets.hub.book import BookSide, LevelText, PublicBook

DEFAULT_DEPTH: Final = 100
MAX_DEPTH: Final = 5000
HALF_SECOND: Final = 500_000
"""In microseconds: signs of life come a second apart, and each must get a number of its own."""
BEGIN: Final = 1_735_689_600_000_000
"""Half seconds are counted from 2025, so that numbers stay short."""
GONE: Final = "0"


def update_id(view: MarketView) -> int:
    """The number of a market's book as it is now."""
    return view.book.sequence + max((view.heard_at - BEGIN) // HALF_SECOND, 0)


async def depth(request: Request) -> JSON:
    """The best levels of both sides."""
    view = view_of(request.params.symbol())
    limit = request.params.limit(DEFAULT_DEPTH, MAX_DEPTH)
    return depth_json(view, limit)


def depth_json(view: MarketView, limit: int) -> JSON:
    """The book and its number, read at one moment; nothing else (a time would change what clients expect)."""
    bids, asks = view.book.levels(limit)
    return {"lastUpdateId": update_id(view), "bids": _padded(bids), "asks": _padded(asks)}


def _padded(levels: Iterable[Iterable[str]]) -> list[list[str]]:
    return [[padded(price), padded(quantity)] for price, quantity in levels]


class Changes:
    """What has changed in a market's book since the last update of one cadence."""

    def __init__(self, view: MarketView) -> None:
        self._view = view
        self._bids: dict[str, str] = {}
        self._asks: dict[str, str] = {}
        self._last = update_id(view)
        """The last number that was told."""

    def add(self, bids: Iterable[LevelText], asks: Iterable[LevelText]) -> None:
        """These levels have other quantities."""
        self._bids.update(bids)  # type: ignore[arg-type]  # pairs in lists
        self._asks.update(asks)  # type: ignore[arg-type]

    def add_difference(self, before: PublicBook) -> None:
        """The book was another one until now."""
        now = self._view.book
        self.add(_difference(before.bids, now.bids), _difference(before.asks, now.asks))

    def take(self) -> JSON | None:
        """All of it as an update without its names; None: the book has no new number."""
        number, first = update_id(self._view), self._last + 1
        if number < first:
            return None
        book = self._view.book
        if self._bids or self._asks:
            bids, asks = _padded(self._bids.items()), _padded(self._asks.items())
            self._bids, self._asks = {}, {}
        else:
            bids, asks = _best(book.bids), _best(book.asks)
        self._last = number
        return {"U": first, "u": number, "b": bids, "a": asks}


def _difference(before: BookSide, now: BookSide) -> Iterator[LevelText]:
    old, new = dict(before), dict(now)
    for price in old.keys() - new.keys():
        yield [price, GONE]
    for price, quantity in new.items():
        if old.get(price) != quantity:
            yield [price, quantity]


def _best(side: BookSide) -> list[list[str]]:
    level = side.best()
    return [] if level is None else _padded([level])
