"""An account's statement: every movement of its money, newest first, each line one asset and one change.

Rules:
- The lines of an asset add up to the account's total of it, to the last unit: transfers, and of each trade
  what came, what went, and the fee. (The account that fees go to has none: it takes part in all trades.)
- Nothing is counted or sorted whole: transfers and both sides of trades have an index by account and time;
  a page takes from each what it needs and merges it. Of rows that filters choose from, LOOKED_THROUGH are
  looked through: a page may be short then, and goes on.
- A place names a movement, so a page never repeats or skips one that was there before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from markets import models
from markets.statement.lines import KINDS, Line, Place, Wanted
from markets.statement.sources import Fills, Movement, Transfers

PAGE_SIZE: Final = 50
"""Movements of a page; one trade is up to three lines."""


@dataclass(slots=True)
class Page:
    """Some lines, and the place after which the next page begins, if there may be more."""

    lines: list[Line] = field(default_factory=list)
    after: Place | None = None


class Statement:
    """The statement of one account."""

    def __init__(self, account: int, wanted: Wanted) -> None:
        self._wanted = wanted
        markets = {row.pk: row for row in models.Market.objects.select_related("base", "quote")}
        self._sources = [
            source
            for source in (
                Transfers(account, wanted),
                Fills(account, wanted, markets, taker=False),
                Fills(account, wanted, markets, taker=True),
            )
            if source.concerned()
        ]

    def page(self, after: Place | None = None, size: int = PAGE_SIZE) -> Page:
        """At most so many movements, newest first, those after a place."""
        found: list[Movement] = []
        horizons: list[Place] = []
        for source in self._sources:
            movements, seen_to = source.read(after, size + 1)
            found += movements
            if seen_to is not None:
                horizons.append(seen_to)
        horizon = max(horizons, default=None)
        if horizon is not None:
            # Beyond it one source was not looked at: what the others have there comes with the next page.
            found = [movement for movement in found if movement[0] >= horizon]
        found.sort(key=lambda movement: movement[0], reverse=True)
        page = Page(after=found[size - 1][0] if len(found) > size else horizon)
        for _, lines in found[:size]:
            page.lines += [line for line in lines if self._wanted.keeps(line)]
        return page

    def lines(self, most: int, size: int) -> Iterator[list[Line]]:
        """The newest lines, at most so many, in pages."""
        page = self.page(None, size)
        while True:
            yield page.lines[:most]
            most -= len(page.lines)
            if page.after is None or most <= 0:
                return
            page = self.page(page.after, size)


__all__ = ["KINDS", "PAGE_SIZE", "Line", "Page", "Place", "Statement", "Wanted"]
