"""What an account is told: its orders, groups of them, fills, balances, fees, its switch."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from clients.records.record import Record

OPEN_STATUSES = ("untriggered", "open", "partially_filled")
"""The statuses of an order that may still trade, in the order in which it passes through them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill(Record):
    """One order's side of a match; the fee is in `fee_asset`, below 0 for a rebate."""

    id: str
    order_id: str
    client_order_id: str | None
    market: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    fee_rate: Decimal | None
    """The ratio of what was received that the fee is."""
    liquidity: str
    timestamp: datetime
    sequence: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Record):
    """An order as it is now: quantity = filled + remaining + canceled + prevented."""

    id: str
    client_order_id: str | None
    market: str
    side: str
    type: str
    time_in_force: str
    post_only: bool | None
    price: Decimal | None
    stop_price: Decimal | None
    """What the last price must reach before a stop trades."""
    quantity: Decimal
    quote_quantity: Decimal | None
    """What a market order was to spend or receive, where it was given so."""
    display_quantity: Decimal | None
    """What an iceberg shows at a time."""
    remaining_quantity: Decimal
    filled_quantity: Decimal
    canceled_quantity: Decimal | None
    prevented_quantity: Decimal | None
    average_price: Decimal | None
    fee: Decimal | None
    fee_asset: str | None
    status: str
    reason: str | None
    """Why it ended without being filled whole; None where it was, or has not ended."""
    expires_at: datetime | None
    max_slippage: Decimal | None
    self_trade_prevention: str | None
    cancel_on_disconnect: bool | None
    """Whether it is canceled when the connection that placed it ends."""
    group_id: str | None
    """The id of its group's first order."""
    group_role: str | None
    """`oco_limit`, `oco_stop`, `entry`, `take_profit` or `stop_loss`; None: it stands alone."""
    sequence: int | None
    """The market's sequence number at which the order was accepted."""
    created_at: datetime | None
    updated_at: datetime | None
    fills: tuple[Fill, ...] | None
    """The fills so far, in the answer to a submission; None where the answer has none."""

    @property
    def is_open(self) -> bool:
        """Whether the order may still trade."""
        return self.status in OPEN_STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGroup(Record):
    """Orders placed together, of `type` `oco` or `bracket`; `id` is the first one's."""

    id: str
    type: str
    market: str
    orders: tuple[Order, ...]

    def order(self, role: str) -> Order:
        """Return the order with this `group_role`; raises KeyError where there is none."""
        for order in self.orders:
            if order.group_role == role:
                return order
        raise KeyError(role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance(Record):
    """What an account has of one asset: total = held + available."""

    asset: str
    total: Decimal
    held: Decimal
    available: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFees(Record):
    """What an account pays in one market, as ratios, and the volume that its rates go by."""

    market: str
    maker_fee_rate: Decimal
    """Below 0: a rebate."""
    taker_fee_rate: Decimal
    volume_30d: Decimal
    volume_asset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAfter(Record):
    """The dead man's switch: when it cancels all of the account's orders; None: it is not set."""

    cancel_at: datetime | None
    timeout_seconds: int | None
    """What was asked for, in the answer to that; None where it was only looked at."""
