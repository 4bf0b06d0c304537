"""What the core speaks of: enumerations, units, an order's and a market's state.

Units: a price is an integer in the quote asset's smallest unit for one whole base; a quantity is an
integer in the base asset's smallest unit; an amount is in its asset's smallest unit. Ticks and lots
are multiples of these units that the engine insists on, so rows and messages keep their meaning when
an operator changes a tick. Ratios are integers in millionths. Times are integers: microseconds since
1970, UTC. Nothing is a float.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

MAX_UNITS: Final = 2**63 - 1
"""Largest price or quantity, in units: what a 64-bit column holds."""

MAX_OPEN_ORDERS_PER_ACCOUNT: Final = 100_000
"""How many orders of one account may rest or wait in one market."""

MAX_ICEBERG_PARTS: Final = 1_000
"""In how many parts an iceberg's quantity may be shown."""

MILLION: Final = 1_000_000
"""Ratios (fee rates, bands, slippage) are integers in millionths (0.001 = 1000)."""

SECOND: Final = 1_000_000
"""Times are integers in microseconds."""

DEFAULT_STOP_SLIPPAGE: Final = 100_000
"""How far above its stop price (a ratio, 10 %) a stop buy may pay where neither `max_slippage` nor a
price band says: its money is held from entry, so there must be a worst price."""


make: Final = tuple.__new__
"""Makes a named tuple of a plain one, in a third of the time that its own constructor takes."""


class Side(StrEnum):
    """FIX 54."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Side:
        """The side that a taker of this side trades against."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """FIX 40. From its trigger on a `stop` or `take_profit` is a market order, a `stop_limit` or
    `take_profit_limit` a limit order; the last price comes to their stop prices from different sides.
    """

    LIMIT = "limit"
    MARKET = "market"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_LIMIT = "take_profit_limit"


LIMITED: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
"""Types that have a limit price."""
PROTECTIVE: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
"""Stops in the narrow sense: a buy waits for the price to rise, a sell for it to fall."""
TAKE_PROFITS: Final = frozenset({OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT})
"""The other way round: a buy waits for the price to fall, a sell for it to rise."""
PROFITABLE: Final = TAKE_PROFITS | {OrderType.LIMIT}
"""What the order of the better price may be, of two that belong together."""
STOPS: Final = PROTECTIVE | TAKE_PROFITS
"""Types that wait for the last price to reach their stop price."""
MARKET_STOPS: Final = frozenset({OrderType.STOP, OrderType.TAKE_PROFIT})
"""Those of them that become market orders."""


class TimeInForce(StrEnum):
    """FIX 59: good till canceled, immediate or cancel, fill or kill, good till date."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"


class OrderStatus(StrEnum):
    """FIX 39. `untriggered` waits, `open` and `partially_filled` rest; the others have ended."""

    UNTRIGGERED = "untriggered"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"


LIVE: Final = frozenset({OrderStatus.UNTRIGGERED, OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED})
"""The statuses of orders that have not ended: what an engine keeps in memory."""


class MarketStatus(StrEnum):
    """What a market does: trade, take cancels only, collect orders for one price, nothing."""

    OPEN = "open"
    HALTED = "halted"
    AUCTION = "auction"
    CLOSED = "closed"


class SelfTradePrevention(StrEnum):
    """What happens when a taker meets an order of its own account; the taker's mode decides."""

    CANCEL_NEWEST = "cancel_newest"
    CANCEL_OLDEST = "cancel_oldest"
    CANCEL_BOTH = "cancel_both"
    DECREMENT = "decrement"


class GroupRole(StrEnum):
    """What an order is to its group (FIX 1385): one of two that cancel each other, or of a bracket. The one
    of the better price is `oco_limit` or `take_profit`, be it a limit order or one that is triggered.
    """

    OCO_LIMIT = "oco_limit"
    OCO_STOP = "oco_stop"
    ENTRY = "entry"
    TAKE_PROFIT = "take_profit"
    STOP_LOSS = "stop_loss"


class Reason(StrEnum):
    """Why an order ended without being filled whole."""

    CANCELED_BY_OWNER = "canceled_by_owner"
    CANCELED_BY_OPERATOR = "canceled_by_operator"
    CANCEL_ALL = "cancel_all"
    CANCEL_AFTER = "cancel_after"
    CANCEL_ON_DISCONNECT = "cancel_on_disconnect"
    AMENDED = "amended"
    IOC_REMAINDER = "ioc_remainder"
    FOK_UNFILLABLE = "fok_unfillable"
    NO_LIQUIDITY = "no_liquidity"
    PRICE_BAND = "price_band"
    SELF_TRADE_PREVENTION = "self_trade_prevention"
    EXPIRED = "expired"
    OCO = "oco"
    BRACKET = "bracket"
    MARKET_CLOSED = "market_closed"
    ACCOUNT_FROZEN = "account_frozen"


class RejectReason(StrEnum):
    """Why a command was refused: the public contract's codes."""

    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    DEADLINE_PASSED = "deadline_passed"
    ACCOUNT_FROZEN = "account_frozen"
    INVALID_ORDER = "invalid_order"
    PRICE_OUT_OF_BAND = "price_out_of_band"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    POST_ONLY_WOULD_TAKE = "post_only_would_take"
    STOP_WOULD_TRIGGER = "stop_would_trigger"
    MARKET_NOT_OPEN = "market_not_open"
    ORDER_NOT_OPEN = "order_not_open"


class Asset(StrEnum):
    """A market's two assets, as its ledger names them."""

    BASE = "base"
    QUOTE = "quote"


class FeeRates(NamedTuple):
    """What an account pays, in millionths of what it receives; a negative maker rate is a rebate."""

    maker: int
    taker: int


class OrderState(NamedTuple):
    """All that is known of an order at one moment: what rows, replies and private events are made of.

    First what neither a fill nor a cancel changes (see STANDING), then what they do.
    """

    id: int
    account: int
    client_order_id: str | None
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    self_trade_prevention: SelfTradePrevention
    quote_quantity: int | None
    """What a market order spends or receives, in quote units, where that was asked for."""
    max_slippage: int | None
    """A ratio, of market orders and stops."""
    display_quantity: int | None
    expires_at: int | None
    group: int | None
    """The id of its group's first order."""
    role: GroupRole | None
    sequence: int
    created_at: int
    request: str
    """Fingerprint of what was asked for, to tell a repeated request from another one."""
    price: int | None
    """Its limit. A stop's: the worst price it may trade at (None: any); it is held at it."""
    stop_price: int | None
    quantity: int
    """What is wanted in all. Of a bracket's exits: what the entry has brought so far."""
    prevented: int
    connection: str | None
    """The connection that it is canceled with, where that was asked for."""
    priority: int
    """The sequence at which it got its place in the queue."""
    filled: int
    notional: int
    """Quote units traded so far: the sum of price × quantity over its fills."""
    fee: int
    """Units of the asset received; negative: a rebate."""
    canceled: int
    remaining: int
    hidden: int
    """The part of `remaining` that an iceberg does not show yet."""
    status: OrderStatus
    reason: Reason | None
    updated_at: int


STANDING: Final = 23
"""How many of an order's fields neither a fill nor a cancel changes, `filled` being the next."""

TRADED: Final = 26
"""How many a cancel leaves as they are, `canceled` being the next."""


class MarketState(NamedTuple):
    """What a market remembers beside its orders."""

    status: MarketStatus
    sequence: int
    last_price: int | None
    auction_ends_at: int | None = None
    """When the auction at hand opens the market by itself; None: when an operator opens it."""


def waits_for_rise(side: Side, type_: OrderType) -> bool:
    """Whether a stop is triggered as the price rises to its stop price, and not as it falls to it."""
    return (side is Side.BUY) is not (type_ in TAKE_PROFITS)


def format_units(units: int, decimals: int) -> str:
    """Write units as a canonical decimal: `format_units(150, 2)` is `"1.5"`."""
    if not decimals or not units:
        return str(units)
    if units < 0:
        return f"-{format_units(-units, decimals)}"
    digits = str(units).zfill(decimals + 1)
    fraction = digits[-decimals:].rstrip("0")
    return f"{digits[:-decimals]}.{fraction}" if fraction else digits[:-decimals]


def fee_on(received: int, rate: int) -> int:
    """Fee on an amount received, rounded up to a whole unit (so a rebate is rounded down)."""
    return -(-received * rate // MILLION)
