"""trade: a random trader that takes from the book, and sometimes rests in it.

Rules:
- It reads a verified local book and sends nothing while that is out of step.
- It takes a small quantity as an ioc within SLIP of the best price, never more than the best level
  shows; one time in four it rests an order near the best price instead, RESTING at the most.
- In an auction it rests its orders where they would take. While the market is halted or closed it
  waits.
- It leans against its own position, so that it does not use up one side of its funds.
"""

import argparse
import os
from collections import deque
from decimal import Decimal
from random import Random

from clients.book import Level
from clients.client import ExchangeClient
from clients.decimals import canonical, round_to_step
from clients.errors import InsufficientFunds, NotFound, OrderNotOpen
from clients.live_book import LiveBook
from clients.records import Market, Order
from clients.scripts.options import need_key, number
from clients.scripts.quoting import quantity_for
from clients.scripts.steady import Say, in_auction, keep_going, say

EVERY = Decimal(3)
"""Seconds between two orders on average."""

SLIP = Decimal("0.001")
"""How far over the best price it would pay, as a ratio."""

NOTIONAL = Decimal(300)
"""What one order is worth on average, in the quote asset."""

RESTING = 2
"""Its resting orders at the most."""

REST_SHARE = 0.25
"""The part of its orders that rest."""

LEAN = 0.15
"""How much likelier each order of net position makes the other side."""


class RandomTrader:
    """Trades in one market for one account."""

    def __init__(
        self,
        exchange: ExchangeClient,
        market: Market,
        book: LiveBook,
        random: Random,
        *,
        notional: Decimal = NOTIONAL,
        tell: Say | None = None,
    ) -> None:
        self._exchange = exchange
        self._market = market
        self._book = book
        self._random = random
        self._notional = notional
        self._tell = tell
        self._resting: deque[str] = deque()
        self._position = 0

    async def step(self) -> None:
        """Send one order, or none where the book is empty; raises what goes wrong."""
        self._book.book  # noqa: B018 - raises BookOutOfStep
        auction = in_auction(self._book)
        side = self._side()
        if auction:
            await self._join(side)
        elif self._random.random() < REST_SHARE:
            await self._rest(side)
        else:
            await self._take(side)

    def pause(self, mean: float) -> float:
        """Return seconds to wait, `mean` on average and within bounds."""
        return min(4 * mean, max(mean / 4, self._random.expovariate(1 / mean)))

    def _side(self) -> str:
        likelihood = 0.5 - LEAN * max(-3, min(3, self._position))
        return "buy" if self._random.random() < likelihood else "sell"

    async def _take(self, side: str) -> None:
        best = self._best(_opposite(side))
        if best is None:
            return
        price = self._through(side, best.price)
        order = await self._submit(side, price, time_in_force="ioc", most=best.quantity)
        if order.filled_quantity:
            self._position += 1 if side == "buy" else -1

    async def _rest(self, side: str) -> None:
        best = self._best(side)
        if best is not None:
            await self._submit_resting(side, best.price, post_only=True)

    async def _join(self, side: str) -> None:
        best = self._best(_opposite(side))
        if best is not None:
            await self._submit_resting(side, self._through(side, best.price))

    async def _submit_resting(
        self, side: str, price: Decimal, *, post_only: bool | None = None
    ) -> None:
        while len(self._resting) >= RESTING:
            await self._cancel(self._resting.popleft())
        order = await self._submit(side, price, post_only=post_only)
        if order.is_open:
            self._resting.append(order.id)

    async def _cancel(self, id: str) -> None:
        try:
            await self._exchange.cancel_order(id)
        except (OrderNotOpen, NotFound):
            return

    async def _submit(
        self,
        side: str,
        price: Decimal,
        *,
        time_in_force: str | None = None,
        post_only: bool | None = None,
        most: Decimal | None = None,
    ) -> Order:
        share = Decimal(self._random.randrange(20, 250)) / 100
        quantity = quantity_for(self._market, price, self._notional * share)
        if most is not None:
            quantity = max(min(quantity, most), quantity_for(self._market, price, Decimal(0)))
        try:
            order = await self._exchange.submit_order(
                self._market.symbol,
                side,
                quantity,
                price=price,
                time_in_force=time_in_force,
                post_only=post_only,
            )
        except InsufficientFunds:
            self._position = 3 if side == "buy" else -3  # the other side is affordable
            raise
        if self._tell:
            filled = canonical(order.filled_quantity)
            self._tell(f"{side} {canonical(quantity)} @ {canonical(price)}: filled {filled}")
        return order

    def _best(self, side: str) -> Level | None:
        return self._book.best_bid if side == "buy" else self._book.best_ask

    def _through(self, side: str, best: Decimal) -> Decimal:
        slip = best * SLIP * (1 if side == "buy" else -1)
        return round_to_step(best + slip, self._market.tick_size)


def _opposite(side: str) -> str:
    return "sell" if side == "buy" else "buy"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the market and the pace."""
    parser.add_argument("market", help="such as BTC-USD")
    parser.add_argument(
        "--every", type=number, default=EVERY, help=f"seconds an order on average ({EVERY})"
    )
    parser.add_argument(
        "--notional", type=number, default=NOTIONAL, help=f"an order's worth ({NOTIONAL})"
    )
    parser.add_argument("--seed", type=int, help="of the chance in it")


async def main(args: argparse.Namespace) -> int:
    """Trade until interrupted."""
    random = Random(args.seed)  # noqa: S311 - a game, not a secret
    async with ExchangeClient(args.url, need_key(args)) as exchange:
        market = await exchange.market(args.market)
        book = await exchange.local_book(market.symbol)
        trader = RandomTrader(exchange, market, book, random, notional=args.notional, tell=print)
        say(f"{market.symbol}: trading; Ctrl-C ends it (process {os.getpid()})")
        await keep_going(market.symbol, trader.step, lambda: trader.pause(float(args.every)))
    return 0
