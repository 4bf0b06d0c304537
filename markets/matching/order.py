"""An order that may still trade. Mutable, and known to one market's core alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markets.matching.types import (
    STOPS,
    Asset,
    GroupRole,
    OrderState,
    OrderStatus,
    Reason,
    Side,
)

if TYPE_CHECKING:
    from markets.matching.group import Group
    from markets.matching.levels import Level

SavedFields = tuple[
    int,
    int,
    int,
    int,
    int,
    int,
    int,
    int,
    int,
    int,
    OrderStatus,
    "Reason | None",
    "str | None",
    int,
    int,
]


class Order:
    """An order: what was asked for, what came of it so far, and where it rests or waits."""

    __slots__ = (
        "account",
        "canceled",
        "client_order_id",
        "connection",
        "created_at",
        "display_quantity",
        "expires_at",
        "fee",
        "filled",
        "group",
        "hidden",
        "id",
        "level",
        "max_slippage",
        "next",
        "notional",
        "post_only",
        "prevented",
        "previous",
        "price",
        "priority",
        "quantity",
        "quote_quantity",
        "reason",
        "remaining",
        "request",
        "role",
        "self_trade_prevention",
        "sequence",
        "side",
        "status",
        "stop_key",
        "stop_price",
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
        self.stop_price: int = state.stop_price or 0
        self.quantity = state.quantity
        self.quote_quantity = state.quote_quantity
        self.max_slippage = state.max_slippage
        self.display_quantity = state.display_quantity
        self.expires_at = state.expires_at
        self.remaining = state.remaining
        self.hidden = state.hidden
        self.filled = state.filled
        self.canceled = state.canceled
        self.prevented = state.prevented
        self.notional = state.notional
        self.fee = state.fee
        self.status = state.status
        self.reason = state.reason
        self.group: Group | None = None
        self.role: GroupRole | None = state.role
        self.connection = state.connection
        self.sequence = state.sequence
        self.priority = state.priority
        self.created_at = state.created_at
        self.updated_at = state.updated_at
        self.request = state.request
        self.level: Level | None = None
        self.previous: Order | None = None
        self.next: Order | None = None
        self.stop_key: tuple[int, int] | None = None
        """Where it waits for its trigger, if it does."""

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
            self.price or None,
            self.stop_price or None,
            self.quantity,
            self.quote_quantity,
            self.max_slippage,
            self.display_quantity,
            self.expires_at,
            self.remaining,
            self.hidden,
            self.filled,
            self.canceled,
            self.prevented,
            self.notional,
            self.fee,
            self.status,
            self.reason,
            None if self.group is None else self.group.id,
            self.role,
            self.connection,
            self.sequence,
            self.priority,
            self.created_at,
            self.updated_at,
            self.request,
        )

    @property
    def is_stop(self) -> bool:
        """Whether it is (or was, before its trigger) a stop."""
        return self.type in STOPS

    @property
    def is_exit(self) -> bool:
        """Whether its group, and not the order itself, holds what it needs."""
        return self.role is not None and self.role is not GroupRole.ENTRY

    @property
    def pays_with(self) -> Asset:
        """The asset that it holds and spends."""
        return Asset.QUOTE if self.side is Side.BUY else Asset.BASE

    def saved(self) -> SavedFields:
        """The fields that may change, to go back to."""
        return (
            self.price,
            self.stop_price,
            self.quantity,
            self.remaining,
            self.hidden,
            self.filled,
            self.canceled,
            self.prevented,
            self.notional,
            self.fee,
            self.status,
            self.reason,
            self.connection,
            self.priority,
            self.updated_at,
        )

    def restore(self, saved: SavedFields) -> None:
        """Go back to saved fields."""
        (
            self.price,
            self.stop_price,
            self.quantity,
            self.remaining,
            self.hidden,
            self.filled,
            self.canceled,
            self.prevented,
            self.notional,
            self.fee,
            self.status,
            self.reason,
            self.connection,
            self.priority,
            self.updated_at,
        ) = saved
