"""A web process dies or stops; its clients go on at another: no order doubled or unknown, no event missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from clients import ExchangeClient, LiveBook, Order, PublicClient
from clients.account_feed import PrivateEvent
from tests.cluster.services import own_database
from tests.drivers.redis import RedisServer
from tests.drivers.small_cluster import SmallCluster
from tests.waiting import wait_until

MARKET = "BTC-USD"
ORDERS = 400
IN_FLIGHT = 16
BEFORE_THE_END = 100
"""Orders that are answered before the process ends."""
PATIENCE = 30.0

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[SmallCluster]:
    with own_database("failover") as database, RedisServer(tmp_path) as redis:
        cluster = SmallCluster(tmp_path, database, redis.url)
        cluster.manage("create_market", MARKET, "--tick-size", "1", "--lot-size", "1")
        cluster.start()
        yield cluster
        cluster.kill()


class Trader:
    """Somebody who trades through one client, and writes down what the account is told."""

    def __init__(self, name: str, side: str, client: ExchangeClient) -> None:
        self.name = name
        self.side = side
        self.client = client
        self.answered: dict[str, Order] = {}
        self.events: list[PrivateEvent] = []

    async def listen(self) -> None:
        async for event in self.client.private_events():
            self.events.append(event)

    async def trade(self, when: Callable[[], None]) -> None:
        """Place all orders, some at a time; call `when` once enough of them are answered."""
        numbers = iter(range(ORDERS))

        async def place() -> None:
            for number in numbers:
                order = await self.client.submit_order(
                    MARKET,
                    self.side,
                    1,
                    price=100 + number % 5 * (1 if self.side == "buy" else -1),
                    client_order_id=f"{self.name}-{number}",
                )
                assert order.client_order_id is not None
                self.answered[order.client_order_id] = order
                if len(self.answered) == BEFORE_THE_END:
                    when()

        await asyncio.gather(*(place() for _ in range(IN_FLIGHT)))

    async def was_told_everything(self) -> None:
        """The events have no gap and tell of every order, as it is now."""
        orders = {order.id: order for order in await self.client.orders(limit=None)}
        async with asyncio.timeout(PATIENCE):
            while self._told() != {key: order.filled_quantity for key, order in orders.items()}:
                await asyncio.sleep(0.05)
        sequences = [event.sequence for event in self.events if event.type == "update"]
        first = self.events[0].sequence
        assert sequences == list(range(first + 1, first + 1 + len(sequences)))
        # Every order was placed once, and is the one that was answered.
        assert sorted(order.client_order_id or "" for order in orders.values()) == sorted(
            f"{self.name}-{number}" for number in range(ORDERS)
        )
        assert {order.id for order in self.answered.values()} == orders.keys()

    def _told(self) -> dict[str, object]:
        return {order.id: order.filled_quantity for e in self.events for order in e.orders}


@asynccontextmanager
async def traders(cluster: SmallCluster) -> AsyncIterator[tuple[list[Trader], list[LiveBook]]]:
    """Alice and bob, both at the first web process, and followers of the book at both."""
    money = ("--deposit", "USD=1000000", "--deposit", "BTC=1000000")
    keys = [cluster.open_account(name, *money) for name in ("alice", "bob")]
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        people = [
            Trader(name, side, await enter(ExchangeClient(cluster.urls, key)))
            for name, side, key in zip(("alice", "bob"), ("buy", "sell"), keys, strict=True)
        ]
        books = [
            await (await enter(PublicClient(urls))).local_book(MARKET)
            for urls in (cluster.urls, cluster.urls[::-1])
        ]
        listening = [asyncio.create_task(trader.listen()) for trader in people]
        async with asyncio.timeout(PATIENCE):
            while not all(trader.events for trader in people):
                await asyncio.sleep(0.01)
        yield people, books
        for task in listening:
            assert not task.done() or task.exception() is None
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)


async def run_through(cluster: SmallCluster, end_the_first: Callable[[], None]) -> None:
    first, second = cluster.urls
    async with traders(cluster) as (people, books):
        assert {trader.client.url for trader in people} == {first}

        alice, bob = people
        await asyncio.gather(alice.trade(when=end_the_first), bob.trade(when=lambda: None))

        for trader in people:
            assert trader.client.url == second
            await trader.was_told_everything()
        now = await alice.client.book(MARKET)
        for book in books:
            await book.wait_for_sequence(now.sequence, PATIENCE)
            assert book.checksum == now.checksum


async def test_a_web_process_is_killed_under_load(cluster: SmallCluster) -> None:
    await run_through(cluster, cluster.webs[0].kill)

    cluster.stop()


@pytest.mark.long
async def test_a_web_process_stops_under_load(cluster: SmallCluster) -> None:
    await run_through(cluster, cluster.webs[0].interrupt)

    assert cluster.webs[0].wait() == 0
    cluster.stop()


async def test_a_client_that_knows_one_process_finds_the_others(cluster: SmallCluster) -> None:
    key = cluster.open_account("alice", "--deposit", "USD=1000")
    first, second = cluster.webs
    async with ExchangeClient(first.url, key, discover=True) as client:
        async with asyncio.timeout(PATIENCE):
            while set(client.nodes.known) != set(cluster.urls):
                await asyncio.sleep(0.01)
        first.kill()

        order = await client.submit_order(MARKET, "buy", 1, price=1)

        assert client.url == second.url
        assert [found.id for found in await client.orders()] == [order.id]


@pytest.mark.long
def test_nodes_are_those_that_live(cluster: SmallCluster) -> None:
    first, second = cluster.webs

    def named() -> list[str]:
        return [row["url"] for row in httpx.get(f"{second.url}/api/v1/nodes").json()]

    assert named() == sorted(cluster.urls)
    assert first.stop() == 0
    assert named() == [second.url]
    first.start("--web")
    assert named() == sorted(cluster.urls)
    first.kill()
    wait_until(lambda: named() == [second.url], "who is silent is named no more")
    cluster.stop()
