"""From a client's JSON to commands: shape and units, checked once for REST and sockets alike.

Rules:
- Unknown fields are refused by name; null is the same as absent; nothing is rounded.
- A wrong shape is `invalid_request`. What only the market can judge is left to its engine; a number finer
  than the market's step is `invalid_order`, as the engine would say.
- A part of a group (`stop`, `take_profit`, `stop_loss`) is an object of its own; its fields are named
  with the part's name before a point.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from markets.matching.commands import AmendOrder, PlaceGroup, PlaceOrder
from markets.matching.spec import MarketSpec
from markets.matching.types import (
    GroupRole,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from markets.messages.public import REMEMBERED, NotADecimal, TooFine, parse_units
from markets.problems import Problem
from markets.request_fields import Fields, is_client_order_id, refuse_all

MAX_BATCH_ORDERS: Final = 500
"""Orders in one `submit_orders` or POST orders/batch."""
MAX_CANCEL_AFTER: Final = 86_400
"""Longest time of the dead man's switch, in seconds."""
COMMON_FIELDS: Final = (
    "market",
    "side",
    "type",
    "price",
    "quantity",
    "time_in_force",
    "client_order_id",
    "post_only",
    "self_trade_prevention",
    "display_quantity",
    "expires_at",
    "deadline",
    "validate_only",
)
PLACE_FIELDS: Final = (
    *COMMON_FIELDS,
    "stop_price",
    "max_slippage",
    "quote_quantity",
    "must_wait",
)
OCO_FIELDS: Final = (*COMMON_FIELDS, "stop_price", "max_slippage", "stop")
BRACKET_FIELDS: Final = (
    *COMMON_FIELDS,
    "stop_price",
    "max_slippage",
    "must_wait",
    "take_profit",
    "stop_loss",
)
STOP_FIELDS: Final = ("stop_price", "price", "max_slippage", "client_order_id")
TAKE_PROFIT_FIELDS: Final = STOP_FIELDS
AMEND_FIELDS: Final = ("price", "quantity", "stop_price", "deadline", "validate_only")
_ORDER_ID: Final = re.compile(r"[0-9]{1,18}", re.ASCII)

SpecOf = Callable[[str], MarketSpec]
"""The specification of a market by symbol; raises Problem `not_found`."""


def is_order_id(text: str) -> bool:
    """Whether an order could have this id."""
    return _ORDER_ID.fullmatch(text) is not None


def place_order(
    params: Mapping[str, Any], account: int, spec_of: SpecOf, connection: str | None = None
) -> tuple[str, PlaceOrder]:
    """The market and command of an order request. Raises Problem."""
    fields = Fields(params, PLACE_FIELDS)
    shape, must_wait = _read_shape(fields), fields.flag("must_wait")
    if fields.get("quote_quantity") is None:
        fields.required("quantity")
    spec = _spec_of(fields, spec_of)
    command = _order(fields, spec, shape)._replace(must_wait=must_wait)
    refuse_all([fields], "invalid_order")
    return spec.symbol, command._replace(account=account, connection=connection)


class PlainOrder(msgspec.Struct, forbid_unknown_fields=True):
    """The order that nearly all are, read by its types alone. What does not fit is read as `place_order`
    does, which says what is wrong; what fits, that reads the same.
    """

    market: str
    side: Side
    quantity: str
    type: OrderType = OrderType.LIMIT
    price: str | None = None
    time_in_force: TimeInForce | None = None
    client_order_id: str | None = None
    post_only: bool | None = None
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST


def plain_order(
    wish: PlainOrder, account: int, spec: MarketSpec, connection: str | None
) -> PlaceOrder | None:
    """The command of a plain order; None: `place_order` must look at it."""
    name, price = wish.client_order_id, None
    quantity = _plain_units(wish.quantity, spec.base_decimals)
    if wish.price is not None:
        price = _plain_units(wish.price, spec.quote_decimals)
        if price is None:
            return None
    if quantity is None or (name is not None and not is_client_order_id(name)):
        return None
    return PlaceOrder(
        account,
        wish.side,
        wish.type,
        quantity,
        price,
        wish.time_in_force,
        wish.post_only is True,
        wish.self_trade_prevention,
        name,
        connection=connection,
    )


@lru_cache(REMEMBERED)
def _plain_units(text: str, decimals: int) -> int | None:
    try:
        return parse_units(text, decimals)
    except (NotADecimal, TooFine):
        return None


def place_oco(
    params: Mapping[str, Any], account: int, spec_of: SpecOf, connection: str | None = None
) -> tuple[str, PlaceGroup]:
    """The market and command of a pair of which one cancels the other. Raises Problem."""
    fields = Fields(params, OCO_FIELDS)
    shape = _read_shape(fields)
    for name in ("quantity", "stop"):
        fields.required(name)
    if shape.type is OrderType.LIMIT:
        fields.required("price")
    stop = fields.part("stop", STOP_FIELDS)
    stop.required("stop_price")
    stop_name = stop.client_order_id()
    spec = _spec_of(fields, spec_of, stop)
    first = _order(fields, spec, shape)._replace(account=account, connection=connection)
    other = first._replace(
        type=OrderType.STOP if stop.get("price") is None else OrderType.STOP_LIMIT,
        price=stop.price("price", spec),
        stop_price=stop.price("stop_price", spec),
        max_slippage=stop.ratio("max_slippage"),
        client_order_id=stop_name,
        post_only=False,
        display_quantity=None,
    )
    refuse_all([fields, stop], "invalid_order")
    return spec.symbol, PlaceGroup((first, other), (GroupRole.OCO_LIMIT, GroupRole.OCO_STOP))


def place_bracket(
    params: Mapping[str, Any], account: int, spec_of: SpecOf, connection: str | None = None
) -> tuple[str, PlaceGroup]:
    """The market and command of an entry and its exits. Raises Problem."""
    fields = Fields(params, BRACKET_FIELDS)
    shape = _read_shape(fields)._replace(must_wait=fields.flag("must_wait"))
    fields.required("quantity")
    profit = loss = None
    if fields.get("take_profit") is not None:
        profit = fields.part("take_profit", TAKE_PROFIT_FIELDS)
        if profit.get("stop_price") is None:
            profit.required("price")
    if fields.get("stop_loss") is not None:
        loss = fields.part("stop_loss", STOP_FIELDS)
        loss.required("stop_price")
    if profit is None and loss is None:
        fields.wrong("take_profit", "give a take_profit, a stop_loss or both")
    parts = [part for part in (profit, loss) if part is not None]
    names = {part.name: part.client_order_id() for part in parts}
    spec = _spec_of(fields, spec_of, *parts)
    entry = _order(fields, spec, shape)._replace(account=account, connection=connection)
    orders, roles = [entry], [GroupRole.ENTRY]
    plain = PlaceOrder(
        account,
        entry.side.opposite,
        OrderType.LIMIT,
        self_trade_prevention=entry.self_trade_prevention,
        connection=connection,
    )
    if profit is not None:
        roles.append(GroupRole.TAKE_PROFIT)
        orders.append(
            plain._replace(
                type=_profit_type(profit),
                price=profit.price("price", spec),
                stop_price=profit.price("stop_price", spec),
                max_slippage=profit.ratio("max_slippage"),
                client_order_id=names[profit.name],
            )
        )
    if loss is not None:
        roles.append(GroupRole.STOP_LOSS)
        orders.append(
            plain._replace(
                type=OrderType.STOP if loss.get("price") is None else OrderType.STOP_LIMIT,
                price=loss.price("price", spec),
                stop_price=loss.price("stop_price", spec),
                max_slippage=loss.ratio("max_slippage"),
                client_order_id=names[loss.name],
            )
        )
    refuse_all([fields, *parts], "invalid_order")
    return spec.symbol, PlaceGroup(tuple(orders), tuple(roles))


def _profit_type(profit: Fields) -> OrderType:
    """What a bracket's take profit is by its prices."""
    if profit.get("stop_price") is None:
        return OrderType.LIMIT
    return OrderType.TAKE_PROFIT if profit.get("price") is None else OrderType.TAKE_PROFIT_LIMIT


def _read_shape(fields: Fields) -> PlaceOrder:
    """What of an order needs no market to be read; the numbers are looked at, not read yet."""
    for name in ("market", "side"):
        fields.required(name)
    fields.text("market")
    type_ = fields.choice("type", OrderType, OrderType.LIMIT)
    prevention = fields.choice(
        "self_trade_prevention", SelfTradePrevention, SelfTradePrevention.CANCEL_NEWEST
    )
    assert type_ is not None
    assert prevention is not None
    return PlaceOrder(
        account=0,
        side=fields.choice("side", Side, Side.BUY) or Side.BUY,
        type=type_,
        time_in_force=fields.choice("time_in_force", TimeInForce, None),
        post_only=fields.flag("post_only"),
        self_trade_prevention=prevention,
        client_order_id=fields.client_order_id(),
        expires_at=fields.time("expires_at"),
        deadline=fields.time("deadline"),
        validate_only=fields.flag("validate_only"),
    )


def _spec_of(fields: Fields, spec_of: SpecOf, *parts: Fields) -> MarketSpec:
    """The market that is named, when the shape is right."""
    for each in (fields, *parts):
        each.check_decimals()
    refuse_all([fields, *parts], "invalid_request")
    return spec_of(str(fields.get("market")))


def _order(fields: Fields, spec: MarketSpec, shape: PlaceOrder) -> PlaceOrder:
    """The order with its numbers; what is wrong with them is noted in the fields."""
    return shape._replace(
        quantity=fields.quantity("quantity", spec),
        price=fields.price("price", spec),
        quote_quantity=fields.amount("quote_quantity", spec),
        stop_price=fields.price("stop_price", spec),
        display_quantity=fields.quantity("display_quantity", spec),
        max_slippage=fields.ratio("max_slippage"),
    )


def amend_order(
    params: Mapping[str, Any],
    account: int,
    spec: MarketSpec,
    *,
    order_id: int | None = None,
    client_order_id: str | None = None,
) -> AmendOrder:
    """The command of an amendment. Raises Problem."""
    fields = Fields(params, AMEND_FIELDS)
    if all(fields.get(name) is None for name in ("price", "quantity", "stop_price")):
        fields.wrong("price", "an amendment needs a price, a quantity or a stop_price")
    deadline, validate_only = fields.time("deadline"), fields.flag("validate_only")
    fields.check_decimals()
    refuse_all([fields], "invalid_request")
    command = AmendOrder(
        account,
        order_id,
        client_order_id,
        fields.price("price", spec),
        fields.quantity("quantity", spec),
        fields.price("stop_price", spec),
        deadline,
        validate_only,
    )
    refuse_all([fields], "invalid_order")
    return command


def amendment_of(name: str, value: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """An amendment with the order that its address names. Raises Problem if its body does, too."""
    unknown = [name for name in ("id", "client_order_id") if name in body]
    if unknown:
        message = "the address names the order"
        raise Problem("invalid_request", message, {name: [message] for name in unknown})
    return {**body, name: value}


def cancel_after_seconds(params: Mapping[str, Any]) -> int:
    """The time of a dead man's switch. Raises Problem."""
    fields = Fields(params, ("timeout_seconds",))
    seconds = fields.get("timeout_seconds")
    whole = isinstance(seconds, int) and not isinstance(seconds, bool)
    if not whole or not 0 <= seconds <= MAX_CANCEL_AFTER:
        message = f"must be a whole number from 0 (disarm) to {MAX_CANCEL_AFTER}"
        fields.wrong("timeout_seconds", message)
    refuse_all([fields], "invalid_request")
    return int(seconds)


def batch_items(params: Mapping[str, Any]) -> list[Any]:
    """The `orders` of a batch request. Raises Problem."""
    fields = Fields(params, ("orders",))
    orders = fields.get("orders")
    if not isinstance(orders, list) or not 1 <= len(orders) <= MAX_BATCH_ORDERS:
        fields.wrong("orders", f"must be a list of 1 to {MAX_BATCH_ORDERS} orders")
    refuse_all([fields], "invalid_request")
    assert isinstance(orders, list)
    return orders
