"""ccxt.pro, unmodified, pointed here by its addresses alone: what it watches, what it trades by sockets."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import ccxt.pro
import pytest
import pytest_asyncio

from markets import process
from markets.signing_keys import make_hmac_key
from tests.binance.sockets.traffic import Traffic
from tests.binance.sockets.wire import name_of, rest
from tests.drivers.exchange import ExchangeDriver, Trader
from tests.waiting import wait_until

PATIENCE = 20
pytestmark = pytest.mark.slow


def point(client: Any, exchange: ExchangeDriver) -> None:
    """Replace every host of the client's addresses, and keep their paths."""

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: moved(each) for name, each in value.items()}
        if isinstance(value, str) and value.startswith("http"):
            path = value.split("/", 3)[3:]
            return "/".join([exchange.url, *path])
        return value

    client.urls["api"] = moved(client.urls["api"])
    client.urls["api"]["ws"]["spot"] = f"{exchange.ws_url}/ws"
    client.urls["api"]["ws"]["ws-api"]["spot"] = f"{exchange.ws_url}/ws-api/v3"


@pytest.fixture(scope="module")
def market(exchange: ExchangeDriver) -> str:
    return exchange.new_market(tick_size="0.01", lot_size="0.001")


@pytest.fixture(scope="module")
def symbol(market: str) -> str:
    """ccxt's own name of it."""
    return market.replace("-", "/")


@pytest.fixture(scope="module")
def people(exchange: ExchangeDriver, market: str) -> list[Trader]:
    alice, bob, carol, dave = exchange.traders(market, 4)
    dave.place(market, "buy", "5000", price="90")
    dave.place(market, "sell", "5000", price="110")
    return [alice, bob, carol]


@pytest.fixture(scope="module")
def keys(people: list[Trader]) -> tuple[str, str]:
    """Alice's key and its secret."""
    _, key, secret = make_hmac_key(people[0].account)
    return key, secret


@pytest.fixture(scope="module")
def account(people: list[Trader]) -> int:
    """The key of Alice's account."""
    return people[0].account.pk


def listeners() -> Any:
    """The accounts that somebody follows."""
    return process.current().hub._listeners


@pytest_asyncio.fixture
async def client(exchange: ExchangeDriver, keys: tuple[str, str]) -> AsyncIterator[Any]:
    """Alice's client."""
    found = ccxt.pro.binance({"apiKey": keys[0], "secret": keys[1]})
    point(found, exchange)
    try:
        yield found
    finally:
        await found.close()


async def within(awaitable: Any) -> Any:
    """What must come soon."""
    return await asyncio.wait_for(awaitable, PATIENCE)


def as_levels(side: Any) -> list[list[float]]:
    return [[price, amount] for price, amount, *_ in side]


async def equal_to_rest(client: Any, exchange: ExchangeDriver, symbol: str, times: int) -> None:
    """Watch until the book has stood so often where REST's did, and was the same each time."""
    name = name_of(symbol.replace("/", "-"))
    books: dict[int, Any] = {}
    snapshots: dict[int, Any] = {}

    async def watch() -> None:
        while True:
            book = await client.watch_order_book(symbol, 5000)
            books[book["nonce"]] = {side: as_levels(book[side]) for side in ("bids", "asks")}

    watching = asyncio.create_task(watch())
    try:
        async with asyncio.timeout(PATIENCE):
            while len(books.keys() & snapshots.keys()) < times:
                found = await asyncio.to_thread(rest, exchange, "depth", symbol=name, limit=5000)
                snapshots[found.pop("lastUpdateId")] = found
    finally:
        watching.cancel()
    for number in books.keys() & snapshots.keys():
        for side, levels in books[number].items():
            wanted = [[float(text) for text in level] for level in snapshots[number][side]]
            assert levels == wanted


async def test_its_local_book_equals_rest_under_500_orders_a_second_and_in_silence(
    exchange: ExchangeDriver, client: Any, market: str, symbol: str, people: list[Trader]
) -> None:
    await within(client.load_markets())
    traffic = Traffic(exchange, market, people[1:], random.Random(3))

    async with traffic.running(orders_a_second=500):
        await equal_to_rest(client, exchange, symbol, times=10)
    await equal_to_rest(client, exchange, symbol, times=1)

    assert traffic.placed > 50


async def test_it_watches_trades_tickers_and_candles(
    exchange: ExchangeDriver, client: Any, market: str, symbol: str, people: list[Trader]
) -> None:
    await within(client.load_markets())
    traffic = Traffic(exchange, market, people[1:], random.Random(4))

    async with traffic.running(orders_a_second=50):
        trades = await within(client.watch_trades(symbol))
        ticker = await within(client.watch_ticker(symbol))
        tickers = await within(client.watch_tickers([symbol]))
        best = await within(client.watch_bids_asks([symbol]))
        candles = await within(client.watch_ohlcv(symbol, "1m"))
    await asyncio.to_thread(traffic.clear)

    assert trades[-1]["symbol"] == ticker["symbol"] == symbol
    assert trades[-1]["side"] in ("buy", "sell")
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert symbol in tickers
    assert best[symbol]["bid"] < best[symbol]["ask"]
    assert candles[-1][3] <= candles[-1][4] <= candles[-1][2]


async def test_it_watches_its_orders_trades_and_balance_and_trades_by_socket(
    client: Any, symbol: str, people: list[Trader], market: str, account: int
) -> None:
    await within(client.load_markets())
    base = symbol.split("/")[0]
    before = (await within(client.fetch_balance()))[base]["total"]
    orders = asyncio.create_task(client.watch_orders(symbol))
    fills = asyncio.create_task(client.watch_my_trades(symbol))
    balance = asyncio.create_task(client.watch_balance())
    await asyncio.to_thread(wait_until, lambda: account in listeners(), "the account is followed")

    placed = await within(client.create_order_ws(symbol, "limit", "buy", 2, 100.5))
    seen = (await within(orders))[-1]
    assert (seen["id"], seen["status"], seen["amount"]) == (placed["id"], "open", 2)
    edited = await within(client.edit_order_ws(placed["id"], symbol, "limit", "buy", 1.5, 100.25))
    await asyncio.to_thread(people[1].place, market, "sell", "0.5", price="100.25")
    fill = (await within(fills))[-1]
    assert (fill["order"], fill["price"], fill["amount"]) == (edited["id"], 100.25, 0.5)
    assert (await within(balance))["USD"]["used"] > 0
    orders = asyncio.create_task(client.watch_orders(symbol))
    await asyncio.sleep(0)
    canceled = await within(client.cancel_order_ws(edited["id"], symbol))
    assert canceled["status"] == "canceled"
    watched = {order["id"]: order for order in await within(orders)}
    assert watched[edited["id"]]["status"] == "canceled"
    assert watched[edited["id"]]["filled"] == 0.5
    assert (await within(client.fetch_balance()))[base]["total"] == before + 0.5


async def test_what_it_reads_by_socket(client: Any, symbol: str, people: list[Trader]) -> None:
    await within(client.load_markets())
    placed = await within(client.create_order_ws(symbol, "limit", "buy", 1, 95))

    [opened] = await within(client.fetch_open_orders_ws(symbol))
    order = await within(client.fetch_order_ws(placed["id"], symbol))
    everything = await within(client.fetch_orders_ws(symbol))
    balance = await within(client.fetch_balance_ws())
    await within(client.cancel_all_orders_ws(symbol))

    assert opened["id"] == order["id"] == placed["id"]
    assert placed["id"] in {each["id"] for each in everything}
    rows = balance["info"]["balances"]  # of this answer ccxt itself reads derivatives' only
    assert [row["locked"] for row in rows if row["asset"] == "USD"] == ["95.00000000"]
    assert await within(client.fetch_open_orders_ws(symbol)) == []


async def test_a_refusal_is_its_own_exception(client: Any, symbol: str) -> None:
    await within(client.load_markets())

    with pytest.raises(ccxt.InsufficientFunds):
        await within(client.create_order_ws(symbol, "limit", "buy", 10**6, 10**6))
    with pytest.raises(ccxt.OrderNotFound):
        await within(client.cancel_order_ws("1", symbol))
