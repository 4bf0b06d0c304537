"""Redis goes away, hangs, forgets, drops: orders are `busy` or `timeout`, books know, all heals by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from clients import Busy, ExchangeClient, LiveBook, Order, OutcomeUnknown
from tests.cluster.services import own_database
from tests.drivers.redis import RedisServer
from tests.drivers.small_cluster import SmallCluster

MARKET = "BTC-USD"
TRADERS = 8
AWAY_SECONDS = 30.0
DROPS = 10
PATIENCE = 30.0

pytestmark = pytest.mark.slow


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def cluster(tmp_path: Path, redis: RedisServer) -> Iterator[SmallCluster]:
    with own_database("outage") as database:
        cluster = SmallCluster(tmp_path, database, redis.url, webs=1)
        cluster.manage("create_market", MARKET, "--tick-size", "1", "--lot-size", "1")
        cluster.start()
        yield cluster
        cluster.kill()


class Load:
    """Alice places orders all the time, each once, and writes down what she was answered."""

    def __init__(self, client: ExchangeClient, book: LiveBook) -> None:
        self.client = client
        self.book = book
        self.placed: dict[str, Order] = {}
        self.refused: set[str] = set()
        self.unknown: set[str] = set()
        self._number = 0

    async def run(self) -> None:
        await asyncio.gather(*(self._place() for _ in range(TRADERS)))

    async def _place(self) -> None:
        while True:
            self._number += 1
            name = f"order-{self._number}"
            try:
                self.placed[name] = await self._submit(name)
            except Busy:
                self.refused.add(name)
                await asyncio.sleep(0.2)
            except OutcomeUnknown:
                self.unknown.add(name)
            await asyncio.sleep(0.01)

    async def _submit(self, name: str) -> Order:
        price = 1 + int(name.partition("-")[2]) % 9
        return await self.client.submit_order(MARKET, "buy", 1, price=price, client_order_id=name)

    async def goes_on(self) -> None:
        """Wait until orders are placed again and the book is in step with them."""
        before = len(self.placed)
        async with asyncio.timeout(PATIENCE):
            while len(self.placed) < before + TRADERS:
                await asyncio.sleep(0.01)
        await self.book.wait_in_step(PATIENCE)

    async def no_answer_was_wrong(self) -> None:
        """What was placed is there, what was refused is not, and what is unknown can be asked."""
        found = await self.client.orders(limit=None)
        orders = {order.client_order_id: order for order in found}
        assert len(orders) == len(found)
        assert not self.refused & orders.keys()
        for name, order in self.placed.items():
            assert orders[name].id == order.id
        for name in sorted(self.unknown):
            order = await self._submit(name)
            assert name not in orders or orders[name].id == order.id
        now = await self.client.book(MARKET)
        await self.book.wait_for_sequence(now.sequence, PATIENCE)


@asynccontextmanager
async def trading(cluster: SmallCluster) -> AsyncIterator[Load]:
    """Alice trades and follows her book; afterwards everything is checked."""
    key = cluster.open_account("alice", "--deposit", "USD=1000000000")
    async with ExchangeClient(cluster.urls, key, attempts=1, timeout=20) as client:
        load = Load(client, await client.local_book(MARKET))
        running = asyncio.create_task(load.run())
        await load.goes_on()
        yield load
        await load.goes_on()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await asyncio.sleep(0)
        await load.no_answer_was_wrong()
    cluster.stop()


async def out_of_step(book: LiveBook, since: float) -> None:
    async with asyncio.timeout(PATIENCE):
        while book.in_step:
            await asyncio.sleep(0.01)
    print(f"out of step after {time.monotonic() - since:.2f} s: {book.reason}")


async def test_redis_is_away_for_half_a_minute_and_comes_back_empty(
    cluster: SmallCluster, redis: RedisServer
) -> None:
    async with trading(cluster) as load:
        redis.kill()
        began = time.monotonic()
        await out_of_step(load.book, began)
        await asyncio.sleep(AWAY_SECONDS - (time.monotonic() - began))
        assert load.refused
        redis.start()


async def test_redis_hangs_and_goes_on(cluster: SmallCluster, redis: RedisServer) -> None:
    async with trading(cluster) as load:
        redis.pause()
        began = time.monotonic()
        try:
            await out_of_step(load.book, began)
            async with asyncio.timeout(PATIENCE):
                while not load.unknown:
                    await asyncio.sleep(0.01)
        finally:
            redis.resume()


async def test_redis_forgets_everything(cluster: SmallCluster, redis: RedisServer) -> None:
    async with trading(cluster) as load:
        with redis.client() as client:
            for _ in range(DROPS):
                client.flushall()
                await load.goes_on()


async def test_redis_drops_connections_and_what_was_on_them(
    cluster: SmallCluster, redis: RedisServer
) -> None:
    async with trading(cluster) as load:
        with redis.client() as client:
            for kind in ("pubsub", "normal") * 3:
                client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
                await load.goes_on()
