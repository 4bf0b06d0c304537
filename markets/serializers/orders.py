"""Orders, groups of them, and what is asked for."""

from __future__ import annotations

from rest_framework import serializers

from markets.matching.types import (
    GroupRole,
    OrderStatus,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from markets.serializers.account import FillShape
from markets.serializers.base import CLIENT_ORDER_ID, ProblemShape, Shape, choice, decimal


class OrderShape(Shape):
    """An order as it is now."""

    id = serializers.CharField()
    client_order_id = serializers.CharField(allow_null=True)
    market = serializers.CharField()
    side = choice(Side)
    type = choice(OrderType)
    time_in_force = choice(TimeInForce)
    post_only = serializers.BooleanField()
    price = decimal(allow_null=True)
    stop_price = decimal(allow_null=True)
    quantity = decimal()
    quote_quantity = decimal(allow_null=True)
    remaining_quantity = decimal()
    filled_quantity = decimal()
    canceled_quantity = decimal()
    prevented_quantity = decimal()
    average_price = decimal(allow_null=True)
    filled_notional = decimal()
    fee = decimal()
    fee_asset = serializers.CharField()
    status = choice(OrderStatus)
    reason = choice(Reason, allow_null=True)
    display_quantity = decimal(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    max_slippage = decimal(allow_null=True)
    self_trade_prevention = choice(SelfTradePrevention)
    cancel_on_disconnect = serializers.BooleanField()
    group_id = serializers.CharField(allow_null=True)
    group_role = choice(GroupRole, allow_null=True)
    sequence = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class OrderWithFillsShape(OrderShape):
    """The answer to a submit or amend."""

    fills = FillShape(many=True)


class GroupShape(Shape):
    """Orders that belong together; the first one's id is the group's."""

    id = serializers.CharField()
    type = serializers.ChoiceField(["oco", "bracket"])
    market = serializers.CharField()
    orders = OrderWithFillsShape(many=True)


class NewOrderShape(Shape):
    """What every new order has."""

    market = serializers.CharField()
    side = choice(Side)
    price = decimal(required=False, allow_null=True)
    time_in_force = choice(TimeInForce, required=False, allow_null=True)
    client_order_id = serializers.RegexField(CLIENT_ORDER_ID, required=False, allow_null=True)
    post_only = serializers.BooleanField(required=False, allow_null=True)
    self_trade_prevention = choice(SelfTradePrevention, required=False, allow_null=True)
    display_quantity = decimal(
        required=False, allow_null=True, help_text="An iceberg: shows so much at a time."
    )
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="With time_in_force gtd."
    )
    deadline = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Do nothing if the engine comes to it later."
    )
    validate_only = serializers.BooleanField(
        required=False, allow_null=True, help_text="Say what would be refused; place nothing."
    )


class PlaceOrderShape(NewOrderShape):
    """A new order. Decimals are strings (or JSON integers), never floats."""

    type = choice(OrderType, required=False, allow_null=True)
    quantity = decimal(required=False, allow_null=True)
    quote_quantity = decimal(
        required=False,
        allow_null=True,
        help_text="Market orders: spend or receive this much of the quote asset.",
    )
    stop_price = decimal(
        required=False,
        allow_null=True,
        help_text="Types stop, stop_limit, take_profit and take_profit_limit.",
    )
    max_slippage = decimal(
        required=False, allow_null=True, help_text="A ratio, of types market, stop and take_profit."
    )
    must_wait = serializers.BooleanField(
        required=False,
        allow_null=True,
        help_text="Refuse a stop or take profit that would be triggered at once.",
    )


class StopPartShape(Shape):
    """A stop; with a price a stop-limit."""

    stop_price = decimal()
    price = decimal(required=False, allow_null=True)
    max_slippage = decimal(required=False, allow_null=True)
    client_order_id = serializers.RegexField(CLIENT_ORDER_ID, required=False, allow_null=True)


class TakeProfitPartShape(Shape):
    """A limit order that takes the profit; with a stop_price one that waits for it."""

    price = decimal(required=False, allow_null=True)
    stop_price = decimal(required=False, allow_null=True)
    max_slippage = decimal(required=False, allow_null=True)
    client_order_id = serializers.RegexField(CLIENT_ORDER_ID, required=False, allow_null=True)


class OcoShape(NewOrderShape):
    """A limit order (or a take profit) and a stop of the same side and quantity."""

    type = choice(
        OrderType,
        required=False,
        allow_null=True,
        help_text="Of the first one: limit, take_profit or take_profit_limit.",
    )
    quantity = decimal()
    stop_price = decimal(required=False, allow_null=True, help_text="Of a take profit.")
    max_slippage = decimal(
        required=False, allow_null=True, help_text="A ratio, of type take_profit."
    )
    stop = StopPartShape()


class BracketShape(NewOrderShape):
    """An entry with a take profit, a stop loss, or both."""

    type = choice(OrderType, required=False, allow_null=True)
    quantity = decimal()
    stop_price = decimal(required=False, allow_null=True)
    max_slippage = decimal(required=False, allow_null=True)
    must_wait = serializers.BooleanField(
        required=False, allow_null=True, help_text="Of an entry that waits."
    )
    take_profit = TakeProfitPartShape(required=False, allow_null=True)
    stop_loss = StopPartShape(required=False, allow_null=True)


class AmendShape(Shape):
    """A new price, stop price, total quantity, or several of them."""

    price = decimal(required=False, allow_null=True)
    quantity = decimal(required=False, allow_null=True)
    stop_price = decimal(required=False, allow_null=True)
    deadline = serializers.DateTimeField(required=False, allow_null=True)
    validate_only = serializers.BooleanField(required=False, allow_null=True)


class CancelAfterShape(Shape):
    """Cancel everything unless asked again in time; 0 disarms."""

    timeout_seconds = serializers.IntegerField(min_value=0, max_value=86_400)


class CancelAfterStateShape(Shape):
    """When the dead man's switch goes off; null: it is not set."""

    timeout_seconds = serializers.IntegerField(required=False)
    cancel_at = serializers.DateTimeField(allow_null=True)


class BatchShape(Shape):
    """1 to 500 orders."""

    orders = PlaceOrderShape(many=True)


class BatchResultShape(Shape):
    """What came of one order."""

    status = serializers.IntegerField()
    order = OrderWithFillsShape(required=False)
    valid = serializers.BooleanField(required=False)
    error = ProblemShape(required=False)


class BatchResultsShape(Shape):
    """What came of each order, in the order given."""

    results = BatchResultShape(many=True)


class OrderPageShape(Shape):
    """Orders, newest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = OrderShape(many=True)


class CanceledShape(Shape):
    """Ids of the orders that were canceled."""

    canceled = serializers.ListField(child=serializers.CharField())
