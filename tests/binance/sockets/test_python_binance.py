"""python-binance, unmodified, pointed here by its addresses: streams, depth caches, the WebSocket API."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from binance import AsyncClient, BinanceSocketManager
from binance.client import Client
from binance.ws.depthcache import DepthCacheManager

from markets.signing_keys import make_hmac_key
from tests.binance.sockets.traffic import Traffic
from tests.binance.sockets.wire import name_of, rest
from tests.drivers.exchange import ExchangeDriver, Trader

PATIENCE = 20
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def market(exchange: ExchangeDriver) -> str:
    return exchange.new_market(tick_size="0.01", lot_size="0.001")


@pytest.fixture(scope="module")
def symbol(market: str) -> str:
    return name_of(market)


@pytest.fixture(scope="module")
def people(exchange: ExchangeDriver, market: str) -> list[Trader]:
    *people, dave = exchange.traders(market, 4)
    dave.place(market, "buy", "5000", price="90")
    dave.place(market, "sell", "5000", price="110")
    return people


@pytest.fixture(scope="module")
def keys(people: list[Trader]) -> tuple[str, str]:
    """Alice's key and its secret."""
    _, key, secret = make_hmac_key(people[0].account)
    return key, secret


@pytest_asyncio.fixture
async def client(
    exchange: ExchangeDriver, keys: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Any]:
    """Alice's client."""
    for owner in (AsyncClient, Client):
        monkeypatch.setattr(owner, "API_URL", f"{exchange.url}/api")
    monkeypatch.setattr(AsyncClient, "MARGIN_API_URL", f"{exchange.url}/sapi")
    monkeypatch.setattr(AsyncClient, "WS_API_URL", f"{exchange.ws_url}/ws-api/v3", raising=False)
    monkeypatch.setattr(BinanceSocketManager, "STREAM_URL", f"{exchange.ws_url}/")
    found = await AsyncClient.create(*keys)
    try:
        yield found
    finally:
        await found.close_connection()


async def within(awaitable: Any) -> Any:
    """What must come soon."""
    return await asyncio.wait_for(awaitable, PATIENCE)


@pytest.mark.parametrize("interval", [100, None], ids=["100 ms", "1000 ms"])
async def test_its_depth_cache_equals_rest_under_500_orders_a_second_and_in_silence(
    exchange: ExchangeDriver,
    client: Any,
    market: str,
    symbol: str,
    people: list[Trader],
    interval: int | None,
) -> None:
    traffic = Traffic(exchange, market, people[1:], random.Random(5))
    caches = DepthCacheManager(client, symbol, limit=5000, ws_interval=interval)

    async with caches as socket:
        async with traffic.running(orders_a_second=500):
            for _ in range(10):
                await within(socket.recv())
        async with asyncio.timeout(PATIENCE):
            while True:
                cache = await socket.recv()
                snapshot = await asyncio.to_thread(
                    rest, exchange, "depth", symbol=symbol, limit=5000
                )
                if socket._last_update_id == snapshot["lastUpdateId"]:
                    break

    for side, levels in (("bids", cache.get_bids()), ("asks", cache.get_asks())):
        wanted = [[float(text) for text in level] for level in snapshot[side]]
        assert [list(level) for level in levels] == wanted
    assert traffic.placed > 100


SOCKETS: list[tuple[str, dict[str, Any], str | None]] = [
    ("trade_socket", {}, "trade"),
    ("aggtrade_socket", {}, "aggTrade"),
    ("kline_socket", {"interval": "1m"}, "kline"),
    ("depth_socket", {}, "depthUpdate"),
    ("symbol_ticker_socket", {}, "24hrTicker"),
    ("symbol_miniticker_socket", {}, "24hrMiniTicker"),
    ("symbol_book_ticker_socket", {}, None),
]


@pytest.mark.parametrize(("name", "params", "kind"), SOCKETS, ids=[row[0] for row in SOCKETS])
async def test_a_stream_of_a_market(
    exchange: ExchangeDriver,
    client: Any,
    market: str,
    symbol: str,
    people: list[Trader],
    name: str,
    params: Any,
    kind: str | None,
) -> None:
    sockets = BinanceSocketManager(client)
    traffic = Traffic(exchange, market, people[1:], random.Random(6))

    async with (
        traffic.running(orders_a_second=100),
        getattr(sockets, name)(symbol, **params) as socket,
    ):
        event = await within(socket.recv())

    assert (event.get("e"), event["s"]) == (kind, symbol)


async def test_streams_of_all_markets_and_several_at_once(client: Any, symbol: str) -> None:
    sockets = BinanceSocketManager(client)
    name = f"{symbol.lower()}@depth5"

    async with (
        sockets.miniticker_socket() as minis,
        sockets.ticker_socket() as tickers,
        sockets.multiplex_socket([name, f"{symbol.lower()}@bookTicker"]) as several,
    ):
        assert symbol in {event["s"] for event in await within(minis.recv())}
        assert symbol in {event["s"] for event in await within(tickers.recv())}
        seen = {(await within(several.recv()))["stream"] for _ in range(4)}

    assert seen == {name, f"{symbol.lower()}@bookTicker"}


async def test_its_account_and_the_websocket_api(
    client: Any, symbol: str, market: str, people: list[Trader]
) -> None:
    sockets = BinanceSocketManager(client)

    async with sockets.user_socket() as events:
        placed = await within(
            client.ws_create_order(
                symbol=symbol,
                side="BUY",
                type="LIMIT",
                timeInForce="GTC",
                quantity="1",
                price="89",
            )
        )
        new = await _report(events)
        status = await within(client.ws_get_order(symbol=symbol, orderId=placed["orderId"]))
        await within(client.ws_cancel_order(symbol=symbol, orderId=placed["orderId"]))
        canceled = await _report(events)

    assert (new["x"], new["i"]) == ("NEW", placed["orderId"])
    assert status["status"] == "NEW"
    assert (canceled["x"], canceled["i"]) == ("CANCELED", placed["orderId"])
    account = await within(client.ws_get_account())
    assert "USD" in {row["asset"] for row in account["balances"]}


async def _report(events: Any) -> Any:
    async with asyncio.timeout(PATIENCE):
        while True:
            event = await events.recv()
            event = event.get("event", event)
            if event["e"] == "executionReport":
                return event
