"""Tickers: what happened in the last 24 hours, in another window, or on this day; and the best prices.

The 24 hours are the hub's, to the minute; what it does not know of them (ids, the price before) is read
once a minute. Other windows are added up from candles, to the minute or, of days, to the hour; those that
are streams, too, from the hub's minutes, which come to the same.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from markets import clock, history, models
from markets.binance.calls import JSON, Request
from markets.binance.errors import BAD_COMBINATION, DialectError, mandatory, not_valid
from markets.binance.market_data import key_of
from markets.binance.symbols import names, view_of
from markets.binance.texts import ZERO, fixed, padded, quotient
from markets.binance.time_unit import time_json
from markets.history import DAY, MICROSECONDS, Candle
from markets.hub import MarketView
from markets.matching.spec import MarketSpec

MINUTE: Final = 60
HOUR: Final = 3600
UNITS: Final = {"m": MINUTE, "h": HOUR, "d": DAY}
MOST: Final = {"m": 59, "h": 23, "d": 7}
"""Of each unit in a `windowSize`."""
_WINDOW: Final = re.compile(r"([1-9][0-9]?)([mhd])", re.ASCII)
KINDS: Final = ("FULL", "MINI")
STREAMED: Final = {"1h": HOUR, "4h": 4 * HOUR, "1d": DAY}
"""The windows that there are streams of."""


class Before(NamedTuple):
    """What is read of a window: when it was, its first trade's id, and the price before it."""

    minute: int
    first_id: int
    price: int | None


class First(NamedTuple):
    """When a window was read, and its first trade's id."""

    minute: int
    id: int


Read = Callable[..., Awaitable[Any]]
"""Calls something that blocks, in a thread that may read the database."""
_before: dict[str, Before] = {}
"""Of the last 24 hours, by market."""
_first: dict[tuple[str, int], First] = {}
"""Of other windows, by market and seconds."""


async def know(read: Read, views: list[MarketView]) -> None:
    """Read what the hub does not know of the last 24 hours of these markets."""
    minute = int(time.time()) // MINUTE
    unknown = [v for v in views if (b := _before.get(v.symbol)) is None or b.minute != minute]
    if unknown:
        keys = [key_of(view.spec) for view in unknown]
        for view, before in zip(unknown, await read(_read, keys, minute), strict=True):
            _before[view.symbol] = before


def _read(markets: list[int], minute: int) -> list[Before]:
    since = (minute * MINUTE - DAY) * MICROSECONDS
    found = []
    for market in markets:
        first = history.first_id_from(market, since)
        found.append(Before(minute, _at(market, first), history.price_before(market, first)))
    return found


async def know_windows(read: Read, wanted: list[tuple[MarketView, int]]) -> None:
    """Read what the hub does not know of windows of so many seconds."""
    minute = int(time.time()) // MINUTE
    unknown = [
        (view, seconds)
        for view, seconds in wanted
        if (known := _first.get((view.symbol, seconds))) is None or known.minute != minute
    ]
    if unknown:
        starts = [
            (key_of(view.spec), (minute * MINUTE - seconds) * MICROSECONDS)
            for view, seconds in unknown
        ]
        for (view, seconds), first in zip(unknown, await read(_read_first, starts), strict=True):
            _first[view.symbol, seconds] = First(minute, first)


def _read_first(starts: list[tuple[int, int]]) -> list[int]:
    return [_at(market, history.first_id_from(market, since)) for market, since in starts]


def _at(market: int, first: int) -> int:
    """The id of the first trade from there on, if there is one."""
    trade = next(iter(history.trades_from(market, first, 1)), None)
    return -1 if trade is None else trade.id


def _asked_for(request: Request, *, needed: bool = False) -> tuple[dict[str, MarketView], bool]:
    """The markets of `symbol` or `symbols` (or all), and whether a list is answered."""
    one, several = request.params.optional_symbol(), request.params.symbols()
    if one is not None and several is not None:
        raise DialectError(BAD_COMBINATION)
    if one is not None:
        return {one: view_of(one)}, False
    if several is None and needed:
        raise mandatory("symbol")
    if several is None:
        return names().views, True
    return {name: view_of(name) for name in several}, True


def _answer(found: list[JSON], many: bool) -> JSON | list[JSON]:
    return found if many else found[0]


async def day(request: Request) -> JSON | list[JSON]:
    """The last 24 hours."""
    views, many = _asked_for(request)
    mini = request.params.choice("type", KINDS) == "MINI"
    await know(request.read, list(views.values()))
    return _answer([day_json(name, view, mini=mini) for name, view in views.items()], many)


def day_json(name: str, view: MarketView, *, mini: bool = False) -> JSON:
    """A market's last 24 hours; `know` it first."""
    spec, before, close_time = view.spec, _before.get(view.symbol), clock.now()
    span = (close_time - DAY * MICROSECONDS, close_time)
    ticker = _window(name, spec, view.day.total(), view.last_price, span)
    if ticker["count"] and view.trades:
        newest = view.trades[0].id
        first_id = newest if before is None or before.first_id < 0 else before.first_id
        ticker |= {"firstId": first_id, "lastId": newest}
    if mini:
        return _mini(ticker)
    previous = None if before is None else before.price
    last = view.trades[0] if view.trades else None
    return {
        **ticker,
        "prevClosePrice": ticker["openPrice"]
        if previous is None
        else fixed(previous, spec.quote_decimals),
        "lastQty": ZERO if last is None else fixed(last.quantity, spec.base_decimals),
        **_best(view),
    }


def _window(
    name: str, spec: MarketSpec, total: Candle | None, last: int | None, span: tuple[int, int]
) -> JSON:
    """What every window's ticker has; without a trade all prices are the last one. `span`: from when to when,
    in microseconds.
    """
    quote = spec.quote_decimals
    if total is None:
        price = last or 0
        total = Candle(0, price, price, price, price, 0, 0, 0)
    change = total.close - total.open
    average = ZERO
    if total.volume:
        average = quotient(total.quote_volume * 10**spec.base_decimals, total.volume * 10**quote)
    return {
        "symbol": name,
        "priceChange": fixed(change, quote),
        "priceChangePercent": quotient(100 * change, total.open) if total.open else ZERO,
        "weightedAvgPrice": average,
        "lastPrice": fixed(total.close, quote),
        "openPrice": fixed(total.open, quote),
        "highPrice": fixed(total.high, quote),
        "lowPrice": fixed(total.low, quote),
        "volume": fixed(total.volume, spec.base_decimals),
        "quoteVolume": fixed(total.quote_volume, quote),
        "openTime": time_json(span[0]),
        "closeTime": time_json(span[1]),
        "firstId": -1,
        "lastId": -1,
        "count": total.trade_count,
    }


_NOT_MINI: Final = ("priceChange", "priceChangePercent", "weightedAvgPrice")


def _mini(ticker: JSON) -> JSON:
    return {field: value for field, value in ticker.items() if field not in _NOT_MINI}


def _best(view: MarketView) -> JSON:
    bid, ask = view.book.bids.best() or ("0", "0"), view.book.asks.best() or ("0", "0")
    return {
        "bidPrice": padded(bid[0]),
        "bidQty": padded(bid[1]),
        "askPrice": padded(ask[0]),
        "askQty": padded(ask[1]),
    }


# Other windows


async def rolling(request: Request) -> JSON | list[JSON]:
    """A window that ends now: `windowSize` of 1m to 59m, 1h to 23h, 1d to 7d."""
    views, many = _asked_for(request, needed=True)
    text = request.params.text("windowSize") or "1d"
    found = _WINDOW.fullmatch(text)
    if found is None or int(found[1]) > MOST[found[2]]:
        raise not_valid("windowSize")
    seconds = int(found[1]) * UNITS[found[2]]
    start = int(time.time()) // MINUTE * MINUTE - seconds
    return await _since(request, views, start, many)


async def trading_day(request: Request) -> JSON | list[JSON]:
    """This day, of UTC."""
    views, many = _asked_for(request, needed=True)
    return await _since(request, views, int(time.time()) // DAY * DAY, many)


async def _since(
    request: Request, views: dict[str, MarketView], start: int, many: bool
) -> JSON | list[JSON]:
    mini = request.params.choice("type", KINDS) == "MINI"
    found = []
    for name, view in views.items():
        total, first_id, last_id = await request.read(_total_since, key_of(view.spec), start)
        span = (start * MICROSECONDS, clock.now())
        ticker = _window(name, view.spec, total, view.last_price, span)
        if total is not None:
            ticker |= {"firstId": first_id, "lastId": last_id}
        found.append(_mini(ticker) if mini else ticker)
    return _answer(found, many)


def rolling_json(name: str, view: MarketView, seconds: int) -> JSON:
    """A market's window of STREAMED, as of the minute that `know_windows` read; call that first."""
    first = _first.get((view.symbol, seconds)) or First(int(time.time()) // MINUTE, -1)
    start = first.minute * MINUTE - seconds
    total = view.day.since(start)
    span = (start * MICROSECONDS, clock.now())
    ticker = _window(name, view.spec, total, view.last_price, span)
    if total is not None and view.trades:
        first_id = first.id
        if first_id < 0:  # the window's first trade came since
            within = (t.id for t in reversed(view.trades) if t.timestamp >= start * MICROSECONDS)
            first_id = next(within, view.trades[0].id)
        ticker |= {"firstId": first_id, "lastId": view.trades[0].id}
    return ticker


def _total_since(market: int, start: int) -> tuple[Candle | None, int, int]:
    """The candle of all trades since a start, and their first and last ids. Blocking."""
    seconds = MINUTE if time.time() - start <= DAY + MINUTE else HOUR
    row, count = models.Market(pk=market), (int(time.time()) - start) // seconds + 2
    total: Candle | None = None
    for candle in history.candles(row, seconds, start, None, count):
        if total is None:
            total = candle
        else:
            total.add(candle)
    newest = history.trades_to(market, None, 1)
    last_id = newest[0].id if newest else -1
    first_id = _at(market, history.first_id_from(market, start * MICROSECONDS))
    return total, first_id, last_id


# Prices


async def price(request: Request) -> JSON | list[JSON]:
    """The last prices; of markets without a trade there is none."""
    views, many = _asked_for(request)
    return _answer(
        [
            {"symbol": name, "price": fixed(view.last_price or 0, view.spec.quote_decimals)}
            for name, view in views.items()
            if view.last_price is not None or not many
        ],
        many,
    )


async def book_ticker(request: Request) -> JSON | list[JSON]:
    """The best prices and what is there."""
    views, many = _asked_for(request)
    return _answer([{"symbol": name, **_best(view)} for name, view in views.items()], many)
