"""What the core speaks of: enumerations, a market's specification, an order's state.

Units: a price is an integer in the quote asset's smallest unit for one whole base; a quantity is an
integer in the base asset's smallest unit; an amount is in its asset's smallest unit. Ticks and lots
are multiples of these units that the engine insists on, so rows and messages keep their meaning when
an operator changes a tick. Times are integers: microseconds since 1970, UTC. Nothing is a float.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

MAX_UNITS: Final = 2**63 - 1
"""Largest price or quantity, in units: what a 64-bit column holds."""

MAX_OPEN_ORDERS_PER_ACCOUNT: Final = 100_000
"""How many orders of one account may rest in one market."""

MILLION: Final = 1_000_000
"""Fee rates are integers in millionths (0.001 = 1000)."""


class Side(StrEnum):
    """FIX 54."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Side:
        """The side that a taker of this side trades against."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """FIX 40."""

    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(StrEnum):
    """FIX 59: good till canceled, immediate or cancel, fill or kill."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


class OrderStatus(StrEnum):
    """FIX 39. `open` and `partially_filled` rest in the book; the others have ended."""

    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"


class MarketStatus(StrEnum):
    """What a market takes: everything, cancels only, nothing."""

    OPEN = "open"
    HALTED = "halted"
    CLOSED = "closed"


class SelfTradePrevention(StrEnum):
    """What happens when a taker meets an order of its own account; the taker's mode decides."""

    CANCEL_NEWEST = "cancel_newest"
    CANCEL_OLDEST = "cancel_oldest"
    CANCEL_BOTH = "cancel_both"
    DECREMENT = "decrement"


class Reason(StrEnum):
    """Why an order ended without being filled whole."""

    CANCELED_BY_OWNER = "canceled_by_owner"
    CANCELED_BY_OPERATOR = "canceled_by_operator"
    AMENDED = "amended"
    IOC_REMAINDER = "ioc_remainder"
    FOK_UNFILLABLE = "fok_unfillable"
    NO_LIQUIDITY = "no_liquidity"
    SELF_TRADE_PREVENTION = "self_trade_prevention"
    MARKET_CLOSED = "market_closed"


class RejectReason(StrEnum):
    """Why a command was refused: the public contract's codes."""

    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    INVALID_ORDER = "invalid_order"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    POST_ONLY_WOULD_TAKE = "post_only_would_take"
    MARKET_NOT_OPEN = "market_not_open"
    ORDER_NOT_OPEN = "order_not_open"


class Asset(StrEnum):
    """A market's two assets, as its ledger names them."""

    BASE = "base"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSpec:
    """A market's rules. Prices, quantities and amounts in units; fee rates in millionths."""

    symbol: str
    base: str
    quote: str
    base_decimals: int
    quote_decimals: int
    tick_size: int
    lot_size: int
    min_quantity: int
    max_quantity: int
    min_notional: int
    maker_fee_rate: int
    taker_fee_rate: int
    fee_account: int = 0
    id_base: int = 0
    """Ids of the market's orders and trades are `id_base` + their sequence."""

    def __post_init__(self) -> None:
        for name in ("tick_size", "lot_size", "min_quantity", "max_quantity"):
            if not 0 < getattr(self, name) <= MAX_UNITS:
                raise ValueError(f"{name} must be positive and at most {MAX_UNITS} units")
        if self.min_quantity > self.max_quantity:
            raise ValueError("min_quantity must not be more than max_quantity")
        if self.min_notional < 0:
            raise ValueError("min_notional must not be negative")
        if not 0 <= self.taker_fee_rate < MILLION:
            raise ValueError("taker_fee_rate must be at least 0 and less than 1")
        if not -self.taker_fee_rate <= self.maker_fee_rate < MILLION:
            raise ValueError("maker_fee_rate must be less than 1, a rebate at most the taker fee")
        if (self.tick_size * self.lot_size) % 10**self.base_decimals:
            raise ValueError(
                f"tick_size × lot_size must be a whole number of {self.quote}'s smallest unit "
                f"({self.quote_decimals} decimals)"
            )

    def notional(self, price: int, quantity: int) -> int:
        """Price × quantity in the quote asset's units: exact for whole ticks and lots."""
        scale: int = 10**self.base_decimals
        return price * quantity // scale

    def price_text(self, price: int) -> str:
        """The price as the wire writes it."""
        return format_units(price, self.quote_decimals)

    def quantity_text(self, quantity: int) -> str:
        """The quantity as the wire writes it."""
        return format_units(quantity, self.base_decimals)


class OrderState(NamedTuple):
    """All that is known of an order at one moment: what rows, replies and private events are made of."""

    id: int
    account: int
    client_order_id: str | None
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    self_trade_prevention: SelfTradePrevention
    price: int | None
    quantity: int
    remaining: int
    filled: int
    canceled: int
    prevented: int
    notional: int
    """Quote units traded so far: the sum of price × quantity over its fills."""
    fee: int
    """Units of the asset received; negative: a rebate."""
    status: OrderStatus
    reason: Reason | None
    sequence: int
    priority: int
    """The sequence at which it got its place in the queue."""
    created_at: int
    updated_at: int
    request: str
    """Fingerprint of what was asked for, to tell a repeated request from another one."""


class MarketState(NamedTuple):
    """What a market remembers beside its open orders."""

    status: MarketStatus
    sequence: int
    last_price: int | None


def format_units(units: int, decimals: int) -> str:
    """Write units as a canonical decimal: `format_units(150, 2)` is `"1.5"`."""
    if not decimals:
        return str(units)
    sign = "-" if units < 0 else ""
    whole, fraction = divmod(abs(units), 10**decimals)
    if not fraction:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:0{decimals}d}".rstrip("0")


def fee_on(received: int, rate: int) -> int:
    """Fee on an amount received, rounded up to a whole unit (so a rebate is rounded down)."""
    return -(-received * rate // MILLION)
