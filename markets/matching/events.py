"""Events: facts, each with the market's next sequence; and what a command and a batch came to.

Sequences have no gaps: every fact takes exactly one, a refusal takes none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from markets.matching.spec import MarketSpec
from markets.matching.types import (
    Asset,
    FeeRates,
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
    taker_fee_rate: int | None
    """In millionths; None: of a release that did not note it."""
    maker_fee_rate: int | None
    timestamp: int


class OrderTriggered(NamedTuple):
    """A stop's price was reached: from here on it is a market or limit order."""

    sequence: int
    order_id: int


class OrderArmed(NamedTuple):
    """An exit of a bracket wants so much more, which the entry has brought."""

    sequence: int
    order_id: int
    quantity: int


class OrderCanceled(NamedTuple):
    """The rest of an order left the market; by reason `expired` it has expired."""

    sequence: int
    order_id: int
    quantity: int
    reason: Reason


class QuantityReduced(NamedTuple):
    """A bracket's stop loss wants so much less, which its take profit has traded."""

    sequence: int
    order_id: int
    quantity: int


class QuantityPrevented(NamedTuple):
    """Self-trade prevention `decrement` took this much off an order."""

    sequence: int
    order_id: int
    quantity: int


class OrderAmended(NamedTuple):
    """An order has new terms; without `kept_priority` it went to the back."""

    sequence: int
    order_id: int
    price: int | None
    stop_price: int | None
    quantity: int
    kept_priority: bool


class OrderKept(NamedTuple):
    """An order does not end with its connection any more."""

    sequence: int
    order_id: int


class MarketStatusChanged(NamedTuple):
    """The market takes other commands from here on."""

    sequence: int
    status: MarketStatus
    auction_ends_at: int | None = None


class MarketConfigured(NamedTuple):
    """The market has another specification from here on."""

    sequence: int
    spec: MarketSpec


class CancelAfterSet(NamedTuple):
    """An account's dead man's switch was set to go off at a time, or (None) went off or was disarmed."""

    sequence: int
    account: int
    at: int | None


class FeeRatesSet(NamedTuple):
    """Accounts have fee rates of their own from here on, or (None) the market's."""

    sequence: int
    rates: dict[int, FeeRates | None]


class FrozenSet(NamedTuple):
    """An account is frozen from here on, or is not any more."""

    sequence: int
    account: int
    frozen: bool


Event = (
    OrderAccepted
    | Trade
    | OrderTriggered
    | OrderArmed
    | OrderCanceled
    | QuantityReduced
    | QuantityPrevented
    | OrderAmended
    | OrderKept
    | MarketStatusChanged
    | MarketConfigured
    | CancelAfterSet
    | FeeRatesSet
    | FrozenSet
)


class Refused(NamedTuple):
    """A command changed nothing, and why. `errors` maps a field to its messages."""

    code: RejectReason
    message: str
    errors: dict[str, list[str]] = {}
    order: OrderState | None = None


class Done(NamedTuple):
    """A command was carried out (or, `duplicate`, had been before; or it only asked whether it would be)."""

    order: OrderState | None = None
    """The command's own order; of a group, its first."""
    group: tuple[OrderState, ...] = ()
    """All orders of the group that the command placed."""
    events: tuple[Event, ...] = ()
    orders: tuple[OrderState, ...] = ()
    """Every order that the command changed, as the command left it; its own first."""
    canceled: tuple[int, ...] = ()
    duplicate: bool = False

    @property
    def trades(self) -> list[Trade]:
        """The matches among its events, in order."""
        if len(self.events) < 2:  # no trade comes alone
            return []
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


class Indication(NamedTuple):
    """What an auction would come to now: FIX's auction imbalance."""

    price: int | None
    volume: int
    surplus: int
    """What is left on one side at that price."""
    surplus_side: Side | None


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
    indication: Indication | None = None
    """While the market is in an auction."""
    cancel_after: dict[int, int | None] = field(default_factory=dict)
    """By account: when its dead man's switch goes off, if this batch set it."""
    fee_rates: dict[int, FeeRates | None] = field(default_factory=dict)
    """By account: its own rates, if this batch set them."""

    @property
    def sequence(self) -> int:
        """The last sequence the batch used; equal to `prev_sequence` when it changed nothing."""
        return self.state.sequence
