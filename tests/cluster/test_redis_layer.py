"""The layer between processes: commands wait for their engine, the rest is heard by who listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from channels.exceptions import ChannelFull
from redis.exceptions import RedisError

from exchange_site.redis_hosts import redis_hosts
from markets.redis_layer import NotSent, RedisLayer
from tests.drivers.redis import RedisServer

ENGINE = "engine.BTC-USD"
MARKETS = [f"engine.M{number}-USD" for number in range(32)]


def layer_of(*servers: RedisServer, capacity: int = 10, expiry: int = 10) -> RedisLayer:
    hosts = redis_hosts(",".join(server.url for server in servers))
    return RedisLayer(hosts, capacity=capacity, expiry=expiry)


def message(number: int) -> dict[str, Any]:
    return {"type": "test", "number": number}


async def received(layer: RedisLayer, channel: str, count: int) -> list[int]:
    async with asyncio.timeout(20):
        return [(await layer.receive(channel))["number"] for _ in range(count)]


@pytest.fixture
def server(tmp_path: Path) -> Any:
    with RedisServer(tmp_path) as server:
        yield server


@pytest_asyncio.fixture
async def layer(server: RedisServer) -> AsyncIterator[RedisLayer]:
    layer = layer_of(server)
    yield layer
    if server.answers():
        await layer.flush()


async def test_commands_come_in_the_order_in_which_they_were_sent(layer: RedisLayer) -> None:
    for number in range(10):
        await layer.send(ENGINE, message(number))

    assert await received(layer, ENGINE, 10) == list(range(10))


async def test_commands_wait_for_an_engine_and_are_bounded(layer: RedisLayer) -> None:
    for number in range(10):
        await layer.send(ENGINE, message(number))

    with pytest.raises(ChannelFull):
        await layer.send(ENGINE, message(10))
    assert await received(layer, ENGINE, 10) == list(range(10))


def grow_older(server: RedisServer, seconds: float) -> None:
    """Let what waits have waited longer."""
    key = f"asgi{ENGINE}"
    with server.client() as client:
        for content, sent in client.zrange(key, 0, -1, withscores=True):
            client.zadd(key, {content: sent - seconds})


async def test_commands_that_waited_too_long_are_forgotten_by_the_next(
    server: RedisServer, layer: RedisLayer
) -> None:
    await layer.send(ENGINE, message(1))
    grow_older(server, 11)

    await layer.send(ENGINE, message(2))

    assert await received(layer, ENGINE, 1) == [2]


async def test_an_engine_that_starts_finds_nothing_that_waited_too_long(
    server: RedisServer, layer: RedisLayer
) -> None:
    await layer.send(ENGINE, message(1))
    grow_older(server, 6)
    await layer.send(ENGINE, message(2))
    grow_older(server, 6)

    assert await received(layer, ENGINE, 1) == [2]


async def test_an_engine_that_stops_to_listen_takes_nothing_with_it(layer: RedisLayer) -> None:
    for round_ in range(20):
        listening = asyncio.create_task(layer.receive(ENGINE))
        await asyncio.sleep(0)
        sending = asyncio.create_task(layer.send(ENGINE, message(round_)))
        for _ in range(round_):
            await asyncio.sleep(0)
        listening.cancel()
        await asyncio.gather(listening, sending, return_exceptions=True)
        if listening.cancelled():
            assert await received(layer, ENGINE, 1) == [round_]
        else:
            assert listening.result() == message(round_)


async def test_answers_and_batches_reach_who_listens(layer: RedisLayer) -> None:
    first, second = await layer.new_channel(), await layer.new_channel()
    await layer.group_add("market.BTC-USD", first)
    await layer.group_add("market.BTC-USD", second)

    await layer.send(first, message(1))
    await layer.group_send("market.BTC-USD", message(2))

    assert await received(layer, first, 2) == [1, 2]
    assert await received(layer, second, 1) == [2]


async def test_a_listener_that_does_not_read_loses_the_oldest(server: RedisServer) -> None:
    layer = layer_of(server, capacity=3)
    slow, quick = await layer.new_channel(), await layer.new_channel()

    for number in range(8):
        await layer.send(slow, message(number))
    await layer.send(quick, message(8))

    assert await received(layer, quick, 1) == [8]
    assert await received(layer, slow, 3) == [5, 6, 7]
    await layer.flush()


async def test_exchanges_with_different_databases_of_one_redis_do_not_hear_each_other(
    server: RedisServer,
) -> None:
    ours = layer_of(server)
    others = RedisLayer(redis_hosts(server.url[:-1] + "1"), capacity=10, expiry=10)
    heard, unheard = await ours.new_channel(), await others.new_channel()
    await ours.group_add("market.BTC-USD", heard)
    await others.group_add("market.BTC-USD", unheard)

    await others.group_send("market.BTC-USD", message(1))
    await ours.group_send("market.BTC-USD", message(2))

    assert await received(ours, heard, 1) == [2]
    await ours.flush()
    await others.flush()


async def test_while_redis_is_away_surely_nothing_is_sent_and_afterwards_all_listen_again(
    server: RedisServer, layer: RedisLayer
) -> None:
    own = await layer.new_channel()
    await layer.group_add("market.BTC-USD", own)
    await layer.send(ENGINE, message(0))
    server.kill()

    with pytest.raises(RedisError):  # on a connection of which it is not known yet that it ended
        await layer.send(ENGINE, message(1))
    with pytest.raises(NotSent):
        await layer.send(ENGINE, message(1))

    server.start()
    listening = asyncio.create_task(layer.receive(own))
    async with asyncio.timeout(20):
        while not listening.done():
            await layer.group_send("market.BTC-USD", message(2))
            await asyncio.wait({listening}, timeout=0.1)
    assert listening.result() == message(2)
    await layer.send(ENGINE, message(3))
    assert await received(layer, ENGINE, 1) == [3]  # it restarted empty


async def test_a_redis_that_hangs_keeps_nobody_waiting_for_long(
    server: RedisServer, layer: RedisLayer
) -> None:
    await layer.send(ENGINE, message(0))
    server.pause()
    try:
        async with asyncio.timeout(8):
            with pytest.raises(Exception, match=r"(?i)time") as caught:
                await layer.send(ENGINE, message(1))
    finally:
        server.resume()

    assert not isinstance(caught.value, NotSent)  # it was: nobody knows whether it arrived
    assert (await received(layer, ENGINE, 2))[0] == 0


async def test_two_redis_share_the_markets_and_the_processes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with RedisServer(tmp_path / "a") as one, RedisServer(tmp_path / "b") as two:
        web, engine = (layer_of(one, two, capacity=100) for _ in range(2))
        channels = [await web.new_channel() for _ in range(8)]
        for market in MARKETS:
            await web.group_add(f"market{market}", channels[0])
            await web.send(market, message(1))
            await web.send(market, message(2))

        for market in MARKETS:
            assert await received(engine, market, 2) == [1, 2]
            await engine.group_send(f"market{market}", message(3))
        for channel in channels:
            await engine.send(channel, message(4))

        assert await received(web, channels[0], len(MARKETS) + 1) != []
        for channel in channels[1:]:
            assert await received(web, channel, 1) == [4]
        assert len({id(web.lists_of(market)) for market in MARKETS}) == 2
        await web.flush()
        await engine.flush()
