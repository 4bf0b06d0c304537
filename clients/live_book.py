"""LiveBook: a market's book and status, kept true in the background, refused when they are not.

Rules:
- Every read of the book raises BookOutOfStep unless the book is in step at this moment.
- It looks at the clock whenever it is read: should the task that feeds it be stuck, the book is
  refused all the same.
- The status is as last heard on the same connection; None when there is none.
"""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from time import monotonic

from clients.background import Background
from clients.book import BookSide, Level, LocalBook
from clients.errors import BookOutOfStep, Refused, TryLater
from clients.feed import SILENCE, BookFeed
from clients.records import MarketStatus


class LiveBook:
    """A local book kept true in the background; every read raises BookOutOfStep if it is not.

    `status` is what the market does: open, halted, closed, or in an auction, in which bids and asks
    may overlap; None while it is not known. `async for book in live_book` yields after every change
    while in step, merging changes that came while the loop's body ran.
    """

    def __init__(self, market: str, background: Background) -> None:
        self.market = market
        self.feed = BookFeed(market)
        self.refusal: Refused | None = None
        self.status: MarketStatus | None = None
        self._background = background
        self._change = asyncio.Event()
        self._version = 0

    @property
    def in_step(self) -> bool:
        """Whether the book may be read at this moment."""
        return self.feed.in_step and not self.feed.is_stale(monotonic())

    @property
    def reason(self) -> str:
        """Why the book is out of step, in words; empty when it is in step."""
        if self.feed.in_step:
            return SILENCE if self.feed.is_stale(monotonic()) else ""
        return self.feed.reason

    @property
    def resyncs(self) -> int:
        """How often a fresh snapshot had to be asked for."""
        return self.feed.resyncs

    @property
    def book(self) -> LocalBook:
        """The book itself, for reading at once; raises BookOutOfStep."""
        if not self.in_step:
            raise BookOutOfStep(self.market, self.reason)
        return self.feed.book

    @property
    def sequence(self) -> int:
        """The market's sequence number that the book is as of."""
        return self.book.sequence

    @property
    def checksum(self) -> int:
        """The verified checksum of the whole book."""
        return self.book.checksum

    @property
    def best_bid(self) -> Level | None:
        """The highest bid, or None."""
        return self.book.best_bid

    @property
    def best_ask(self) -> Level | None:
        """The lowest ask, or None."""
        return self.book.best_ask

    @property
    def spread(self) -> Decimal | None:
        """Best ask minus best bid, or None."""
        return self.book.spread

    @property
    def mid(self) -> Decimal | None:
        """The price halfway between the best bid and the best ask, or None."""
        return self.book.mid

    def bids(self, depth: int | None = None) -> list[Level]:
        """Return the best `depth` bids, or all, highest first."""
        return self.book.bids(depth)

    def asks(self, depth: int | None = None) -> list[Level]:
        """Return the best `depth` asks, or all, lowest first."""
        return self.book.asks(depth)

    def quantity_at(self, side: BookSide, price: Decimal) -> Decimal:
        """Return the quantity at a price; 0 where there is no level."""
        return self.book.quantity_at(side, price)

    async def changed(self) -> None:
        """Wait until the book or the status changes, or it falls out of step, or is in step again."""
        await self._background.watch(self._change.wait())

    async def wait_in_step(self, timeout: float | None = None) -> None:
        """Wait until the book is in step, `timeout` seconds at the most.

        Raises BookOutOfStep when the time is up, and the refusal when the exchange does not let
        the market be followed.
        """
        try:
            async with asyncio.timeout(timeout):
                while not self.in_step:
                    if self.refusal is not None and not isinstance(self.refusal, TryLater):
                        raise self.refusal
                    await self.changed()
        except TimeoutError as error:
            raise BookOutOfStep(self.market, self.reason) from error

    async def wait_for_sequence(self, sequence: int, timeout: float | None = None) -> None:
        """Wait until the book is in step and at or after the market's `sequence`.

        Raises BookOutOfStep when `timeout` seconds are up.
        """
        try:
            async with asyncio.timeout(timeout):
                while not self.in_step or self.book.sequence < sequence:
                    await self.changed()
        except TimeoutError as error:
            raise BookOutOfStep(self.market, self.reason or f"not at {sequence} yet") from error

    async def __aiter__(self) -> AsyncIterator["LiveBook"]:
        seen = -1
        while True:
            if seen == self._version:
                await self.changed()
            seen = self._version
            if self.in_step:
                yield self

    def notify(self) -> None:
        """Wake whoever waits for a change."""
        self._version += 1
        self._change.set()
        self._change = asyncio.Event()
