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
KEPT_INTERVALS: Final = (60, 3600, 86_400)
"""Those whose candles are kept as rows; the others are made of them."""
CANDLE_FIELDS: Final = (
    "start",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "trade_count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
)
DAY: Final = 86_400
END_OF_TIME: Final = 2**40
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
    taker_buy_volume: int = 0
    """The part of the volume that buyers took."""
    taker_buy_quote_volume: int = 0

    def add(self, later: Candle) -> None:
        """Take in what came after it."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.quote_volume += later.quote_volume
        self.trade_count += later.trade_count
        self.taker_buy_volume += later.taker_buy_volume
        self.taker_buy_quote_volume += later.taker_buy_quote_volume

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
    price, quantity, amount = trade.price, trade.quantity, trade.amount
    bought = (quantity, amount) if trade.taker_side is Side.BUY else (0, 0)
    return Candle(start, price, price, price, price, quantity, amount, 1, *bought)


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
    timestamp: int
    """The engine's clock with its last batch, in microseconds; 0: there was none."""


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
            minutes=_candles(market, 60, int(time.time()) - DAY, None, DAY // 60 + 1),
            timestamp=market.last_timestamp(),
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
    first, last = ids_of(market.pk, 0, None)
    if before is not None:
        last = min(last, before - 1)
    # One bound on each side: of two, SQLite takes one to enter the table, and reads on to the other.
    rows = models.Trade.objects.filter(pk__gt=first, pk__lte=last)
    return [trade_event(row) for row in rows.order_by("-pk").values_list(*TRADE_FIELDS)[:limit]]


def trades_from(market: int, first: int, limit: int) -> list[Trade]:
    """A market's trades (the market by key) with ids from `first` on, oldest first."""
    low, high = ids_of(market, 0, None)
    rows = models.Trade.objects.filter(pk__gte=max(first, low), pk__lte=high)
    return [trade_event(row) for row in rows.order_by("pk").values_list(*TRADE_FIELDS)[:limit]]


def trades_to(market: int, last: int | None, limit: int) -> list[Trade]:
    """The newest trades of a market (by key) with ids up to `last`, oldest first."""
    low, high = ids_of(market, 0, None)
    end = high if last is None else min(last, high)
    rows = models.Trade.objects.filter(pk__gt=low, pk__lte=end)
    found = [trade_event(row) for row in rows.order_by("-pk").values_list(*TRADE_FIELDS)[:limit]]
    return found[::-1]


def first_id_from(market: int, moment: int) -> int:
    """The id from which on a market's trades are not before a moment; past the last one, if all are.

    Times grow with ids, so the place is found by halving, each time by one look at the table.
    """
    first, last = ids_of(market, 0, None)
    places = models.Trade.objects.values_list("pk", "timestamp")
    newest = places.filter(pk__gt=first, pk__lte=last).order_by("-pk").first()
    if newest is None or newest[1] < moment:
        return first + 1 if newest is None else int(newest[0]) + 1
    low, high = first + 1, int(newest[0])
    while low < high:
        middle = (low + high) // 2
        pk, timestamp = places.filter(pk__gte=middle, pk__lte=last).order_by("pk")[0]
        if timestamp >= moment:
            high = middle
        else:
            low = int(pk) + 1
    return low


def price_before(market: int, trade: int) -> int | None:
    """The price of a market's (by key) last trade before an id; None: there was none."""
    first, _ = ids_of(market, 0, None)
    rows = models.Trade.objects.filter(pk__gt=first, pk__lt=trade).order_by("-pk")
    return rows.values_list("price", flat=True).first()


def candles(
    market: models.Market, seconds: int, start: int, end: int | None = None, limit: int = 500
) -> list[Candle]:
    """Candles that begin from `start` up to before `end` (seconds since 1970), the last `limit` of them."""
    with one_moment():
        return _candles(market, seconds, start, end, limit)


def kept_interval(seconds: int) -> int:
    """Of which kept candles those of an interval are made."""
    return max(each for each in KEPT_INTERVALS if seconds % each == 0)


def _candles(
    market: models.Market, seconds: int, start: int, end: int | None, limit: int
) -> list[Candle]:
    """What is added up, and after it the trades that are not yet."""
    end = end if end is not None else int(time.time()) + seconds
    start, end = max(start // seconds * seconds, 0), -(-end // seconds) * seconds
    kept = kept_interval(seconds)
    rows = models.Candle.objects.filter(
        market=market, seconds=kept, start__gte=start, start__lt=end
    ).order_by("-start")
    found: dict[int, Candle] = {}
    for row in reversed(rows.values_list(*CANDLE_FIELDS)[: limit * (seconds // kept)]):
        _join(found, Candle(*row), seconds)
    for candle in added_up(market.pk, seconds, tally_of(market.pk), None, (start, end), limit):
        _join(found, candle, seconds)
    return list(found.values())[-limit:]


def _join(found: dict[int, Candle], candle: Candle, seconds: int) -> None:
    candle.start = candle.start // seconds * seconds
    if candle.start in found:
        found[candle.start].add(candle)
    else:
        found[candle.start] = candle


def tally_of(market: int) -> int:
    """The sequence up to which a market's trades are added up in its candles and volumes."""
    return models.Tally.objects.values_list("sequence", flat=True).filter(pk=market).first() or 0


def added_up(
    market: int,
    seconds: int,
    after: int,
    to: int | None = None,
    times: tuple[int, int] = (0, END_OF_TIME),
    limit: int = END_OF_TIME,
) -> list[Candle]:
    """Candles of the trades after a sequence (to another), in a time; the last `limit`, oldest first.

    Added up by the database; SQLite's sums end at 64 bits, so there each is taken in two parts.
    """
    bought = "CASE WHEN taker_side = 'buy' THEN {} ELSE {} END"
    parts = (
        *quantity_sums("quantity"),
        *amount_sums("amount"),
        *quantity_sums(bought.format("quantity", 0)),
        *amount_sums(bought.format("amount", "0" if connection.vendor == "postgresql" else "'0'")),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT timestamp / %s AS bucket, MIN(sequence), MAX(sequence), MAX(price), MIN(price), "  # noqa: S608
            f"COUNT(*), {', '.join(parts)} FROM markets_trade "
            "WHERE id > %s AND id <= %s AND timestamp >= %s AND timestamp < %s "
            "GROUP BY 1 ORDER BY 1 DESC LIMIT %s",
            [
                seconds * MICROSECONDS,
                *ids_of(market, after, to),
                *(moment * MICROSECONDS for moment in times),
                limit,
            ],
        )
        rows = cursor.fetchall()
    return _with_open_and_close(market, seconds, rows)


def ids_of(market: int, after: int, to: int | None) -> tuple[int, int]:
    """The ids before the first and at the last of a market's rows after a sequence, to another."""
    first = market << models.ID_BITS
    return first + after, first + ((1 << models.ID_BITS) - 1 if to is None else to)


def recent_volumes(
    market: int, after: int, to: int | None = None, since: int = 0
) -> list[tuple[int, int, int]]:
    """(account, day, amount traded) of a market's trades after a sequence, to another, since a day."""
    parts = ", ".join(amount_sums("amount"))
    total: dict[tuple[int, int], int] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT taker_account_id, maker_account_id, timestamp / %s AS day, {parts} "  # noqa: S608
            "FROM markets_trade WHERE id > %s AND id <= %s AND timestamp >= %s GROUP BY 1, 2, 3",
            [
                DAY * MICROSECONDS,
                *ids_of(market, after, to),
                since * DAY * MICROSECONDS,
            ],
        )
        for taker, maker, day, *amount in cursor.fetchall():
            for account in (taker, maker):
                total[account, day] = total.get((account, day), 0) + whole_amount(*amount)
    return [(account, day, amount) for (account, day), amount in total.items()]


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


def _with_open_and_close(market: int, seconds: int, rows: Sequence[Sequence[Any]]) -> list[Candle]:
    wanted = {row[1] for row in rows} | {row[2] for row in rows}
    price = dict(_prices(market, wanted))
    return [
        Candle(
            start=int(bucket) * seconds,
            open=price[first],
            high=high,
            low=low,
            close=price[last],
            volume=whole_amount(*sums[0:2]),
            quote_volume=whole_amount(*sums[2:4]),
            trade_count=count,
            taker_buy_volume=whole_amount(*sums[4:6]),
            taker_buy_quote_volume=whole_amount(*sums[6:8]),
        )
        for bucket, first, last, high, low, count, *sums in reversed(rows)
    ]


def _prices(market: int, sequences: Iterable[int]) -> Iterable[tuple[int, int]]:
    found = sorted(sequences)
    for start in range(0, len(found), 500):
        keys = [(market << models.ID_BITS) + sequence for sequence in found[start : start + 500]]
        yield from models.Trade.objects.filter(pk__in=keys).values_list("sequence", "price")
