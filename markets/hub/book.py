"""A public order book as the contract describes it: levels, a sequence, a checksum. No owners, no orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Final
from zlib import crc32

from sortedcontainers import SortedDict

CHECKSUM_MODULUS: Final = 2**32
LevelText = list[str]


class BookSide:
    """One side's levels, best first; price and quantity as the wire writes them."""

    def __init__(self, letter: str, sign: int) -> None:
        self._letter = letter
        self._sign = sign
        self._levels: SortedDict[Decimal, tuple[str, str]] = SortedDict()
        self._checksums: dict[Decimal, int] = {}
        """Each level's part of the book's checksum."""

    def change(self, levels: Iterable[LevelText]) -> int:
        """Set new total quantities ("0" removes); return what that adds to the checksum."""
        difference = 0
        for price, quantity in levels:
            key = Decimal(price) * self._sign
            difference -= self._checksums.pop(key, 0)
            if quantity != "0":
                self._levels[key] = (price, quantity)
                checksum = crc32(f"{self._letter}:{price}:{quantity}".encode())
                self._checksums[key] = checksum
                difference += checksum
            else:
                self._levels.pop(key, None)
        return difference

    def best(self) -> tuple[str, str] | None:
        """The first level, or None."""
        return self._levels.peekitem(0)[1] if self._levels else None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._levels.values())


class PublicBook:
    """The whole book of one market at one sequence."""

    def __init__(
        self, sequence: int, bids: Iterable[LevelText] = (), asks: Iterable[LevelText] = ()
    ) -> None:
        self.sequence = sequence
        self.bids = BookSide("b", -1)
        self.asks = BookSide("a", 1)
        self.checksum = 0
        self.apply(sequence, bids, asks)

    def apply(self, sequence: int, bids: Iterable[LevelText], asks: Iterable[LevelText]) -> None:
        """Take an update that follows on this book's sequence."""
        difference = self.bids.change(bids) + self.asks.change(asks)
        self.checksum = (self.checksum + difference) % CHECKSUM_MODULUS
        self.sequence = sequence

    def levels(self, depth: int | None = None) -> tuple[list[LevelText], list[LevelText]]:
        """The best levels of both sides: (bids, asks)."""
        return (
            [list(level) for level in islice(self.bids, depth)],
            [list(level) for level in islice(self.asks, depth)],
        )
