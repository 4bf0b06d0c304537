"""A client's local book follows the exchange by itself, and is never silently stale.

It goes out of step with whatever is lost, says so, refuses to be read, and heals.
"""

import asyncio
from time import monotonic

import pytest

from clients import BookOutOfStep, ExchangeClient, FeedState, LocalBook, NotFound
from clients.feed import STALE_AFTER
from tests.clients.conftest import client_of
from tests.clients.stand_in import StandIn

PATIENCE = 5.0


async def same_as(exchange: StandIn, alice: ExchangeClient, market: str = "BTC-USD") -> LocalBook:
    """The client's book, once it has caught up; it must then be the exchange's."""
    live = await alice.local_book(market)
    await live.wait_for_sequence(exchange.markets[market].sequence, PATIENCE)
    live.book.check()
    assert live.checksum == exchange.markets[market].checksum()
    return live.book


async def test_it_follows_what_happens(exchange: StandIn, alice: ExchangeClient) -> None:
    book = await alice.local_book("BTC-USD")
    assert (book.in_step, book.best_bid, book.sequence) == (True, None, 0)

    await alice.submit_order("BTC-USD", "buy", "1.5", price=100)
    await alice.submit_order("BTC-USD", "sell", 2, price=101)

    await same_as(exchange, alice)
    assert book.spread == 1
    assert book.best_bid == book.bids(1)[0]
    assert book.quantity_at("asks", book.asks()[0].price) == 2


async def test_it_is_the_same_book_when_asked_for_again(alice: ExchangeClient) -> None:
    assert await alice.local_book("BTC-USD") is await alice.local_book("BTC-USD")


async def test_all_books_of_a_client_share_one_socket(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    await asyncio.gather(alice.local_book("BTC-USD"), alice.local_book("ETH-USD"))

    assert len(exchange.sockets) == 1


async def test_an_unknown_market_is_refused(alice: ExchangeClient) -> None:
    with pytest.raises(NotFound):
        await alice.local_book("DOGE-USD")
    assert (await alice.local_book("BTC-USD")).in_step


async def test_a_lost_update_is_healed_by_a_resync(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    book = await alice.local_book("BTC-USD")
    exchange.lose_updates = 1

    await alice.submit_order("BTC-USD", "buy", 1, price=100)
    exchange.heartbeat("BTC-USD")
    await exchange.tell()

    await same_as(exchange, alice)
    assert book.resyncs == 1
    assert ("socket", "resync") in exchange.requests


async def test_a_corrupted_update_is_healed_by_a_resync(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    book = await alice.local_book("BTC-USD")
    exchange.corrupt_updates = 1

    await alice.submit_order("BTC-USD", "buy", 1, price=100)

    await same_as(exchange, alice)
    assert book.resyncs == 1


async def test_a_lost_connection_is_out_of_step_until_the_next_one_has_a_snapshot(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    book = await alice.local_book("BTC-USD")
    states: list[bool] = []

    await exchange.drop_sockets()
    while True:
        await book.changed()
        states.append(book.in_step)
        if book.in_step:
            break

    assert states[0] is False
    await same_as(exchange, alice)


async def test_a_book_survives_a_restart_of_the_exchange(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    book = await alice.local_book("BTC-USD")
    await alice.submit_order("BTC-USD", "buy", 1, price=100)
    port = int(exchange.url.rpartition(":")[2])

    await exchange.stop()
    await exchange.start(port)

    while not book.in_step:
        await book.changed()
    await same_as(exchange, alice)


async def test_a_book_that_is_not_heard_of_is_refused_even_if_nobody_noticed(
    alice: ExchangeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = await alice.local_book("BTC-USD")
    now = monotonic()

    monkeypatch.setattr("clients.live_book.monotonic", lambda: now + STALE_AFTER + 1)

    assert not book.in_step
    with pytest.raises(BookOutOfStep, match="nothing heard for 3 s"):
        book.best_bid  # noqa: B018


async def test_waiting_in_vain_has_an_end(exchange: StandIn) -> None:
    async with client_of(exchange) as alice:
        await exchange.stop()

        with pytest.raises(BookOutOfStep, match="cannot connect"):
            await alice.local_book("BTC-USD", timeout=0.05)

        await exchange.start(0)


async def test_iterating_yields_after_changes(exchange: StandIn, alice: ExchangeClient) -> None:
    book = await alice.local_book("BTC-USD")
    seen: list[int] = []

    async def look() -> None:
        async for now in book:
            seen.append(now.sequence)
            if now.sequence == 3:
                return

    looking = asyncio.create_task(look())
    for price in (100, 99, 98):
        await alice.submit_order("BTC-USD", "buy", 1, price=price)
    await asyncio.wait_for(looking, PATIENCE)

    assert seen == sorted(set(seen))
    assert seen[-1] == 3


async def test_a_crash_in_the_background_is_not_silent(
    exchange: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with client_of(exchange) as alice:
        book = await alice.local_book("BTC-USD")
        monkeypatch.setattr(book.feed, "receive", lambda *_: 1 / 0)
        exchange.heartbeat("BTC-USD")
        await exchange.tell()

        with pytest.raises(ZeroDivisionError):
            await book.wait_for_sequence(1, PATIENCE)


async def test_a_crash_that_nobody_waited_for_is_raised_at_the_end(
    exchange: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = client_of(exchange)
    await alice.__aenter__()
    book = await alice.local_book("BTC-USD")
    monkeypatch.setattr(book.feed, "receive", lambda *_: 1 / 0)
    exchange.heartbeat("BTC-USD")
    await exchange.tell()
    while book.feed.state is not FeedState.OUT_OF_STEP:
        await asyncio.sleep(0)

    with pytest.raises(ZeroDivisionError):
        await alice.__aexit__(None, None, None)


async def test_a_whole_book_by_rest_is_verified_too(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    for price in (100, 99):
        await alice.submit_order("BTC-USD", "buy", 1, price=price)

    snapshot = await alice.book("BTC-USD")
    top = await alice.book("BTC-USD", depth=1)

    assert snapshot.verified().checksum == exchange.markets["BTC-USD"].checksum()
    assert (len(top.bids), top.checksum) == (1, snapshot.checksum)
