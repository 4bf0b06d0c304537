"""A client that knows several web processes uses one, and goes on at the next when that fails or stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from clients import ExchangeClient, LiveBook
from clients.nodes import Nodes
from tests.clients.conftest import PATIENCE, client_of, no_pause
from tests.clients.stand_in import StandIn

ONE, TWO, THREE = "http://one", "http://two", "https://three:8443"


def test_addresses_come_as_a_list_or_with_commas() -> None:
    assert Nodes(f"{ONE}/, {TWO}").known == Nodes([ONE, TWO]).known == (ONE, TWO)
    assert Nodes([ONE, TWO, ONE]).known == (ONE, TWO)


@pytest.mark.parametrize("urls", ["", "one", "http://one,", "ftp://one", []])
def test_what_is_no_address_is_refused(urls: str | list[str]) -> None:
    with pytest.raises(ValueError, match="URL"):
        Nodes(urls)


def test_the_first_is_used_until_it_fails_then_the_next_round_and_round() -> None:
    nodes = Nodes([ONE, TWO, THREE])
    used = [nodes.current]
    for _ in range(3):
        nodes.failed(nodes.current)
        used.append(nodes.current)

    assert used == [ONE, TWO, THREE, ONE]


def test_several_connections_that_fail_together_move_on_once() -> None:
    nodes = Nodes([ONE, TWO, THREE])

    nodes.failed(ONE)
    nodes.failed(ONE)

    assert nodes.current == TWO


def test_what_the_exchange_names_goes_before_what_was_given_which_stays() -> None:
    nodes = Nodes(ONE)

    nodes.learn([TWO, f"{THREE}/"])

    assert nodes.known == (TWO, THREE, ONE)
    assert nodes.current == ONE


def test_a_node_that_the_exchange_names_no_more_is_left() -> None:
    nodes = Nodes(ONE)
    nodes.learn([TWO, THREE])
    nodes.failed(ONE)
    assert nodes.current == TWO

    nodes.learn([THREE])

    assert nodes.known == (THREE, ONE)
    assert nodes.current == THREE


def test_an_exchange_that_names_nobody_changes_nothing() -> None:
    nodes = Nodes(ONE)

    nodes.learn([])

    assert nodes.known == (ONE,)


@pytest_asyncio.fixture
async def other() -> AsyncIterator[StandIn]:
    """Another exchange: that orders and books of the two differ shows who was asked."""
    async with StandIn() as stand_in:
        stand_in.add_market("BTC-USD")
        yield stand_in


async def until_book_has(book: LiveBook, price: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while not (book.in_step and any(str(bid.price) == price for bid in book.bids())):
            await book.changed()


async def test_orders_books_and_questions_go_on_at_the_next(
    exchange: StandIn, other: StandIn
) -> None:
    urls = f"{exchange.url},{other.url}"
    async with ExchangeClient(urls, "alice", make_backoff=no_pause) as alice:
        await alice.submit_order("BTC-USD", "buy", 1, price=10)
        book = await alice.local_book("BTC-USD")
        assert alice.url == exchange.url

        await exchange.stop()
        await alice.submit_order("BTC-USD", "buy", 1, price=20)

        assert alice.url == other.url
        await until_book_has(book, "20")
        assert [order.price for order in await alice.orders()] == [20]
        await exchange.start(0)


async def test_a_process_that_says_that_it_stops_gets_no_new_orders(
    exchange: StandIn, other: StandIn
) -> None:
    urls = [exchange.url, other.url]
    async with ExchangeClient(urls, "alice", make_backoff=no_pause) as alice:
        await alice.submit_order("BTC-USD", "buy", 1, price=10)
        book = await alice.local_book("BTC-USD")

        for socket in exchange.sockets:
            socket.outbox.append(
                {"channel": "system", "type": "status", "data": {"status": "stopping"}}
            )
            await socket.flush()
        async with asyncio.timeout(PATIENCE):
            while alice.url != other.url:
                await asyncio.sleep(0.01)
        await alice.submit_order("BTC-USD", "buy", 1, price=20)

        await until_book_has(book, "20")
        assert len(other.orders) == 1


async def test_questions_go_on_at_the_next(exchange: StandIn, other: StandIn) -> None:
    async with client_of(exchange, "alice") as alice:
        alice.nodes.learn([other.url])
        alice.nodes.failed(exchange.url)
        await other.stop()

        markets = await alice.markets()

        assert [market.symbol for market in markets] == ["BTC-USD", "ETH-USD"]
        await other.start(0)
