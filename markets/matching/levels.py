"""Where orders stand: price levels with their queues, and stops by the price that triggers them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from sortedcontainers import SortedDict, SortedList

from markets.matching.events import DepthChange
from markets.matching.order import Order
from markets.matching.types import Side


class Level:
    """The queue of orders at one price, first come first; `quantity` is what they show in all."""

    __slots__ = (
        "checksum",
        "first",
        "hidden",
        "key",
        "label",
        "last",
        "price",
        "quantity",
        "side",
        "told",
    )

    def __init__(self, side: BookSide, key: int) -> None:
        self.side = side
        self.key = key
        self.price = key * side.sign
        self.quantity = 0
        self.hidden = 0
        """What its icebergs do not show yet."""
        self.first: Order | None = None
        self.last: Order | None = None
        self.label = 0
        """CRC-32 of what the checksum's text of it begins with, once that was needed."""
        self.told = 0
        """The quantity when `Book.settle` was last called."""
        self.checksum = 0
        """Its part of the book's checksum, as of then."""

    def __iter__(self) -> Iterator[Order]:
        order = self.first
        while order is not None:
            yield order
            order = order.next

    def slices(self) -> Iterator[tuple[Order, int]]:
        """What takers meet, in turn: what is shown, then each iceberg's next part from the back."""
        icebergs: deque[tuple[Order, int]] = deque()
        for order in self:
            hidden = order.state.hidden
            yield order, order.state.remaining - hidden
            if hidden:
                icebergs.append((order, hidden))
        while icebergs:
            order, hidden = icebergs.popleft()
            part = min(hidden, order.state.display_quantity or hidden)
            yield order, part
            if hidden > part:
                icebergs.append((order, hidden - part))


class BookSide:
    """The levels of one side, best first: keyed by price for asks, by -price for bids."""

    __slots__ = ("best", "keys", "letter", "levels", "side", "sign", "touched")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.sign = 1 if side is Side.SELL else -1
        self.letter = "a" if side is Side.SELL else "b"
        self.levels: dict[int, Level] = {}
        self.keys: SortedList[int] = SortedList()
        """Of the levels, in order."""
        self.best: Level | None = None
        """The level that a taker meets first."""
        self.touched: dict[int, Level] = {}
        """The levels changed since `Book.settle` was last called, those that closed since among them."""

    def __iter__(self) -> Iterator[Level]:
        levels = self.levels
        return (levels[key] for key in self.keys)

    def at(self, price: int) -> Level:
        """The level at a price, which from now on there is."""
        key = price * self.sign
        return self.levels.get(key) or self.open(key)

    def open(self, key: int) -> Level:
        """A new level, or one again that closed since the book was settled."""
        level = self.levels[key] = self.touched.get(key) or Level(self, key)
        self.keys.add(key)
        if self.best is None or key < self.best.key:
            self.best = level
        return level

    def close(self, level: Level) -> None:
        """Drop a level that has no orders any more."""
        del self.levels[level.key]
        self.keys.remove(level.key)
        if level is self.best:
            self.best = self.levels[self.keys[0]] if self.keys else None

    def after(self, level: Level) -> Level | None:
        """The level that a taker meets next."""
        index = self.keys.bisect_right(level.key)
        return self.levels[self.keys[index]] if index < len(self.keys) else None

    def crossing(self, limit: int | None) -> Iterator[Level]:
        """Levels that a taker with this limit may trade with (None: all), best first."""
        for level in self:
            if limit is not None and level.key > limit * self.sign:
                return
            yield level

    def depth(self) -> list[DepthChange]:
        """Every level, best first."""
        return [DepthChange(level.price, level.quantity) for level in self]


class StopSide:
    """The stops that wait for the price to rise (or to fall), those that trigger first in front; at one stop
    price by the place that they got.
    """

    __slots__ = ("orders", "sign")

    def __init__(self, *, rising: bool) -> None:
        self.sign = 1 if rising else -1
        self.orders: SortedDict[tuple[int, int], Order] = SortedDict()

    def add(self, order: Order) -> None:
        """Let an order wait."""
        key = (order.stop_price * self.sign, order.priority)
        order.stop_key = key
        self.orders[key] = order

    def remove(self, order: Order) -> None:
        """Let it wait no longer."""
        del self.orders[order.stop_key]
        order.stop_key = None

    def reaches(self, price: int) -> bool:
        """Whether a trade at this price triggers one of them."""
        return bool(self.orders) and self.orders.keys()[0][0] <= price * self.sign

    def reached(self, price: int) -> list[Order]:
        """The orders that a trade at this price triggers."""
        found: list[Order] = []
        for (stop, _), order in self.orders.items():
            if stop > price * self.sign:
                break
            found.append(order)
        return found
