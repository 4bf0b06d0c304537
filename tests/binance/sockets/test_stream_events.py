"""Every event of a stream has all its fields, each of its type, and says what REST says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.binance.sockets.wire import EIGHT, Streams, check, check_levels, name_of, rest, streams
from tests.drivers.exchange import ExchangeDriver, Trader

TRADE = {
    "e": "trade",
    "E": int,
    "s": str,
    "t": int,
    "p": EIGHT,
    "q": EIGHT,
    "T": int,
    "m": bool,
    "M": True,
}
AGGREGATE = {
    "e": "aggTrade",
    "E": int,
    "s": str,
    "a": int,
    "p": EIGHT,
    "q": EIGHT,
    "f": int,
    "l": int,
    "T": int,
    "m": bool,
    "M": True,
}
BOOK_TICKER = {"u": int, "s": str, "b": EIGHT, "B": EIGHT, "a": EIGHT, "A": EIGHT}
DEPTH = {"e": "depthUpdate", "E": int, "s": str, "U": int, "u": int, "b": list, "a": list}
MINI_TICKER = {
    "e": "24hrMiniTicker",
    "E": int,
    "s": str,
    **dict.fromkeys("cohlvq", EIGHT),
}
TICKER = {
    "e": "24hrTicker",
    "E": int,
    "s": str,
    **dict.fromkeys("pPwxcQbBaAohlvq", EIGHT),
    **dict.fromkeys("OCFLn", int),
}
SECONDS = {"1h": 3600, "4h": 14_400, "1d": 86_400}
WINDOWS = tuple(SECONDS)
OF_WINDOW = {
    "p": "priceChange",
    "P": "priceChangePercent",
    "w": "weightedAvgPrice",
    "c": "lastPrice",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "v": "volume",
    "q": "quoteVolume",
    "F": "firstId",
    "L": "lastId",
    "n": "count",
    "O": "openTime",
    "C": "closeTime",
}
"""A rolling ticker's fields by REST's."""
KLINE = {
    "e": "kline",
    "E": int,
    "s": str,
    "k": {
        **dict.fromkeys(("t", "T", "f", "L", "n"), int),
        **dict.fromkeys(("o", "c", "h", "l", "v", "q", "V", "Q"), EIGHT),
        "s": str,
        "i": str,
        "x": bool,
        "B": "0",
    },
}
AVERAGE = {"e": "avgPrice", "E": int, "s": str, "i": "5m", "w": EIGHT, "T": int}
KINDS = (
    "trade",
    "aggTrade",
    "bookTicker",
    "depth@100ms",
    "depth5",
    "depth10@100ms",
    "ticker",
    "ticker_1h",
    "ticker_4h",
    "ticker_1d",
    "miniTicker",
    "kline_1m",
    "kline_1s",
    "kline_1M",
    "avgPrice",
)
OF_ALL = (
    "!miniTicker@arr",
    "!miniTicker@arr@1000ms",
    "!ticker@arr",
    "!ticker_1h@arr",
    "!ticker_4h@arr",
    "!ticker_1d@arr",
    "!bookTicker",
)


def rolling(window: str) -> dict[str, Any]:
    """A rolling ticker's shape."""
    texts, numbers = dict.fromkeys("pPwcohlvq", EIGHT), dict.fromkeys("OCFLn", int)
    return {"e": f"{window}Ticker", "E": int, "s": str, **texts, **numbers}


@pytest.fixture(scope="module")
def market(exchange: ExchangeDriver) -> str:
    return exchange.new_market(tick_size="0.01", lot_size="0.001")


@pytest.fixture(scope="module")
def symbol(market: str) -> str:
    return name_of(market)


@pytest.fixture(scope="module")
def traded(exchange: ExchangeDriver, market: str) -> tuple[Trader, Trader]:
    """Two who have traded once, and will more."""
    alice, bob = exchange.traders(market)
    alice.place(market, "buy", "5", price="10.5")
    alice.place(market, "sell", "2", price="11")
    bob.place(market, "buy", "0.5", price="11")
    exchange.settle(market)
    return alice, bob


@pytest.fixture(scope="module")
def wire(exchange: ExchangeDriver, symbol: str, traded: tuple[Trader, Trader]) -> Iterator[Streams]:
    """All streams of the market on one connection, and those of all markets."""
    names = [f"{symbol.lower()}@{kind}" for kind in KINDS]
    with streams(exchange, *names, *OF_ALL, combined=True) as socket:
        yield socket


@pytest.fixture
def of(wire: Streams, symbol: str) -> Any:
    """The next event of one of the market's streams."""
    return lambda kind: wire.of(f"{symbol.lower()}@{kind}")


def test_a_trade_says_who_made_it_and_is_rests_own(
    exchange: ExchangeDriver, traded: Any, market: str, symbol: str, of: Any
) -> None:
    _, bob = traded
    bob.place(market, "sell", "0.25", price="10.5")

    trade, aggregate = of("trade"), of("aggTrade")

    check(trade, TRADE)
    check(aggregate, AGGREGATE)
    [row] = rest(exchange, "trades", symbol=symbol, limit=1)
    assert (trade["s"], trade["p"], trade["q"]) == (symbol, "10.50000000", "0.25000000")
    assert (trade["t"], trade["T"]) == (row["id"], row["time"])
    assert trade["m"] is row["isBuyerMaker"] is True
    [same] = rest(exchange, "aggTrades", symbol=symbol, limit=1)
    assert {field: aggregate[field] for field in same} == same


def test_the_best_prices_come_when_they_change_and_have_no_kind(
    traded: Any, market: str, symbol: str, of: Any
) -> None:
    alice, _ = traded
    alice.place(market, "buy", "1", price="10.75")

    while (best := of("bookTicker"))["b"] != "10.75000000":
        check(best, BOOK_TICKER)

    check(best, BOOK_TICKER)
    assert (best["s"], best["B"], best["a"]) == (symbol, "1.00000000", "11.00000000")


def test_depth_updates_and_partial_books(of: Any) -> None:
    update, five, ten = of("depth@100ms"), of("depth5"), of("depth10@100ms")

    check(update, DEPTH)
    check_levels(update["b"] + update["a"])
    for partial in (five, ten):
        check(partial, {"lastUpdateId": int, "bids": list, "asks": list})
        check_levels(partial["bids"] + partial["asks"])


def test_tickers_are_rests(exchange: ExchangeDriver, symbol: str, of: Any) -> None:
    of("ticker")  # the first may come before its rows are read
    ticker, mini, average = of("ticker"), of("miniTicker"), of("avgPrice")

    check(ticker, TICKER)
    check(mini, MINI_TICKER)
    check(average, AVERAGE)
    row = rest(exchange, "ticker/24hr", symbol=symbol)
    assert (ticker["c"], ticker["o"], ticker["v"]) == tuple(
        row[field] for field in ("lastPrice", "openPrice", "volume")
    )
    assert (ticker["F"], ticker["L"], ticker["n"]) == tuple(
        row[field] for field in ("firstId", "lastId", "count")
    )
    assert mini["q"] == row["quoteVolume"]
    assert average["w"] == rest(exchange, "avgPrice", symbol=symbol)["price"]


@pytest.mark.parametrize("window", WINDOWS)
def test_a_rolling_ticker_is_rests(
    exchange: ExchangeDriver, market: str, symbol: str, of: Any, window: str
) -> None:
    exchange.settle(market)
    for _ in range(10):  # the first ones are of before the last trade; a minute may begin meanwhile
        ticker = of(f"ticker_{window}")
        check(ticker, rolling(window))
        row = rest(exchange, "ticker", symbol=symbol, windowSize=window)
        wanted = {field: row[name] for field, name in OF_WINDOW.items() if field != "C"}
        if wanted.items() <= ticker.items():
            break

    assert wanted.items() <= ticker.items()
    assert ticker["n"] > 0
    assert 0 <= ticker["C"] - ticker["O"] - SECONDS[window] * 1000 < 120_000


def test_streams_of_all_markets_come_as_lists_and_under_each_name(
    wire: Streams, symbol: str
) -> None:
    shapes = (MINI_TICKER, MINI_TICKER, TICKER, *(rolling(window) for window in WINDOWS))
    for name, shape in zip(OF_ALL[:-1], shapes, strict=True):
        tickers = wire.of(name)
        assert symbol in {ticker["s"] for ticker in tickers}
        for ticker in tickers:
            check(ticker, shape)
    check(wire.of("!bookTicker"), BOOK_TICKER)


@pytest.mark.parametrize("interval", ["1m", "1M"])
def test_a_kline_is_rests(
    exchange: ExchangeDriver, symbol: str, of: Any, traded: Any, market: str, interval: str
) -> None:
    _, bob = traded
    bob.place(market, "buy", "0.125", price="11")
    exchange.settle(market)
    [row] = rest(exchange, "klines", symbol=symbol, interval=interval, limit=1)

    while (event := of(f"kline_{interval}"))["k"]["n"] < row[8] and event["k"]["t"] == row[0]:
        check(event, KLINE)

    check(event, KLINE)
    kline = event["k"]
    assert (kline["s"], kline["i"]) == (symbol, interval)
    if kline["t"] == row[0]:  # else the minute is over
        fields = [kline[field] for field in "tohlcvTqnVQ"]
        assert fields == [*row[:9], *row[9:11]]
        first, last = rest(exchange, "trades", symbol=symbol)[:: max(kline["n"] - 1, 1)][:2]
        assert kline["f"] <= first["id"] <= kline["L"]
        assert last["id"] <= kline["L"]


def test_an_interval_ends_with_its_last_event_and_the_next_begins_at_its_close(
    exchange: ExchangeDriver, traded: Any, market: str, symbol: str
) -> None:
    _, bob = traded
    closed: list[Any] = []
    with streams(exchange, f"{symbol.lower()}@kline_1s") as socket:
        while len(closed) < 4:
            event = socket.event("kline")
            check(event, KLINE)
            if event["k"]["x"]:
                closed.append(event["k"])
            if len(closed) == 1 and event["k"]["x"]:
                bob.place(market, "buy", "0.375", price="11")

    for before, after in pairwise(closed):
        assert after["t"] == before["t"] + 1000 == before["T"] + 1
        if not after["n"]:
            assert (after["f"], after["L"], after["o"]) == (-1, -1, before["c"])
    [traded_in] = [kline for kline in closed if kline["v"] == "0.37500000"]
    assert (traded_in["n"], traded_in["f"]) == (1, traded_in["L"])
