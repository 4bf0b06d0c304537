"""The kline at hand of one market and interval, as it grows.

Rules:
- It starts from the rows and takes every trade after those, by their ids; when the hub's view starts over,
  so does this.
- An interval has ended when the engine's clock is past it: then no more trades of it can come. Its last
  event says so (`x`), once, and the next interval begins at its close.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from typing import Final

import msgspec
from django.db import DatabaseError, InterfaceError

from markets import history, process
from markets.binance import klines
from markets.binance.market_data import key_of
from markets.binance.texts import fixed
from markets.binance.time_unit import now_json, time_json
from markets.database import one_moment
from markets.history import MICROSECONDS, Candle
from markets.hub import MarketView
from markets.matching.events import Trade
from markets.messages.public import JSON

EVERY: Final = 2
"""Ticks after which a kline is said that has not changed."""
RETRY_SECONDS: Final = 1.0
MAX_ENDED: Final = 60
"""Intervals that may end at once; after a longer silence it starts from the rows."""
NO_TRADE: Final = -1

logger = logging.getLogger(__name__)


class Rows(msgspec.Struct):
    """What the rows have: the interval's candle (or the close before it), and its trades' ids."""

    candle: Candle | None
    first_id: int
    newest_id: int
    """Of all trades up to the interval's end."""


class LiveKline:
    """An interval's candle, growing."""

    def __init__(self, view: MarketView, name: str, interval: str) -> None:
        self._view, self._name, self._interval = view, name, interval
        self._candle: Candle | None = None
        self._start = 0
        self._first_id = self._last_id = self._newest_id = NO_TRADE
        self._waiting: list[Trade] = []
        self._loading: asyncio.Task[None] | None = None
        self._loaded = False
        self._changed = False
        self._ticks = 0
        self.load()

    def close(self) -> None:
        """It is not wanted any more."""
        if self._loading is not None:
            self._loading.cancel()

    # Where it starts from

    def load(self) -> None:
        """Start from the rows."""
        self._loaded = False
        self.close()
        self._loading = asyncio.create_task(self._load(), name=f"kline {self._view.symbol}")

    async def _load(self) -> None:
        while True:
            moment = self._view.heard_at // MICROSECONDS or int(time.time())
            start = klines.start_of(self._interval, moment)
            try:
                rows = await process.current().hub.read(
                    _rows, key_of(self._view.spec), self._interval, start
                )
            except (DatabaseError, InterfaceError) as error:
                logger.warning("%s: a kline must wait: %s", self._view.symbol, error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self._begin(start, rows)
            return

    def _begin(self, start: int, rows: Rows) -> None:
        self._start, self._candle, self._newest_id = start, rows.candle, rows.newest_id
        traded = rows.candle is not None and rows.candle.trade_count > 0
        self._first_id, self._last_id = (
            (rows.first_id, rows.newest_id) if traded else (NO_TRADE, NO_TRADE)
        )
        self._loaded = self._changed = True
        waiting, self._waiting = self._waiting, []
        self.add(waiting)

    # How it grows

    def add(self, trades: list[Trade]) -> None:
        """Take trades; those of later intervals wait until this one is said to have ended."""
        if not self._loaded:
            self._waiting.extend(trades)
            return
        end = self._end * MICROSECONDS
        for trade in trades:
            if trade.id <= self._newest_id:
                continue
            if trade.timestamp >= end:
                self._waiting.append(trade)
                continue
            self._newest_id = self._last_id = trade.id
            self._changed = True
            candle = history.candle_of(trade, 1)
            if self._candle is None or not self._candle.trade_count:
                self._candle, self._first_id = candle, trade.id
            else:
                self._candle.add(candle)

    @property
    def _end(self) -> int:
        return klines.start_after(self._interval, self._start)

    def ended(self, heard_at: int) -> Iterator[str]:
        """The last events of the intervals that ended before a moment of the engine's clock."""
        count = 0
        while self._loaded and self._end * MICROSECONDS <= heard_at:
            count += 1
            if count > MAX_ENDED:
                self.load()
                return
            event = self._event(closed=True)
            if event is not None:
                yield event
            self._next()

    def _next(self) -> None:
        self._start = self._end
        if self._candle is not None:
            close = self._candle.close
            self._candle = Candle(self._start, close, close, close, close, 0, 0, 0)
        self._first_id = self._last_id = NO_TRADE
        waiting, self._waiting = self._waiting, []
        self.add(waiting)

    # What it says

    def tick(self) -> str | None:
        """What to say now, if anything."""
        self._ticks += 1
        if not self._loaded or not (self._changed or self._ticks >= EVERY):
            return None
        self._changed, self._ticks = False, 0
        return self._event(closed=False)

    def _event(self, *, closed: bool) -> str | None:
        candle = self._candle
        if candle is None:
            return None  # the market's first trade is to come
        body: JSON = {
            "e": "kline",
            "E": now_json(),
            "s": self._name,
            "k": self._json(candle, closed),
        }
        return msgspec.json.encode(body).decode()

    def _json(self, candle: Candle, closed: bool) -> JSON:
        base, quote = self._view.spec.base_decimals, self._view.spec.quote_decimals
        return {
            "t": time_json(self._start * MICROSECONDS),
            "T": time_json(self._end * MICROSECONDS) - 1,
            "s": self._name,
            "i": self._interval,
            "f": self._first_id,
            "L": self._last_id,
            "o": fixed(candle.open, quote),
            "c": fixed(candle.close, quote),
            "h": fixed(candle.high, quote),
            "l": fixed(candle.low, quote),
            "v": fixed(candle.volume, base),
            "n": candle.trade_count,
            "x": closed,
            "q": fixed(candle.quote_volume, quote),
            "V": fixed(candle.taker_buy_volume, base),
            "Q": fixed(candle.taker_buy_quote_volume, quote),
            "B": "0",
        }


def _rows(market: int, interval: str, start: int) -> Rows:
    """Blocking. Trades of later intervals are left to be heard."""
    end = klines.start_after(interval, start)
    with one_moment():
        found = klines.read(market, interval, start, end)
        first, after = (history.first_id_from(market, at * MICROSECONDS) for at in (start, end))
        newest = history.trades_to(market, after - 1, 1)
    return Rows(found[0] if found else None, first, newest[0].id if newest else NO_TRADE)
