"""Public data of a market, strictly typed, and the same whichever way it is asked for."""

from __future__ import annotations

import time
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from markets.binance import klines
from markets.history import DAY, KEPT_INTERVALS
from markets.models import Candle, Market
from tests.binance import shapes
from tests.binance.conftest import bot_of
from tests.binance.shapes import check
from tests.drivers.bot import Bot, refused
from tests.drivers.exchange import ExchangeDriver


@pytest.fixture(scope="module")
def traded(exchange: ExchangeDriver, alice: Bot, bob: Bot, market: str, symbol: str) -> str:
    """Trades at 100, 101 and 102, of 1, 2 and 3; best bid 99.5, best ask 103."""
    for number, price in enumerate(("100", "101", "102"), 1):
        alice.order(symbol, "SELL", price=price, quantity=number)
        bob.order(symbol, "BUY", price=price, quantity=number)
    alice.order(symbol, "SELL", price="103", quantity="4")
    alice.order(symbol, "SELL", price="104.25", quantity="0.5")
    bob.order(symbol, "BUY", price="99.5", quantity="5")
    exchange.settle(market)
    return symbol


# What there is


def test_the_server_answers_and_tells_the_time(alice: Bot) -> None:
    assert alice.public("ping") == {}
    assert abs(alice.public("time")["serverTime"] / 1000 - time.time()) < 60


def test_the_exchange_says_what_it_trades(alice: Bot, symbol: str, market: str) -> None:
    info = alice.public("exchangeInfo", symbol=symbol)

    check(info, shapes.ExchangeInfo)
    (found,) = info["symbols"]
    base, quote = market.split("-")
    assert (found["symbol"], found["baseAsset"], found["quoteAsset"]) == (symbol, base, quote)
    assert found["permissionSets"] == [["SPOT"]]
    assert not {"contractType", "underlying", "expiryDate"} & set(found)


def test_the_filters_are_the_markets_rules_and_the_tick_comes_first(
    exchange: ExchangeDriver, alice: Bot
) -> None:
    market = exchange.new_market(
        "0.05", "0.001", min_quantity="0.002", min_notional="1", price_band="0.1"
    )

    (found,) = alice.public("exchangeInfo", symbol=market.replace("-", ""))["symbols"]

    filters = {each["filterType"]: each for each in found["filters"]}
    assert found["filters"][0]["filterType"] == "PRICE_FILTER"
    assert filters["PRICE_FILTER"]["tickSize"] == "0.05000000"
    assert (filters["LOT_SIZE"]["minQty"], filters["LOT_SIZE"]["stepSize"]) == (
        "0.00200000",
        "0.00100000",
    )
    assert filters["NOTIONAL"]["minNotional"] == "1.00000000"
    band = filters["PERCENT_PRICE_BY_SIDE"]
    assert (band["bidMultiplierUp"], band["askMultiplierDown"]) == ("1.10000000", "0.90000000")


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"permissions": "SPOT"}, True),
        ({"permissions": '["SPOT","MARGIN"]'}, True),
        ({"permissions": "MARGIN"}, False),
        ({"symbolStatus": "TRADING"}, True),
        ({"symbolStatus": "HALT"}, False),
    ],
)
def test_markets_are_chosen(alice: Bot, symbol: str, params: dict[str, str], found: bool) -> None:
    info = alice.public("exchangeInfo", symbols=f'["{symbol}"]', **params)

    assert [each["symbol"] for each in info["symbols"]] == ([symbol] if found else [])


def test_a_market_may_set_its_own_name(exchange: ExchangeDriver, alice: Bot) -> None:
    market = exchange.new_market()
    plain = market.replace("-", "")

    Market.objects.filter(symbol=market).update(dialect_symbol="MINEUSDT")
    exchange.wait_until(
        lambda: alice.get("depth", symbol="MINEUSDT").status_code == 200, "the name is known"
    )

    assert refused(alice.get("depth", symbol=plain)) == (400, -1121, "Invalid symbol.")
    (found,) = alice.public("exchangeInfo", symbol="MINEUSDT")["symbols"]
    assert found["baseAsset"] + "-" + found["quoteAsset"] == market


# The book


def test_the_book_has_its_number_and_nothing_else(alice: Bot, traded: str) -> None:
    book = alice.public("depth", symbol=traded)

    check(book, shapes.Depth)
    assert book["bids"] == [["99.50000000", "5.00000000"]]
    assert book["asks"] == [["103.00000000", "4.00000000"], ["104.25000000", "0.50000000"]]


@pytest.mark.parametrize("limit", [1, 5, 17, 1000, 5000, 100_000])
def test_any_depth_is_answered(alice: Bot, traded: str, limit: int) -> None:
    assert len(alice.public("depth", symbol=traded, limit=limit)["asks"]) == min(limit, 2)


# Trades


def test_trades_are_oldest_first(alice: Bot, traded: str) -> None:
    trades = alice.public("trades", symbol=traded)

    check(trades, list[shapes.Trade])
    assert [trade["price"] for trade in trades] == ["100.00000000", "101.00000000", "102.00000000"]
    assert trades[2]["quoteQty"] == "306.00000000"
    assert {trade["isBuyerMaker"] for trade in trades} == {False}
    assert alice.public("trades", symbol=traded, limit=2) == trades[1:]


def test_trades_from_an_id_on(alice: Bot, traded: str) -> None:
    trades = alice.public("trades", symbol=traded)
    second = trades[1]["id"]

    assert alice.public("historicalTrades", symbol=traded) == trades
    assert alice.public("historicalTrades", symbol=traded, fromId=second) == trades[1:]
    assert alice.public("historicalTrades", symbol=traded, fromId=second, limit=1) == trades[1:2]
    assert alice.public("historicalTrades", symbol=traded, fromId=0) == trades


def test_an_aggregate_is_one_trade(alice: Bot, traded: str) -> None:
    trades = alice.public("trades", symbol=traded)

    found = alice.public("aggTrades", symbol=traded)

    check(found, list[shapes.Aggregate])
    assert [(each["a"], each["f"], each["l"]) for each in found] == [
        (trade["id"],) * 3 for trade in trades
    ]


def test_aggregates_of_a_time(alice: Bot, traded: str) -> None:
    found = alice.public("aggTrades", symbol=traded)
    first, last = found[0]["T"], found[-1]["T"]

    def between(**params: int) -> list[Any]:
        answer: list[Any] = alice.public("aggTrades", symbol=traded, **params)
        return answer

    assert between(startTime=first, endTime=last) == found
    assert between(startTime=first, limit=1) == found[:1]
    assert between(endTime=last, limit=1) == found[-1:]
    assert between(startTime=last + 1) == []
    assert between(endTime=first - 1) == []
    assert between(fromId=found[1]["a"]) == found[1:]


# Klines


@pytest.mark.parametrize("interval", klines.INTERVALS)
def test_every_interval_adds_up_to_the_same(alice: Bot, traded: str, interval: str) -> None:
    found = alice.public("klines", symbol=traded, interval=interval, startTime=0, limit=1000)

    check(found, list[shapes.Kline])
    assert found[0][1] == "100.00000000"
    assert found[-1][4] == "102.00000000"
    assert sum(Decimal(kline[5]) for kline in found) == 6
    assert sum(Decimal(kline[7]) for kline in found) == 100 + 202 + 306
    assert sum(kline[8] for kline in found) == 3
    assert sum(Decimal(kline[9]) for kline in found) == 6, "buyers took all of it"
    assert alice.public("uiKlines", symbol=traded, interval=interval, startTime=0) == found[:500]


@pytest.mark.parametrize("interval", ["1s", "1m", "1h", "1d", "1w", "1M"])
def test_klines_have_no_gaps(alice: Bot, traded: str, interval: str) -> None:
    found = alice.public("klines", symbol=traded, interval=interval)

    for kline, following in pairwise(found):
        assert kline[6] + 1 == following[0]
        assert kline[6] > kline[0]


def test_klines_of_a_time(alice: Bot, traded: str) -> None:
    found = alice.public("klines", symbol=traded, interval="1s", startTime=0)
    first = found[0][0]

    one = alice.public("klines", symbol=traded, interval="1s", startTime=first, endTime=first)
    after = alice.public("klines", symbol=traded, interval="1s", startTime=first + 1, limit=1)
    before = alice.public("klines", symbol=traded, interval="1s", endTime=first - 1)

    assert [kline[0] for kline in one] == [first]
    assert [kline[0] for kline in after] in ([], [first + 1000])
    assert before == []


@pytest.mark.parametrize("interval", [i for i in klines.INTERVALS if i != "1s"])
def test_klines_from_the_beginning_begin_with_the_first(
    exchange: ExchangeDriver, alice: Bot, interval: str
) -> None:
    """Not with the day's first hour: who asks for one, or for pages, would find none and stop."""
    market = exchange.new_market()
    first = int(time.time()) // DAY * DAY - 3 * DAY + 15 * 3600 + 42 * 60
    prices = dict.fromkeys(("open", "high", "low", "close"), 5)
    for seconds in KEPT_INTERVALS:
        Candle.objects.create(
            market=Market.objects.get(symbol=market),
            seconds=seconds,
            start=first // seconds * seconds,
            **prices,
            volume=1,
            quote_volume=5,
            trade_count=1,
        )

    symbol = market.replace("-", "")
    (found,) = alice.public("klines", symbol=symbol, interval=interval, startTime=0, limit=1)

    assert found[0] == klines.start_of(interval, first) * 1000
    assert found[8] == 1


def test_a_market_without_trades_has_no_klines(exchange: ExchangeDriver, alice: Bot) -> None:
    quiet = exchange.new_market().replace("-", "")

    assert alice.public("klines", symbol=quiet, interval="1m") == []


@pytest.mark.parametrize(
    ("interval", "moment", "start", "following"),
    [
        ("1M", 1_796_095_544, 1_796_083_200, 1_798_761_600),  # December 2026
        ("1w", 1_796_095_544, 1_795_996_800, 1_796_601_600),  # from Monday
        ("3d", 259_200 * 7 + 5, 259_200 * 7, 259_200 * 8),
        ("1M", 0, 0, 31 * 86_400),
        ("1w", 5, 0, 604_800),
    ],
)
def test_where_an_interval_begins(interval: str, moment: int, start: int, following: int) -> None:
    assert klines.start_of(interval, moment) == start
    assert klines.start_after(interval, start) == following


# Tickers


def test_the_day(alice: Bot, traded: str) -> None:
    day = alice.public("ticker/24hr", symbol=traded)

    check(day, shapes.DayTicker)
    assert (day["openPrice"], day["lastPrice"]) == ("100.00000000", "102.00000000")
    assert (day["priceChange"], day["priceChangePercent"]) == ("2.00000000", "2.00000000")
    assert day["weightedAvgPrice"] == "101.33333333"
    assert (day["volume"], day["quoteVolume"], day["count"]) == ("6.00000000", "608.00000000", 3)
    assert (day["bidPrice"], day["askQty"]) == ("99.50000000", "4.00000000")
    trades = alice.public("trades", symbol=traded)
    assert (day["firstId"], day["lastId"]) == (trades[0]["id"], trades[-1]["id"])
    assert day["lastQty"] == "3.00000000"


@pytest.mark.parametrize(
    ("path", "params", "shape"),
    [
        ("ticker/24hr", {}, shapes.DayTicker),
        ("ticker/24hr", {"type": "MINI"}, shapes.MiniTicker),
        ("ticker", {}, shapes.WindowTicker),
        ("ticker", {"windowSize": "7d"}, shapes.WindowTicker),
        ("ticker", {"windowSize": "5m", "type": "MINI"}, shapes.MiniTicker),
        ("ticker/tradingDay", {}, shapes.WindowTicker),
        ("ticker/price", {}, shapes.Price),
        ("ticker/bookTicker", {}, shapes.BookTicker),
    ],
)
def test_one_symbol_is_an_object_and_several_are_a_list(
    alice: Bot, traded: str, path: str, params: dict[str, str], shape: Any
) -> None:
    one = alice.public(path, symbol=traded, **params)
    several = alice.public(path, symbols=f'["{traded}"]', **params)

    check(one, shape)
    check(several, list[shape])
    times = {"openTime", "closeTime"}
    assert [{k: v for k, v in each.items() if k not in times} for each in several] == [
        {k: v for k, v in one.items() if k not in times}
    ]


@pytest.mark.parametrize("path", ["ticker/24hr", "ticker/price", "ticker/bookTicker"])
def test_without_a_symbol_all_are_meant(alice: Bot, traded: str, path: str) -> None:
    assert traded in {each["symbol"] for each in alice.public(path)}


def test_the_average_price_and_a_market_without_any(
    exchange: ExchangeDriver, alice: Bot, traded: str
) -> None:
    quiet = exchange.new_market().replace("-", "")

    average = alice.public("avgPrice", symbol=traded)

    check(average, shapes.Average)
    assert average["price"] == "101.33333333"
    assert alice.public("avgPrice", symbol=quiet)["price"] == "0.00000000"
    check(alice.public("ticker/24hr", symbol=quiet), shapes.DayTicker)
    assert alice.public("ticker/24hr", symbol=quiet)["firstId"] == -1


# What is not here


def test_what_clients_of_derivatives_ask_first(alice: Bot) -> None:
    for path in ("/fapi/v1/exchangeInfo", "/dapi/v1/exchangeInfo"):
        info = alice.http.get(path).json()
        assert (info["symbols"], info["assets"]) == ([], [])
    assert alice.http.get("/sapi/v1/system/status").json() == {"status": 0, "msg": "normal"}
    for name in ("margin/allPairs", "margin/isolated/allPairs", "spot/delist-schedule"):
        assert alice.http.get(f"/sapi/v1/{name}").json() == []


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("depth", {}, -1102),
        ("depth", {"symbol": ""}, -1102),
        ("depth", {"symbol": "NOPE"}, -1121),
        ("depth", {"symbol": "btcusd"}, -1100),
        ("depth", {"symbol": "A" * 21}, -1100),
        ("depth", {"limit": "x"}, -1100),
        ("depth", {"limit": "0"}, -1130),
        ("depth", {"limit": "-1"}, -1100),
        ("depth", {"limit": ""}, -1105),
        ("klines", {}, -1102),
        ("klines", {"interval": "2m"}, -1120),
        ("klines", {"interval": "1m", "startTime": "x"}, -1100),
        ("klines", {"interval": "1m", "startTime": "9" * 18}, -1130),
        ("klines", {"interval": "1m", "startTime": "2", "endTime": "1"}, -1128),
        ("aggTrades", {"fromId": "1", "startTime": "1"}, -1128),
        ("ticker", {"windowSize": "60m"}, -1130),
        ("ticker", {"windowSize": "8d"}, -1130),
        ("ticker/24hr", {"type": "HALF"}, -1130),
        ("ticker/24hr", {"symbols": '["A"]'}, -1128),
        ("exchangeInfo", {"symbols": '["A"]'}, -1128),
        ("exchangeInfo", {"permissions": "[1]"}, -1100),
        ("exchangeInfo", {"symbolStatus": "ASLEEP"}, -1130),
    ],
)
def test_what_is_refused(
    alice: Bot, symbol: str, path: str, params: dict[str, str], code: int
) -> None:
    given = params if not params and path == "depth" else {"symbol": symbol, **params}

    status, found, _ = refused(alice.get(path, **given))

    assert (status, found) == (400, code)


@pytest.mark.parametrize("symbols", ["A", '"A"', "[]", '["a"]', "[1]", '["A"', '["NOPE"]'])
def test_a_list_that_is_none(alice: Bot, symbols: str) -> None:
    status, code, _ = refused(alice.get("ticker/price", symbols=symbols))

    assert (status, code) in [(400, -1100), (400, -1121)]


def test_a_window_needs_a_symbol(alice: Bot) -> None:
    assert refused(alice.get("ticker"))[1] == -1102
    assert refused(alice.get("ticker/tradingDay"))[1] == -1102


def test_bots_of_one_chapter_are_people(exchange: ExchangeDriver, market: str) -> None:
    (trader,) = exchange.traders(market, 1)

    assert bot_of(trader).ask("account")["uid"] == trader.account.pk
