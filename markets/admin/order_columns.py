"""What the admin shows of an order: what the API says of it, and its terms in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from markets.admin.pages import NONE, readable
from markets.matching.types import STOPS, OrderType
from markets.messages.orders import order_json
from markets.models import Order
from markets.rows import ORDER_FIELDS, order_state


def contract_order(order: Order) -> dict[str, Any]:
    """The order as the API shows it: decimals of its market, canonical."""
    row = tuple(getattr(order, name) for name in ORDER_FIELDS)
    return order_json(order_state(row), order.market.spec(fee_account=0))


def of_contract(name: str, label: str, key: str | None = None) -> Callable[[Order], Any]:
    """A column that shows what the API says of the order."""

    @admin.display(description=label)
    def show(order: Order) -> Any:
        value = contract_order(order)[key or name]
        return NONE if value is None else value

    show.__name__ = name  # what CSS classes and messages call it
    return show


def price_in_words(order: Order) -> str:
    """Such as "at 100.5", "at the market's price from 95 on"."""
    shown = contract_order(order)
    at = "at the market's price" if shown["price"] is None else f"at {shown['price']}"
    return f"{at} from {shown['stop_price']} on" if order.type in STOPS else at


@admin.display(description="terms")
def terms(order: Order) -> str:
    """What is special about it, for a list: nothing is of a plain order."""
    return ", ".join(_terms(order, contract_order(order))) or NONE


def _terms(order: Order, shown: dict[str, Any]) -> Iterator[str]:
    if order.type in STOPS:
        yield f"stop {shown['stop_price']}"
    if order.expires_at is not None:
        yield f"gtd {readable(order.expires_at)[:19]}"
    elif order.time_in_force != ("ioc" if order.type == OrderType.MARKET else "gtc"):
        yield order.time_in_force
    if order.post_only:
        yield "post-only"
    if shown["display_quantity"] is not None:
        yield f"shows {shown['display_quantity']}, hides {hidden_quantity(order)}"
    if shown["quote_quantity"] is not None:
        yield f"for {shown['quote_quantity']} {order.market.quote}"
    if shown["max_slippage"] is not None:
        yield f"slippage {shown['max_slippage']}"
    if order.role is not None:
        yield f"{order.role} of {order.group}"
    if order.connection is not None:
        yield "ends with its connection"


@admin.display(description="status")
def status_and_reason(order: Order) -> SafeString | str:
    """How it is, and why it ended."""
    if order.reason is None:
        return order.status
    return format_html("{}<br><small>{}</small>", order.status, order.reason)


@admin.display(description="order")
def side_and_type(order: Order) -> str:
    """Such as "buy limit"."""
    return f"{order.side} {order.type}"


@admin.display(description="hidden")
def hidden_quantity(order: Order) -> str:
    """What an iceberg does not show yet."""
    if order.display_quantity is None:
        return NONE
    return order.market.spec(fee_account=0).quantity_text(order.hidden)


@admin.display(description="expires at")
def expires(order: Order) -> str:
    """When a gtd order ends."""
    return NONE if order.expires_at is None else readable(order.expires_at)


@admin.display(description="ends with its connection", boolean=True)
def ends_with_connection(order: Order) -> bool:
    """Whether it is canceled when the connection that placed it is lost."""
    return order.connection is not None
