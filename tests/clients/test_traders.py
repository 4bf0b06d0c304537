"""The traders keep a market alive without flooding it, and outlive what the exchange goes through."""

import asyncio
from decimal import Decimal
from random import Random

import pytest

from clients import (
    BookOutOfStep,
    Busy,
    ExchangeClient,
    ExchangeError,
    InsufficientFunds,
    MarketNotOpen,
    NotAuthenticated,
    NotConnected,
    Order,
    OutcomeUnknown,
)
from clients.errors import InvalidOrder
from clients.scripts.demo import Faucet, read_keys, roles
from clients.scripts.make_market import MarketMaker, start_price
from clients.scripts.options import Stop
from clients.scripts.own_orders import OwnOrders
from clients.scripts.quoting import REACH, AnchoredWalk, grid_step, places, plan, quantity_for
from clients.scripts.steady import BROKE_PAUSE, HALTED_PAUSE, REFUSED_PAUSE, STEP_PAUSE, keep_going
from clients.scripts.trade import RandomTrader
from tests.clients.stand_in import StandIn
from tests.clients.stand_in.rows import problem


def an_order(id: str, side: str, price: int, status: str = "open") -> Order:
    return Order.from_json(
        {
            "id": id,
            "side": side,
            "price": str(price),
            "status": status,
            "market": "BTC-USD",
            "type": "limit",
            "time_in_force": "gtc",
            "quantity": "1",
            "remaining_quantity": "1",
            "filled_quantity": "0",
        }
    )


# Where orders belong


def test_the_grid_lies_on_round_numbers_of_ticks() -> None:
    assert grid_step(Decimal(64000), Decimal("0.01")) == 10
    assert grid_step(Decimal(3400), Decimal("0.01")) == Decimal("0.5")
    assert grid_step(Decimal(150), Decimal("0.01")) == Decimal("0.02")
    assert grid_step(Decimal(1), Decimal("0.01")) == Decimal("0.01")


def test_places_lie_on_both_sides_of_the_centre_and_never_meet() -> None:
    found = places(Decimal(104), Decimal(10), 2)

    assert [(side, int(price)) for side, price in found] == [
        ("buy", 100),
        ("sell", 110),
        ("buy", 90),
        ("sell", 120),
    ]


def test_only_what_is_out_of_place_is_canceled_and_only_what_is_missing_submitted() -> None:
    own = {o.id: o for o in (an_order("1", "buy", 100), an_order("2", "buy", 100))}
    own["3"] = an_order("3", "sell", 140)

    changes = plan(places(Decimal(104), Decimal(10), 2), own, limit=2)

    assert changes.cancel == ("2", "3")
    assert changes.submit == (("sell", Decimal(110)), ("buy", Decimal(90)))


def test_the_walk_never_leaves_the_reach_of_its_anchor() -> None:
    anchor = Decimal(64000)
    walk = AnchoredWalk(Decimal(60000), anchor, Random(1), volatility=0.02)

    prices = [walk.step() for _ in range(2000)]

    bound = Decimal(str(REACH))
    assert all(abs(price / anchor - 1) <= bound for price in prices)
    assert min(prices) < anchor < max(prices)


async def test_quantities_are_whole_lots_within_the_market_s_limits(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    exchange.markets["BTC-USD"].row.update(lot_size="0.001", min_notional="10", max_quantity="2")
    market = await alice.market("BTC-USD")

    assert quantity_for(market, Decimal(100), Decimal(55)) == Decimal("0.55")
    assert quantity_for(market, Decimal(3000), Decimal(1)) == Decimal("0.004")
    assert quantity_for(market, Decimal(1), Decimal(1000)) == 2


# What is open


def test_an_order_that_ended_never_comes_back() -> None:
    own = OwnOrders()
    own.put(an_order("1", "buy", 1))
    own.put(an_order("1", "buy", 1, "filled"))

    own.put(an_order("1", "buy", 1))

    assert own.of("BTC-USD") == {}


# One step


@pytest.fixture
def own() -> OwnOrders:
    return OwnOrders()


@pytest.fixture
async def maker(alice: ExchangeClient, own: OwnOrders) -> MarketMaker:
    walk = AnchoredWalk(Decimal(64000), Decimal(64000), Random(2), volatility=0.001)
    return MarketMaker(alice, await alice.market("BTC-USD"), own, walk, Random(2))


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


# Going on


async def going(*results: ExchangeError | None) -> tuple[list[float], list[str]]:
    """Run steps with these results; gives the pauses and what was told."""
    left = list(results)
    pauses: list[float] = []
    told: list[str] = []

    async def step() -> None:
        if not left:
            raise asyncio.CancelledError
        result = left.pop(0)
        if result is not None:
            raise result

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    with pytest.raises(asyncio.CancelledError):
        await keep_going("maker", step, lambda: 2.0, tell=told.append, sleep=sleep)
    return pauses, told


@pytest.mark.parametrize(
    ("error", "least"),
    [
        (Busy({}, retry_after=7.0), 2.0 + 7.0),
        (MarketNotOpen({}), 2.0 + HALTED_PAUSE),
        (InsufficientFunds({}), 2.0 + BROKE_PAUSE),
        (BookOutOfStep("BTC-USD", "not connected"), 2.0 + STEP_PAUSE),
        (InvalidOrder({}), 2.0 + REFUSED_PAUSE),
        (NotConnected("nobody there"), 2.0 + 0.25),
        (OutcomeUnknown("1", 6, ValueError()), 2.0 + 0.25),
    ],
)
async def test_what_passes_is_waited_for(error: ExchangeError, least: float) -> None:
    pauses, told = await going(None, error, error, None)

    assert pauses[0] == pauses[3] == 2.0
    assert min(pauses[1:3]) >= least
    assert told == [f"maker: {error}", "maker: goes on"]


async def test_pauses_grow_while_the_exchange_is_away() -> None:
    pauses, _ = await going(*[NotConnected("nobody there")] * 12)

    assert pauses[-1] >= 2.0 + 5.0
    assert max(pauses) <= 2.0 + 10.0


async def test_a_key_that_is_not_known_ends_it() -> None:
    async def step() -> None:
        raise NotAuthenticated({})

    with pytest.raises(NotAuthenticated):
        await keep_going("maker", step, lambda: 2.0)


async def test_the_faucet_is_asked_once_a_minute_at_the_most(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    exchange.refusals.extend([problem("insufficient_funds")] * 3)

    async def step() -> None:
        await alice.submit_order("BTC-USD", "buy", 1, price=1)

    behind = Faucet(alice).behind(step)
    for _ in range(3):
        with pytest.raises(InsufficientFunds):
            await behind()

    assert exchange.requests.count(("POST", "faucet")) == 1


def test_keys_say_who_makes_markets_and_who_takes() -> None:
    keys = read_keys('{"demo-taker-1": "a", "demo-maker": "b"}')

    assert roles(keys) == ({"demo-maker": "b"}, {"demo-taker-1": "a"})
    assert roles({"x": "a", "y": "b"}) == ({"x": "a"}, {"y": "b"})
    for text in ("", "[]", "{}", '{"a": 1}'):
        with pytest.raises(Stop, match="EXCHANGE_DEMO_KEYS"):
            read_keys(text)
