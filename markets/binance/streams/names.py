"""What a stream's name asks for: `btcusd@depth@100ms`, `!miniTicker@arr`.

A name that asks for nothing there is is not refused: it has no events.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from markets.binance.klines import INTERVALS

DEPTHS: Final = (5, 10, 20)
FAST: Final = 0.1
SLOW: Final = 1.0
"""Seconds between the updates of each cadence."""
_CADENCES: Final = {"": SLOW, "@1000ms": SLOW, "@100ms": FAST}
_DEPTH: Final = re.compile(r"depth(5|10|20)?(|@100ms|@1000ms)")
_ALL: Final = re.compile(r"!(ticker|miniTicker|ticker_(?:1h|4h|1d))@arr(?:@1000ms)?")
PLAIN: Final = (
    "trade",
    "aggTrade",
    "bookTicker",
    "ticker",
    "ticker_1h",
    "ticker_4h",
    "ticker_1d",
    "miniTicker",
    "avgPrice",
)
KLINE: Final = "kline_"


class Wish(NamedTuple):
    """What a stream tells of."""

    symbol: str | None
    """Of which market, by its name in the dialect; None: of all."""
    kind: str
    """One of PLAIN, or `depth`, `partial`, `kline`."""
    interval: str = ""
    """Of `kline`."""
    cadence: float = SLOW
    """Of `depth` and `partial`, in seconds."""
    levels: int = 0
    """Of `partial`."""


def wish_of(name: str) -> Wish | None:
    """What a name asks for; None: nothing that there is."""
    if name == "!bookTicker":
        return Wish(None, "bookTicker")
    if found := _ALL.fullmatch(name):
        return Wish(None, found[1])
    symbol, at, what = name.partition("@")
    if not symbol or not at:
        return None
    symbol = symbol.upper()
    if what in PLAIN:
        return Wish(symbol, what)
    if what.startswith(KLINE) and what.removeprefix(KLINE) in INTERVALS:
        return Wish(symbol, "kline", interval=what.removeprefix(KLINE))
    if found := _DEPTH.fullmatch(what):
        cadence = _CADENCES[found[2]]
        if found[1]:
            return Wish(symbol, "partial", cadence=cadence, levels=int(found[1]))
        return Wish(symbol, "depth", cadence=cadence)
    return None
