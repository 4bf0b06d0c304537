"""Orders and fills as the dialect writes them, from the exchange's own JSON of them.

One translator for everything: answers, what is read from the rows, and private events.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from markets.binance.calls import JSON
from markets.binance.order_names import shown
from markets.binance.symbols import name_of
from markets.binance.texts import ZERO, padded
from markets.binance.time_unit import moment_json
from markets.matching.types import OrderStatus, OrderType, Reason, SelfTradePrevention, TimeInForce

NO_LIST: Final = -1

TYPES: Final = {
    OrderType.LIMIT: "LIMIT",
    OrderType.MARKET: "MARKET",
    OrderType.STOP: "STOP_LOSS",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrderType.TAKE_PROFIT: "TAKE_PROFIT",
    OrderType.TAKE_PROFIT_LIMIT: "TAKE_PROFIT_LIMIT",
}
MAKER_ONLY: Final = "LIMIT_MAKER"
PREVENTIONS: Final = {
    SelfTradePrevention.CANCEL_NEWEST: "EXPIRE_TAKER",
    SelfTradePrevention.CANCEL_OLDEST: "EXPIRE_MAKER",
    SelfTradePrevention.CANCEL_BOTH: "EXPIRE_BOTH",
    SelfTradePrevention.DECREMENT: "DECREMENT",
}
STATUSES: Final = {
    OrderStatus.UNTRIGGERED: "NEW",
    OrderStatus.OPEN: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
}
EXPIRED_FOR: Final = {
    Reason.IOC_REMAINDER: "EXPIRED",
    Reason.FOK_UNFILLABLE: "EXPIRED",
    Reason.NO_LIQUIDITY: "EXPIRED",
    Reason.PRICE_BAND: "EXPIRED",
    Reason.SELF_TRADE_PREVENTION: "EXPIRED_IN_MATCH",
}
"""What `canceled` is called for these reasons: nobody asked for it."""
PENDING: Final = "PENDING_NEW"
"""An exit before its entry has brought anything."""


class NativeFill(msgspec.Struct):
    """What of a fill the dialect needs."""

    id: str
    order_id: str
    price: str
    quantity: str
    fee: str
    fee_asset: str
    liquidity: str
    side: str
    timestamp: datetime


class NativeOrder(msgspec.Struct):
    """What of an order the dialect needs."""

    id: str
    client_order_id: str | None
    market: str
    side: str
    type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    price: str | None
    stop_price: str | None
    quantity: str
    quote_quantity: str | None
    filled_quantity: str
    filled_notional: str
    prevented_quantity: str
    status: OrderStatus
    reason: Reason | None
    display_quantity: str | None
    self_trade_prevention: SelfTradePrevention
    group_id: str | None
    group_role: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def name(self) -> str:
        """What its owner calls it."""
        return shown(self.client_order_id, self.id)

    @property
    def kind(self) -> str:
        """The dialect's type."""
        return MAKER_ONLY if self.post_only else TYPES[self.type]

    @property
    def list_id(self) -> int:
        """The list that it belongs to."""
        return NO_LIST if self.group_id is None else int(self.group_id)

    @property
    def tif(self) -> str:
        """The dialect's time in force: of a market order it is GTC."""
        return "GTC" if self.type is OrderType.MARKET else self.time_in_force.upper()

    @property
    def said_status(self) -> str:
        """The dialect's status."""
        if self.status is OrderStatus.UNTRIGGERED and self.is_asleep:
            return PENDING
        if self.status is OrderStatus.CANCELED and self.reason is not None:
            return EXPIRED_FOR.get(self.reason, STATUSES[self.status])
        return STATUSES[self.status]

    @property
    def is_asleep(self) -> bool:
        """Whether it is an exit whose entry has brought nothing yet."""
        return self.group_role in ("take_profit", "stop_loss") and self.quantity == "0"

    @property
    def is_working(self) -> bool:
        """Whether it is (or was) in the book, and does not wait for its trigger."""
        return self.status is not OrderStatus.UNTRIGGERED


decode_order: Final = msgspec.json.Decoder(NativeOrder).decode
decode_fill: Final = msgspec.json.Decoder(NativeFill).decode


def _padded(text: str | None) -> str:
    return ZERO if text is None else padded(text)


def ack(order: NativeOrder) -> JSON:
    """The shortest answer to an order."""
    return {
        "symbol": name_of(order.market),
        "orderId": int(order.id),
        "orderListId": order.list_id,
        "clientOrderId": order.name,
        "transactTime": moment_json(order.updated_at),
    }


def result(order: NativeOrder) -> JSON:
    """The answer to an order that says what it is now."""
    return {**ack(order), **_terms(order), "workingTime": _working_time(order)} | _rare(order)


def full(order: NativeOrder, fills: list[str]) -> JSON:
    """The same with its fills, each in the exchange's JSON."""
    return {**result(order), "fills": [fill_json(decode_fill(text)) for text in fills]}


def _terms(order: NativeOrder) -> JSON:
    return {
        "price": _padded(order.price),
        "origQty": padded(order.quantity),
        "executedQty": padded(order.filled_quantity),
        "origQuoteOrderQty": _padded(order.quote_quantity),
        "cummulativeQuoteQty": padded(order.filled_notional),
        "status": order.said_status,
        "timeInForce": order.tif,
        "type": order.kind,
        "side": order.side.upper(),
        "selfTradePreventionMode": PREVENTIONS[order.self_trade_prevention],
    }


def _rare(order: NativeOrder) -> JSON:
    """What only some orders have."""
    found: JSON = {}
    if order.stop_price is not None:
        found["stopPrice"] = padded(order.stop_price)
    if order.display_quantity is not None:
        found["icebergQty"] = padded(order.display_quantity)
    return found


def _working_time(order: NativeOrder) -> int:
    """When it came into the book; of a stop that was triggered, when it was placed."""
    return moment_json(order.created_at) if order.is_working else -1


def fill_json(fill: NativeFill) -> JSON:
    """A fill in the answer to an order."""
    return {
        "price": padded(fill.price),
        "qty": padded(fill.quantity),
        "commission": padded(fill.fee),
        "commissionAsset": fill.fee_asset,
        "tradeId": int(fill.id),
    }


def query_json(order: NativeOrder) -> JSON:
    """An order that is asked for."""
    return {
        "symbol": name_of(order.market),
        "orderId": int(order.id),
        "orderListId": order.list_id,
        "clientOrderId": order.name,
        **_terms(order),
        "stopPrice": _padded(order.stop_price),
        "icebergQty": _padded(order.display_quantity),
        "time": moment_json(order.created_at),
        "updateTime": moment_json(order.updated_at),
        "isWorking": order.is_working,
        "workingTime": _working_time(order),
    }


def canceled_json(order: NativeOrder, name: str) -> JSON:
    """The answer to a cancel; `name`: what the client calls the cancel."""
    return {
        "symbol": name_of(order.market),
        "origClientOrderId": order.name,
        "orderId": int(order.id),
        "orderListId": order.list_id,
        "clientOrderId": name,
        "transactTime": moment_json(order.updated_at),
        **_terms(order),
        **_rare(order),
    }


def amended_json(order: NativeOrder) -> JSON:
    """An order that has less quantity now."""
    terms = _terms(order)
    return {
        "symbol": name_of(order.market),
        "orderId": int(order.id),
        "orderListId": order.list_id,
        "origClientOrderId": order.name,
        "clientOrderId": order.name,
        "price": terms["price"],
        "qty": terms["origQty"],
        "executedQty": terms["executedQty"],
        "preventedQty": padded(order.prevented_quantity),
        "quoteOrderQty": terms["origQuoteOrderQty"],
        "cumulativeQuoteQty": terms["cummulativeQuoteQty"],
        "status": terms["status"],
        "timeInForce": terms["timeInForce"],
        "type": terms["type"],
        "side": terms["side"],
        "workingTime": _working_time(order),
        "selfTradePreventionMode": terms["selfTradePreventionMode"],
    }
