"""Orders that belong together, and what they hold together; what happens to them is in `groups`."""

from __future__ import annotations

from collections.abc import Iterable

from markets.matching.order import Order
from markets.matching.spec import MarketSpec
from markets.matching.types import LIVE, GroupRole, Side


class Group:
    """The orders of one group. `held` is what its exits (or its pair) hold together."""

    __slots__ = ("entry", "held", "id", "profit", "stop")

    def __init__(self, group_id: int, orders: Iterable[Order]) -> None:
        self.id = group_id
        self.held = 0
        self.entry: Order | None = None
        self.profit: Order | None = None
        """The one of the better price: a limit order, or a take profit."""
        self.stop: Order | None = None
        for order in orders:
            order.group = self
            if order.state.group != group_id:
                order.state = order.state._replace(group=group_id)
            if order.role is GroupRole.ENTRY:
                self.entry = order
            elif order.role in (GroupRole.OCO_LIMIT, GroupRole.TAKE_PROFIT):
                self.profit = order
            else:
                self.stop = order

    @property
    def exits(self) -> list[Order]:
        """The one of the better price and the stop: those that there are, ended or not."""
        return [order for order in (self.profit, self.stop) if order is not None]

    @property
    def is_bracket(self) -> bool:
        """Whether it has (or had) an entry."""
        return any(
            order.role in (GroupRole.TAKE_PROFIT, GroupRole.STOP_LOSS) for order in self.exits
        )

    def set_held(self, held: int) -> None:
        """The way back of a change of `held`."""
        self.held = held

    def need(self, spec: MarketSpec, instead: tuple[Order, int, int] | None = None) -> int:
        """What the exits need in the asset that they pay with; `instead`: an order of the group, were its
        price and remaining quantity these.
        """
        terms = [
            instead[1:]
            if instead is not None and instead[0] is order
            else (order.price, order.remaining)
            for order in self.exits
            if order.status in LIVE
        ]
        if not terms:
            return 0
        if self.exits[0].side is Side.SELL:
            return max(remaining for _, remaining in terms)
        to_come = 0
        if self.entry is not None and self.entry.status in LIVE:
            to_come = self.entry.remaining
            if instead is not None and instead[0] is self.entry:
                to_come = instead[2]
        return max(spec.notional(price, remaining + to_come) for price, remaining in terms)
