"""The live orders of one market: resting by side, price and time; stops waiting; found by id and owner.

Rules:
- One code path for both sides: a side keys its levels so that the best one sorts first.
- Every change is noted in the journal, so that it can be taken back exactly, at a cost that depends
  on the changes alone: an order that left its queue is put back between its neighbours.
- The public book is what orders show: an iceberg's hidden part is in no depth and no checksum.
- `settle` names the levels whose quantity changed since it was last called, and keeps the checksum
  of the whole book by them: CRC-32 of "b:PRICE:QUANTITY", summed over all levels modulo 2^32.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

from sortedcontainers import SortedSet

from markets.matching.events import DepthChange
from markets.matching.journal import Journal
from markets.matching.levels import BookSide, Level, StopSide
from markets.matching.order import Order, SavedFields
from markets.matching.spec import MarketSpec
from markets.matching.types import LIVE, OrderStatus, Side

CHECKSUM_MODULUS: Final = 2**32


class Book:
    """All orders of a market that have not ended."""

    def __init__(self, spec: MarketSpec, journal: Journal) -> None:
        self.spec = spec
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)
        self.buy_stops = StopSide(Side.BUY)
        self.sell_stops = StopSide(Side.SELL)
        self.orders: dict[int, Order] = {}
        self.by_account: dict[int, dict[int, Order]] = {}
        self.by_client_order_id: dict[tuple[int, str], Order] = {}
        self.expiries: SortedSet[tuple[int, int]] = SortedSet()
        """(expires_at, id) of the orders that are good till then."""
        self.checksum = 0
        self._checksums: dict[tuple[Side, int], int] = {}
        self._journal = journal

    def side(self, side: Side) -> BookSide:
        """Where orders of this side rest."""
        return self.bids if side is Side.BUY else self.asks

    def stops(self, side: Side) -> StopSide:
        """Where stops of this side wait."""
        return self.buy_stops if side is Side.BUY else self.sell_stops

    @property
    def is_crossed(self) -> bool:
        """Whether a bid meets an ask: after an auction collected orders."""
        bid, ask = self.bids.best(), self.asks.best()
        return bid is not None and ask is not None and bid.price >= ask.price

    # Changes, each with its way back

    def rest(self, order: Order) -> None:
        """Put an order at the back of its level."""
        self._journal.note(self._unlink, order)
        level = self._level_for(order)
        self._link(order, level.last)

    def wait(self, order: Order) -> None:
        """Let a stop wait for its trigger."""
        self._journal.note(self._leave_stops, order)
        self._join_stops(order)

    def keep(self, order: Order) -> None:
        """Know an order that neither rests nor waits: an exit before the entry has brought anything."""
        self._journal.note(self._unregister, order)
        self._register(order)

    def remove(self, order: Order) -> None:
        """Take an order out, wherever it is."""
        if order.level is not None:
            self._journal.note(self._link, order, order.previous)
            self._unlink(order)
        elif order.stop_key is not None:
            self._journal.note(self._join_stops, order)
            self._leave_stops(order)
        else:
            self._journal.note(self._register, order)
            self._unregister(order)

    def save(self, order: Order) -> None:
        """Note an order's fields before they change."""
        self._journal.note(self._restore, order, order.saved())

    def reduce(self, order: Order, quantity: int) -> None:
        """Take quantity off what an order shows (saved before), wherever it is."""
        order.remaining -= quantity
        if order.level is not None:
            self._touch(order.level, order.side)
            order.level.quantity -= quantity

    def reduce_hidden(self, order: Order, quantity: int) -> None:
        """Take quantity off what an iceberg hides (saved before)."""
        order.remaining -= quantity
        order.hidden -= quantity
        if order.level is not None:
            order.level.hidden -= quantity

    def refill(self, order: Order, priority: int) -> None:
        """Show an iceberg's next part, at the back of its level (saved before)."""
        self.remove(order)
        order.hidden -= min(order.hidden, order.display_quantity or order.hidden)
        order.priority = priority
        self.rest(order)

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

    # The queues themselves

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

    def _link(self, order: Order, previous: Order | None) -> None:
        level = self._level_for(order)
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
        level.quantity += order.remaining - order.hidden
        level.hidden += order.hidden
        self._register(order)

    def _unlink(self, order: Order) -> None:
        level = order.level
        assert level is not None, f"order {order.id} does not rest"
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
        level.quantity -= order.remaining - order.hidden
        level.hidden -= order.hidden
        if level.first is None:
            del self.side(order.side).levels[level.key]
        self._unregister(order)

    def _join_stops(self, order: Order) -> None:
        self.stops(order.side).add(order)
        self._register(order)

    def _leave_stops(self, order: Order) -> None:
        self.stops(order.side).remove(order)
        self._unregister(order)

    def _register(self, order: Order) -> None:
        self.orders[order.id] = order
        self.by_account.setdefault(order.account, {})[order.id] = order
        if order.client_order_id is not None:
            self.by_client_order_id[order.account, order.client_order_id] = order
        if order.expires_at is not None:
            self.expiries.add((order.expires_at, order.id))

    def _unregister(self, order: Order) -> None:
        del self.orders[order.id]
        owned = self.by_account[order.account]
        del owned[order.id]
        if not owned:
            del self.by_account[order.account]
        if order.client_order_id is not None:
            del self.by_client_order_id[order.account, order.client_order_id]
        if order.expires_at is not None:
            self.expiries.remove((order.expires_at, order.id))

    def _restore(self, order: Order, saved: SavedFields) -> None:
        level = order.level
        if level is None:
            order.restore(saved)
            return
        self._touch(level, order.side)
        shown, hidden = order.remaining - order.hidden, order.hidden
        order.restore(saved)
        level.quantity += order.remaining - order.hidden - shown
        level.hidden += order.hidden - hidden

    # Proof

    def check(self, *, may_cross: bool) -> None:
        """Assert every invariant of a settled book, from scratch."""
        checksum = 0
        seen: dict[int, Order] = {}
        for side in (self.bids, self.asks):
            assert not side.touched, "settle first"
            assert list(side.levels) == sorted(side.levels)
            for key, level in side.levels.items():
                assert key == level.key == level.price * side.sign
                self._check_level(side, level, seen)
                checksum += self.level_checksum(side, level.price, level.quantity)
        assert checksum % CHECKSUM_MODULUS == self.checksum
        for side_of in Side:
            self._check_stops(side_of, seen)
        self._check_registers(seen)
        assert may_cross or not self.is_crossed, "crossed"

    @staticmethod
    def _check_level(side: BookSide, level: Level, seen: dict[int, Order]) -> None:
        assert level.first is not None, "an empty level stayed"
        previous = None
        shown = hidden = 0
        for order in level:
            assert order.level is level
            assert order.stop_key is None
            assert order.previous is previous
            assert order.side is side.side
            assert order.price == level.price
            assert 0 <= order.hidden < order.remaining, "a resting order shows something"
            assert order.status in (OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)
            assert (order.status is OrderStatus.PARTIALLY_FILLED) == (order.filled > 0)
            assert previous is None or previous.priority < order.priority, "time order"
            seen[order.id] = order
            shown += order.remaining - order.hidden
            hidden += order.hidden
            previous = order
        assert level.last is previous
        assert (level.quantity, level.hidden) == (shown, hidden)

    def _check_stops(self, side: Side, seen: dict[int, Order]) -> None:
        stops = self.stops(side)
        for key, order in stops.orders.items():
            assert order.side is side
            assert order.stop_key == key == (order.stop_price * stops.sign, order.priority)
            assert order.level is None
            assert order.status is OrderStatus.UNTRIGGERED
            seen[order.id] = order

    def _check_registers(self, seen: dict[int, Order]) -> None:
        for order in self.orders.values():
            assert order.status in LIVE
            assert order.quantity == (
                order.filled + order.remaining + order.canceled + order.prevented
            )
            if order.level is None and order.stop_key is None:
                assert order.is_exit, "only an exit neither rests nor waits"
                assert order.quantity == order.remaining == 0
                seen[order.id] = order
        assert seen == self.orders
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
        assert set(self.expiries) == {
            (order.expires_at, order.id) for order in seen.values() if order.expires_at is not None
        }
