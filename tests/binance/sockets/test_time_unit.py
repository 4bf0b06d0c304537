"""Whoever asks for microseconds gets all times in them, to the microsecond; beside whom nobody else does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.binance.conftest import bot_of
from tests.binance.sockets.wire import Api, Streams, api_of, name_of, rest
from tests.drivers.bot import Bot
from tests.drivers.exchange import ExchangeDriver, Trader

HEADER = "X-MBX-TIME-UNIT"
BAD = {
    "code": -1194,
    "msg": "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.",
}
IN_MICROSECONDS = "?timeUnit=MICROSECOND"
TIMES = {"E", "T", "O", "C"}
SINCE = 10**15
"""A time from here on is in microseconds, and one in milliseconds is before it."""


@pytest.fixture(scope="module")
def market(exchange: ExchangeDriver) -> str:
    return exchange.new_market()


@pytest.fixture(scope="module")
def symbol(market: str) -> str:
    return name_of(market)


@pytest.fixture(scope="module")
def people(exchange: ExchangeDriver, market: str) -> tuple[Trader, Trader]:
    """Two who have traded, and whose orders rest."""
    alice, bob = exchange.traders(market)
    alice.place(market, "buy", "5", price="10")
    bob.place(market, "sell", "2", price="10")
    exchange.settle(market)
    return alice, bob


@pytest.fixture(scope="module")
def bots(people: tuple[Trader, Trader]) -> Iterator[tuple[Bot, Bot]]:
    """Alice's program twice: as it is, and asking for microseconds."""
    plain, fine = bot_of(people[0]), bot_of(people[0])
    fine.http.headers[HEADER] = "microsecond"
    with plain.http, fine.http:
        yield plain, fine


def differences(plain: Any, fine: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Where two answers are not the same."""
    found: dict[str, tuple[Any, Any]] = {}
    if isinstance(plain, dict):
        assert plain.keys() == fine.keys()
        for name in plain:
            found |= differences(plain[name], fine[name], f"{path}.{name}")
    elif isinstance(plain, list):
        for before, after in zip(plain, fine, strict=True):
            found |= differences(before, after, f"{path}[]")
    elif plain != fine:
        found[path] = (plain, fine)
    return found


def times_in(event: dict[str, Any]) -> dict[str, int]:
    """An event's times, a kline's among them."""
    found = {name: event[name] for name in TIMES & event.keys()}
    kline = event.get("k", {})
    return found | {f"k{name}": kline[name] for name in ("t", "T") if kline}


def test_a_unit_that_there_is_not_is_refused(exchange: ExchangeDriver) -> None:
    response = httpx.get(f"{exchange.url}/api/v3/ping", headers={HEADER: "SECOND"})
    assert (response.status_code, response.json()) == (400, BAD)

    for path in ("/ws", "/stream", "/ws-api/v3"):
        with pytest.raises(InvalidStatus) as refusal:
            Streams(f"{exchange.ws_url}{path}?timeUnit=second")
        assert refusal.value.response.status_code == 400
        assert json.loads(refusal.value.response.body) == BAD


@pytest.mark.parametrize(
    ("unit", "digits"), [("MILLISECOND", 13), ("millisecond", 13), ("MICROSECOND", 16)]
)
def test_the_servers_time_is_of_the_unit_that_was_asked_for(
    exchange: ExchangeDriver, unit: str, digits: int
) -> None:
    answer = httpx.get(f"{exchange.url}/api/v3/time", headers={HEADER: unit}).json()

    assert len(str(answer["serverTime"])) == digits
    assert len(str(rest(exchange, "time")["serverTime"])) == 13


@pytest.mark.parametrize(
    ("path", "params", "times"),
    [
        ("trades", {}, {"[].time"}),
        ("aggTrades", {}, {"[].T"}),
        ("avgPrice", {}, {".closeTime"}),
        ("ticker", {"windowSize": "1h"}, {".openTime", ".closeTime"}),
        ("ticker/24hr", {}, {".openTime", ".closeTime"}),
        ("order", {"orderId": ""}, {".time", ".updateTime", ".workingTime"}),
        ("allOrders", {}, {"[].time", "[].updateTime", "[].workingTime"}),
        ("myTrades", {}, {"[].time"}),
    ],
)
def test_an_answers_times_are_the_same_but_finer(
    bots: tuple[Bot, Bot], symbol: str, path: str, params: dict[str, str], times: set[str]
) -> None:
    plain, fine = bots
    if "orderId" in params:
        params = {"orderId": plain.ask("allOrders", symbol=symbol)[0]["orderId"]}

    found = differences(*(bot.ask(path, symbol=symbol, **params) for bot in (plain, fine)))

    assert found.keys() == times
    for before, after in found.values():
        assert 0 <= after // 1000 - before < 60_000, "the same, or asked for a little later"


def test_a_klines_times_too_and_they_may_be_asked_by_in_microseconds(
    bots: tuple[Bot, Bot], symbol: str
) -> None:
    plain, fine = bots
    wanted = {"symbol": symbol, "interval": "1d", "limit": 1}

    [before], [after] = plain.public("klines", **wanted), fine.public("klines", **wanted)

    assert (after[0], after[6] + 1) == (before[0] * 1000, (before[6] + 1) * 1000)
    assert plain.public("klines", **wanted, startTime=after[0], endTime=after[6]) == [before]
    [trade] = fine.public("trades", symbol=symbol, limit=1)
    at = trade["time"]
    assert len(fine.public("aggTrades", symbol=symbol, startTime=at, endTime=at)) == 1
    assert plain.public("aggTrades", symbol=symbol, startTime=at + 1) == []


def test_events_are_in_the_unit_of_their_connection_whoever_caused_them(
    exchange: ExchangeDriver, people: tuple[Trader, Trader], symbol: str
) -> None:
    seller = bot_of(people[1])
    seller.http.headers[HEADER] = "MICROSECOND"
    kinds = ("trade", "aggTrade", "ticker", "ticker_1h", "avgPrice", "kline_1d", "depth@100ms")
    names = "/".join(f"{symbol.lower()}@{kind}" for kind in kinds)
    address = f"{exchange.ws_url}/stream?streams={names}"
    with Streams(address) as plain, Streams(f"{address}&timeUnit=MICROSECOND") as fine:
        for socket in (plain, fine):  # each has begun
            socket.of(f"{symbol.lower()}@ticker")
        seller.order(symbol, "SELL", price="10", quantity="1")

        for kind in kinds:
            stream = f"{symbol.lower()}@{kind}"
            before, after = times_in(plain.of(stream)), times_in(fine.of(stream))
            assert before.keys() == after.keys()
            assert "E" in before
            assert all(each < SINCE <= after[name] for name, each in before.items()), (kind, after)
            if kind in ("trade", "aggTrade"):
                assert after["T"] // 1000 == before["T"]


def test_the_websocket_api_and_an_accounts_events_are_in_the_unit_of_the_connection(
    people: tuple[Trader, Trader], symbol: str
) -> None:
    order = {"symbol": symbol, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    order |= {"quantity": "1", "price": "9", "newOrderRespType": "RESULT"}
    with (
        api_of(people[0]) as plain,
        Api(people[0].exchange.ws_url, plain.key, plain.secret, query=IN_MICROSECONDS) as fine,
    ):
        for socket in (plain, fine):
            socket.ask_signed("userDataStream.subscribe.signature")
        placed = fine.ask_signed("order.place", **order)
        reports = [socket.report("NEW", "NEW") for socket in (plain, fine)]
        seen = plain.ask_signed("order.status", symbol=symbol, orderId=placed["orderId"])
        positions = [socket.event("outboundAccountPosition") for socket in (plain, fine)]
        canceled = plain.ask_signed("order.cancel", symbol=symbol, orderId=placed["orderId"])

    assert placed["transactTime"] // 1000 == seen["updateTime"] <= canceled["transactTime"]
    for field in "TOW":
        assert reports[1][field] // 1000 == reports[0][field]
    for before, after in (reports, positions):
        assert before["E"] < SINCE <= after["E"] <= time.time() * 1_000_000
