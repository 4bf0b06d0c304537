"""The cluster's channel layer: commands wait in a list of Redis for their engine, all else is published.

Rules:
- To `engine.SYMBOL`: a sorted list, in the order and by the clock of Redis. What is sent while no engine
  listens waits for the next one, up to `capacity` messages and `expiry` seconds: what is older is taken away
  when somebody sends, and when somebody begins to listen.
- Answers and batches (channels of `new_channel`, groups): pub/sub, the fastest way there is. Whoever does not
  listen at that moment misses them: sequences and client_order_ids heal that, as they heal everything.
- Once at the most: no message is taken twice, since an order without a client_order_id would be doubled.
- `NotSent`: surely nothing was sent. Any other failure: it may have arrived.
- Several Redis: each market and each process belongs to one of them, by the CRC of its channel's name.
- Pub/sub knows no database numbers, so they are part of its channels' names.

Connections, serialization and pub/sub are channels_redis'; for why both kinds, see docs/decisions.md.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final
from zlib import crc32

from channels.exceptions import ChannelFull
from channels_redis.core import BoundedQueue, RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer
from redis.asyncio.connection import parse_url
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from markets.event_loop import never_forget_a_cancel

POP_SECONDS: Final = 1.0
"""How long one look into an empty list waits; an engine that stops waits so long for it to end."""
JOIN_INTERVAL: Final = 1.0
"""Seconds between attempts to open a channel while Redis is away."""
SEND: Final = """
local now = redis.call('TIME')
local at = now[1] + now[2] / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at - ARGV[2])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.6f', at), ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""
"""One way there and back; the layer's own `send` takes four."""
TIDY: Final = """
local now = redis.call('TIME')
return redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now[1] + now[2] / 1000000 - ARGV[1])
"""

logger = logging.getLogger(__name__)


class NotSent(RedisConnectionError):
    """Redis could not be reached: surely nothing was sent."""


class CommandLists(RedisChannelLayer):  # type: ignore[misc]  # channels_redis has no types
    """The lists of one Redis."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._listening: set[str] = set()
        """Lists in which nothing is older than it may be."""

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Append a message. Raises ChannelFull, NotSent (it was not), RedisError, OSError (who knows)."""
        key, content = self.prefix + channel, self.serialize(message)
        pool = self.connection(0).connection_pool
        try:
            connection = await pool.get_connection()
        except (RedisError, OSError) as error:
            raise NotSent(str(error)) from error
        try:
            capacity = self.get_capacity(channel)
            await connection.send_command("EVAL", SEND, 1, key, content, self.expiry, capacity)
            taken = await connection.read_response()
        except BaseException:
            await connection.disconnect(nowait=True)  # an answer may still come: for nobody
            raise
        finally:
            await pool.release(connection)
        if not taken:
            raise ChannelFull

    async def receive(self, channel: str) -> dict[str, Any]:
        """Wait for the next message; whoever is canceled puts back what came at that moment."""
        key = self.prefix + channel
        redis = self.connection(0)
        if key not in self._listening:
            await redis.eval(TIDY, 1, key, self.expiry)
            self._listening.add(key)
        while True:
            popping = asyncio.ensure_future(redis.bzpopmin(key, timeout=POP_SECONDS))
            try:
                popped = await asyncio.shield(popping)
            except asyncio.CancelledError:
                self._listening.discard(key)
                await self._put_back(key, popping)
                raise
            except (RedisError, OSError):
                self._listening.discard(key)
                raise
            if popped is not None:
                message: dict[str, Any] = self.deserialize(popped[1])
                return message

    async def _put_back(self, key: str, popping: asyncio.Future[Any]) -> None:
        try:
            popped = await popping
            if popped is not None:
                await self.connection(0).zadd(key, {popped[1]: popped[2]})
        except (RedisError, OSError) as error:
            logger.warning("%s: what came last may be lost: %s", key, error)


class RedisLayer:
    """All that our processes send each other. The settings are channels_redis'."""

    def __init__(
        self, hosts: list[dict[str, Any]], *, capacity: int, expiry: int, prefix: str = "asgi"
    ) -> None:
        never_forget_a_cancel()
        self._capacity = capacity
        options: dict[str, Any] = {"capacity": capacity, "expiry": expiry, "prefix": prefix}
        self._lists = [CommandLists(hosts=[host], **options) for host in hosts]
        self._published = RedisPubSubChannelLayer(
            hosts=hosts, prefix=f"{prefix}.{_database(hosts[0])}."
        )

    def lists_of(self, channel: str) -> CommandLists:
        """The Redis that a market's commands wait in."""
        return self._lists[crc32(channel.encode()) % len(self._lists)]

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Send to an engine, or to a channel of `new_channel`. Raises as CommandLists.send."""
        if _is_command(channel):
            await self.lists_of(channel).send(channel, message)
        else:
            await self._published.send(channel, message)

    async def receive(self, channel: str) -> dict[str, Any]:
        """Wait for the next message."""
        where = self.lists_of(channel) if _is_command(channel) else self._published
        message: dict[str, Any] = await where.receive(channel)
        return message

    async def new_channel(self) -> str:
        """A channel of this process; waits until Redis is there."""
        while True:
            try:
                channel: str = await self._published.new_channel()
            except (RedisError, OSError) as error:
                logger.warning("waiting for Redis: %s", error)
                await asyncio.sleep(JOIN_INTERVAL)
            else:
                # Its own queue grows without an end.
                self._published.channels[channel] = BoundedQueue(self._capacity)
                return channel

    async def group_add(self, group: str, channel: str) -> None:
        """Let a channel of this process hear a group."""
        await self._published.group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        """Let it hear the group no more."""
        await self._published.group_discard(group, channel)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send to all who hear a group now."""
        await self._published.group_send(group, message)

    async def flush(self) -> None:
        """Forget all messages, and close all connections."""
        for lists in self._lists:
            await lists.flush()
        await self._published.flush()


def _is_command(channel: str) -> bool:
    return channel.startswith("engine.")


def _database(host: dict[str, Any]) -> int:
    settings = parse_url(host["address"]) if "address" in host else host
    return int(settings.get("db", 0))


class _OneLine(logging.Filter):
    """channels_redis logs a traceback each second while Redis is away; a line says as much."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, RedisError | OSError):
            record.msg, record.args, record.exc_info = "Redis does not answer: %s", (error,), None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


logging.getLogger("channels_redis.pubsub").addFilter(_OneLine())
