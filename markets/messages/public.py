"""The public contract's JSON: trades, books, balances, and the decimals and times in them.

Rules:
- Amounts are canonical decimal strings, times ISO 8601 UTC with microseconds and `Z`.
- Nothing here knows of databases: it is given states and a market's specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from markets.matching.events import Batch, DepthChange, Indication, Trade
from markets.matching.spec import MarketSpec
from markets.matching.types import MILLION, format_units

JSON = dict[str, Any]
RATIO_DECIMALS: Final = len(str(MILLION)) - 1
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MAX_DIGITS: Final = 30
"""Longest number taken, in digits before or after the point."""
MAX_TIME_LENGTH: Final = 64
REMEMBERED: Final = 2**14
"""Numbers and times whose text is remembered: a market's prices and sizes come again and again."""
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


units_text = lru_cache(REMEMBERED)(format_units)
"""`format_units`, for numbers that come again."""


@lru_cache(REMEMBERED)
def time_text(microseconds: int) -> str:
    """Microseconds since 1970 as ISO 8601."""
    moment = EPOCH + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def datetime_text(moment: datetime) -> str:
    """A database time as ISO 8601."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _price_text(spec: MarketSpec, units: int | None) -> str | None:
    return None if units is None else spec.price_text(units)


def ratio_text(millionths: int) -> str:
    """A ratio as the wire writes it."""
    return units_text(millionths, RATIO_DECIMALS)


def trade_json(trade: Trade, spec: MarketSpec) -> JSON:
    """A match, as everybody may see it."""
    return {
        "id": str(trade.id),
        "market": spec.symbol,
        "price": units_text(trade.price, spec.quote_decimals),
        "quantity": units_text(trade.quantity, spec.base_decimals),
        "taker_side": trade.taker_side._value_,
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
    base, quote = spec.base_decimals, spec.quote_decimals
    return [[units_text(price, quote), units_text(quantity, base)] for price, quantity in levels]


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
