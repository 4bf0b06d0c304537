"""demo: the demo's traders in one process: makers with two-sided books, and takers.

Rules:
- Keys come from EXCHANGE_DEMO_KEYS, a JSON object of name and key. Names with "maker" in
  them make markets; where there is none, the first name does. All others trade.
- All makers of a market share one price, so that they never trade with each other for ever.
- It outlives restarts of the exchange, `busy`, halts, auctions and empty pockets (a faucet is asked, where
  there is one), and sends a few orders a second in all. It cancels its leftovers at the start.
"""

import argparse
import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from clients.client import ExchangeClient
from clients.errors import (
    InsufficientFunds,
    NotConnected,
    NotFound,
    Refused,
    TryLater,
    Unanswered,
)
from clients.live_book import LiveBook
from clients.records import Market
from clients.retry import Backoff
from clients.scripts.make_market import (
    EVERY,
    VOLATILITY,
    MarketMaker,
    follow_own_orders,
    start_price,
)
from clients.scripts.options import Stop
from clients.scripts.own_orders import OwnOrders
from clients.scripts.quoting import REACH, AnchoredWalk
from clients.scripts.steady import keep_going, run_together, say
from clients.scripts.trade import RandomTrader

T = TypeVar("T")

Step = Callable[[], Awaitable[None]]

KEYS = "EXCHANGE_DEMO_KEYS"

ANCHORS = {"BTC-USD": Decimal(64000), "ETH-USD": Decimal(3400), "SOL-USD": Decimal(150)}
"""Where the demo's prices belong."""

MARKETS = ",".join(ANCHORS)

TRADE_EVERY = 4.0
"""Seconds between two orders of takers in one market, on average."""

FAUCET_EVERY = 60.0
"""Seconds between two requests for play money at the least, an account."""

PARENT_LOOK = 1.0
"""Seconds between two looks at whether the parent process still lives."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the markets."""
    parser.add_argument("--markets", default=MARKETS, help=f"comma-separated ({MARKETS})")
    parser.add_argument("--seed", type=int, help="of the chance in it")
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="end when the starting process has ended"
    )


async def main(args: argparse.Namespace) -> int:
    """Run all traders until interrupted."""
    random = Random(args.seed)  # noqa: S311 - a game, not a secret
    makers, takers = roles(read_keys(os.environ.get(KEYS, "")))
    symbols = [symbol for symbol in args.markets.split(",") if symbol]
    async with AsyncExitStack() as stack:
        clients = {
            name: await stack.enter_async_context(ExchangeClient(args.url, key))
            for name, key in {**makers, **takers}.items()
        }
        first = next(iter(clients.values()))
        markets = [await patiently(first.market, symbol) for symbol in symbols]
        for exchange in clients.values():
            await patiently(exchange.cancel_all)
        walks = {market.symbol: await _walk(first, market, random) for market in markets}
        say(f"demo: {', '.join(walks)}; makers: {', '.join(makers)}; takers: {', '.join(takers)}")
        books = {m.symbol: await first.local_book(m.symbol, timeout=0) for m in markets}
        works: list[Coroutine[Any, Any, None]] = []
        for name in makers:
            works += _maker(name, clients[name], markets, books, walks, random, 1 / len(makers))
        for name in takers:
            pace = TRADE_EVERY * len(takers)
            for market in markets:
                trader = RandomTrader(clients[name], market, books[market.symbol], random)
                works.append(_taker(name, clients[name], market, trader, pace))
        if args.exit_with_parent:
            works.append(_end_with(os.getppid()))
        await run_together(*works)
    return 0


def read_keys(text: str) -> dict[str, str]:
    """Read EXCHANGE_DEMO_KEYS; raises Stop."""
    try:
        keys = json.loads(text)
    except ValueError:
        keys = None
    if not isinstance(keys, dict) or not keys or not all(isinstance(k, str) for k in keys.values()):
        raise Stop(
            f'set {KEYS} to a JSON object such as {{"maker": "key", "alice": "key"}}', code=2
        )
    return keys


def roles(keys: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the makers' and the takers' keys, by name."""
    makers = {name: key for name, key in keys.items() if "maker" in name}
    if not makers:
        first = next(iter(keys))
        makers = {first: keys[first]}
    return makers, {name: key for name, key in keys.items() if name not in makers}


def _maker(
    name: str,
    exchange: ExchangeClient,
    markets: list[Market],
    books: Mapping[str, LiveBook],
    walks: Mapping[str, AnchoredWalk],
    random: Random,
    share: float,
) -> list[Coroutine[Any, Any, None]]:
    own = OwnOrders()
    faucet = Faucet(exchange)
    follow = keep_going(f"{name} orders", lambda: follow_own_orders(exchange, own), lambda: 1.0)
    works: list[Coroutine[Any, Any, None]] = [follow]
    for market in markets:
        book, walk = books[market.symbol], walks[market.symbol]
        maker = MarketMaker(exchange, market, book, own, walk, random)
        step = faucet.behind(maker.step)
        works.append(keep_going(f"{name} {market.symbol}", step, lambda: EVERY / share))
    return works


async def _taker(
    name: str, exchange: ExchangeClient, market: Market, trader: RandomTrader, pace: float
) -> None:
    step = Faucet(exchange).behind(trader.step)
    await asyncio.sleep(trader.pause(pace))
    await keep_going(f"{name} {market.symbol}", step, lambda: trader.pause(pace))


class Faucet:
    """Asks for play money when a step runs out of funds, at a bounded rate."""

    def __init__(self, exchange: ExchangeClient) -> None:
        self._exchange = exchange
        self._asked_at: float | None = None

    def behind(self, step: Step) -> Step:
        """Return the step with a faucet behind it."""

        async def tried() -> None:
            try:
                await step()
            except InsufficientFunds:
                await self._ask()
                raise

        return tried

    async def _ask(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._asked_at is not None and now - self._asked_at < FAUCET_EVERY:
            return
        self._asked_at = now
        with suppress(Refused, NotConnected, Unanswered):  # no faucet: the others trade on
            await self._exchange.faucet()


async def patiently(ask: Callable[..., Awaitable[T]], *args: Any) -> T:
    """Ask until the exchange is there and answers; other refusals are raised."""
    backoff = Backoff(first=0.5, longest=5.0)
    while True:
        try:
            return await ask(*args)
        except (NotConnected, Unanswered, TryLater, NotFound) as error:
            if backoff.failures == 0:
                say(f"demo: waiting: {error}")
            await asyncio.sleep(backoff.pause(getattr(error, "retry_after", None)))


async def _walk(exchange: ExchangeClient, market: Market, random: Random) -> AnchoredWalk:
    anchor = ANCHORS.get(market.symbol, Decimal(100))
    price = await patiently(start_price, exchange, market.symbol) or anchor
    if abs(price / anchor - 1) > Decimal(str(REACH)):
        anchor = price
    return AnchoredWalk(price, anchor, random, volatility=VOLATILITY)


async def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        await asyncio.sleep(PARENT_LOOK)
    raise Stop("the process that started the demo has ended", code=0)
