"""watch: show a market live on the whole screen, and trade in it with a few keys.

Rules:
- On a terminal a screen (`app`); elsewhere, and with --plain, one line for each change that is seen.
- In an auction it shows the price and the volume that the auction would come to, and what is left over.
- A book that is out of step is never called verified: it says so, and why, until it has healed.
- Without a key one watches; with one, one trades.
"""

import argparse
import asyncio
import os
import sys
from contextlib import suppress

from clients.client import ExchangeClient
from clients.errors import BookOutOfStep
from clients.live_book import LiveBook
from clients.public_client import BOOK_TIMEOUT, PublicClient
from clients.records import Market
from clients.scripts import ladder
from clients.scripts.options import ATTEMPTS, Stop, public_client, whole

DEPTH = 12
"""Levels a side that --once prints."""

FIRST_LOOK = 1.0
"""Seconds that are given to a book to be in step before it is shown to be out of step."""

LOOK_EVERY = 0.5
"""Seconds after which the clock is looked at, whether or not the book changed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the market and how to show it."""
    parser.add_argument("market", nargs="?", help="such as BTC-USD (the first one)")
    depth = f"levels a side of --once ({DEPTH})"
    parser.add_argument("--depth", type=whole, default=DEPTH, help=depth)
    parser.add_argument("--plain", action="store_true", help="one line a change, no screen")
    parser.add_argument("--once", action="store_true", help="show one verified book and exit")


async def main(args: argparse.Namespace) -> int:
    """Show it until interrupted."""
    if not (args.once or args.plain) and _has_screen():
        return await _show(args)
    async with public_client(args) as exchange:
        market = await _market(exchange, args.market)
        book = await exchange.local_book(market.symbol, timeout=0)
        with suppress(BookOutOfStep):  # then it is shown to be
            await book.wait_in_step(BOOK_TIMEOUT if args.once else FIRST_LOOK)
        if args.once:
            print(ladder.plain(book.book, args.depth, book.status))
        else:
            await _print_lines(book)
    return 0


def _has_screen() -> bool:
    """Whether somebody can see a screen and press keys."""
    dumb = os.environ.get("TERM", "") in ("", "dumb")
    return not dumb and all(each.isatty() for each in (sys.stdin, sys.stdout, sys.stderr))


async def _market(exchange: PublicClient, symbol: str | None) -> Market:
    """The market of this name, or the first one."""
    if symbol is not None:
        return await exchange.market(symbol)
    markets = await exchange.markets()
    if not markets:
        raise Stop("the exchange has no market yet")
    return markets[0]


async def _print_lines(book: LiveBook) -> None:
    said = ""
    while True:
        line = _line(book)
        if line != said:
            print(line, flush=True)
            said = line
        await _next_look(book)


def _line(book: LiveBook) -> str:
    try:
        return ladder.one_line(book.book, book.status)
    except BookOutOfStep as error:
        return f"{book.market} OUT OF STEP: {error.reason}"


async def _show(args: argparse.Namespace) -> int:
    from clients.scripts.watch.app import WatchApp
    from clients.scripts.watch.session import Session

    async with ExchangeClient(args.url, args.key, attempts=ATTEMPTS) as exchange:
        markets = await exchange.markets()
        screen = WatchApp(Session(exchange, markets, (await _market(exchange, args.market)).symbol))
        await screen.run_async()
        return screen.return_code or 0


async def _next_look(book: LiveBook) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_EVERY):
            await book.changed()
