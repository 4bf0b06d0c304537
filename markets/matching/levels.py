"""Where orders stand: price levels with their queues, and stops by the price that triggers them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from sortedcontainers import SortedDict

from markets.matching.events import DepthChange
from markets.matching.order import Order
from markets.matching.types import Side


class Level:
    """The queue of orders at one price, first come first; `quantity` is what they show in all."""

    __slots__ = ("first", "hidden", "key", "last", "price", "quantity")

    def __init__(self, price: int, key: int) -> None:
        self.price = price
        self.key = key
        self.quantity = 0
        self.hidden = 0
        """What its icebergs do not show yet."""
        self.first: Order | None = None
        self.last: Order | None = None

    def __iter__(self) -> Iterator[Order]:
        order = self.first
        while order is not None:
            yield order
            order = order.next

    def slices(self) -> Iterator[tuple[Order, int]]:
        """What takers meet, in turn: what is shown, then each iceberg's next part from the back."""
        icebergs: deque[tuple[Order, int]] = deque()
        for order in self:
            yield order, order.remaining - order.hidden
            if order.hidden:
                icebergs.append((order, order.hidden))
        while icebergs:
            order, hidden = icebergs.popleft()
            part = min(hidden, order.display_quantity or hidden)
            yield order, part
            if hidden > part:
                icebergs.append((order, hidden - part))


class BookSide:
    """The levels of one side, best first: keyed by price for asks, by -price for bids."""

    __slots__ = ("letter", "levels", "side", "sign", "touched")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.sign = 1 if side is Side.SELL else -1
        self.letter = "a" if side is Side.SELL else "b"
        self.levels: SortedDict[int, Level] = SortedDict()
        self.touched: dict[int, int] = {}
        """Price → quantity when `settle` was last called, of the levels changed since."""

    def best(self) -> Level | None:
        """The level that a taker meets first."""
        return self.levels.peekitem(0)[1] if self.levels else None

    def crossing(self, limit: int | None) -> Iterator[Level]:
        """Levels that a taker with this limit may trade with (None: all), best first."""
        for level in self.levels.values():
            if limit is not None and level.key > limit * self.sign:
                return
            yield level

    def depth(self) -> list[DepthChange]:
        """Every level, best first."""
        return [DepthChange(level.price, level.quantity) for level in self.levels.values()]


class StopSide:
    """The stops of one side, those that trigger first in front: buys as the price rises, sells as it
    falls; at one stop price by the place that they got.
    """

    __slots__ = ("orders", "sign")

    def __init__(self, side: Side) -> None:
        self.sign = 1 if side is Side.BUY else -1
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

    def reached(self, price: int) -> list[Order]:
        """The orders that a trade at this price triggers."""
        found: list[Order] = []
        for (stop, _), order in self.orders.items():
            if stop > price * self.sign:
                break
            found.append(order)
        return found
