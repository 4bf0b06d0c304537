"""The public contract's JSON: orders, fills, trades, books, and the decimals and times in them.

Rules:
- Amounts are canonical decimal strings, times ISO 8601 UTC with microseconds and `Z`.
- Nothing here knows of databases: it is given states and a market's specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from markets.matching.events import Batch, DepthChange, Done, Indication, Trade
from markets.matching.spec import MarketSpec
from markets.matching.types import MILLION, OrderState, OrderType, Side, format_units

JSON = dict[str, Any]
LIMITED: Final = (OrderType.LIMIT, OrderType.STOP_LIMIT)
RATIO_DECIMALS: Final = len(str(MILLION)) - 1
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MAX_DIGITS: Final = 30
"""Longest number taken, in digits before or after the point."""
MAX_TIME_LENGTH: Final = 64
_PLAIN_DECIMAL: Final = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?", re.ASCII)


class NotADecimal(ValueError):
    """The text or number is no plain decimal; the message says what would be right."""


class TooFine(ValueError):
    """The number has more decimals than the asset; `below` is it cut to units."""

    def __init__(self, below: int) -> None:
        super().__init__("more decimals than the asset has")
        self.below = below


def parse_units(value: object, decimals: int) -> int:
    """Read a plain decimal string or JSON integer as units; never rounds.

    Raises NotADecimal for anything else (floats above all), TooFine for too many decimals.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise NotADecimal('must be a decimal string such as "0.25" (or a JSON integer)')
    text = str(value) if isinstance(value, str) or abs(value) < 10**MAX_DIGITS else "9" * 99
    match = _PLAIN_DECIMAL.fullmatch(text) if len(text) < 3 * MAX_DIGITS else None
    if match is None:
        raise NotADecimal(
            'must be a plain decimal such as "0.25", without exponent, sign or spaces'
        )
    whole, fraction = match[1], (match[2] or "").rstrip("0")
    if len(whole.lstrip("0")) > MAX_DIGITS or len(fraction) > MAX_DIGITS:
        raise NotADecimal(f"must have at most {MAX_DIGITS} digits before and after the point")
    scale: int = 10**decimals
    units = int(whole) * scale + int((fraction[:decimals] or "0").ljust(decimals, "0"))
    if text.startswith("-"):
        units = -units
    if len(fraction) > decimals:
        raise TooFine(units)
    return units


def plain(number: Decimal) -> str:
    """The number without exponent or trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_time(value: object) -> int:
    """Read an ISO 8601 time with a zone as microseconds since 1970. Raises ValueError."""
    message = 'must be an ISO 8601 time with a zone, such as "2026-11-22T07:00:00Z"'
    if not isinstance(value, str) or len(value) > MAX_TIME_LENGTH:
        raise ValueError(message)
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return (moment - EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        raise ValueError(message) from error
    raise ValueError(message)


def time_text(microseconds: int) -> str:
    """Microseconds since 1970 as ISO 8601."""
    moment = EPOCH + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def datetime_text(moment: datetime) -> str:
    """A database time as ISO 8601."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def order_json(order: OrderState, spec: MarketSpec) -> JSON:
    """An order, as the contract lists its fields."""
    received = spec.base_decimals if order.side is Side.BUY else spec.quote_decimals
    average = None
    if order.filled:
        # Rounded half up to the quote asset's smallest unit: the only figure that may not be exact.
        scaled = order.notional * 10**spec.base_decimals
        average = spec.price_text((2 * scaled + order.filled) // (2 * order.filled))
    return {
        "id": str(order.id),
        "client_order_id": order.client_order_id,
        "market": spec.symbol,
        "side": order.side.value,
        "type": order.type.value,
        "time_in_force": order.time_in_force.value,
        "post_only": order.post_only,
        "price": _price_text(spec, order.price) if order.type in LIMITED else None,
        "stop_price": _price_text(spec, order.stop_price),
        "quantity": spec.quantity_text(order.quantity),
        "quote_quantity": _price_text(spec, order.quote_quantity),
        "remaining_quantity": spec.quantity_text(order.remaining),
        "filled_quantity": spec.quantity_text(order.filled),
        "canceled_quantity": spec.quantity_text(order.canceled),
        "prevented_quantity": spec.quantity_text(order.prevented),
        "average_price": average,
        "fee": format_units(order.fee, received),
        "fee_asset": spec.base if order.side is Side.BUY else spec.quote,
        "status": order.status.value,
        "reason": None if order.reason is None else order.reason.value,
        "display_quantity": (
            None if order.display_quantity is None else spec.quantity_text(order.display_quantity)
        ),
        "expires_at": None if order.expires_at is None else time_text(order.expires_at),
        "max_slippage": (None if order.max_slippage is None else ratio_text(order.max_slippage)),
        "self_trade_prevention": order.self_trade_prevention.value,
        "cancel_on_disconnect": order.connection is not None,
        "group_id": None if order.group is None else str(order.group),
        "group_role": None if order.role is None else order.role.value,
        "sequence": order.sequence,
        "created_at": time_text(order.created_at),
        "updated_at": time_text(order.updated_at),
    }


def _price_text(spec: MarketSpec, units: int | None) -> str | None:
    return None if units is None else spec.price_text(units)


def ratio_text(millionths: int) -> str:
    """A ratio as the wire writes it."""
    return format_units(millionths, RATIO_DECIMALS)


def fill_json(trade: Trade, spec: MarketSpec, *, taker: bool, client_order_id: str | None) -> JSON:
    """One order's side of a trade."""
    side = trade.taker_side if taker else trade.taker_side.opposite
    decimals = spec.base_decimals if side is Side.BUY else spec.quote_decimals
    rate = trade.taker_fee_rate if taker else trade.maker_fee_rate
    return {
        "id": str(trade.id),
        "order_id": str(trade.taker_order if taker else trade.maker_order),
        "client_order_id": client_order_id,
        "market": spec.symbol,
        "side": side.value,
        "price": spec.price_text(trade.price),
        "quantity": spec.quantity_text(trade.quantity),
        "fee": format_units(trade.taker_fee if taker else trade.maker_fee, decimals),
        "fee_asset": spec.base if side is Side.BUY else spec.quote,
        "fee_rate": None if rate is None else ratio_text(rate),
        "liquidity": "taker" if taker else "maker",
        "sequence": trade.sequence,
        "timestamp": time_text(trade.timestamp),
    }


def trade_json(trade: Trade, spec: MarketSpec) -> JSON:
    """A match, as everybody may see it."""
    return {
        "id": str(trade.id),
        "market": spec.symbol,
        "price": spec.price_text(trade.price),
        "quantity": spec.quantity_text(trade.quantity),
        "taker_side": trade.taker_side.value,
        "sequence": trade.sequence,
        "timestamp": time_text(trade.timestamp),
    }


def balance_json(asset: str, decimals: int, available: int, held: int) -> JSON:
    """An account's balance of one asset."""
    return {
        "asset": asset,
        "total": format_units(available + held, decimals),
        "held": format_units(held, decimals),
        "available": format_units(available, decimals),
    }


def levels_json(levels: Iterable[DepthChange], spec: MarketSpec) -> list[list[str]]:
    """Price levels as pairs of strings."""
    return [[spec.price_text(price), spec.quantity_text(quantity)] for price, quantity in levels]


def auction_json(indication: Indication, ends_at: int | None, spec: MarketSpec) -> JSON:
    """What an auction would come to now, and when it opens the market by itself."""
    side = indication.surplus_side
    return {
        "indicative_price": _price_text(spec, indication.price),
        "indicative_volume": spec.quantity_text(indication.volume),
        "surplus": spec.quantity_text(indication.surplus),
        "surplus_side": None if side is None else side.value,
        "ends_at": None if ends_at is None else time_text(ends_at),
    }


def update_json(batch: Batch) -> JSON:
    """What a batch changed in the book."""
    return {
        "market": batch.spec.symbol,
        "prev_sequence": batch.prev_sequence,
        "sequence": batch.sequence,
        "timestamp": time_text(batch.timestamp),
        "bids": levels_json(batch.bids, batch.spec),
        "asks": levels_json(batch.asks, batch.spec),
        "checksum": batch.checksum,
    }


def private_messages(batch: Batch) -> dict[int, list[tuple[str, JSON]]]:
    """What each account is told of a batch, in order: (channel, data without its sequence)."""
    spec = batch.spec
    messages: dict[int, list[tuple[str, JSON]]] = {}
    client_order_ids = {
        order_id: order.client_order_id
        for order_id, order in (batch.created | batch.changed).items()
    }
    for outcome in batch.outcomes:
        if not isinstance(outcome, Done):
            continue
        orders: dict[int, list[JSON]] = {}
        for order in outcome.orders:
            orders.setdefault(order.account, []).append(order_json(order, spec))
        fills: dict[int, list[JSON]] = {}
        for trade in outcome.trades:
            for account, order_id, taker in (
                (trade.taker_account, trade.taker_order, True),
                (trade.maker_account, trade.maker_order, False),
            ):
                fill = fill_json(
                    trade, spec, taker=taker, client_order_id=client_order_ids[order_id]
                )
                fills.setdefault(account, []).append(fill)
        for account, changed in orders.items():
            messages.setdefault(account, []).append(("orders", {"orders": changed}))
        for account, own in fills.items():
            messages.setdefault(account, []).append(("fills", {"fills": own}))
    return messages
