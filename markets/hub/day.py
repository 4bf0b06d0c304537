"""A market's last 24 hours as one-minute candles: what tickers and candles are made of."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

from markets.history import DAY, INTERVALS, Candle, candle_of
from markets.matching.events import Trade
from markets.matching.spec import MarketSpec
from markets.matching.types import format_units
from markets.messages.public import JSON

MINUTE = 60


class Day:
    """The minutes of a day in which there were trades."""

    def __init__(self, minutes: Iterable[Candle]) -> None:
        self._minutes = deque(minutes)

    def take(self, trade: Trade) -> None:
        """Add a trade."""
        candle = candle_of(trade, MINUTE)
        if self._minutes and self._minutes[-1].start >= candle.start:
            self._minutes[-1].add(candle)
        else:
            self._minutes.append(candle)

    def current(self, interval: str) -> Candle | None:
        """The interval's candle of now, if there was a trade in it."""
        seconds = INTERVALS[interval]
        start = int(time.time()) // seconds * seconds
        return _sum((minute for minute in self._minutes if minute.start >= start), start)

    def total(self) -> Candle | None:
        """The last 24 hours as one candle, to the minute; None: there was no trade."""
        oldest = time.time() - DAY - MINUTE
        while self._minutes and self._minutes[0].start < oldest:
            self._minutes.popleft()
        return _sum(self._minutes, 0)

    def since(self, start: float) -> Candle | None:
        """The minutes that began from `start` on as one candle."""
        return _sum((minute for minute in self._minutes if minute.start >= start), 0)

    def summary(self, spec: MarketSpec) -> JSON:
        """The day's part of a ticker, as the contract writes it; to the minute."""
        day = self.total()
        if day is None:
            nothing = dict.fromkeys(("open", "high", "low"), None)
            return {**nothing, "volume": "0", "quote_volume": "0", "change": None}
        return {
            "open": spec.price_text(day.open),
            "high": spec.price_text(day.high),
            "low": spec.price_text(day.low),
            "volume": spec.quantity_text(day.volume),
            "quote_volume": format_units(day.quote_volume, spec.quote_decimals),
            "change": spec.price_text(day.close - day.open),
        }


def _sum(minutes: Iterable[Candle], start: int) -> Candle | None:
    total: Candle | None = None
    for minute in minutes:
        if total is None:
            total = Candle(start, minute.open, minute.high, minute.low, minute.close, 0, 0, 0)
        total.add(minute)
    return total
