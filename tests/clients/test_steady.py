"""A trader goes on through whatever passes, never spins, and says what it waits for once."""

import asyncio

import pytest

from clients import (
    BookOutOfStep,
    Busy,
    ExchangeClient,
    ExchangeError,
    InsufficientFunds,
    LiveBook,
    MarketNotOpen,
    NotAuthenticated,
    NotConnected,
    OutcomeUnknown,
)
from clients.errors import InvalidOrder
from clients.scripts.demo import Faucet, read_keys, roles
from clients.scripts.options import Stop
from clients.scripts.steady import (
    BROKE_PAUSE,
    HALTED_PAUSE,
    REFUSED_PAUSE,
    STEP_PAUSE,
    NotTrading,
    keep_going,
    wait_until_open,
)
from tests.clients.conftest import until_it_is
from tests.clients.stand_in import StandIn
from tests.clients.stand_in.rows import problem

# While a market is not open


async def test_whoever_waits_for_a_market_goes_on_when_it_is_open(
    exchange: StandIn, book: LiveBook
) -> None:
    told: list[str] = []
    await exchange.set_status("BTC-USD", "halted")
    await until_it_is(book, "halted")

    waiting = asyncio.create_task(wait_until_open(book, tell=told.append))
    await exchange.set_status("BTC-USD", "auction")
    await until_it_is(book, "auction")
    assert not waiting.done()
    await exchange.set_status("BTC-USD", "open")
    await asyncio.wait_for(waiting, 5)

    assert told[-1] == "BTC-USD: goes on"
    assert "BTC-USD is in an auction: waiting until it is open" in told


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
        (NotTrading("the market is halted"), 2.0 + HALTED_PAUSE),
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
