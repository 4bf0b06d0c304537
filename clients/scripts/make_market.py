"""make-market: keep a two-sided book of resting orders around a slowly moving price.

Rules:
- It cancels its leftovers at the start and its orders at the end, and has at most `levels` orders a
  side. Its orders are post-only: it never takes. In an auction, where nobody does and post-only
  is refused, they are plain ones. While the market is halted or closed it waits.
- It begins at the market's last price, else the middle of its book, else `--price`.
- It follows its own orders by the private stream, so it asks the exchange for nothing twice.
"""

import argparse
from decimal import Decimal
from random import Random

from clients.client import ExchangeClient
from clients.errors import (
    ExchangeError,
    InsufficientFunds,
    InvalidOrder,
    NotFound,
    OrderNotOpen,
    PostOnlyWouldTake,
    PriceOutOfBand,
)
from clients.live_book import LiveBook
from clients.order_request import OrderRequest
from clients.records import Market, Order
from clients.scripts.options import Stop, need_key, number, whole
from clients.scripts.own_orders import OwnOrders
from clients.scripts.quoting import AnchoredWalk, grid_step, places, plan, quantity_for
from clients.scripts.steady import in_auction, keep_going, run_together, say

LEVELS = 20
"""Orders a side."""

EVERY = 2.0
"""Seconds between two looks at the orders."""

VOLATILITY = 0.0002
"""The standard deviation of one step of the walk, as a ratio of the price."""

NOTIONAL = Decimal(2000)
"""What one level is worth on average, in the quote asset."""

CHANGES = 2 * LEVELS
"""Submissions in one step at the most."""

PASSING = (PostOnlyWouldTake, PriceOutOfBand, InvalidOrder)
"""Refusals of single orders that the next step's prices may well avoid."""


class MarketMaker:
    """Keeps one market's orders of one account where they belong; `walk` may be shared."""

    def __init__(
        self,
        exchange: ExchangeClient,
        market: Market,
        book: LiveBook,
        own: OwnOrders,
        walk: AnchoredWalk,
        random: Random,
        *,
        levels: int = LEVELS,
        notional: Decimal = NOTIONAL,
    ) -> None:
        self._exchange = exchange
        self._market = market
        self._book = book
        self._own = own
        self._walk = walk
        self._random = random
        self._levels = levels
        self._notional = notional
        self._step = grid_step(walk.anchor, market.tick_size)

    async def step(self) -> None:
        """Walk, cancel what is out of place, submit what is missing; raises what goes wrong."""
        post_only = not in_auction(self._book)
        wanted = places(self._walk.step(), self._step, self._levels)
        changes = plan(wanted, self._own.of(self._market.symbol), limit=CHANGES)
        for id in changes.cancel:
            await self._cancel(id)
        if changes.submit:
            await self._submit(
                [self._request(side, price, post_only) for side, price in changes.submit]
            )

    async def _cancel(self, id: str) -> None:
        try:
            self._own.put(await self._exchange.cancel_order(id))
        except (OrderNotOpen, NotFound):
            self._own.drop(id)

    async def _submit(self, requests: list[OrderRequest]) -> None:
        failures = []
        for result in await self._exchange.submit_orders(requests):
            if isinstance(result, Order):
                self._own.put(result)
            elif not isinstance(result, PASSING):
                failures.append(result)
        if failures:
            short = [failure for failure in failures if isinstance(failure, InsufficientFunds)]
            raise (short or failures)[0]

    def _request(self, side: str, price: Decimal, post_only: bool) -> OrderRequest:
        share = Decimal(self._random.randrange(40, 200)) / 100
        return OrderRequest(
            market=self._market.symbol,
            side=side,
            price=price,
            quantity=quantity_for(self._market, price, self._notional * share),
            post_only=post_only,
        )


async def follow_own_orders(exchange: ExchangeClient, own: OwnOrders) -> None:
    """Keep `own` true for as long as it runs."""
    async for event in exchange.private_events(["orders"]):
        own.take(event)


async def start_price(exchange: ExchangeClient, market: str) -> Decimal | None:
    """Return the market's last price, else the middle of its book, else None."""
    ticker = await exchange.ticker(market)
    if ticker.last:
        return ticker.last
    book = await exchange.book(market, depth=1)
    if book.bids and book.asks:
        return (book.bids[0].price + book.asks[0].price) / 2
    return None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the market and the shape of the book."""
    parser.add_argument("market", help="such as BTC-USD")
    parser.add_argument("--price", type=number, help="where to begin in a market without a price")
    parser.add_argument("--levels", type=whole, default=LEVELS, help=f"orders a side ({LEVELS})")
    parser.add_argument(
        "--notional", type=number, default=NOTIONAL, help=f"a level's worth ({NOTIONAL})"
    )
    parser.add_argument("--every", type=number, default=Decimal(2), help="seconds a step (2)")
    parser.add_argument("--seed", type=int, help="of the chance in it")


async def main(args: argparse.Namespace) -> int:
    """Make the market until interrupted."""
    random = Random(args.seed)  # noqa: S311 - a walk, not a secret
    async with ExchangeClient(args.url, need_key(args)) as exchange:
        market = await exchange.market(args.market)
        price = await start_price(exchange, market.symbol) or args.price
        if price is None:
            raise Stop(f"{market.symbol} has no price yet: say where to begin with --price")
        leftovers = await exchange.cancel_all(market.symbol)
        say(f"{market.symbol}: {len(leftovers)} leftovers canceled; making a market at {price}")
        own = OwnOrders()
        book = await exchange.local_book(market.symbol, timeout=0)
        walk = AnchoredWalk(price, price, random, volatility=VOLATILITY)
        maker = MarketMaker(
            exchange, market, book, own, walk, random, levels=args.levels, notional=args.notional
        )
        try:
            await run_together(
                follow_own_orders(exchange, own),
                keep_going(market.symbol, maker.step, lambda: float(args.every)),
            )
        finally:
            await _tidy_up(exchange, market.symbol)
    return 0


async def _tidy_up(exchange: ExchangeClient, market: str) -> None:
    try:
        canceled = await exchange.cancel_all(market)
    except ExchangeError as error:
        say(f"{market}: its orders could not be canceled: {error}")
    else:
        say(f"{market}: {len(canceled)} orders canceled")
