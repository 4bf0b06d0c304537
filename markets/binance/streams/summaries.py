"""Tickers as streams: once a second the last 24 hours as `tickers` has them, by the streams' short names."""

from __future__ import annotations

from typing import Final

from markets.binance.market_data import average, now_ms
from markets.binance.tickers import day_json
from markets.hub import MarketView
from markets.messages.public import JSON

TICKERS: Final = ("ticker", "miniTicker")
OF_TICKER: Final = {
    "p": "priceChange",
    "P": "priceChangePercent",
    "w": "weightedAvgPrice",
    "x": "prevClosePrice",
    "c": "lastPrice",
    "Q": "lastQty",
    "b": "bidPrice",
    "B": "bidQty",
    "a": "askPrice",
    "A": "askQty",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "v": "volume",
    "q": "quoteVolume",
    "O": "openTime",
    "C": "closeTime",
    "F": "firstId",
    "L": "lastId",
    "n": "count",
}
OF_MINI_TICKER: Final = {
    "c": "lastPrice",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "v": "volume",
    "q": "quoteVolume",
}
FIELDS: Final = {
    "ticker": ("24hrTicker", OF_TICKER),
    "miniTicker": ("24hrMiniTicker", OF_MINI_TICKER),
}
"""By kind of stream: the event's name, and its fields by REST's."""
BY_THE_CLOCK: Final = frozenset({"E", "O", "C"})
"""Fields that are others each time, though nothing happened."""


def ticker_event(kind: str, name: str, view: MarketView) -> JSON:
    """A `ticker` or `miniTicker` of a market."""
    event, fields = FIELDS[kind]
    ticker = day_json(name, view)
    return {
        "e": event,
        "E": now_ms(),
        "s": name,
        **{short: ticker[long] for short, long in fields.items()},
    }


def said(event: JSON) -> JSON:
    """What of an event is news."""
    return {field: value for field, value in event.items() if field not in BY_THE_CLOCK}


def average_event(name: str, view: MarketView) -> JSON:
    """The average price of the last minutes."""
    price, last = average(view)
    return {"e": "avgPrice", "E": now_ms(), "s": name, "i": "5m", "w": price, "T": last}
