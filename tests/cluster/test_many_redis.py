"""Several Redis share the markets; Sentinels say which Redis is the one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from channels.exceptions import ChannelFull
from redis.exceptions import RedisError

from clients import ExchangeClient
from exchange_site.redis_hosts import redis_hosts
from markets.redis_layer import RedisLayer
from tests.cluster.services import own_database
from tests.drivers.redis import RedisServer, SentinelServer
from tests.drivers.small_cluster import SmallCluster

MARKETS = [f"M{number}-USD" for number in range(8)]
PATIENCE = 30.0

pytestmark = pytest.mark.slow


def folders(path: Path, *names: str) -> list[Path]:
    for name in names:
        (path / name).mkdir()
    return [path / name for name in names]


async def test_two_redis_carry_the_markets_of_one_exchange(tmp_path: Path) -> None:
    one, two = folders(tmp_path, "one", "two")
    with (
        own_database("two_redis") as database,
        RedisServer(one) as first,
        RedisServer(two) as second,
    ):
        cluster = SmallCluster(tmp_path, database, f"{first.url},{second.url}", webs=2)
        try:
            for market in MARKETS:
                cluster.manage("create_market", market, "--tick-size", "1", "--lot-size", "1")
            cluster.start()
            await _trade(cluster, [first, second])
            second.kill()
            second.start()
            for web in cluster.webs:
                await asyncio.to_thread(cluster.wait_until_ready, web)
            await _trade(cluster, [first, second])
            cluster.stop()
        finally:
            cluster.kill()


async def _trade(cluster: SmallCluster, servers: list[RedisServer]) -> None:
    """Every market is traded and followed at both web processes, and both Redis have a part in it."""
    key = cluster.open_account("alice", "--deposit", "USD=1000000")
    for url in cluster.urls:
        async with ExchangeClient(url, key) as client:
            for market in MARKETS:
                book = await client.local_book(market)
                order = await client.submit_order(market, "buy", 1, price=1)
                assert order.sequence is not None
                await book.wait_for_sequence(order.sequence, PATIENCE)
    for server in servers:
        with server.client() as client_of_redis:
            assert client_of_redis.pubsub_channels("asgi.0.__group__market.*")


async def test_when_the_master_changes_the_layer_follows_the_sentinels(tmp_path: Path) -> None:
    one, two, three = folders(tmp_path, "one", "two", "three")
    with (
        RedisServer(one) as master,
        RedisServer(two, "--replicaof", f"127.0.0.1 {master.port}") as replica,
        SentinelServer(three, "main", master) as sentinel,
    ):
        sentinel.wait_for_replicas(1)
        hosts = redis_hosts("redis://main/0", f"127.0.0.1:{sentinel.port}")
        layer = RedisLayer(hosts, capacity=10, expiry=10)
        own = await layer.new_channel()
        await layer.send("engine.BTC-USD", {"type": "test", "number": 1})
        assert (await layer.receive("engine.BTC-USD"))["number"] == 1

        master.kill()

        listening = asyncio.create_task(layer.receive(own))
        async with asyncio.timeout(2 * PATIENCE):
            while not listening.done():
                try:
                    await layer.send("engine.BTC-USD", {"type": "test", "number": 2})
                    await layer.send(own, {"type": "test", "number": 3})
                except (RedisError, OSError, ChannelFull):
                    await asyncio.sleep(0.2)
                await asyncio.wait({listening}, timeout=0.1)
        assert listening.result()["number"] == 3
        assert (await layer.receive("engine.BTC-USD"))["number"] == 2
        assert sentinel.master_port() == replica.port
        await layer.flush()
