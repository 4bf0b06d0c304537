"""A book of bob's, and alice before the screen."""

from collections.abc import AsyncIterator

import pytest

from clients import ExchangeClient
from tests.clients.stand_in import StandIn
from tests.clients.watch.person import Person, screen


@pytest.fixture
async def a_book(exchange: StandIn, bob: ExchangeClient) -> None:
    """Bob's: 2 at 99 and 1 at 100, 0.5 at 101 and 3 at 102."""
    for side, quantity, price in (
        ("buy", "2", "99"),
        ("buy", "1", "100"),
        ("sell", "0.5", "101"),
        ("sell", "3", "102"),
    ):
        await bob.submit_order("BTC-USD", side, quantity, price=price)


@pytest.fixture
async def person(exchange: StandIn, a_book: None) -> AsyncIterator[Person]:
    async with screen(exchange) as person:
        yield person
