"""Commands: wishes that an engine grants or refuses, wholly.

A command carries all that its execution depends on, but for the market's own state. The shape was
checked at the edge; whether it makes sense in this market is checked by the engine.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from markets.matching.types import (
    MarketSpec,
    MarketStatus,
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
    quantity: int
    price: int | None = None
    time_in_force: TimeInForce | None = None
    post_only: bool = False
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST
    client_order_id: str | None = None

    @property
    def effective_time_in_force(self) -> TimeInForce:
        """What was asked for, or the type's default: `ioc` for market orders, else `gtc`."""
        if self.time_in_force is not None:
            return self.time_in_force
        return TimeInForce.IOC if self.type is OrderType.MARKET else TimeInForce.GTC

    def fingerprint(self, symbol: str) -> str:
        """16 hex digits that are equal for requests of the same content only.

        Needed where a client_order_id was given: a repeat is told from a conflict by it.
        """
        if self.client_order_id is None:
            return ""
        content = (
            f"{symbol}|{self.side}|{self.type}|{self.quantity}|{self.price}|"
            f"{self.effective_time_in_force}|{self.post_only}|{self.self_trade_prevention}"
        )
        return blake2b(content.encode(), digest_size=8).hexdigest()


class CancelOrder(NamedTuple):
    """FIX OrderCancelRequest (F): by id or client_order_id; an operator's has no account."""

    account: int | None
    order_id: int | None = None
    client_order_id: str | None = None
    reason: Reason = Reason.CANCELED_BY_OWNER


class CancelAll(NamedTuple):
    """FIX OrderMassCancelRequest (q): all orders of an account, perhaps of one side."""

    account: int
    side: Side | None = None
    reason: Reason = Reason.CANCELED_BY_OWNER


class AmendOrder(NamedTuple):
    """FIX OrderCancelReplaceRequest (G): a new price, a new total quantity, or both."""

    account: int
    order_id: int | None = None
    client_order_id: str | None = None
    price: int | None = None
    quantity: int | None = None


class SetMarketStatus(NamedTuple):
    """Open, halt or close the market (FIX TradingSessionStatus)."""

    status: MarketStatus


class ConfigureMarket(NamedTuple):
    """Give the market another specification; tick and lot only while no order rests."""

    spec: MarketSpec


Command = PlaceOrder | CancelOrder | CancelAll | AmendOrder | SetMarketStatus | ConfigureMarket
