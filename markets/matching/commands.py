"""Commands: wishes that an engine grants or refuses, wholly.

A command carries all that its execution depends on, but for the market's own state. The shape was
checked at the edge; whether it makes sense in this market is checked by the engine.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from markets.matching.spec import MarketSpec
from markets.matching.types import (
    FeeRates,
    GroupRole,
    MarketStatus,
    OrderStatus,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)


class PlaceOrder(NamedTuple):
    """FIX NewOrderSingle (D)."""

    account: int
    side: Side
    type: OrderType
    quantity: int | None = None
    price: int | None = None
    time_in_force: TimeInForce | None = None
    post_only: bool = False
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST
    client_order_id: str | None = None
    quote_quantity: int | None = None
    """Of a market order: spend or receive this much of the quote asset, in place of a quantity."""
    stop_price: int | None = None
    display_quantity: int | None = None
    expires_at: int | None = None
    max_slippage: int | None = None
    deadline: int | None = None
    """Do nothing if the engine comes to it later than this."""
    validate_only: bool = False
    """Say what would be refused, and do nothing."""
    connection: str | None = None
    """Cancel the order when this connection is lost."""
    must_wait: bool = False
    """Refuse a stop that would be triggered at once."""

    @property
    def effective_time_in_force(self) -> TimeInForce:
        """What was asked for, or the type's default: `ioc` for market orders, else `gtc`."""
        if self.time_in_force is not None:
            return self.time_in_force
        return TimeInForce.IOC if self.type is OrderType.MARKET else TimeInForce.GTC

    def content(self) -> str:
        """What the order is, as one text: equal for orders that ask for the same only."""
        # Taken apart once: every order that has a client_order_id passes here.
        # fmt: off
        (
            side, kind, quantity, price, given, post_only, prevention, _, quote_quantity, stop_price,
            display_quantity, expires_at, max_slippage,
        ) = self[1:14]
        # fmt: on
        time_in_force = self.effective_time_in_force if given is None else given
        return (
            f"{side._value_}|{kind._value_}|{quantity}|{price}|{time_in_force._value_}|{post_only}"
            f"|{prevention._value_}|{quote_quantity}|{stop_price}|{display_quantity}|{expires_at}"
            f"|{max_slippage}"
        )

    def fingerprint(self, symbol: str) -> str:
        """16 hex digits that are equal for requests of the same content only.

        Needed where a client_order_id was given: a repeat is told from a conflict by it.
        """
        return _digest(symbol, self.content()) if self.client_order_id is not None else ""


class PlaceGroup(NamedTuple):
    """FIX NewOrderList (E): orders that belong together, the first of which names the group."""

    orders: tuple[PlaceOrder, ...]
    roles: tuple[GroupRole, ...]
    """Of each order: a limit order (or take profit) and a stop that cancel each other, or an entry and its
    exits. Exits want nothing until the entry brings it: their quantity is None."""

    @property
    def account(self) -> int:
        """Whose orders they are."""
        return self.orders[0].account

    @property
    def first(self) -> PlaceOrder:
        """The limit order or take profit of a pair, the entry of a bracket."""
        return self.orders[0]

    def fingerprints(self, symbol: str) -> list[str]:
        """One for each order: of the whole group's content and the order's place in it."""
        contents = [
            f"{role}:{order.client_order_id}:{order.content()}"
            for order, role in zip(self.orders, self.roles, strict=True)
        ]
        return [
            _digest(symbol, *contents, str(place)) if order.client_order_id is not None else ""
            for place, order in enumerate(self.orders)
        ]


def _digest(*parts: str) -> str:
    return blake2b("|".join(parts).encode(), digest_size=8).hexdigest()


class CancelOrder(NamedTuple):
    """FIX OrderCancelRequest (F): by id or client_order_id; an operator's has no account."""

    account: int | None
    order_id: int | None = None
    client_order_id: str | None = None
    reason: Reason = Reason.CANCELED_BY_OWNER
    only: OrderStatus | None = None
    """Refuse to, unless the order is this now."""


class CancelAll(NamedTuple):
    """FIX OrderMassCancelRequest (q): all orders of an account, perhaps of one side or connection."""

    account: int
    side: Side | None = None
    reason: Reason = Reason.CANCEL_ALL
    connection: str | None = None


class CancelAllAfter(NamedTuple):
    """The dead man's switch: cancel all of an account's orders at a time; None disarms."""

    account: int
    at: int | None


class KeepOrders(NamedTuple):
    """A connection ended well: its orders outlive it."""

    account: int
    connection: str


class CancelLost(NamedTuple):
    """Cancel the orders of all connections of a gateway that is gone."""

    gateway: str


class AmendOrder(NamedTuple):
    """FIX OrderCancelReplaceRequest (G): another price, stop price or total quantity."""

    account: int
    order_id: int | None = None
    client_order_id: str | None = None
    price: int | None = None
    quantity: int | None = None
    stop_price: int | None = None
    deadline: int | None = None
    validate_only: bool = False
    must_keep_place: bool = False
    """Refuse what would send the order to the back, and what would change nothing."""


class SetMarketStatus(NamedTuple):
    """Open, halt, close or auction the market (FIX TradingSessionStatus)."""

    status: MarketStatus
    seconds: int | None = None
    """How long an auction is, before it opens the market by itself."""


class ConfigureMarket(NamedTuple):
    """Give the market another specification; tick and lot only while no order lives."""

    spec: MarketSpec


class SetFeeRates(NamedTuple):
    """Give accounts fee rates of their own, or (None) the market's."""

    rates: dict[int, FeeRates | None]


class SetFrozen(NamedTuple):
    """Take no orders and amends of an account any more, and cancel those that it has; or take them again."""

    account: int
    frozen: bool


class FireTimers(NamedTuple):
    """Do what is due by the batch's time: orders expire, switches go off, an auction ends."""

    limit: int = 1000
    """How many orders and switches at the most."""


Command = (
    PlaceOrder
    | PlaceGroup
    | CancelOrder
    | CancelAll
    | CancelAllAfter
    | CancelLost
    | KeepOrders
    | AmendOrder
    | SetMarketStatus
    | ConfigureMarket
    | SetFeeRates
    | SetFrozen
    | FireTimers
)
