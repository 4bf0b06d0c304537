"""Rows of orders and trades, and the states and events that they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from markets.matching.events import Trade
from markets.matching.types import (
    GroupRole,
    OrderState,
    OrderStatus,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

ORDER_FIELDS: Final = tuple(
    "account_id" if name == "account" else name for name in OrderState._fields
)
_COLUMNS: Final = {"account": "account_id", "group": "group_id"}
STATE_COLUMNS: Final = tuple(_COLUMNS.get(name, name) for name in OrderState._fields)
"""The columns of an order in the order of its state's fields."""
ORDER_COLUMNS: Final = (
    ("market_id", "bigint"),
    ("id", "bigint"),
    ("account_id", "bigint"),
    ("client_order_id", "varchar"),
    ("side", "varchar"),
    ("type", "varchar"),
    ("time_in_force", "varchar"),
    ("post_only", "boolean"),
    ("self_trade_prevention", "varchar"),
    ("price", "bigint"),
    ("stop_price", "bigint"),
    ("quantity", "bigint"),
    ("quote_quantity", "bigint"),
    ("max_slippage", "integer"),
    ("display_quantity", "bigint"),
    ("expires_at", "bigint"),
    ("remaining", "bigint"),
    ("hidden", "bigint"),
    ("filled", "bigint"),
    ("canceled", "bigint"),
    ("prevented", "bigint"),
    ("notional", "numeric"),
    ("fee", "numeric"),
    ("status", "varchar"),
    ("reason", "varchar"),
    ("group_id", "bigint"),
    ("role", "varchar"),
    ("connection", "varchar"),
    ("sequence", "bigint"),
    ("priority", "bigint"),
    ("created_at", "bigint"),
    ("updated_at", "bigint"),
    ("request", "varchar"),
)
_CHANGING: Final = frozenset(
    {
        "id",  # the key
        "price",
        "stop_price",
        "quantity",
        "remaining",
        "hidden",
        "filled",
        "canceled",
        "prevented",
        "notional",
        "fee",
        "status",
        "reason",
        "connection",
        "priority",
        "updated_at",
    }
)
ORDER_CHANGES: Final = tuple(column for column in ORDER_COLUMNS if column[0] in _CHANGING)
TRADE_COLUMNS: Final = (
    ("market_id", "bigint"),
    ("sequence", "bigint"),
    ("id", "bigint"),
    ("price", "bigint"),
    ("quantity", "bigint"),
    ("amount", "numeric"),
    ("taker_side", "varchar"),
    ("taker_order_id", "bigint"),
    ("maker_order_id", "bigint"),
    ("taker_account_id", "bigint"),
    ("maker_account_id", "bigint"),
    ("taker_fee", "numeric"),
    ("maker_fee", "numeric"),
    ("taker_fee_rate", "integer"),
    ("maker_fee_rate", "integer"),
    ("timestamp", "bigint"),
)
TRADE_FIELDS: Final = tuple(name for name, _ in TRADE_COLUMNS[1:])


def order_row(market_id: int, order: OrderState) -> tuple[Any, ...]:
    """A new order, in the order of ORDER_COLUMNS."""
    # Taken apart once, enumerations by their values: every order passes here.
    # fmt: off
    (
        order_id, account, name, side, kind, time_in_force, post_only, prevention, quote_quantity,
        slippage, display, expires_at, group, role, sequence, created_at, request, price, stop_price,
        quantity, prevented, connection, priority, filled, notional, fee, canceled, remaining, hidden,
        status, reason, updated_at,
    ) = order
    return (
        market_id, order_id, account, name, side._value_, kind._value_, time_in_force._value_,
        post_only, prevention._value_, price, stop_price, quantity, quote_quantity, slippage, display,
        expires_at, remaining, hidden, filled, canceled, prevented, str(notional), str(fee),
        status._value_, None if reason is None else reason._value_, group,
        None if role is None else role._value_, connection, sequence, priority, created_at,
        updated_at, request,
    )
    # fmt: on


def order_change(order: OrderState) -> tuple[Any, ...]:
    """What may change of an order, in the order of ORDER_CHANGES."""
    return (
        order.id,
        order.price,
        order.stop_price,
        order.quantity,
        order.remaining,
        order.hidden,
        order.filled,
        order.canceled,
        order.prevented,
        str(order.notional),
        str(order.fee),
        order.status._value_,
        None if order.reason is None else order.reason._value_,
        order.connection,
        order.priority,
        order.updated_at,
    )


def trade_row(market_id: int, trade: Trade) -> tuple[Any, ...]:
    """A trade, in the order of TRADE_COLUMNS."""
    return (
        market_id,
        trade.sequence,
        trade.id,
        trade.price,
        trade.quantity,
        str(trade.amount),
        trade.taker_side._value_,
        trade.taker_order,
        trade.maker_order,
        trade.taker_account,
        trade.maker_account,
        str(trade.taker_fee),
        str(trade.maker_fee),
        trade.taker_fee_rate,
        trade.maker_fee_rate,
        trade.timestamp,
    )


def order_state(row: tuple[Any, ...]) -> OrderState:
    """An order from its row, read in the order of ORDER_FIELDS."""
    state = OrderState(*row)
    return state._replace(
        side=Side(state.side),
        type=OrderType(state.type),
        time_in_force=TimeInForce(state.time_in_force),
        self_trade_prevention=SelfTradePrevention(state.self_trade_prevention),
        status=OrderStatus(state.status),
        reason=None if state.reason is None else Reason(state.reason),
        role=None if state.role is None else GroupRole(state.role),
    )


def order_of_columns(row: Sequence[Any]) -> OrderState:
    """An order from its row as the driver gives it, in the order of STATE_COLUMNS."""
    state = order_state(tuple(row))
    return state._replace(
        post_only=bool(state.post_only), notional=int(state.notional), fee=int(state.fee)
    )


def trade_event(row: tuple[Any, ...]) -> Trade:
    """A trade from its row, read in the order of TRADE_FIELDS."""
    sequence, id_, price, quantity, amount, taker_side, *others = row
    return Trade(sequence, id_, price, quantity, amount, Side(taker_side), *others)
