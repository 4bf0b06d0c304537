"""A stand-in exchange on a port of its own, and clients that do not wait long."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest_asyncio

from clients import Backoff, ExchangeClient
from tests.clients.stand_in import StandIn

MakeClient = Callable[..., ExchangeClient]


def no_pause() -> Backoff:
    return Backoff(first=0.001, longest=0.002)


def client_of(exchange: StandIn, key: str | None = "alice", **options: object) -> ExchangeClient:
    return ExchangeClient(exchange.url, key, make_backoff=no_pause, **options)  # type: ignore[arg-type]


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
