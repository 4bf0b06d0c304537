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
from markets.matching.order import Order
from markets.matching.spec import MarketSpec
from markets.matching.types import LIVE, OrderState, OrderStatus, Side, make, waits_for_rise

CHECKSUM_MODULUS: Final = 2**32
BUY: Final = Side.BUY


class Book:
    """All orders of a market that have not ended."""

    def __init__(self, spec: MarketSpec, journal: Journal) -> None:
        self.spec = spec
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)
        self.rising_stops = StopSide(rising=True)
        self.falling_stops = StopSide(rising=False)
        self.orders: dict[int, Order] = {}
        self.by_account: dict[int, dict[int, Order]] = {}
        self.by_client_order_id: dict[tuple[int, str], Order] = {}
        self.expiries: SortedSet[tuple[int, int]] = SortedSet()
        """(expires_at, id) of the orders that are good till then."""
        self.checksum = 0
        self._journal = journal
        self._decimal = b"%%d.%%0%dd" % spec.base_decimals
        """How a whole part and a fraction are written."""

    def side(self, side: Side) -> BookSide:
        """Where orders of this side rest."""
        return self.bids if side is BUY else self.asks

    def stops(self, order: Order) -> StopSide:
        """Where a stop waits."""
        rises = waits_for_rise(order.side, order.type)
        return self.rising_stops if rises else self.falling_stops

    @property
    def is_crossed(self) -> bool:
        """Whether a bid meets an ask: after an auction collected orders."""
        bid, ask = self.bids.best, self.asks.best
        return bid is not None and ask is not None and bid.price >= ask.price

    # Changes, each with its way back

    def rest(self, order: Order) -> None:
        """Put an order at the back of its level."""
        self._journal.note(self.unlink, order)
        self.append(order, self.side(order.side).at(order.price))

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
            self._journal.note(self.link, order, order.previous)
            self.unlink(order)
        elif order.stop_key is not None:
            self._journal.note(self._join_stops, order)
            self._leave_stops(order)
        else:
            self._journal.note(self._register, order)
            self._unregister(order)

    def replace(self, order: Order, state: OrderState) -> None:
        """Give an order another state, wherever it is; its level's sums follow."""
        self._journal.note(self.put, order, order.state)
        self.put(order, state)

    def refill(self, order: Order, priority: int) -> None:
        """Show an iceberg's next part, at the back of its level."""
        self.remove(order)
        state = order.state
        hidden = state.hidden - min(state.hidden, state.display_quantity or state.hidden)
        self.replace(order, state._replace(hidden=hidden, priority=priority))
        self.rest(order)

    def settle(self) -> tuple[tuple[DepthChange, ...], tuple[DepthChange, ...]]:
        """Bring the checksum up to date; return the changed levels: (bids, asks), best first."""
        return self._settle_side(self.bids), self._settle_side(self.asks)

    def _settle_side(self, side: BookSide) -> tuple[DepthChange, ...]:
        changes = []
        touched, sign, checksum = side.touched, side.sign, self.checksum
        one, decimal = self.spec.scale, self._decimal
        for key in sorted(touched):
            level = touched[key]
            quantity = level.quantity
            if quantity == level.told:
                continue
            level.told = quantity
            checksum -= level.checksum
            if quantity:
                # As `format_units` writes it, and twice as fast.
                whole, fraction = divmod(quantity, one)
                text = (decimal % (whole, fraction)).rstrip(b"0") if fraction else b"%d" % whole
                level.checksum = crc32(text, level.label or self._label(level))
                checksum += level.checksum
            else:
                level.checksum = 0
            changes.append(make(DepthChange, (key * sign, quantity)))
        self.checksum = checksum % CHECKSUM_MODULUS
        touched.clear()
        return tuple(changes)

    def _label(self, level: Level) -> int:
        """CRC-32 of how the public contract's text of a level begins."""
        label = f"{level.side.letter}:{self.spec.price_text(level.price)}:"
        level.label = crc32(label.encode())
        return level.label

    def level_checksum(self, level: Level) -> int:
        """CRC-32 of a level as the public contract writes it."""
        price, quantity = self.spec.price_text(level.price), self.spec.quantity_text(level.quantity)
        return crc32(f"{level.side.letter}:{price}:{quantity}".encode())

    # The queues themselves: changes that somebody has noted

    def append(self, order: Order, level: Level) -> None:
        """Let an order rest at the back of its level."""
        level.side.touched[level.key] = level
        last = level.last
        if last is None:
            level.first = order
        else:
            last.next = order
            order.previous = last
        level.last = order
        order.level = level
        state = order.state
        hidden = state.hidden
        level.quantity += state.remaining - hidden
        if hidden:
            level.hidden += hidden
        self._register(order)

    def link(self, order: Order, previous: Order | None) -> None:
        """Let an order rest behind another one, or (None) at the front of its level."""
        state = order.state
        level = self.side(state.side).at(state.price or 0)
        level.side.touched[level.key] = level
        order.level, order.previous = level, previous
        if previous is None:
            order.next = following = level.first
            level.first = order
        else:
            order.next = following = previous.next
            previous.next = order
        if following is None:
            level.last = order
        else:
            following.previous = order
        level.quantity += state.remaining - state.hidden
        level.hidden += state.hidden
        self._register(order)

    def unlink(self, order: Order) -> None:
        """Take an order out of its level."""
        level = order.level
        assert level is not None, f"order {order.id} does not rest"
        level.side.touched[level.key] = level
        previous, following = order.previous, order.next
        if previous is None:
            level.first = following
        else:
            previous.next = following
        if following is None:
            level.last = previous
            if previous is None:
                level.side.close(level)
        else:
            following.previous = previous
        order.level = order.previous = order.next = None
        state = order.state
        hidden = state.hidden
        level.quantity -= state.remaining - hidden
        if hidden:
            level.hidden -= hidden
        self._unregister(order)

    def put_back(self, order: Order, previous: Order | None, state: OrderState) -> None:
        """Let an order rest where it did, as it was."""
        order.state = state
        self.link(order, previous)

    def put(self, order: Order, state: OrderState) -> None:
        """Give an order another state; its level's sums follow."""
        level = order.level
        if level is not None:
            level.side.touched[level.key] = level
            before = order.state
            unseen = state.hidden - before.hidden
            level.quantity += state.remaining - before.remaining - unseen
            level.hidden += unseen
        order.state = state

    def _join_stops(self, order: Order) -> None:
        self.stops(order).add(order)
        self._register(order)

    def _leave_stops(self, order: Order) -> None:
        self.stops(order).remove(order)
        self._unregister(order)

    def _register(self, order: Order) -> None:
        state, order_id, account = order.state, order.id, order.account
        self.orders[order_id] = order
        owned = self.by_account.get(account)
        if owned is None:
            owned = self.by_account[account] = {}
        owned[order_id] = order
        if state.client_order_id is not None:
            self.by_client_order_id[account, state.client_order_id] = order
        if state.expires_at is not None:
            self.expiries.add((state.expires_at, order_id))

    def _unregister(self, order: Order) -> None:
        state, order_id, account = order.state, order.id, order.account
        del self.orders[order_id]
        owned = self.by_account[account]
        del owned[order_id]
        if not owned:
            del self.by_account[account]
        if state.client_order_id is not None:
            del self.by_client_order_id[account, state.client_order_id]
        if state.expires_at is not None:
            self.expiries.remove((state.expires_at, order_id))

    # Proof

    def check(self, *, may_cross: bool) -> None:
        """Assert every invariant of a settled book, from scratch."""
        checksum = 0
        seen: dict[int, Order] = {}
        for side in (self.bids, self.asks):
            assert not side.touched, "settle first"
            assert list(side.keys) == sorted(side.levels)
            assert side.best is next(iter(side), None)
            for level in side:
                assert level.side is side
                assert level is side.levels[level.price * side.sign]
                self._check_level(side, level, seen)
                checksum += level.checksum
                assert level.told == level.quantity, "settle tells everything"
                assert level.checksum == self.level_checksum(level)
        assert checksum % CHECKSUM_MODULUS == self.checksum
        for stops in (self.rising_stops, self.falling_stops):
            self._check_stops(stops, seen)
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
            state = order.state
            assert 0 <= state.hidden < state.remaining, "a resting order shows something"
            assert order.status in (OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)
            assert (order.status is OrderStatus.PARTIALLY_FILLED) == (order.filled > 0)
            assert previous is None or previous.priority < order.priority, "time order"
            seen[order.id] = order
            shown += state.remaining - state.hidden
            hidden += state.hidden
            previous = order
        assert level.last is previous
        assert (level.quantity, level.hidden) == (shown, hidden)

    def _check_stops(self, stops: StopSide, seen: dict[int, Order]) -> None:
        for key, order in stops.orders.items():
            assert self.stops(order) is stops
            assert order.stop_key == key == (order.stop_price * stops.sign, order.priority)
            assert order.level is None
            assert order.status is OrderStatus.UNTRIGGERED
            seen[order.id] = order

    def _check_registers(self, seen: dict[int, Order]) -> None:
        for order_id, order in self.orders.items():
            state = order.state
            assert state.id == order_id
            assert state.group == (None if order.group is None else order.group.id)
            assert state.status in LIVE
            assert state.quantity == (
                state.filled + state.remaining + state.canceled + state.prevented
            )
            if order.level is None and order.stop_key is None:
                assert order.is_exit, "only an exit neither rests nor waits"
                assert state.quantity == state.remaining == 0
                seen[order.id] = order
        assert seen == self.orders
        assert {
            (account, order_id)
            for account, orders in self.by_account.items()
            for order_id in orders
        } == {(order.account, order.id) for order in seen.values()}
        assert self.by_client_order_id == {
            (order.account, order.state.client_order_id): order
            for order in seen.values()
            if order.state.client_order_id is not None
        }
        assert set(self.expiries) == {
            (order.state.expires_at, order.id)
            for order in seen.values()
            if order.state.expires_at is not None
        }
