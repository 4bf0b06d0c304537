"""watch: show a market's live book and status, with its sequence and whether it is verified.

Rules:
- On a terminal a ladder that is redrawn at most REDRAWS times a second; elsewhere, and with
  --plain, one line for each change that is seen.
- In an auction it shows the price and the volume that the auction would come to, and what is left over.
- A book that is out of step is never drawn: it says so, and why, until it has healed.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress

from rich.console import Console, RenderableType
from rich.live import Live

from clients.background import Background
from clients.errors import BookOutOfStep
from clients.live_book import LiveBook
from clients.public_client import BOOK_TIMEOUT, PublicClient
from clients.records import Trade
from clients.scripts import ladder
from clients.scripts.options import public_client, whole

REDRAWS = 10
"""Drawings a second at the most."""

FIRST_LOOK = 1.0
"""Seconds that are given to a book to be in step before it is shown to be out of step."""

LOOK_EVERY = 0.5
"""Seconds after which the clock is looked at, whether or not the book changed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the market and how to show it."""
    parser.add_argument("market", help="such as BTC-USD")
    parser.add_argument("--depth", type=whole, default=12, help="levels a side (12)")
    parser.add_argument("--plain", action="store_true", help="one line a change, no colours")
    parser.add_argument("--once", action="store_true", help="show one verified book and exit")


async def main(args: argparse.Namespace) -> int:
    """Show it until interrupted."""
    async with public_client(args) as exchange:
        await exchange.market(args.market)
        book = await exchange.local_book(args.market, timeout=0)
        with suppress(BookOutOfStep):  # then it is shown to be
            await book.wait_in_step(BOOK_TIMEOUT if args.once else FIRST_LOOK)
        if args.once:
            print(ladder.plain(book.book, args.depth, book.status))
        elif args.plain or not sys.stdout.isatty():
            await _print_lines(book)
        else:
            await _draw(exchange, book, args.depth)
    return 0


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


async def _draw(exchange: PublicClient, book: LiveBook, depth: int) -> None:
    last: list[Trade] = []
    background = Background()
    background.start(_follow_trades(exchange, book.market, last.append), name="trades")
    try:
        with Live(console=Console(), auto_refresh=False) as screen:
            while True:
                background.check()
                screen.update(_picture(book, depth, last[-1] if last else None), refresh=True)
                del last[:-1]
                await asyncio.gather(_next_look(book), asyncio.sleep(1 / REDRAWS))
    finally:
        await background.close()


def _picture(book: LiveBook, depth: int, last: Trade | None) -> RenderableType:
    try:
        return ladder.live(book.book, depth, last, book.status)
    except BookOutOfStep as error:
        return ladder.out_of_step(book.market, error.reason)


async def _next_look(book: LiveBook) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_EVERY):
            await book.changed()


async def _follow_trades(
    exchange: PublicClient, market: str, tell: Callable[[Trade], None]
) -> None:
    async for message in exchange.public_events("trades", [market]):
        rows = message["data"]["trades"]
        newest = rows[:1] if message["type"] == "snapshot" else rows[-1:]
        for row in newest:
            tell(Trade.from_json(row))
