"""The order book of one market: price levels in price order, orders in time order within a level.

Rules:
- One code path for both sides: a side keys its levels so that the best one sorts first.
- Every change is noted in a journal, so that `undo` restores the book exactly, at a cost that
  depends on the changes alone: an order that left its queue is put back between its neighbours.
- `settle` names the levels whose quantity changed since it was last called, and keeps the checksum
  of the whole book by them: CRC-32 of "b:PRICE:QUANTITY", summed over all levels modulo 2^32.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from zlib import crc32

from sortedcontainers import SortedDict

from markets.matching.events import DepthChange
from markets.matching.types import MarketSpec, OrderState, OrderStatus, OrderType, Reason, Side

CHECKSUM_MODULUS: Final = 2**32

_SavedFields = tuple[int, int, int, int, int, int, int, int, OrderStatus, "Reason | None", int, int]


class Order:
    """An order that may still trade. Mutable, and known to the book and its engine alone."""

    __slots__ = (
        "account",
        "canceled",
        "client_order_id",
        "created_at",
        "fee",
        "filled",
        "id",
        "level",
        "next",
        "notional",
        "post_only",
        "prevented",
        "previous",
        "price",
        "priority",
        "quantity",
        "reason",
        "remaining",
        "request",
        "self_trade_prevention",
        "sequence",
        "side",
        "status",
        "time_in_force",
        "type",
        "updated_at",
    )

    def __init__(self, state: OrderState) -> None:
        self.id = state.id
        self.account = state.account
        self.client_order_id = state.client_order_id
        self.side = state.side
        self.type = state.type
        self.time_in_force = state.time_in_force
        self.post_only = state.post_only
        self.self_trade_prevention = state.self_trade_prevention
        self.price: int = state.price or 0
        self.quantity = state.quantity
        self.remaining = state.remaining
        self.filled = state.filled
        self.canceled = state.canceled
        self.prevented = state.prevented
        self.notional = state.notional
        self.fee = state.fee
        self.status = state.status
        self.reason = state.reason
        self.sequence = state.sequence
        self.priority = state.priority
        self.created_at = state.created_at
        self.updated_at = state.updated_at
        self.request = state.request
        self.level: Level | None = None
        self.previous: Order | None = None
        self.next: Order | None = None

    def state(self) -> OrderState:
        """The order as it is now."""
        return OrderState(
            self.id,
            self.account,
            self.client_order_id,
            self.side,
            self.type,
            self.time_in_force,
            self.post_only,
            self.self_trade_prevention,
            self.price if self.type is not OrderType.MARKET else None,
            self.quantity,
            self.remaining,
            self.filled,
            self.canceled,
            self.prevented,
            self.notional,
            self.fee,
            self.status,
            self.reason,
            self.sequence,
            self.priority,
            self.created_at,
            self.updated_at,
            self.request,
        )


class Level:
    """The queue of orders at one price, first come first; `quantity` is their sum."""

    __slots__ = ("first", "key", "last", "price", "quantity")

    def __init__(self, price: int, key: int) -> None:
        self.price = price
        self.key = key
        self.quantity = 0
        self.first: Order | None = None
        self.last: Order | None = None

    def __iter__(self) -> Iterator[Order]:
        order = self.first
        while order is not None:
            yield order
            order = order.next


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


class Book:
    """All resting orders of a market, by side and level, by id, by owner."""

    def __init__(self, spec: MarketSpec) -> None:
        self.spec = spec
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)
        self.orders: dict[int, Order] = {}
        self.by_account: dict[int, dict[int, Order]] = {}
        self.by_client_order_id: dict[tuple[int, str], Order] = {}
        self.checksum = 0
        self._checksums: dict[tuple[Side, int], int] = {}
        self._journal: list[tuple[Order, _SavedFields | None, bool, Order | None]] = []

    def side(self, side: Side) -> BookSide:
        """Where orders of this side rest."""
        return self.bids if side is Side.BUY else self.asks

    # Changes, each with its way back

    def add(self, order: Order) -> None:
        """Put an order at the back of its level."""
        self._journal.append((order, None, True, None))
        level = self._level_for(order)
        self._link(order, level, level.last)

    def remove(self, order: Order) -> None:
        """Take an order out of its queue."""
        self._journal.append((order, None, False, order.previous))
        self._unlink(order)

    def save(self, order: Order) -> None:
        """Note an order's fields before they change."""
        saved = (
            order.price,
            order.quantity,
            order.remaining,
            order.filled,
            order.canceled,
            order.prevented,
            order.notional,
            order.fee,
            order.status,
            order.reason,
            order.priority,
            order.updated_at,
        )
        self._journal.append((order, saved, False, None))

    def reduce(self, order: Order, quantity: int) -> None:
        """Take quantity off what an order still wants (saved before), wherever it is."""
        order.remaining -= quantity
        if order.level is not None:
            self._touch(order.level, order.side)
            order.level.quantity -= quantity

    def undo(self) -> None:
        """Take back everything since `forget`, last change first."""
        while self._journal:
            order, saved, added, previous = self._journal.pop()
            if saved is not None:
                self._restore(order, saved)
            elif added:
                self._unlink(order)
            else:
                self._link(order, self._level_for(order), previous)

    def forget(self) -> None:
        """Make everything up to now final."""
        self._journal.clear()

    def settle(self) -> tuple[tuple[DepthChange, ...], tuple[DepthChange, ...]]:
        """Bring the checksum up to date; return the changed levels: (bids, asks), best first."""
        return self._settle_side(self.bids), self._settle_side(self.asks)

    def _settle_side(self, side: BookSide) -> tuple[DepthChange, ...]:
        changes = []
        for price, before in side.touched.items():
            level = side.levels.get(price * side.sign)
            after = level.quantity if level is not None else 0
            if after == before:
                continue
            checksum = self.checksum - self._checksums.pop((side.side, price), 0)
            if after:
                crc = self.level_checksum(side, price, after)
                self._checksums[side.side, price] = crc
                checksum += crc
            self.checksum = checksum % CHECKSUM_MODULUS
            changes.append(DepthChange(price, after))
        side.touched.clear()
        changes.sort(key=lambda change: change.price * side.sign)
        return tuple(changes)

    def level_checksum(self, side: BookSide, price: int, quantity: int) -> int:
        """CRC-32 of a level as the public contract writes it."""
        text = f"{side.letter}:{self.spec.price_text(price)}:{self.spec.quantity_text(quantity)}"
        return crc32(text.encode())

    # The queue itself

    def _level_for(self, order: Order) -> Level:
        side = self.side(order.side)
        key = order.price * side.sign
        level: Level | None = side.levels.get(key)
        if level is None:
            level = side.levels[key] = Level(order.price, key)
        return level

    def _touch(self, level: Level, side: Side) -> None:
        touched = self.side(side).touched
        if level.price not in touched:
            touched[level.price] = level.quantity

    def _link(self, order: Order, level: Level, previous: Order | None) -> None:
        self._touch(level, order.side)
        following = previous.next if previous is not None else level.first
        order.level, order.previous, order.next = level, previous, following
        if previous is None:
            level.first = order
        else:
            previous.next = order
        if following is None:
            level.last = order
        else:
            following.previous = order
        level.quantity += order.remaining
        self.orders[order.id] = order
        self.by_account.setdefault(order.account, {})[order.id] = order
        if order.client_order_id is not None:
            self.by_client_order_id[order.account, order.client_order_id] = order

    def _unlink(self, order: Order) -> None:
        level = order.level
        assert level is not None, f"order {order.id} is not in the book"
        self._touch(level, order.side)
        if order.previous is None:
            level.first = order.next
        else:
            order.previous.next = order.next
        if order.next is None:
            level.last = order.previous
        else:
            order.next.previous = order.previous
        order.level = order.previous = order.next = None
        level.quantity -= order.remaining
        if level.first is None:
            del self.side(order.side).levels[level.key]
        del self.orders[order.id]
        owned = self.by_account[order.account]
        del owned[order.id]
        if not owned:
            del self.by_account[order.account]
        if order.client_order_id is not None:
            del self.by_client_order_id[order.account, order.client_order_id]

    def _restore(self, order: Order, saved: _SavedFields) -> None:
        remaining = saved[2]
        if order.level is not None:
            self._touch(order.level, order.side)
            order.level.quantity += remaining - order.remaining
        (
            order.price,
            order.quantity,
            order.remaining,
            order.filled,
            order.canceled,
            order.prevented,
            order.notional,
            order.fee,
            order.status,
            order.reason,
            order.priority,
            order.updated_at,
        ) = saved

    # Proof

    def check(self) -> None:
        """Assert every invariant of a settled book, from scratch."""
        checksum = 0
        seen: dict[int, Order] = {}
        for side in (self.bids, self.asks):
            assert not side.touched, "settle first"
            assert list(side.levels) == sorted(side.levels)
            for key, level in side.levels.items():
                assert key == level.key == level.price * side.sign
                assert level.first is not None, "an empty level stayed"
                previous = None
                total = 0
                for order in level:
                    assert order.level is level
                    assert order.previous is previous
                    assert order.side is side.side
                    assert order.price == level.price
                    assert order.remaining > 0
                    assert order.status in (OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)
                    assert (order.status is OrderStatus.PARTIALLY_FILLED) == (order.filled > 0)
                    assert order.quantity == (
                        order.filled + order.remaining + order.canceled + order.prevented
                    )
                    assert previous is None or previous.priority < order.priority, "time order"
                    seen[order.id] = order
                    total += order.remaining
                    previous = order
                assert level.last is previous
                assert level.quantity == total
                checksum += self.level_checksum(side, level.price, level.quantity)
        assert seen == self.orders
        assert checksum % CHECKSUM_MODULUS == self.checksum
        assert {
            (account, order_id)
            for account, orders in self.by_account.items()
            for order_id in orders
        } == {(order.account, order.id) for order in seen.values()}
        assert self.by_client_order_id == {
            (order.account, order.client_order_id): order
            for order in seen.values()
            if order.client_order_id is not None
        }
        best_bid, best_ask = self.bids.best(), self.asks.best()
        if best_bid is not None and best_ask is not None:
            assert best_bid.price < best_ask.price, "crossed"
