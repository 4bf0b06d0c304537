"""All that one market remembers, and the smallest steps that change it.

Rules:
- Every change goes through the book's journal and the ledger, so that it can be taken back, and every
  fact becomes an event with the next sequence. Nothing here refuses or decides anything.
- The reference price is the last trade's, else the middle between best bid and best ask, else none.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any

from sortedcontainers import SortedSet

from markets.matching.book import Book
from markets.matching.events import (
    CancelAfterSet,
    Event,
    FeeRatesSet,
    FrozenSet,
    MarketConfigured,
    MarketStatusChanged,
    OrderCanceled,
    Trade,
)
from markets.matching.journal import Journal
from markets.matching.ledger import Ledger
from markets.matching.order import Order, after_cancel, ended_status
from markets.matching.spec import MarketSpec, twice_reference
from markets.matching.types import (
    SECOND,
    FeeRates,
    MarketState,
    MarketStatus,
    OrderState,
    Reason,
    Side,
)

if TYPE_CHECKING:
    from markets.matching.group import Group


class BatchFacts:
    """What the batch at hand came to beside orders, noted as it happens."""

    __slots__ = ("cancel_after", "fee_rates", "notices", "trades")

    def __init__(self) -> None:
        self.trades: list[Trade] = []
        self.notices: list[MarketStatusChanged | MarketConfigured] = []
        self.cancel_after: dict[int, int | None] = {}
        """By account: when its dead man's switch goes off, if the batch set it."""
        self.fee_rates: dict[int, FeeRates | None] = {}
        """By account: its own rates, if the batch set them."""


class Market:
    """The moving parts of one market."""

    def __init__(self, spec: MarketSpec, state: MarketState) -> None:
        self.spec = spec
        self.status, self.sequence, self.last_price, self.auction_ends_at = state
        self.journal = Journal()
        self.book = Book(spec, self.journal)
        self.ledger = Ledger()
        self.cancel_after: dict[int, int] = {}
        """Account → when its dead man's switch goes off."""
        self.cancel_after_due: SortedSet[tuple[int, int]] = SortedSet()
        """The same as (time, account)."""
        self.fee_rates: dict[int, FeeRates] = {}
        """Of the accounts that have rates of their own."""
        self.frozen: set[int] = set()
        """Accounts of which no orders and amends are taken."""
        self.now = 0
        self.events: list[Event] = []
        """Of the command at hand."""
        self.facts = BatchFacts()
        self.orders: dict[int, Order] = {}
        """Orders that the command at hand changed, its own first."""
        self.triggered: deque[Order] = deque()
        """Stops whose price was reached and that have not been handled yet, in their order."""
        self.unsettled: OrderedDict[int, Group] = OrderedDict()
        """Groups whose orders changed, by id, in the order in which they did."""

    def state(self) -> MarketState:
        """What the market remembers beside its orders."""
        return MarketState(self.status, self.sequence, self.last_price, self.auction_ends_at)

    def restore(self, spec: MarketSpec, state: MarketState) -> None:
        """Go back to an earlier moment, the journal with it."""
        self.triggered.clear()
        self.unsettled.clear()
        self.journal.undo()
        self.spec = self.book.spec = spec
        self.book.settle()
        self.status, self.sequence, self.last_price, self.auction_ends_at = state

    def start_batch(self, now: int) -> None:
        """Start a batch at a time."""
        self.now = now
        self.facts = BatchFacts()

    def start_command(self) -> None:
        """Forget the events of the command before."""
        self.events = []
        self.orders = {}

    def next_sequence(self) -> int:
        """The next fact's number."""
        self.sequence += 1
        return self.sequence

    # Prices

    @property
    def twice_reference(self) -> int | None:
        """Twice the reference price."""
        bid, ask = self.book.bids.best, self.book.asks.best
        return twice_reference(
            self.last_price,
            None if bid is None else bid.price,
            None if ask is None else ask.price,
        )

    def band_limit(self, side: Side) -> int | None:
        """The worst price that a taker of this side may trade at now by the price band."""
        band = self.spec.price_band
        reference = self.twice_reference if band is not None else None
        if band is None or reference is None:
            return None
        return self.spec.worst_price(side, reference, band)

    def trade_at(self, price: int) -> None:
        """Note a trade's price, and the stops that it triggers."""
        self.last_price = price
        if self.book.rising_stops.orders or self.book.falling_stops.orders:
            self.trigger_reached()

    def trigger_reached(self) -> None:
        """Take the stops that the last price has reached out of their waiting, in their order."""
        book, price = self.book, self.last_price
        if price is None:
            return
        reached = book.rising_stops.reached(price) + book.falling_stops.reached(price)
        for order in sorted(reached, key=lambda order: order.priority):
            book.remove(order)
            self.triggered.append(order)

    def wait_or_trigger(self, stop: Order) -> None:
        """Let a stop wait; while the market trades, one that was reached already is triggered at once."""
        self.book.wait(stop)
        if self.status is MarketStatus.OPEN:
            self.trigger_reached()

    def put_back_triggered(self) -> None:
        """The market stopped trading before these were handled: let them wait for its opening."""
        while self.triggered:
            self.book.wait(self.triggered.popleft())

    # Orders

    def note(self, order: Order) -> None:
        """Remember that the command at hand changes an order."""
        self.orders.setdefault(order.state.id, order)
        if order.group is not None:
            self.unsettled[order.group.id] = order.group

    def put(self, order: Order, state: OrderState) -> None:
        """Give an order another state, wherever it is."""
        self.note(order)
        self.book.replace(order, state)

    def change(self, order: Order, **figures: Any) -> None:
        """Give an order other figures, wherever it is."""
        self.put(order, order.state._replace(updated_at=self.now, **figures))

    def need(self, order: Order) -> int:
        """What the order holds as it is, in the asset that it pays with."""
        state = order.state
        if state.side is Side.SELL:
            return state.remaining
        return self.spec.notional(state.price or 0, state.remaining)

    def hold(self, order: Order, sign: int) -> None:
        """Hold (1) or release (-1) what the order needs as it is; an exit's group does that for it."""
        if not order.is_exit:
            self.ledger.hold(order.account, order.pays_with, sign * self.need(order))

    def cancel(self, order: Order, reason: Reason) -> None:
        """Take an order out of the book, release what it holds, and end it."""
        self.hold(order, -1)
        if order.id in self.book.orders:
            self.book.remove(order)
        else:  # a stop whose turn has not come yet
            self.triggered.remove(order)
        self.end(order, reason)

    def end(self, order: Order, reason: Reason) -> None:
        """Cancel what an order outside the book still wants."""
        if order.state.quote_quantity is not None:
            self.trim(order)
        state = order.state
        self.events.append(OrderCanceled(self.next_sequence(), state.id, state.remaining, reason))
        self.put(order, after_cancel(state, reason, self.now))

    def trim(self, order: Order) -> None:
        """An order for a quote quantity wanted, in base, no more than it came to."""
        state = order.state
        self.change(order, quantity=state.quantity - state.remaining, remaining=0)

    def mark_ended(self, order: Order, reason: Reason) -> None:
        """Say how an order that wants no more has ended."""
        self.change(order, status=ended_status(reason), reason=reason)

    def rates_of(self, account: int) -> FeeRates:
        """What the account pays."""
        return self.fee_rates.get(account) or self.spec.fee_rates

    # The market itself

    def set_status(self, status: MarketStatus, seconds: int | None = None) -> None:
        """Do something else from here on; an auction may be for so many seconds."""
        self.status = status
        self.auction_ends_at = None if seconds is None else self.now + seconds * SECOND
        changed = MarketStatusChanged(self.next_sequence(), status, self.auction_ends_at)
        self.events.append(changed)
        self.facts.notices.append(changed)

    def configure(self, spec: MarketSpec) -> None:
        """Have other rules from here on."""
        self.spec = self.book.spec = spec
        configured = MarketConfigured(self.next_sequence(), spec)
        self.events.append(configured)
        self.facts.notices.append(configured)

    def set_cancel_after(self, account: int, at: int | None) -> None:
        """Set an account's dead man's switch, or disarm it; no fact if it is disarmed already."""
        before = self.cancel_after.get(account)
        if before is None and at is None:
            return
        self.journal.note(self._put_cancel_after, account, before)
        self._put_cancel_after(account, at)
        self.facts.cancel_after[account] = at
        self.events.append(CancelAfterSet(self.next_sequence(), account, at))

    def _put_cancel_after(self, account: int, at: int | None) -> None:
        before = self.cancel_after.pop(account, None)
        if before is not None:
            self.cancel_after_due.remove((before, account))
        if at is not None:
            self.cancel_after[account] = at
            self.cancel_after_due.add((at, account))

    def load_cancel_after(self, times: dict[int, int]) -> None:
        """Start with the switches that were set."""
        for account, at in times.items():
            self._put_cancel_after(account, at)

    def set_fee_rates(self, rates: dict[int, FeeRates | None]) -> None:
        """Give accounts rates of their own, or take them away; no fact if nothing changes."""
        changes = {
            account: own for account, own in rates.items() if self.fee_rates.get(account) != own
        }
        if not changes:
            return
        for account, own in changes.items():
            self.journal.note(self._put_fee_rates, account, self.fee_rates.get(account))
            self._put_fee_rates(account, own)
        self.facts.fee_rates |= changes
        self.events.append(FeeRatesSet(self.next_sequence(), changes))

    def _put_fee_rates(self, account: int, rates: FeeRates | None) -> None:
        if rates is None:
            self.fee_rates.pop(account, None)
        else:
            self.fee_rates[account] = rates

    def set_frozen(self, account: int, frozen: bool) -> None:
        """Take no more of an account's orders, or take them again; no fact if it is so already."""
        if (account in self.frozen) is frozen:
            return
        self.journal.note(self._put_frozen, account, not frozen)
        self._put_frozen(account, frozen)
        self.events.append(FrozenSet(self.next_sequence(), account, frozen))

    def _put_frozen(self, account: int, frozen: bool) -> None:
        if frozen:
            self.frozen.add(account)
        else:
            self.frozen.discard(account)
