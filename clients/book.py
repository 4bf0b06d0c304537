"""LocalBook: one market's order book, held in memory and proved by its checksum.

Rules:
- Pure: no I/O, no clock. Levels come in as the wire's text pairs and go out as Decimals.
- The checksum is kept as the book changes, at a cost that depends on the change alone: the sum
  modulo 2^32, over all levels, of CRC-32 of `b:PRICE:QUANTITY` or `a:PRICE:QUANTITY`.
- A change is read whole before the first level moves, so bad input leaves the book as it was.
- A quantity is a level's new total; 0 removes the level, also one that was never seen (an update
  may merge its coming and its going).
- Bids and asks may overlap: in an auction they do.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, Literal, NamedTuple, Self
from zlib import crc32

from sortedcontainers import SortedDict

from clients.decimals import canonical, from_wire

CHECKSUM_MODULUS = 2**32

BookSide = Literal["bids", "asks"]

_LETTER: dict[BookSide, str] = {"bids": "b", "asks": "a"}


class Level(NamedTuple):
    """One price level: a price in the quote asset and the total quantity of the base asset."""

    price: Decimal
    quantity: Decimal


def level_checksum(side: BookSide, level: Level) -> int:
    """Return one level's share of the checksum: an unsigned 32-bit number."""
    text = f"{_LETTER[side]}:{canonical(level.price)}:{canonical(level.quantity)}"
    return crc32(text.encode("ascii"))


def read_levels(pairs: object) -> list[Level]:
    """Read `[["price","quantity"],…]` as it comes from the exchange.

    Raises ValueError unless it is a list of pairs of decimal strings, each price above 0 and each
    quantity 0 or more.
    """
    if not isinstance(pairs, list | tuple):
        raise ValueError(f"levels must be a list: {pairs!r}")  # noqa: TRY004 - bad data, not a bug
    levels = []
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError(f"a level must be a pair of price and quantity: {pair!r}")
        level = Level(from_wire(pair[0], name="price"), from_wire(pair[1], name="quantity"))
        if level.price <= 0 or level.quantity < 0:
            raise ValueError(f"a level must have a price above 0 and a quantity: {pair!r}")
        levels.append(level)
    return levels


class LocalBook:
    """The price levels of one market as of one sequence number.

    >>> book = LocalBook("BTC-USD")
    >>> book.replace(7, bids=[["100", "1.5"], ["99.5", "2"]], asks=[["101", "0.25"]])
    >>> book.best_bid, book.spread
    (Level(price=Decimal('100'), quantity=Decimal('1.5')), Decimal('1'))
    >>> book.checksum
    2719417658
    """

    __slots__ = ("_checksum", "_sequence", "_sides", "market")

    def __init__(self, market: str) -> None:
        self.market = market
        self._sequence = 0
        self._checksum = 0
        self._sides: dict[BookSide, Any] = {"bids": SortedDict(), "asks": SortedDict()}

    @classmethod
    def from_snapshot(cls, data: dict[str, Any]) -> Self:
        """Make a book of a whole snapshot's `data`, unverified; raises ValueError or KeyError."""
        book = cls(data["market"])
        book.replace(data["sequence"], bids=data["bids"], asks=data["asks"])
        return book

    @property
    def sequence(self) -> int:
        """The market's sequence number that this book is as of."""
        return self._sequence

    @property
    def checksum(self) -> int:
        """The whole book's checksum, an unsigned 32-bit number; 0 for the empty book."""
        return self._checksum

    @property
    def best_bid(self) -> Level | None:
        """The highest bid, or None."""
        return next(self._best_first("bids"), None)

    @property
    def best_ask(self) -> Level | None:
        """The lowest ask, or None."""
        return next(self._best_first("asks"), None)

    @property
    def spread(self) -> Decimal | None:
        """Best ask minus best bid (below 0 when an auction's book overlaps), or None."""
        bid, ask = self.best_bid, self.best_ask
        return ask.price - bid.price if bid and ask else None

    @property
    def mid(self) -> Decimal | None:
        """The price halfway between the best bid and the best ask, or None."""
        bid, ask = self.best_bid, self.best_ask
        return (ask.price + bid.price) / 2 if bid and ask else None

    def bids(self, depth: int | None = None) -> list[Level]:
        """Return the best `depth` bids, or all, highest first."""
        return list(islice(self._best_first("bids"), depth))

    def asks(self, depth: int | None = None) -> list[Level]:
        """Return the best `depth` asks, or all, lowest first."""
        return list(islice(self._best_first("asks"), depth))

    def quantity_at(self, side: BookSide, price: Decimal) -> Decimal:
        """Return the quantity at a price; 0 where there is no level."""
        quantity: Decimal = self._sides[side].get(price, Decimal(0))
        return quantity

    def replace(self, sequence: int, *, bids: Sequence[Any], asks: Sequence[Any]) -> None:
        """Become a whole snapshot; raises ValueError, and is then unchanged."""
        new = {"bids": read_levels(bids), "asks": read_levels(asks)}
        for levels in self._sides.values():
            levels.clear()
        self._checksum = 0
        self._change(new)
        self._sequence = sequence

    def apply(self, sequence: int, *, bids: Sequence[Any], asks: Sequence[Any]) -> None:
        """Take an update's changed levels; raises ValueError, and is then unchanged."""
        self._change({"bids": read_levels(bids), "asks": read_levels(asks)})
        self._sequence = sequence

    def check(self) -> None:
        """Assert every invariant: order, no empty level, and the checksum counted anew."""
        total = 0
        for side in _LETTER:
            levels = list(self._best_first(side))
            prices = [level.price for level in levels]
            assert prices == sorted(set(prices), reverse=side == "bids"), f"{side} out of order"
            assert all(level.quantity > 0 for level in levels), f"{side} have an empty level"
            assert all(price > 0 for price in prices), f"{side} have a price that is not above 0"
            total += sum(level_checksum(side, level) for level in levels)
        assert total % CHECKSUM_MODULUS == self._checksum, "the checksum went astray"

    def same_levels(self, other: "LocalBook") -> bool:
        """Tell whether both books hold the same levels, whatever their sequence."""
        return self.bids() == other.bids() and self.asks() == other.asks()

    def __str__(self) -> str:
        lines = [f"{self.market} #{self._sequence} checksum {self._checksum}"]
        lines += [f"  ask {canonical(p)} x {canonical(q)}" for p, q in reversed(self.asks())]
        lines += [f"  bid {canonical(p)} x {canonical(q)}" for p, q in self.bids()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        sides = " ".join(f"{side}={len(levels)}" for side, levels in self._sides.items())
        return f"<LocalBook {self.market} sequence={self._sequence} {sides}>"

    def _best_first(self, side: BookSide) -> Iterator[Level]:
        levels = self._sides[side]
        prices = reversed(levels) if side == "bids" else iter(levels)
        return (Level(price, levels[price]) for price in prices)

    def _change(self, changes: dict[str, list[Level]]) -> None:
        for side in _LETTER:
            levels = self._sides[side]
            for level in _last_of_each_price(changes[side]):
                old = levels.pop(level.price, None)
                if old is not None:
                    self._checksum -= level_checksum(side, Level(level.price, old))
                if level.quantity:
                    levels[level.price] = level.quantity
                    self._checksum += level_checksum(side, level)
        self._checksum %= CHECKSUM_MODULUS


def _last_of_each_price(levels: Iterable[Level]) -> Iterable[Level]:
    return {level.price: level for level in levels}.values()
