"""Klines: candles as the dialect knows them, without gaps, in more intervals than the exchange's own.

Rules:
- They are made of the exchange's candles: of minutes, hours or days; seconds of the trades themselves.
- An interval without a trade has the close before it; before a market's first trade there is none.
- Weeks begin on Monday, months on their first day, in UTC; everything else counts from 1970.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from markets import history, models
from markets.binance.calls import Request
from markets.binance.errors import BAD_INTERVAL, DialectError
from markets.binance.market_data import key_of, times
from markets.binance.symbols import view_of
from markets.binance.texts import fixed
from markets.binance.time_unit import time_json
from markets.history import DAY, MICROSECONDS, Candle
from markets.matching.spec import MarketSpec

SECONDS: Final = {
    "1s": 1,
    "1m": 60,
    "3m": 180,
    "5m": 300,
    "15m": 900,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "4h": 14_400,
    "6h": 21_600,
    "8h": 28_800,
    "12h": 43_200,
    "1d": DAY,
    "3d": 3 * DAY,
}
"""Those that are so long always."""
WEEK: Final = "1w"
MONTH: Final = "1M"
INTERVALS: Final = (*SECONDS, WEEK, MONTH)
MONDAY: Final = 4 * DAY
"""1970 began on a Thursday."""
DEFAULT_KLINES: Final = 500
MAX_KLINES: Final = 1000


def start_of(interval: str, moment: int) -> int:
    """When the interval began that a moment is in; both in seconds since 1970."""
    if interval == MONTH:
        return _seconds(_day(moment).replace(day=1))
    if interval == WEEK:
        return max((moment - MONDAY) // (7 * DAY) * 7 * DAY + MONDAY, 0)
    seconds = SECONDS[interval]
    return moment // seconds * seconds


def start_after(interval: str, start: int, count: int = 1) -> int:
    """When the interval begins that comes so many after the one that began at `start`."""
    if interval == MONTH:
        day = _day(start)
        months = max(day.year * 12 + day.month - 1 + count, 1970 * 12)
        return _seconds(day.replace(year=months // 12, month=months % 12 + 1, day=1))
    seconds = 7 * DAY if interval == WEEK else SECONDS[interval]
    return max(start + count * seconds, 0)


def _day(moment: int) -> datetime:
    midnight = datetime.fromtimestamp(moment, UTC)
    return midnight.replace(hour=0, minute=0, second=0, microsecond=0)


def _seconds(day: datetime) -> int:
    return (day - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


async def klines(request: Request) -> list[list[Any]]:
    """From `startTime` on, or the newest ones, oldest first."""
    params = request.params
    spec = view_of(params.symbol()).spec
    interval = params.required("interval")
    if interval not in INTERVALS:
        raise DialectError(BAD_INTERVAL)
    limit = params.limit(DEFAULT_KLINES, MAX_KLINES)
    start, end = times(request)
    key = key_of(spec)
    if start is not None:
        start = max(start, await request.read(_opening, key, interval))
    first, last = _range(interval, start, end, limit)
    if first >= last:
        return []
    found = await request.read(read, key, interval, first, last)
    return [kline(candle, interval, spec) for candle in found[-limit:]]


def _opening(market: int, interval: str) -> int:
    """When the interval began in which there is something first, in microseconds. Blocking."""
    starts = [t.timestamp // MICROSECONDS for t in history.trades_from(market, 0, 1)]
    if interval != "1s":
        kept = history.kept_interval(SECONDS.get(interval, DAY))
        rows = models.Candle.objects.filter(market=market, seconds=kept).order_by("start")
        starts += rows.values_list("start", flat=True)[:1]
    return start_of(interval, min(starts, default=0)) * MICROSECONDS


def _range(interval: str, start: int | None, end: int | None, limit: int) -> tuple[int, int]:
    """The first interval's start and the end of the last one, in seconds."""
    now = int(time.time())
    until = now if end is None else min(end // MICROSECONDS, now)
    last = start_after(interval, start_of(interval, until))
    if start is None:
        return start_after(interval, last, -limit), last
    begin = -(-start // MICROSECONDS)
    if begin > now:
        return last, last
    first = start_of(interval, begin)
    if first < begin:
        first = start_after(interval, first)
    return first, min(last, start_after(interval, first, limit))


def read(market: int, interval: str, first: int, last: int) -> list[Candle]:
    """The intervals from one start to before another, those without trades too. Blocking."""
    found = _folded(_candles(market, interval, first, last), interval)
    after = history.first_id_from(market, first * MICROSECONDS)
    return _without_gaps(found, interval, last, first, history.price_before(market, after))


def _candles(market: int, interval: str, first: int, last: int) -> list[Candle]:
    if interval == "1s":
        ids = [history.first_id_from(market, t * MICROSECONDS) for t in (first, last)]
        before = market << models.ID_BITS
        return history.added_up(market, 1, ids[0] - 1 - before, ids[1] - 1 - before)
    seconds = SECONDS.get(interval, DAY)
    count = (last - first) // seconds + 1
    return history.candles(models.Market(pk=market), seconds, first, last, count)


def _folded(candles: Iterable[Candle], interval: str) -> dict[int, Candle]:
    """Candles by their interval's start."""
    found: dict[int, Candle] = {}
    for candle in candles:
        candle.start = start_of(interval, candle.start)
        if candle.start in found:
            found[candle.start].add(candle)
        else:
            found[candle.start] = candle
    return found


def _without_gaps(
    found: dict[int, Candle], interval: str, last: int, start: int, close: int | None
) -> list[Candle]:
    """All intervals from the first trade on; `close`: the price before them."""
    whole = []
    while start < last:
        candle = found.get(start)
        if candle is None and close is not None:
            candle = Candle(start, close, close, close, close, 0, 0, 0)
        if candle is not None:
            whole.append(candle)
            close = candle.close
        start = start_after(interval, start)
    return whole


def kline(candle: Candle, interval: str, spec: MarketSpec) -> list[Any]:
    """A candle as a list of twelve."""
    base, quote = spec.base_decimals, spec.quote_decimals
    return [
        time_json(candle.start * MICROSECONDS),
        *(fixed(price, quote) for price in (candle.open, candle.high, candle.low, candle.close)),
        fixed(candle.volume, base),
        time_json(start_after(interval, candle.start) * MICROSECONDS) - 1,
        fixed(candle.quote_volume, quote),
        candle.trade_count,
        fixed(candle.taker_buy_volume, base),
        fixed(candle.taker_buy_quote_volume, quote),
        "0",
    ]
