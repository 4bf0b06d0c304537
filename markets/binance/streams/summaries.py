"""Tickers as streams: once a second the last 24 hours, or a shorter window, as `tickers` has them, by the
streams' short names.
"""

from __future__ import annotations

from typing import Final

from markets.binance.market_data import average
from markets.binance.tickers import STREAMED, day_json, rolling_json
from markets.binance.time_unit import now_json
from markets.hub import MarketView
from markets.messages.public import JSON

WINDOWS: Final = {f"ticker_{window}": seconds for window, seconds in STREAMED.items()}
"""Kinds of rolling tickers, with their seconds."""
TICKERS: Final = ("ticker", "miniTicker", *WINDOWS)
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
OF_WINDOW: Final = {short: long for short, long in OF_TICKER.items() if short not in "xQbBaA"}
FIELDS: Final = {
    "ticker": ("24hrTicker", OF_TICKER),
    "miniTicker": ("24hrMiniTicker", OF_MINI_TICKER),
    **{f"ticker_{window}": (f"{window}Ticker", OF_WINDOW) for window in STREAMED},
}
"""By kind of stream: the event's name, and its fields by REST's."""
BY_THE_CLOCK: Final = frozenset({"E", "O", "C"})
"""Fields that are others each time, though nothing happened."""


def ticker_event(kind: str, name: str, view: MarketView) -> JSON:
    """A ticker of a market, of one of TICKERS."""
    event, fields = FIELDS[kind]
    seconds = WINDOWS.get(kind)
    ticker = day_json(name, view) if seconds is None else rolling_json(name, view, seconds)
    return {
        "e": event,
        "E": now_json(),
        "s": name,
        **{short: ticker[long] for short, long in fields.items()},
    }


def said(event: JSON) -> JSON:
    """What of an event is news."""
    return {field: value for field, value in event.items() if field not in BY_THE_CLOCK}


def average_event(name: str, view: MarketView) -> JSON:
    """The average price of the last minutes."""
    price, last = average(view)
    return {"e": "avgPrice", "E": now_json(), "s": name, "i": "5m", "w": price, "T": last}
