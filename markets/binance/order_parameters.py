"""From an order's parameters to the exchange's command: which go with which type, and their numbers in units.

Whether the market takes such an order is its engine's to say.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from markets.binance.errors import (
    BAD_ORDER_TYPE,
    BAD_SIDE,
    BAD_TIME_IN_FORCE,
    NO_TRAILING,
    DialectError,
    Said,
    filter_failure,
    mandatory,
    not_required,
    not_valid,
)
from markets.binance.order_names import kept
from markets.binance.orders import MAKER_ONLY, PREVENTIONS, TYPES
from markets.binance.parameters import Parameters
from markets.matching.commands import PlaceOrder
from markets.matching.spec import MarketSpec
from markets.matching.types import STOPS, OrderType, SelfTradePrevention, Side, TimeInForce
from markets.messages.public import TooFine, parse_units

SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
TIMES_IN_FORCE: Final = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}
NATIVE_TYPES: Final = {name: kind for kind, name in TYPES.items()} | {MAKER_ONLY: OrderType.LIMIT}
NATIVE_PREVENTIONS: Final = {name: mode for mode, name in PREVENTIONS.items()} | {
    "NONE": SelfTradePrevention.CANCEL_NEWEST
}
"""An account never trades with itself: who wants nothing done about it gets the default."""
RESPONSES: Final = ("ACK", "RESULT", "FULL")
TERMS: Final = ("timeInForce", "quantity", "quoteOrderQty", "price", "stopPrice", "icebergQty")
"""What goes with some types only."""
LIMITED: Final = ("timeInForce", "quantity", "price")


class Needs(NamedTuple):
    """Which terms a type must have, and which it may."""

    mandatory: tuple[str, ...]
    optional: tuple[str, ...] = ()


NEEDS: Final = {
    "LIMIT": Needs(LIMITED, ("icebergQty",)),
    MAKER_ONLY: Needs(("quantity", "price"), ("icebergQty",)),
    "MARKET": Needs((), ("quantity", "quoteOrderQty")),
    "STOP_LOSS": Needs(("quantity", "stopPrice")),
    "STOP_LOSS_LIMIT": Needs((*LIMITED, "stopPrice"), ("icebergQty",)),
    "TAKE_PROFIT": Needs(("quantity", "stopPrice")),
    "TAKE_PROFIT_LIMIT": Needs((*LIMITED, "stopPrice"), ("icebergQty",)),
}
PRICE: Final = filter_failure("PRICE_FILTER")
LOT: Final = filter_failure("LOT_SIZE")


class Terms:
    """An order's parameters by their plain names; in a list of orders each has a name of its own there."""

    def __init__(self, params: Parameters, names: dict[str, str] | None = None) -> None:
        self._params = params
        self._names = names or {}

    def name(self, plain: str) -> str:
        """What a parameter is called in the request."""
        return self._names.get(plain, plain)

    def units(self, plain: str, decimals: int, too_fine: Said) -> int | None:
        """A number in units."""
        text = self._params.decimal(self.name(plain))
        if text is None:
            return None
        try:
            return parse_units(text, decimals)
        except TooFine:
            raise DialectError(too_fine) from None

    def has(self, plain: str) -> bool:
        """Whether it was sent."""
        return self.name(plain) in self._params

    def require(self, plain: str) -> None:
        """It must be there."""
        self._params.required(self.name(plain))

    def client_order_id(self) -> str | None:
        """What the client calls the order."""
        return self._params.client_order_id(self.name("newClientOrderId"))

    def time_in_force(self) -> TimeInForce | None:
        """How long it stays."""
        text = self._params.text(self.name("timeInForce"))
        if text is None:
            return None
        if text not in TIMES_IN_FORCE:
            raise DialectError(BAD_TIME_IN_FORCE)
        return TIMES_IN_FORCE[text]


def side_of(params: Parameters, name: str = "side") -> Side:
    """Buy or sell. Raises DialectError."""
    text = params.required(name)
    if text not in SIDES:
        raise DialectError(BAD_SIDE)
    return SIDES[text]


def type_of(params: Parameters, name: str = "type") -> str:
    """The dialect's type. Raises DialectError."""
    text = params.required(name)
    if text not in NEEDS:
        raise DialectError(BAD_ORDER_TYPE)
    return text


def prevention_of(params: Parameters) -> SelfTradePrevention:
    """What happens when an order meets one of its own account."""
    text = params.text("selfTradePreventionMode") or "NONE"
    if text not in NATIVE_PREVENTIONS:
        raise not_valid("selfTradePreventionMode")
    return NATIVE_PREVENTIONS[text]


def response_of(params: Parameters, kind: str) -> str:
    """How much is answered: FULL for limit and market orders, ACK for the others."""
    default = "FULL" if kind in ("LIMIT", "MARKET") else "ACK"
    return params.choice("newOrderRespType", RESPONSES) or default


def read_order(params: Parameters, spec: MarketSpec, account: int) -> PlaceOrder:
    """The order of a request. Raises DialectError."""
    side, kind = side_of(params), type_of(params)
    if "trailingDelta" in params:
        raise DialectError(NO_TRAILING)
    return order_of(Terms(params), kind, side, spec, account, prevention_of(params))


def order_of(
    terms: Terms,
    kind: str,
    side: Side,
    spec: MarketSpec,
    account: int,
    prevention: SelfTradePrevention,
) -> PlaceOrder:
    """An order of a type. Raises DialectError."""
    _check_terms(terms, kind)
    name = terms.client_order_id()
    native = NATIVE_TYPES[kind]
    return PlaceOrder(
        account,
        side,
        native,
        terms.units("quantity", spec.base_decimals, LOT),
        terms.units("price", spec.quote_decimals, PRICE),
        terms.time_in_force(),
        kind == MAKER_ONLY,
        prevention,
        None if name is None else kept(name),
        quote_quantity=terms.units("quoteOrderQty", spec.quote_decimals, LOT),
        stop_price=terms.units("stopPrice", spec.quote_decimals, PRICE),
        display_quantity=terms.units("icebergQty", spec.base_decimals, LOT),
        must_wait=native in STOPS,
    )


def _check_terms(terms: Terms, kind: str) -> None:
    needs = NEEDS[kind]
    for plain in needs.mandatory:
        terms.require(plain)
    for plain in TERMS:
        if terms.has(plain) and plain not in (*needs.mandatory, *needs.optional):
            raise not_required(terms.name(plain))
    if kind == "MARKET":
        if not terms.has("quantity") and not terms.has("quoteOrderQty"):
            raise mandatory(terms.name("quantity"))
        if terms.has("quantity") and terms.has("quoteOrderQty"):
            raise not_required(terms.name("quoteOrderQty"))


def named(params: Parameters, id_name: str, name_name: str) -> tuple[int | None, str | None]:
    """The order that a request names, by id or by what it is called. Raises DialectError."""
    order_id = params.integer(id_name)
    name = params.client_order_id(name_name)
    if order_id is None and name is None:
        raise DialectError(
            Said(
                -1102,
                f"Param '{name_name}' or '{id_name}' must be sent, but both were empty/null!",
            )
        )
    return order_id, name
