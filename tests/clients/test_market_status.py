"""A followed book says what its market does, on the same connection: open, halted, closed, auction.

In an auction bids and asks may overlap, and the book is as true as ever.
"""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from clients import Auction, ExchangeClient, LiveBook, MarketStatus, UnexpectedAnswer
from tests.clients.conftest import until_it_is
from tests.clients.stand_in import StandIn

AUCTION = {
    "indicative_price": "100.5",
    "indicative_volume": "2",
    "surplus": "0.5",
    "surplus_side": "buy",
    "ends_at": "2026-11-22T07:01:00.000000Z",
}


async def test_the_status_is_there_with_the_first_book(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    exchange.markets["ETH-USD"].row["status"] = "halted"

    btc, eth = await alice.local_book("BTC-USD"), await alice.local_book("ETH-USD")

    assert btc.status is not None
    assert eth.status is not None
    assert (btc.status.status, btc.status.is_open, btc.status.auction) == ("open", True, None)
    assert (eth.status.status, eth.status.is_open) == ("halted", False)


async def test_it_follows_what_the_operator_does(exchange: StandIn, book: LiveBook) -> None:
    for status in ("halted", "auction", "open", "closed"):
        await exchange.set_status("BTC-USD", status)
        await until_it_is(book, status)

    assert book.in_step


async def test_an_auction_says_what_it_would_come_to(
    exchange: StandIn, alice: ExchangeClient, book: LiveBook
) -> None:
    await exchange.set_status("BTC-USD", "auction", **AUCTION)
    await until_it_is(book, "auction")

    assert book.status is not None
    now = book.status.auction
    assert isinstance(now, Auction)
    assert (now.indicative_price, now.indicative_volume) == (Decimal("100.5"), Decimal(2))
    assert (now.surplus, now.surplus_side) == (Decimal("0.5"), "buy")
    assert now.ends_at == datetime(2026, 11, 22, 7, 1, tzinfo=UTC)
    market = await alice.market("BTC-USD")
    assert (market.status, market.auction) == ("auction", now)


async def test_an_overlapping_book_stays_in_step(
    exchange: StandIn, alice: ExchangeClient, bob: ExchangeClient, book: LiveBook
) -> None:
    await exchange.set_status("BTC-USD", "auction", **AUCTION)

    await alice.submit_order("BTC-USD", "buy", 1, price=102)
    await bob.submit_order("BTC-USD", "sell", 1, price=100)

    await book.wait_for_sequence(exchange.markets["BTC-USD"].sequence, 5)
    book.book.check()
    assert (book.spread, book.mid) == (Decimal(-2), Decimal(101))
    assert (await alice.book("BTC-USD")).verified().same_levels(book.book)


async def test_without_a_connection_nothing_is_known(
    exchange: StandIn, alice: ExchangeClient, book: LiveBook
) -> None:
    port = int(exchange.url.rpartition(":")[2])

    await exchange.stop()
    await until_it_is(book, None)
    await exchange.start(port)
    exchange.markets["BTC-USD"].row["status"] = "halted"

    await until_it_is(book, "halted")


async def test_a_status_that_cannot_be_read_does_the_book_no_harm(
    exchange: StandIn, alice: ExchangeClient, book: LiveBook
) -> None:
    await exchange.set_status("BTC-USD", "auction", indicative_volume="much")
    await alice.submit_order("BTC-USD", "buy", 1, price=100)

    await book.wait_for_sequence(1, 5)
    assert book.resyncs == 0
    with pytest.raises(UnexpectedAnswer, match="indicative_volume of an auction"):
        await alice.market("BTC-USD")


async def test_the_channel_can_be_followed_alone(exchange: StandIn, alice: ExchangeClient) -> None:
    events = alice.public_events("status", ["BTC-USD"])

    first = MarketStatus.from_json((await anext(events))["data"])
    await exchange.set_status("BTC-USD", "closed")
    second = MarketStatus.from_json((await anext(events))["data"])
    await events.aclose()

    assert [first.status, second.status] == ["open", "closed"]
