"""From a client's JSON to commands: shape and units, checked once for REST and sockets alike.

Rules:
- Unknown fields are refused by name; null is the same as absent; nothing is rounded.
- A wrong shape is `invalid_request`. What only the market can judge is left to its engine; a number finer
  than the market's step is `invalid_order`, as the engine would say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from markets.matching.commands import AmendOrder, PlaceOrder
from markets.matching.spec import MarketSpec
from markets.matching.types import OrderType, SelfTradePrevention, Side, TimeInForce, format_units
from markets.messages.public import NotADecimal, TooFine, parse_units
from markets.problems import Problem

MAX_BATCH_ORDERS: Final = 500
"""Orders in one `submit_orders` or POST orders/batch."""
PLACE_FIELDS: Final = (
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
    "stop_price",
    "expires_at",
    "max_slippage",
)
NOT_YET: Final = {
    "display_quantity": "iceberg orders are not offered yet",
    "stop_price": "stop orders are not offered yet",
    "expires_at": "gtd orders are not offered yet",
    "max_slippage": "max_slippage is not offered yet",
}
_NOT_YET_VALUES: Final = {
    "type": {"stop", "stop_limit"},
    "time_in_force": {"gtd"},
}
_ORDER_ID: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_CLIENT_ORDER_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)

SpecOf = Callable[[str], MarketSpec]
"""The specification of a market by symbol; raises Problem `not_found`."""
E = TypeVar("E", bound=StrEnum)


def is_order_id(text: str) -> bool:
    """Whether an order could have this id."""
    return _ORDER_ID.fullmatch(text) is not None


def is_client_order_id(text: str) -> bool:
    """Whether an order could have this client_order_id."""
    return _CLIENT_ORDER_ID.fullmatch(text) is not None


class _Fields:
    """A request's fields, read one by one; what is wrong with them, collected."""

    def __init__(self, params: Mapping[str, Any], allowed: Collection[str]) -> None:
        self._params = params
        self.errors: dict[str, list[str]] = {
            name: [f"unknown field; known are: {', '.join(allowed)}"]
            for name in params
            if name not in allowed
        }

    def wrong(self, name: str, message: str) -> None:
        self.errors.setdefault(name, []).append(message)

    def get(self, name: str) -> Any:
        return self._params.get(name)

    def text(self, name: str) -> str | None:
        value = self.get(name)
        if value is not None and not isinstance(value, str):
            self.wrong(name, "must be a string")
            return None
        return value

    def choice(self, name: str, kind: type[E], default: E | None) -> E | None:
        value = self.text(name)
        if value is None:
            return default
        if value not in kind.__members__.values():
            self.wrong(name, f"must be one of: {', '.join(kind)}")
            return default
        return kind(value)

    def flag(self, name: str) -> bool:
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            self.wrong(name, "must be true or false")
        return value is True

    def client_order_id(self) -> str | None:
        value = self.text("client_order_id")
        if value is not None and not is_client_order_id(value):
            self.wrong("client_order_id", "must be 1 to 64 of A-Z a-z 0-9 . _ : -")
        return value

    def required(self, name: str) -> None:
        if self.get(name) is None:
            self.wrong(name, "is required")

    def check(self) -> None:
        if self.errors:
            raise Problem("invalid_request", _first(self.errors), self.errors)


def _first(errors: Mapping[str, list[str]]) -> str:
    name, messages = next(iter(errors.items()))
    return f"{name}: {messages[0]}"


def place_order(params: Mapping[str, Any], account: int, spec_of: SpecOf) -> tuple[str, PlaceOrder]:
    """The market and command of an order request. Raises Problem."""
    fields = _Fields(params, PLACE_FIELDS)
    for name in ("market", "side", "quantity"):
        fields.required(name)
    later = _not_yet(params)
    market = fields.text("market")
    side = fields.choice("side", Side, None)
    if not later:
        type_ = fields.choice("type", OrderType, OrderType.LIMIT)
        time_in_force = fields.choice("time_in_force", TimeInForce, None)
    post_only = fields.flag("post_only")
    prevention = fields.choice(
        "self_trade_prevention", SelfTradePrevention, SelfTradePrevention.CANCEL_NEWEST
    )
    client_order_id = fields.client_order_id()
    _check_decimals(fields, ("price", "quantity"))
    fields.check()
    spec = spec_of(str(market))
    if later:
        raise Problem("invalid_order", _first(later), later)
    numbers = _numbers(params, spec)
    assert side is not None
    assert type_ is not None
    assert prevention is not None
    return spec.symbol, PlaceOrder(
        account=account,
        side=side,
        type=type_,
        quantity=numbers["quantity"],
        price=numbers.get("price"),
        time_in_force=time_in_force,
        post_only=post_only,
        self_trade_prevention=prevention,
        client_order_id=client_order_id,
    )


def amend_order(
    params: Mapping[str, Any],
    account: int,
    spec: MarketSpec,
    *,
    order_id: int | None = None,
    client_order_id: str | None = None,
) -> AmendOrder:
    """The command of an amendment's `price` and `quantity`. Raises Problem."""
    fields = _Fields(params, ("price", "quantity"))
    if fields.get("price") is None and fields.get("quantity") is None:
        fields.wrong("price", "an amendment needs a price, a quantity, or both")
    _check_decimals(fields, ("price", "quantity"))
    fields.check()
    numbers = _numbers(params, spec)
    return AmendOrder(
        account, order_id, client_order_id, numbers.get("price"), numbers.get("quantity")
    )


def _not_yet(params: Mapping[str, Any]) -> dict[str, list[str]]:
    errors = {name: [message] for name, message in NOT_YET.items() if params.get(name) is not None}
    for name, values in _NOT_YET_VALUES.items():
        value = params.get(name)
        if isinstance(value, str) and value in values:
            errors[name] = [f"{value} orders are not offered yet"]
    return errors


def _check_decimals(fields: _Fields, names: Collection[str]) -> None:
    for name in names:
        value = fields.get(name)
        if value is None:
            continue
        try:
            parse_units(value, 0)
        except NotADecimal as error:
            fields.wrong(name, str(error))
        except TooFine:
            pass  # whether it is too fine for the market is asked when the market is known


def _numbers(params: Mapping[str, Any], spec: MarketSpec) -> dict[str, int]:
    numbers: dict[str, int] = {}
    errors: dict[str, list[str]] = {}
    for name, decimals, step, step_name in (
        ("price", spec.quote_decimals, spec.tick_size, "tick_size"),
        ("quantity", spec.base_decimals, spec.lot_size, "lot_size"),
    ):
        value = params.get(name)
        if value is None:
            continue
        try:
            numbers[name] = parse_units(value, decimals)
        except TooFine as error:
            below = max(error.below - error.below % step, 0)
            nearest = [format_units(near, decimals) for near in (below, below + step) if near]
            choices = " and ".join(nearest)
            step_text = format_units(step, decimals)
            errors[name] = [
                f"{name} {value} is not a multiple of {step_name} {step_text}; nearest: {choices}"
            ]
    if errors:
        raise Problem("invalid_order", _first(errors), errors)
    return numbers


def batch_items(params: Mapping[str, Any]) -> list[Any]:
    """The `orders` of a batch request. Raises Problem."""
    fields = _Fields(params, ("orders",))
    orders = fields.get("orders")
    if not isinstance(orders, list) or not 1 <= len(orders) <= MAX_BATCH_ORDERS:
        fields.wrong("orders", f"must be a list of 1 to {MAX_BATCH_ORDERS} orders")
    fields.check()
    assert isinstance(orders, list)
    return orders
