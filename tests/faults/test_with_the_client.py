"""The Python client comes through every fault: its book is verified again, and no order is doubled."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from clients import Backoff, ExchangeClient
from tests.drivers.exchange import ExchangeDriver, Trader
from tests.faults.conftest import JSON, set_faults, turn_off

PATIENCE = 30.0
ORDERS = 12
BOOK_FAULTS: list[JSON] = [
    {"drop": "0.4"},
    {"duplicate": "0.5"},
    {"reorder": "0.4"},
    {"corrupt_checksum": "0.3"},
    {"delay_ms": 30, "jitter_ms": 60},
    {"cut_seconds": 1},
    {"drop": "0.2", "duplicate": "0.2", "reorder": "0.2", "corrupt_checksum": "0.1"},
]
ORDER_FAULTS: list[JSON] = [
    {"rate_limited": "0.3"},
    {"unavailable": "0.15"},
    {"time_out": "0.3", "time_out_seconds": 1},
    {"cut_seconds": 1, "delay_ms": 100},
    {"rate_limited": "0.1", "unavailable": "0.1", "time_out": "0.2", "time_out_seconds": 1},
]


def named(plan: JSON) -> str:
    return "+".join(name for name in plan if name != "time_out_seconds")


@pytest.fixture
def market(exchange: ExchangeDriver) -> str:
    return exchange.new_market(update_interval_ms=0)


@pytest.fixture
def alice(exchange: ExchangeDriver, market: str) -> Trader:
    return exchange.traders(market, 1)[0]


def client_of(alice: Trader, path: str, **options: Any) -> ExchangeClient:
    """The client, given nothing but the address that suffers the plan."""

    def no_pause() -> Backoff:
        return Backoff(first=0.001, longest=0.01)

    return ExchangeClient(
        f"{alice.exchange.url}{path}", alice.key, make_backoff=no_pause, **options
    )


@pytest.mark.parametrize("plan", BOOK_FAULTS, ids=named)
async def test_its_book_heals_and_is_never_wrong_while_it_may_be_read(
    exchange: ExchangeDriver, market: str, alice: Trader, plan: JSON
) -> None:
    path = await asyncio.to_thread(set_faults, alice, seed=3, **plan)
    quiet = await asyncio.to_thread(alice.another_key, "read", "trade")
    truth: dict[int, int] = {}

    async with client_of(alice, path) as client:
        book = await client.local_book(market)
        for price in range(1, ORDERS + 1):
            await asyncio.to_thread(quiet.place, market, "buy", "1", price=str(price))
            await asyncio.to_thread(exchange.settle, market)
            shown = await asyncio.to_thread(exchange.book, market)
            truth[shown["sequence"]] = shown["checksum"]
            if book.in_step and book.sequence in truth:
                assert book.checksum == truth[book.sequence]
        await book.wait_for_sequence(max(truth), PATIENCE)

        assert book.checksum == truth[max(truth)]
        assert book.resyncs or not plan.keys() & {"drop", "reorder", "corrupt_checksum"}
        assert len(book.bids()) == ORDERS
        await asyncio.to_thread(turn_off, alice)
        await asyncio.to_thread(quiet.place, market, "buy", "1", price="100")
        await book.wait_for_sequence(max(truth) + 1, PATIENCE)
        assert book.best_bid is not None
        assert book.best_bid.price == Decimal(100)


@pytest.mark.parametrize("orders_by", ["socket", "rest"])
@pytest.mark.parametrize("plan", ORDER_FAULTS, ids=named)
async def test_its_orders_are_all_placed_and_none_is_doubled(
    market: str, alice: Trader, plan: JSON, orders_by: str
) -> None:
    path = await asyncio.to_thread(set_faults, alice, seed=4, **plan)

    async with client_of(alice, path, orders_by=orders_by, attempts=20) as client:
        orders = await asyncio.gather(
            *(
                client.submit_order(market, "buy", "1", price=price)
                for price in range(1, ORDERS + 1)
            )
        )

    assert [order.price for order in orders] == [Decimal(price) for price in range(1, ORDERS + 1)]
    await asyncio.to_thread(turn_off, alice)
    rows = (await asyncio.to_thread(alice.http.get, "orders", params={"limit": 100})).json()
    assert sorted(row["id"] for row in rows["results"]) == sorted(order.id for order in orders)
