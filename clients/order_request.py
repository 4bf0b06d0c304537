"""OrderRequest: a wish for an order, checked for what is surely wrong and put in wire form.

Rules:
- Every request has a client_order_id: without one it could not be repeated safely.
- Numbers are Decimal, str or int; a float raises TypeError. A datetime must have a time zone.
- Only what was given is sent: the exchange's own defaults hold for the rest.
- A group of orders is its first order's request with its parts: a stop, or the exits of a bracket.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict

from clients.decimals import to_wire

Number = Decimal | str | int

Moment = datetime | str
"""A time: a datetime with a time zone, or ISO 8601 text."""

_NUMBERS = frozenset(
    (
        "price",
        "quantity",
        "stop_price",
        "quote_quantity",
        "display_quantity",
        "max_slippage",
    )
)


class NewOrderFields(TypedDict, total=False):
    """What may be given with any new order; None is the same as left out."""

    client_order_id: str | None
    time_in_force: str | None
    expires_at: Moment | None
    post_only: bool | None
    display_quantity: Number | None
    self_trade_prevention: str | None
    deadline: Moment | None


class EntryFields(NewOrderFields, total=False):
    """What may be given with an order that stands for itself or enters a bracket."""

    type: str | None
    price: Number | None
    stop_price: Number | None
    must_wait: bool | None
    max_slippage: Number | None


class OcoFields(NewOrderFields, total=False):
    """What may be given with the first order of an oco."""

    type: str | None
    price: Number | None
    stop_price: Number | None
    max_slippage: Number | None


class OrderFields(EntryFields, total=False):
    """What may be given with a single order beside market, side and quantity."""

    quote_quantity: Number | None


def new_client_order_id() -> str:
    """Return an id that no other order has: 32 hexadecimal digits."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """One order to submit.

    `quantity` and `display_quantity` (an iceberg's) in the base asset; `price`, `stop_price` and
    `quote_quantity` (what a market order spends or receives, instead of a quantity) in the quote
    asset. `type` is by default `stop` or, with a price, `stop_limit` where there is a stop_price,
    else `limit` with a price and `market` without; a `take_profit` or `take_profit_limit` waits for
    its stop_price from the other side. One that `must_wait` is refused where it would be triggered
    at once. `max_slippage` is a ratio. `expires_at` goes
    with time_in_force `gtd`; after its `deadline` the exchange refuses the order.
    """

    market: str
    side: str
    quantity: Number | None = None
    price: Number | None = None
    type: str | None = None
    time_in_force: str | None = None
    client_order_id: str = field(default_factory=new_client_order_id)
    post_only: bool | None = None
    display_quantity: Number | None = None
    stop_price: Number | None = None
    must_wait: bool | None = None
    expires_at: Moment | None = None
    self_trade_prevention: str | None = None
    max_slippage: Number | None = None
    quote_quantity: Number | None = None
    deadline: Moment | None = None

    @classmethod
    def of(
        cls, market: str, side: str, quantity: Number | None, given: Mapping[str, Any]
    ) -> "OrderRequest":
        """Make a request of what was given, leaving out what is None."""
        known = {name: value for name, value in given.items() if value is not None}
        return cls(market=market, side=side, quantity=quantity, **known)

    def to_json(self) -> dict[str, Any]:
        """Return the request's params; raises TypeError and ValueError for what is unfit."""
        if (self.quantity is None) == (self.quote_quantity is None):
            raise ValueError("give either a quantity or a quote_quantity")
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return wire_fields({**given, "type": self.type or self._default_type()})

    def _default_type(self) -> str:
        if self.stop_price is not None:
            return "stop" if self.price is None else "stop_limit"
        return "market" if self.price is None else "limit"


@dataclass(frozen=True, slots=True)
class StopPart:
    """The stop of a group: at `stop_price` it trades at the market, or with a `price` up to that."""

    stop_price: Number
    price: Number | None = None
    max_slippage: Number | None = None
    client_order_id: str | None = None


@dataclass(frozen=True, slots=True)
class TakeProfitPart:
    """The exit of a bracket that takes the profit: a limit order at `price`; or, at a `stop_price`, it
    trades at the market, or with a `price` up to that.
    """

    price: Number | None = None
    client_order_id: str | None = None
    stop_price: Number | None = None
    max_slippage: Number | None = None


def oco_params(first: OrderRequest, stop: StopPart | Number) -> dict[str, Any]:
    """Return the params of a limit order, or of a take profit where there is a stop_price, and a stop of
    which one cancels the other.
    """
    params = first.to_json()
    if first.type is None:
        del params["type"]  # a limit order, where nothing is said
        if first.stop_price is not None:
            params["type"] = "take_profit" if first.price is None else "take_profit_limit"
    return {**params, "stop": _part(stop, StopPart)}


def bracket_params(
    entry: OrderRequest,
    take_profit: TakeProfitPart | Number | None,
    stop_loss: StopPart | Number | None,
) -> dict[str, Any]:
    """Return the params of an entry with its exits; raises ValueError where there is none."""
    if take_profit is None and stop_loss is None:
        raise ValueError("give a take_profit, a stop_loss or both")
    params = entry.to_json()
    if take_profit is not None:
        params["take_profit"] = _part(take_profit, TakeProfitPart)
    if stop_loss is not None:
        params["stop_loss"] = _part(stop_loss, StopPart)
    return params


def wire_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given in wire form, without what is None; raises TypeError, ValueError."""
    params = {}
    for name, value in given.items():
        if value is None:
            continue
        if name in _NUMBERS:
            value = to_wire(value, name=name)
        elif isinstance(value, datetime):
            value = _time_to_wire(value, name)
        params[name] = value
    return params


def _part(part: Any, kind: type[StopPart] | type[TakeProfitPart]) -> dict[str, Any]:
    """A part's params; a number alone is its stop_price or price."""
    whole = part if isinstance(part, StopPart | TakeProfitPart) else kind(part)
    if not isinstance(whole, kind):
        raise TypeError(f"expected a {kind.__name__} or a number, not {part!r}")
    return wire_fields({each.name: getattr(whole, each.name) for each in fields(whole)})


def _time_to_wire(moment: datetime, name: str) -> str:
    if moment.tzinfo is None:
        raise ValueError(f"{name} needs a time zone, such as datetime.now(UTC) has: {moment!r}")
    return moment.isoformat()
