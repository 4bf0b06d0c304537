"""Streams: what the exchange pushes, as async iterators that outlive their connections.

Rules:
- Each iterator has a socket of its own and runs in its reader's task: nothing piles up in memory,
  and what fails is raised where it is read.
- A lost connection is opened again after growing pauses, for ever, at another node where there is one; so is
  one whose node says that it stops. A refusal other than "try
  later" is raised.
- Private events are resumed where they ended: none is missed and none comes twice. Public ones
  begin with a fresh snapshot after each reconnect.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import aclosing
from typing import Any

from clients import market_data, trading
from clients.account_feed import CHANNELS, AccountFeed, PrivateEvent, SequenceGap
from clients.connection import Connection
from clients.errors import ConnectionLost, NotConnected, TryLater
from clients.nodes import Nodes
from clients.retry import Backoff

GAPS = 3
"""How often in a row a gap may come at the same number before it is reported."""

MakeBackoff = Callable[[], Backoff]


async def private_events(
    nodes: Nodes,
    key: str | None,
    channels: Collection[str],
    from_sequence: int | None,
    make_backoff: MakeBackoff,
) -> AsyncGenerator[PrivateEvent, None]:
    """Yield an account's events of `channels`; see `ExchangeClient.private_events`."""
    if unknown := set(channels) - set(CHANNELS):
        raise ValueError(f"unknown private channels: {', '.join(sorted(unknown))}")
    feed = AccountFeed(from_sequence)
    backoff = make_backoff()
    gaps = 0
    while True:
        try:
            async with aclosing(
                _messages(nodes, trading.PATH, key, _private_params(feed))
            ) as messages:
                async for message in messages:
                    for event in feed.receive(message):
                        gaps = 0
                        backoff.succeeded()
                        if event.channel in channels:
                            yield event
        except SequenceGap:
            gaps += 1
            if gaps > GAPS:
                raise
            await asyncio.sleep(backoff.pause())
        except (NotConnected, ConnectionLost, TryLater) as error:
            await asyncio.sleep(backoff.pause(getattr(error, "retry_after", None)))


async def public_events(
    nodes: Nodes, params: Mapping[str, Any], make_backoff: MakeBackoff
) -> AsyncGenerator[dict[str, Any], None]:
    """Yield the messages of one public subscription; see `ExchangeClient.public_events`."""
    backoff = make_backoff()
    while True:
        try:
            async with aclosing(_messages(nodes, market_data.PATH, None, params)) as messages:
                async for message in messages:
                    if message["channel"] == params["channel"]:
                        backoff.succeeded()
                        yield message
        except (NotConnected, ConnectionLost, TryLater) as error:
            await asyncio.sleep(backoff.pause(getattr(error, "retry_after", None)))


def _private_params(feed: AccountFeed) -> dict[str, Any]:
    feed.reconnected()
    params: dict[str, Any] = {"channels": list(CHANNELS)}
    if feed.resume_from is not None:
        params["from_sequence"] = feed.resume_from
    return params


async def _messages(
    nodes: Nodes, path: str, key: str | None, params: Mapping[str, Any]
) -> AsyncGenerator[dict[str, Any], None]:
    connection = await Connection.open_at(nodes, path, key=key)
    try:
        answer = await connection.ask("subscribe", params)
        while True:
            message = await connection.read()
            if answer.done():
                answer.result()
            if connection.is_leaving:
                raise ConnectionLost("the exchange's process stops")
            if "channel" in message:
                yield message
    except (ConnectionLost, TryLater):
        nodes.failed(connection.node)
        raise
    finally:
        await connection.close()
