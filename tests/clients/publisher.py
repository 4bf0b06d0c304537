"""Publisher: the exchange's end of a book channel, for tests of the follower's end.

It keeps the levels in plain dicts, counts the checksum anew each time, and remembers its book as of
every sequence number.
"""

from typing import Any
from zlib import crc32

Message = dict[str, Any]
Sides = dict[str, dict[str, str]]
Change = tuple[str, str, str]
"""A side, a price, and its new total; "0" removes the level."""


class Publisher:
    def __init__(self, market: str = "BTC-USD") -> None:
        self.market = market
        self.sequence = 0
        self.sides: Sides = {"bids": {}, "asks": {}}
        self.history: dict[int, Sides] = {}
        self._remember()

    def change(self, side: str, price: str, quantity: str, *, steps: int = 1) -> Message:
        """Give one level a new total; returns the update that says so."""
        return self.update((side, price, quantity), steps=steps)

    def update(self, *levels: Change, steps: int = 1) -> Message:
        """Give levels new totals; returns the one update that says so of all of them."""
        start = self.sequence
        self.sequence += steps
        told: dict[str, list[list[str]]] = {"bids": [], "asks": []}
        for side, price, quantity in levels:
            told[side].append([price, quantity])
            if quantity == "0":
                self.sides[side].pop(price, None)
            else:
                self.sides[side][price] = quantity
        self._remember()
        return self._message("update", **self._head(), prev_sequence=start, **told)

    def snapshot(self) -> Message:
        levels = {
            side: [list(level) for level in rows.items()] for side, rows in self.sides.items()
        }
        return self._message("snapshot", **self._head(), **levels)

    def heartbeat(self) -> Message:
        return self._message("heartbeat", **self._head())

    def checksum(self, sequence: int | None = None) -> int:
        """The checksum of the book as it is, or as it was at a sequence."""
        sides = self.sides if sequence is None else self.history[sequence]
        return sum(
            crc32(f"{side[0]}:{price}:{quantity}".encode())
            for side, rows in sides.items()
            for price, quantity in rows.items()
        ) % (2**32)

    def _head(self) -> Message:
        return {"market": self.market, "sequence": self.sequence, "checksum": self.checksum()}

    def _message(self, kind: str, **data: Any) -> Message:
        return {"channel": "book", "type": kind, "data": data}

    def _remember(self) -> None:
        self.history[self.sequence] = {side: dict(rows) for side, rows in self.sides.items()}
