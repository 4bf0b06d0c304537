"""Events: facts, each with the market's next sequence; and what a command and a batch came to.

Sequences have no gaps: every fact takes exactly one, a refusal takes none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from markets.matching.types import (
    Asset,
    MarketSpec,
    MarketState,
    MarketStatus,
    OrderState,
    Reason,
    RejectReason,
    Side,
)


class OrderAccepted(NamedTuple):
    """An order exists from here on; `order_id` is the market's `id_base` + `sequence`."""

    sequence: int
    order_id: int


class Trade(NamedTuple):
    """One match. Price of the resting order; fees in the asset that each side received."""

    sequence: int
    id: int
    price: int
    quantity: int
    amount: int
    """Price × quantity, in quote units."""
    taker_side: Side
    taker_order: int
    maker_order: int
    taker_account: int
    maker_account: int
    taker_fee: int
    maker_fee: int
    timestamp: int


class OrderCanceled(NamedTuple):
    """The rest of an order left the market."""

    sequence: int
    order_id: int
    quantity: int
    reason: Reason


class QuantityPrevented(NamedTuple):
    """Self-trade prevention `decrement` took this much off an order."""

    sequence: int
    order_id: int
    quantity: int


class OrderAmended(NamedTuple):
    """An order has a new price or total quantity; without `kept_priority` it went to the back."""

    sequence: int
    order_id: int
    price: int
    quantity: int
    kept_priority: bool


class MarketStatusChanged(NamedTuple):
    """The market takes other commands from here on."""

    sequence: int
    status: MarketStatus


class MarketConfigured(NamedTuple):
    """The market has another specification from here on."""

    sequence: int
    spec: MarketSpec


Event = (
    OrderAccepted
    | Trade
    | OrderCanceled
    | QuantityPrevented
    | OrderAmended
    | MarketStatusChanged
    | MarketConfigured
)


class Refused(NamedTuple):
    """A command changed nothing, and why. `errors` maps a field to its messages."""

    code: RejectReason
    message: str
    errors: dict[str, list[str]] = {}
    order: OrderState | None = None


class Done(NamedTuple):
    """A command was carried out (or, `duplicate`, had been before)."""

    order: OrderState | None = None
    events: tuple[Event, ...] = ()
    orders: tuple[OrderState, ...] = ()
    """Every order that the command changed, as the command left it; its own first."""
    canceled: tuple[int, ...] = ()
    duplicate: bool = False

    @property
    def trades(self) -> list[Trade]:
        """The matches among its events, in order."""
        return [event for event in self.events if isinstance(event, Trade)]


Outcome = Done | Refused


class BalanceChange(NamedTuple):
    """What a batch adds to an account's balance of one asset; either may be negative."""

    available: int
    held: int


class DepthChange(NamedTuple):
    """A price level's new total quantity; 0: the level is gone."""

    price: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """All that a run of commands came to: what one transaction writes and one update says."""

    prev_sequence: int
    state: MarketState
    spec: MarketSpec
    outcomes: tuple[Outcome, ...]
    created: dict[int, OrderState]
    """New orders by id, as the batch left them."""
    changed: dict[int, OrderState]
    """Orders that existed before, as the batch left them."""
    trades: tuple[Trade, ...]
    balances: dict[tuple[int, Asset], BalanceChange]
    bids: tuple[DepthChange, ...]
    asks: tuple[DepthChange, ...]
    checksum: int
    timestamp: int
    notices: tuple[MarketStatusChanged | MarketConfigured, ...] = field(default=())

    @property
    def sequence(self) -> int:
        """The last sequence the batch used; equal to `prev_sequence` when it changed nothing."""
        return self.state.sequence
