"""A stand-in exchange on a port of its own, and clients that do not wait long."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest_asyncio

from clients import Backoff, ExchangeClient, LiveBook
from tests.clients.stand_in import StandIn

PATIENCE = 20.0
"""Seconds after which what was waited for is not going to come."""

MakeClient = Callable[..., ExchangeClient]


def no_pause() -> Backoff:
    return Backoff(first=0.001, longest=0.002)


def client_of(exchange: StandIn, key: str | None = "alice", **options: object) -> ExchangeClient:
    return ExchangeClient(exchange.url, key, make_backoff=no_pause, **options)  # type: ignore[arg-type]


async def until_it_is(book: LiveBook, status: str | None) -> None:
    """Wait until the book's market is known to have this status, or (None) nothing is known."""
    async with asyncio.timeout(PATIENCE):
        while (book.status and book.status.status) != status:
            await book.changed()


@pytest_asyncio.fixture
async def exchange() -> AsyncIterator[StandIn]:
    async with StandIn() as stand_in:
        stand_in.add_market("BTC-USD")
        stand_in.add_market("ETH-USD")
        yield stand_in


@pytest_asyncio.fixture
async def alice(exchange: StandIn) -> AsyncIterator[ExchangeClient]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(client_of(exchange, "alice"))


@pytest_asyncio.fixture
async def bob(exchange: StandIn) -> AsyncIterator[ExchangeClient]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(client_of(exchange, "bob"))


@pytest_asyncio.fixture
async def book(alice: ExchangeClient) -> LiveBook:
    return await alice.local_book("BTC-USD")
