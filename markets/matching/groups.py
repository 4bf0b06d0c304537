"""Orders that belong together: two of which one cancels the other, and an entry with its exits.

Rules:
- One cancels the other: a limit order or a take profit, and a stop of one side. Any fill of one, its
  trigger and its end cancel the other. So the two are never in the book together.
- A bracket: an entry and, on the other side, a take profit (a limit order, or one that is triggered), a
  stop loss (stop), or both. The exits want what the entry has brought so far, less its fee, in whole
  lots. What a limit order as take profit trades the stop loss wants less; when an exit is triggered or
  has ended, the other exit and the rest of the entry are canceled. An entry that ends leaves the exits
  what it brought.
- What a pair or the exits need is held once: the most that either needs. Exits that buy back hold it for
  the whole entry from the start; exits that sell hold what the entry brings.
"""

from __future__ import annotations

from markets.matching.events import OrderArmed, QuantityReduced
from markets.matching.group import Group
from markets.matching.market import Market
from markets.matching.matcher import Matcher
from markets.matching.order import Order
from markets.matching.types import LIVE, OrderStatus, Reason, Side


class Groups:
    """How the groups of one market follow what happens to their orders."""

    def __init__(self, market: Market, matcher: Matcher) -> None:
        self._market = market
        self._matcher = matcher

    def load(self, members: dict[int, list[Order]]) -> None:
        """Bring live orders together again by group id; each group holds what it needs."""
        for group_id, orders in members.items():
            group = Group(group_id, orders)
            group.held = group.need(self._market.spec)

    def settle_next(self) -> None:
        """Let one group follow what happened to its orders."""
        _, group = self._market.unsettled.popitem(last=False)
        self.settle(group)

    def settle(self, group: Group) -> None:
        """Let a group follow what happened to its orders."""
        if group.is_bracket:
            self._settle_bracket(group)
        else:
            self._settle_pair(group)
        self._hold_need(group)

    def _settle_pair(self, group: Group) -> None:
        waiting = [order for order in group.exits if not (order.filled or _is_out(order))]
        if len(waiting) < len(group.exits):
            for order in waiting:
                self._end(order, Reason.OCO)

    def _settle_bracket(self, group: Group) -> None:
        profit, stop = group.profit, group.stop
        waiting = [order for order in group.exits if not _is_out(order)]
        if len(waiting) < len(group.exits):
            for order in (group.entry, *waiting):
                self._end(order, Reason.BRACKET)
            return
        if profit is not None and stop is not None:
            self._reduce(stop, profit.filled - stop.state.canceled)
        if group.entry is not None:
            self._arm(group, group.entry)

    def _end(self, order: Order | None, reason: Reason) -> None:
        if order is not None and order.status in LIVE:
            self._market.cancel(order, reason)

    def _reduce(self, stop: Order, less: int) -> None:
        """The stop loss wants no more than is left of what the entry brought."""
        if less <= 0:
            return
        state = stop.state
        self._market.change(stop, remaining=state.remaining - less, canceled=state.canceled + less)
        self._market.events.append(QuantityReduced(self._market.next_sequence(), stop.id, less))

    def _arm(self, group: Group, entry: Order) -> None:
        """Let the exits want what the entry has brought since."""
        brought = entry.filled - (entry.state.fee if entry.side is Side.BUY else 0)
        brought -= brought % self._market.spec.lot_size
        more = brought - group.exits[0].quantity
        if more > 0:
            # The stop first: should the take profit trade at once, it finds its stop in place.
            for order in reversed(group.exits):
                self._want_more(order, more)
        elif not brought and entry.status not in LIVE:
            for order in group.exits:
                self._end(order, Reason.BRACKET)

    def _want_more(self, order: Order, more: int) -> None:
        market = self._market
        its_turn_comes = order.id not in market.book.orders  # a stop that was triggered
        if not its_turn_comes:
            market.book.remove(order)
        state = order.state
        market.change(order, quantity=state.quantity + more, remaining=state.remaining + more)
        sequence = market.next_sequence()
        market.events.append(OrderArmed(sequence, order.id, more))
        if order.is_stop:
            if not its_turn_comes:
                market.wait_or_trigger(order)
            return
        status = OrderStatus.OPEN if order.status is OrderStatus.UNTRIGGERED else order.status
        market.change(order, status=status, priority=sequence)
        self._matcher.start(order)

    def _hold_need(self, group: Group) -> None:
        """Hold what the exits need now, once for both."""
        need = group.need(self._market.spec)
        if need == group.held:
            return
        order = group.exits[0]
        self._market.ledger.hold(order.account, order.pays_with, need - group.held)
        self._market.journal.note(group.set_held, group.held)
        group.held = need


def _is_out(order: Order) -> bool:
    """Whether an exit has ended, or was triggered: it is that one, and not the other."""
    return order.status not in LIVE or (
        order.is_stop and order.status is not OrderStatus.UNTRIGGERED
    )
