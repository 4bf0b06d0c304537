"""What the exchange answers, as frozen records with Decimals and datetimes.

Rules:
- Made by `from_json` alone, which reads each field by its type; a field that must be there and is
  not, or cannot be read, raises UnexpectedAnswer. A field that may be None may also be missing.
- Fields that this release does not know are tolerated: `raw` is the whole answer.
- Quantities in the base asset, prices and notionals in the quote asset, times in UTC.
- Equality compares the fields, not `raw`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Self, get_type_hints

from clients.book import Level, LocalBook, read_levels
from clients.decimals import from_wire
from clients.errors import UnexpectedAnswer

Json = Mapping[str, Any]

OPEN_STATUSES = ("untriggered", "open", "partially_filled")
"""The statuses of an order that may still trade, in the order in which it passes through them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One JSON object of the exchange; `raw` is that object as it came."""

    raw: Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, raw: object) -> Self:
        """Read a record; raises UnexpectedAnswer."""
        kind = cls.__name__.lower()
        if not isinstance(raw, Mapping):
            raise UnexpectedAnswer(f"expected a {kind}, got {raw!r}")
        values: dict[str, Any] = {}
        record_type: Any = cls
        for name, read, optional in _readers(record_type):
            value = raw.get(name)
            if value is None and not optional:
                raise UnexpectedAnswer(f"a {kind} without {name}: {dict(raw)!r}")
            try:
                values[name] = None if value is None else read(value)
            except (TypeError, ValueError) as error:
                raise UnexpectedAnswer(f"{name} of a {kind}: {error}") from error
        return cls(raw=raw, **values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market(Record):
    """A market and its rules; `price_band` and the fee rates are ratios."""

    symbol: str
    base: str
    quote: str
    status: str
    tick_size: Decimal
    lot_size: Decimal
    min_quantity: Decimal | None
    max_quantity: Decimal | None
    min_notional: Decimal | None
    maker_fee_rate: Decimal | None
    taker_fee_rate: Decimal | None
    price_band: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade(Record):
    """One match, as everybody sees it; `sequence` is the market's."""

    id: str
    market: str
    price: Decimal
    quantity: Decimal
    taker_side: str
    sequence: int
    timestamp: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill(Record):
    """One order's side of a match; the fee is in `fee_asset`, below 0 for a rebate."""

    id: str
    order_id: str
    client_order_id: str | None
    market: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: str
    timestamp: datetime
    sequence: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Record):
    """An order as it is now: quantity = filled + remaining + canceled + prevented."""

    id: str
    client_order_id: str | None
    market: str
    side: str
    type: str
    time_in_force: str
    price: Decimal | None
    quantity: Decimal
    remaining_quantity: Decimal
    filled_quantity: Decimal
    canceled_quantity: Decimal | None
    prevented_quantity: Decimal | None
    average_price: Decimal | None
    fee: Decimal | None
    status: str
    reason: str | None
    sequence: int | None
    """The market's sequence number at which the order got its place."""
    created_at: datetime | None
    updated_at: datetime | None
    fills: tuple[Fill, ...] | None
    """The fills so far, in the answer to a submission; None where the answer has none."""

    @property
    def is_open(self) -> bool:
        """Whether the order may still trade."""
        return self.status in OPEN_STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance(Record):
    """What an account has of one asset: total = held + available."""

    asset: str
    total: Decimal
    held: Decimal
    available: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker(Record):
    """A market's last price, its best prices, and its last 24 hours."""

    market: str
    last: Decimal | None
    best_bid: Decimal | None
    best_ask: Decimal | None
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    volume: Decimal | None
    quote_volume: Decimal | None
    change: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle(Record):
    """One interval of a market: prices, volumes and the number of trades."""

    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trade_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSnapshot(Record):
    """The levels of `GET markets/{symbol}/book`, best first; `checksum` is the whole book's."""

    market: str
    sequence: int
    timestamp: datetime | None
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    checksum: int

    def verified(self) -> LocalBook:
        """Return it as a LocalBook; raises UnexpectedAnswer where it is not whole and right."""
        book = LocalBook(self.market)
        book.replace(self.sequence, bids=self.raw["bids"], asks=self.raw["asks"])
        if book.checksum != self.checksum:
            raise UnexpectedAnswer(
                f"the book of {self.market} at {self.sequence} adds up to {book.checksum}, "
                f"the exchange says {self.checksum}"
            )
        return book


def _read_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(f"not a text: {value!r}")
    return str(value)


def _read_whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"not a whole number: {value!r}")
    return value


def _read_time(value: object) -> datetime:
    if not isinstance(value, str):
        raise TypeError(f"not a time: {value!r}")
    return datetime.fromisoformat(value)


def _read_levels(value: object) -> tuple[Level, ...]:
    return tuple(read_levels(value))


def _read_fills(value: object) -> tuple[Fill, ...]:
    if not isinstance(value, list):
        raise TypeError(f"not a list: {value!r}")
    return tuple(Fill.from_json(fill) for fill in value)


_READERS: dict[Any, Callable[[object], Any]] = {
    str: _read_text,
    int: _read_whole,
    Decimal: from_wire,
    datetime: _read_time,
    tuple[Level, ...]: _read_levels,
    tuple[Fill, ...]: _read_fills,
}


@cache
def _readers(kind: Any) -> list[tuple[str, Callable[[object], Any], bool]]:
    hints = get_type_hints(kind)
    found = []
    for name in (each.name for each in fields(kind) if each.name != "raw"):
        wanted = hints[name]
        optional = wanted not in _READERS
        read = _READERS[wanted] if not optional else _READERS[_without_none(wanted)]
        found.append((name, read, optional))
    return found


def _without_none(wanted: Any) -> Any:
    return next(part for part in wanted.__args__ if part is not type(None))
