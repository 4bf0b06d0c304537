"""The shapes of the REST API for its OpenAPI schema. What comes in is checked in `order_requests`, what
goes out is written in `messages.public`; a test holds these shapes against both.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from markets.matching.types import (
    MarketStatus,
    OrderStatus,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

DECIMAL = r"^-?[0-9]{1,40}(\.[0-9]{1,40})?$"
CLIENT_ORDER_ID = r"^[A-Za-z0-9._:\-]{1,64}$"


def _decimal(**options: Any) -> serializers.RegexField:
    return serializers.RegexField(DECIMAL, max_length=60, **options)


def _choice(kind: Any, **options: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField([item.value for item in kind], **options)


class Shape(serializers.Serializer[Any]):
    """A JSON object of the contract."""


class ProblemShape(Shape):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]  # the contract's name for it
        child=serializers.ListField(child=serializers.CharField())
    )
    order = serializers.DictField(required=False)


class TimeShape(Shape):
    """The server's clock."""

    time = serializers.DateTimeField()


class MarketShape(Shape):
    """A market's rules."""

    symbol = serializers.CharField()
    base = serializers.CharField()
    quote = serializers.CharField()
    status = _choice(MarketStatus)
    tick_size = _decimal()
    lot_size = _decimal()
    min_quantity = _decimal()
    max_quantity = _decimal()
    min_notional = _decimal()
    maker_fee_rate = _decimal()
    taker_fee_rate = _decimal()
    price_band = _decimal(allow_null=True)


class BookShape(Shape):
    """Levels as [price, quantity], best first."""

    market = serializers.CharField()
    sequence = serializers.IntegerField()
    timestamp = serializers.DateTimeField()
    bids = serializers.ListField(child=serializers.ListField(child=_decimal()))
    asks = serializers.ListField(child=serializers.ListField(child=_decimal()))
    checksum = serializers.IntegerField()


class TradeShape(Shape):
    """A match."""

    id = serializers.CharField()
    market = serializers.CharField()
    price = _decimal()
    quantity = _decimal()
    taker_side = _choice(Side)
    sequence = serializers.IntegerField()
    timestamp = serializers.DateTimeField()


class CandleShape(Shape):
    """Trades of one interval."""

    start = serializers.DateTimeField()
    open = _decimal()
    high = _decimal()
    low = _decimal()
    close = _decimal()
    volume = _decimal()
    quote_volume = _decimal()
    trade_count = serializers.IntegerField()


class TickerShape(Shape):
    """Last and best prices, and the last 24 hours."""

    market = serializers.CharField()
    last = _decimal(allow_null=True)
    best_bid = _decimal(allow_null=True)
    best_bid_quantity = _decimal(allow_null=True)
    best_ask = _decimal(allow_null=True)
    best_ask_quantity = _decimal(allow_null=True)
    open = _decimal(allow_null=True)
    high = _decimal(allow_null=True)
    low = _decimal(allow_null=True)
    volume = _decimal()
    quote_volume = _decimal()
    change = _decimal(allow_null=True)
    timestamp = serializers.DateTimeField()


class FillShape(Shape):
    """One order's side of a trade."""

    id = serializers.CharField()
    order_id = serializers.CharField()
    client_order_id = serializers.CharField(allow_null=True)
    market = serializers.CharField()
    side = _choice(Side)
    price = _decimal()
    quantity = _decimal()
    fee = _decimal()
    fee_asset = serializers.CharField()
    liquidity = serializers.ChoiceField(["maker", "taker"])
    sequence = serializers.IntegerField()
    timestamp = serializers.DateTimeField()


class OrderShape(Shape):
    """An order as it is now."""

    id = serializers.CharField()
    client_order_id = serializers.CharField(allow_null=True)
    market = serializers.CharField()
    side = _choice(Side)
    type = _choice(OrderType)
    time_in_force = _choice(TimeInForce)
    post_only = serializers.BooleanField()
    price = _decimal(allow_null=True)
    stop_price = _decimal(allow_null=True)
    quantity = _decimal()
    remaining_quantity = _decimal()
    filled_quantity = _decimal()
    canceled_quantity = _decimal()
    prevented_quantity = _decimal()
    average_price = _decimal(allow_null=True)
    fee = _decimal()
    fee_asset = serializers.CharField()
    status = _choice(OrderStatus)
    reason = _choice(Reason, allow_null=True)
    display_quantity = _decimal(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    self_trade_prevention = _choice(SelfTradePrevention)
    sequence = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class OrderWithFillsShape(OrderShape):
    """The answer to a submit or amend."""

    fills = FillShape(many=True)


class PlaceOrderShape(Shape):
    """A new order. Decimals are strings (or JSON integers), never floats."""

    market = serializers.CharField()
    side = _choice(Side)
    type = _choice(OrderType, required=False, allow_null=True)
    price = _decimal(required=False, allow_null=True)
    quantity = _decimal()
    time_in_force = _choice(TimeInForce, required=False, allow_null=True)
    client_order_id = serializers.RegexField(CLIENT_ORDER_ID, required=False, allow_null=True)
    post_only = serializers.BooleanField(required=False, allow_null=True)
    self_trade_prevention = _choice(SelfTradePrevention, required=False, allow_null=True)
    display_quantity = _decimal(required=False, allow_null=True, help_text="Not offered yet.")
    stop_price = _decimal(required=False, allow_null=True, help_text="Not offered yet.")
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Not offered yet."
    )
    max_slippage = _decimal(required=False, allow_null=True, help_text="Not offered yet.")


class AmendShape(Shape):
    """A new price, a new total quantity, or both."""

    price = _decimal(required=False, allow_null=True)
    quantity = _decimal(required=False, allow_null=True)


class CancelAfterShape(Shape):
    """Cancel everything unless asked again in time; 0 disarms. Not offered yet."""

    timeout_seconds = serializers.IntegerField(min_value=0, max_value=86_400)


class BatchShape(Shape):
    """1 to 500 orders."""

    orders = PlaceOrderShape(many=True)


class BatchResultShape(Shape):
    """What came of one order."""

    status = serializers.IntegerField()
    order = OrderWithFillsShape(required=False)
    error = ProblemShape(required=False)


class BatchResultsShape(Shape):
    """What came of each order, in the order given."""

    results = BatchResultShape(many=True)


class OrderPageShape(Shape):
    """Orders, newest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = OrderShape(many=True)


class FillPageShape(Shape):
    """Fills, newest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = FillShape(many=True)


class CanceledShape(Shape):
    """Ids of the orders that were canceled."""

    canceled = serializers.ListField(child=serializers.CharField())


class BalanceShape(Shape):
    """What the account has of an asset."""

    asset = serializers.CharField()
    total = _decimal()
    held = _decimal()
    available = _decimal()


class NewApiKeyShape(Shape):
    """A key to make."""

    name = serializers.CharField(required=False, allow_blank=True, max_length=64)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(["read", "trade"]), required=False, min_length=1, max_length=2
    )


class ApiKeyShape(Shape):
    """A key, without its secret."""

    id = serializers.CharField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(["read", "trade"]))
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class MadeApiKeyShape(ApiKeyShape):
    """A key just made: the only time that `key` is shown."""

    key = serializers.CharField()
