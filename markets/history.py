"""What the rows tell of a market: its book at one moment, its trades, its candles."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from markets import models
from markets.database import one_moment
from markets.matching.auction import indicate
from markets.matching.events import Indication, Trade
from markets.matching.spec import MarketSpec, twice_reference
from markets.matching.types import (
    MarketState,
    MarketStatus,
    OrderStatus,
    Side,
    format_units,
)
from markets.messages.public import JSON, time_text
from markets.rows import TRADE_FIELDS, trade_event

INTERVALS: Final = {
    "1m": 60,
    "5m": 300,
    "15m": 900,
    "1h": 3600,
    "4h": 14_400,
    "1d": 86_400,
}
"""Candle intervals in seconds, aligned to 1970."""
DAY: Final = 86_400
MICROSECONDS: Final = 1_000_000
RECENT_TRADES: Final = 100


@dataclass(slots=True)
class Candle:
    """Trades of one interval: prices and quantities in units, `start` in seconds since 1970."""

    start: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    quote_volume: int
    trade_count: int

    def add(self, later: Candle) -> None:
        """Take in what came after it."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.quote_volume += later.quote_volume
        self.trade_count += later.trade_count

    def as_json(self, spec: MarketSpec) -> JSON:
        """The contract's candle."""
        return {
            "start": time_text(self.start * MICROSECONDS),
            "open": spec.price_text(self.open),
            "high": spec.price_text(self.high),
            "low": spec.price_text(self.low),
            "close": spec.price_text(self.close),
            "volume": spec.quantity_text(self.volume),
            "quote_volume": format_units(self.quote_volume, spec.quote_decimals),
            "trade_count": self.trade_count,
        }


def candle_of(trade: Trade, seconds: int) -> Candle:
    """The candle of a single trade."""
    start = trade.timestamp // (seconds * MICROSECONDS) * seconds
    price = trade.price
    return Candle(start, price, price, price, price, trade.quantity, trade.amount, 1)


@dataclass(frozen=True, slots=True)
class MarketMoment:
    """A market as the rows had it at one moment."""

    spec: MarketSpec
    state: MarketState
    levels: dict[Side, dict[int, int]]
    """Side → price → total quantity shown."""
    indication: Indication | None
    """While the market is in an auction."""
    trades: list[Trade]
    """The last ones, newest first."""
    minutes: list[Candle]
    """One-minute candles of the last 24 hours."""


def fee_account_id() -> int:
    """The key of the account that fees go to."""
    return models.Account.objects.values_list("pk", flat=True).get(name=models.FEE_ACCOUNT_NAME)


def market_moment(symbol: str) -> MarketMoment:
    """Read a market's book, last trades and day at one moment."""
    with one_moment():
        market = models.Market.objects.select_related("base", "quote").get(symbol=symbol)
        spec = market.spec(fee_account_id())
        state = market.state()
        levels, all_levels = _levels(market)
        indication = None
        if state.status is MarketStatus.AUCTION:
            indication = _indication(spec, state, all_levels)
        return MarketMoment(
            spec=spec,
            state=state,
            levels=levels,
            indication=indication,
            trades=trades(market, RECENT_TRADES),
            minutes=candles(market, 60, start=int(time.time()) - DAY, limit=DAY // 60 + 1),
        )


Levels = dict[Side, dict[int, int]]


def _levels(market: models.Market) -> tuple[Levels, Levels]:
    """Side → price → quantity of the resting orders: what they show, and with what they hide."""
    shown: Levels = {Side.BUY: {}, Side.SELL: {}}
    total: Levels = {Side.BUY: {}, Side.SELL: {}}
    orders = models.Order.objects.filter(models.LIVE_ORDERS, market=market)
    columns = ("status", "side", "price", "remaining", "hidden")
    for status, side, price, remaining, hidden in orders.values_list(*columns).iterator():
        if status == OrderStatus.UNTRIGGERED:
            continue
        for levels, quantity in ((shown, remaining - hidden), (total, remaining)):
            of_side = levels[Side(side)]
            of_side[price] = of_side.get(price, 0) + quantity
    return shown, total


def _indication(spec: MarketSpec, state: MarketState, total: Levels) -> Indication:
    bids = sorted(total[Side.BUY].items(), reverse=True)
    asks = sorted(total[Side.SELL].items())
    reference = twice_reference(
        state.last_price, bids[0][0] if bids else None, asks[0][0] if asks else None
    )
    return indicate(bids, asks, tick=spec.tick_size, twice_reference=reference)


def trades(market: models.Market, limit: int, before: int | None = None) -> list[Trade]:
    """The market's last trades (with ids under `before`), newest first."""
    rows = models.Trade.objects.filter(market=market)
    if before is not None:
        rows = rows.filter(sequence__lt=before - (market.pk << models.ID_BITS))
    return [
        trade_event(row) for row in rows.order_by("-sequence").values_list(*TRADE_FIELDS)[:limit]
    ]


def candles(
    market: models.Market, seconds: int, start: int, end: int | None = None, limit: int = 500
) -> list[Candle]:
    """Candles that begin from `start` up to before `end` (seconds since 1970), the last `limit` of them.

    Added up by the database; SQLite's sums end at 64 bits, so there each is taken in two parts.
    """
    end = end if end is not None else int(time.time()) + seconds
    start = max(start // seconds * seconds, 0)
    parts = (*quantity_sums("quantity"), *amount_sums("amount"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT timestamp / %s AS bucket, MIN(sequence), MAX(sequence), MAX(price), MIN(price), "  # noqa: S608
            f"COUNT(*), {', '.join(parts)} FROM markets_trade "
            "WHERE market_id = %s AND timestamp >= %s AND timestamp < %s "
            "GROUP BY 1 ORDER BY 1 DESC LIMIT %s",
            [
                seconds * MICROSECONDS,
                market.pk,
                start * MICROSECONDS,
                end * MICROSECONDS,
                limit,
            ],
        )
        rows = cursor.fetchall()
    return _with_open_and_close(market, seconds, rows)


_SPLIT: Final = 1_000_000_000


def quantity_sums(column: str) -> tuple[str, str]:
    """SQL that adds up a 64-bit column, in two parts for `whole_amount`."""
    if connection.vendor == "postgresql":
        return f"SUM({column})", "0"
    return f"SUM({column} / {_SPLIT})", f"SUM({column} % {_SPLIT})"


def amount_sums(column: str) -> tuple[str, str]:
    """SQL that adds up an amount of 0 or more, in two parts for `whole_amount`."""
    if connection.vendor == "postgresql":
        return f"SUM({column})", "0"
    return (
        f"SUM(CAST(substr({column}, 1, max(length({column}) - 9, 0)) AS INTEGER))",
        f"SUM(CAST(substr({column}, -9) AS INTEGER))",
    )


def whole_amount(part: Any, rest: Any) -> int:
    """The sum that two parts come to."""
    return int(part) if connection.vendor == "postgresql" else int(part) * _SPLIT + int(rest)


def _with_open_and_close(
    market: models.Market, seconds: int, rows: Sequence[Sequence[Any]]
) -> list[Candle]:
    wanted = {row[1] for row in rows} | {row[2] for row in rows}
    price = dict(_prices(market, wanted))
    return [
        Candle(
            start=int(bucket) * seconds,
            open=price[first],
            high=high,
            low=low,
            close=price[last],
            volume=whole_amount(volume, volume_rest),
            quote_volume=whole_amount(quote, quote_rest),
            trade_count=count,
        )
        for bucket, first, last, high, low, count, volume, volume_rest, quote, quote_rest in reversed(
            rows
        )
    ]


def _prices(market: models.Market, sequences: Iterable[int]) -> Iterable[tuple[int, int]]:
    found = sorted(sequences)
    for start in range(0, len(found), 500):
        yield from models.Trade.objects.filter(
            market=market, sequence__in=found[start : start + 500]
        ).values_list("sequence", "price")
