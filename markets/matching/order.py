"""An order that may still trade, known to one market's core alone.

Rules:
- All figures are in its `state`, a value that is replaced and never changed: whoever was given a state
  (an answer, a batch, the way back) has it for good, and nothing is copied.
- A command replaces states through `Book.replace`, which notes the way back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markets.matching.types import (
    STANDING,
    STOPS,
    TRADED,
    Asset,
    GroupRole,
    OrderState,
    OrderStatus,
    OrderType,
    Reason,
    Side,
    make,
)

if TYPE_CHECKING:
    from markets.matching.group import Group
    from markets.matching.levels import Level

# Members of enumerations that every command needs: a global is found sooner than a member.
PARTIALLY_FILLED: Final = OrderStatus.PARTIALLY_FILLED
FILLED: Final = OrderStatus.FILLED
CANCELED: Final = OrderStatus.CANCELED
EXPIRED: Final = OrderStatus.EXPIRED
FOR_TIME: Final = Reason.EXPIRED


class Order:
    """An order: its state, and where it rests or waits."""

    __slots__ = ("account", "group", "id", "level", "next", "previous", "state", "stop_key")

    def __init__(self, state: OrderState) -> None:
        self.state = state
        self.id: Final = state.id
        """The market's `id_base` + the sequence at which it was accepted."""
        self.account: Final = state.account
        """Whose order it is."""
        self.group: Group | None = None
        self.level: Level | None = None
        self.previous: Order | None = None
        self.next: Order | None = None
        self.stop_key: tuple[int, int] | None = None
        """Where it waits for its trigger, if it does."""

    @property
    def side(self) -> Side:
        """Buy or sell."""
        return self.state.side

    @property
    def type(self) -> OrderType:
        """What was asked for, before any trigger."""
        return self.state.type

    @property
    def price(self) -> int:
        """Its limit, or the worst price that a stop may trade at; 0: it has none."""
        return self.state.price or 0

    @property
    def stop_price(self) -> int:
        """The last price that triggers it; 0: it has none."""
        return self.state.stop_price or 0

    @property
    def quantity(self) -> int:
        """What is wanted in all."""
        return self.state.quantity

    @property
    def remaining(self) -> int:
        """What is still wanted."""
        return self.state.remaining

    @property
    def shown(self) -> int:
        """The part of `remaining` that the public book shows."""
        return self.state.remaining - self.state.hidden

    @property
    def filled(self) -> int:
        """What was traded."""
        return self.state.filled

    @property
    def status(self) -> OrderStatus:
        """Where it is in its life."""
        return self.state.status

    @property
    def role(self) -> GroupRole | None:
        """What it is to its group."""
        return self.state.role

    @property
    def connection(self) -> str | None:
        """The connection that it is canceled with."""
        return self.state.connection

    @property
    def priority(self) -> int:
        """The sequence at which it got its place."""
        return self.state.priority

    @property
    def is_stop(self) -> bool:
        """Whether it is (or was, before its trigger) a stop."""
        return self.state.type in STOPS

    @property
    def is_exit(self) -> bool:
        """Whether its group, and not the order itself, holds what it needs."""
        role = self.state.role
        return role is not None and role is not GroupRole.ENTRY

    @property
    def pays_with(self) -> Asset:
        """The asset that it holds and spends."""
        return Asset.QUOTE if self.state.side is Side.BUY else Asset.BASE


def after_fill(state: OrderState, quantity: int, amount: int, fee: int, now: int) -> OrderState:
    """The state of an order that traded so much, of what it shows."""
    filled, notional, fees, canceled, remaining, hidden, _, reason, _ = state[STANDING:]
    remaining -= quantity
    status = PARTIALLY_FILLED if remaining else FILLED
    figures = (
        filled + quantity,
        notional + amount,
        fees + fee,
        canceled,
        remaining,
        hidden,
        status,
        reason,
        now,
    )
    return make(OrderState, state[:STANDING] + figures)


def after_cancel(state: OrderState, reason: Reason, now: int) -> OrderState:
    """The state of an order whose rest was canceled."""
    canceled = state.canceled + state.remaining
    status = EXPIRED if reason is FOR_TIME else CANCELED
    figures = (canceled, 0, 0, status, reason, now)
    return make(OrderState, state[:TRADED] + figures)


def ended_status(reason: Reason) -> OrderStatus:
    """What an order is that ended early for this reason."""
    return EXPIRED if reason is FOR_TIME else CANCELED
