"""The traders keep a market alive without flooding it, and outlive what the exchange goes through."""

from decimal import Decimal
from random import Random

import pytest

from clients import (
    BookOutOfStep,
    ExchangeClient,
    LiveBook,
    MarketNotOpen,
)
from clients.scripts.make_market import MarketMaker, start_price
from clients.scripts.own_orders import OwnOrders
from clients.scripts.quoting import AnchoredWalk
from clients.scripts.steady import (
    NotTrading,
)
from clients.scripts.trade import RandomTrader
from tests.clients.conftest import until_it_is
from tests.clients.stand_in import StandIn

# One step


@pytest.fixture
def own() -> OwnOrders:
    return OwnOrders()


@pytest.fixture
async def maker(alice: ExchangeClient, book: LiveBook, own: OwnOrders) -> MarketMaker:
    walk = AnchoredWalk(Decimal(64000), Decimal(64000), Random(2), volatility=0.001)
    return MarketMaker(alice, await alice.market("BTC-USD"), book, own, walk, Random(2))


async def test_a_maker_keeps_twenty_levels_a_side(exchange: StandIn, maker: MarketMaker) -> None:
    market = exchange.markets["BTC-USD"]

    for _ in range(10):
        await maker.step()

        bids, asks = market.levels("buy"), market.levels("sell")
        assert (len(bids), len(asks), len(market.orders)) == (20, 20, 40)
        assert Decimal(bids[0][0]) < Decimal(asks[0][0])
    assert market.trades == []


async def test_what_was_canceled_behind_its_back_is_placed_again(
    exchange: StandIn, maker: MarketMaker, own: OwnOrders, alice: ExchangeClient
) -> None:
    events = alice.private_events(["orders"])
    own.take(await anext(events))
    await maker.step()
    await alice.cancel_all()
    while own.of("BTC-USD"):
        own.take(await anext(events))
    await events.aclose()

    await maker.step()

    assert len(exchange.markets["BTC-USD"].orders) == 40


async def test_a_taker_trades_small_and_on_both_sides(
    exchange: StandIn, maker: MarketMaker, alice: ExchangeClient, bob: ExchangeClient
) -> None:
    await maker.step()
    book = await bob.local_book("BTC-USD")
    taker = RandomTrader(bob, await bob.market("BTC-USD"), book, Random(3))

    for _ in range(30):
        await book.wait_for_sequence(exchange.markets["BTC-USD"].sequence)
        await taker.step()

    trades = exchange.markets["BTC-USD"].trades
    assert {trade["taker_side"] for trade in trades} == {"buy", "sell"}
    assert all(Decimal(t["price"]) * Decimal(t["quantity"]) <= 1000 for t in trades)
    assert len(await bob.open_orders()) <= 2
    assert await start_price(bob, "BTC-USD") == Decimal(trades[-1]["price"])


async def test_a_taker_sends_nothing_while_its_book_is_out_of_step(
    exchange: StandIn, bob: ExchangeClient
) -> None:
    book = await bob.local_book("BTC-USD")
    taker = RandomTrader(bob, await bob.market("BTC-USD"), book, Random(3))
    book.feed.disconnected()

    with pytest.raises(BookOutOfStep):
        await taker.step()

    assert exchange.orders == {}


async def test_a_market_without_a_price_begins_in_the_middle_of_its_book(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    assert await start_price(alice, "BTC-USD") is None

    await alice.submit_order("BTC-USD", "buy", 1, price=100)
    await alice.submit_order("BTC-USD", "sell", 1, price=102)

    assert await start_price(alice, "BTC-USD") == 101


# A market that is not open


@pytest.mark.parametrize("status", ["halted", "closed"])
async def test_while_a_market_takes_no_orders_nobody_sends_any(
    exchange: StandIn, maker: MarketMaker, book: LiveBook, alice: ExchangeClient, status: str
) -> None:
    await maker.step()
    taker = RandomTrader(alice, await alice.market("BTC-USD"), book, Random(3))
    await exchange.set_status("BTC-USD", status)
    await until_it_is(book, status)
    sent = len(exchange.requests)

    for step in (maker.step, taker.step):
        with pytest.raises(NotTrading, match=f"the market is {status}"):
            await step()

    assert len(exchange.requests) == sent


async def test_in_an_auction_a_maker_keeps_its_levels_with_plain_orders(
    exchange: StandIn, maker: MarketMaker, book: LiveBook
) -> None:
    market = exchange.markets["BTC-USD"]
    await maker.step()
    assert all(order["post_only"] for order in market.orders)
    await exchange.set_status("BTC-USD", "auction")
    await until_it_is(book, "auction")

    for _ in range(10):
        await maker.step()

        assert (len(market.levels("buy")), len(market.levels("sell"))) == (20, 20)
    assert not all(order["post_only"] for order in market.orders)


async def test_in_an_auction_a_taker_rests_where_it_would_take(
    exchange: StandIn, maker: MarketMaker, book: LiveBook, bob: ExchangeClient
) -> None:
    await maker.step()
    await exchange.set_status("BTC-USD", "auction")
    await until_it_is(book, "auction")
    taker = RandomTrader(bob, await bob.market("BTC-USD"), book, Random(3))

    for _ in range(5):
        await book.wait_for_sequence(exchange.markets["BTC-USD"].sequence)
        await taker.step()

    resting = await bob.open_orders()
    assert len(resting) == 2
    assert {order.time_in_force for order in resting} == {"gtc"}
    await book.wait_for_sequence(exchange.markets["BTC-USD"].sequence)
    assert book.spread is not None
    assert book.spread < 0


async def test_what_is_not_known_yet_is_answered_by_the_exchange_and_waited_for(
    exchange: StandIn, own: OwnOrders, alice: ExchangeClient
) -> None:
    await exchange.set_status("BTC-USD", "halted")
    book = await alice.local_book("BTC-USD")
    walk = AnchoredWalk(Decimal(64000), Decimal(64000), Random(2), volatility=0.001)
    maker = MarketMaker(alice, await alice.market("BTC-USD"), book, own, walk, Random(2))
    book.status = None

    with pytest.raises(MarketNotOpen):
        await maker.step()
