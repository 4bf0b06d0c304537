"""MarketData: one socket that keeps all of a client's local books in step.

Rules:
- One connection, opened with the first book, reopened with growing pauses when it is lost; each
  opening subscribes to every market anew.
- A book goes out of step with its connection, and by itself when BookFeed says so; it is healed by
  a resync, or by a subscription where the exchange does not know of ours.
- A LiveBook looks at the clock whenever it is read: should this very task be stuck, the book is
  refused all the same.
- A connection on which nothing at all is heard is given up after DEAD_AFTER seconds.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from decimal import Decimal
from functools import partial
from time import monotonic
from typing import Any, Never

from clients.background import Background
from clients.book import BookSide, Level, LocalBook
from clients.connection import Connection
from clients.errors import (
    BookOutOfStep,
    ConnectionLost,
    NotConnected,
    Refused,
    TryLater,
    UnexpectedAnswer,
)
from clients.feed import SILENCE, BookFeed, Outcome
from clients.retry import Backoff

TICK = 0.25
"""Seconds between two looks at the clock."""

DEAD_AFTER = 10.0
"""Seconds of silence after which a connection is given up."""


class LiveBook:
    """A local book kept true in the background; every read raises BookOutOfStep if it is not.

    `async for book in live_book` yields after every change while in step, merging changes that came
    while the loop's body ran.
    """

    def __init__(self, market: str, background: Background) -> None:
        self.market = market
        self.feed = BookFeed(market)
        self.refusal: Refused | None = None
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
        """Wait until the book changes, or falls out of step, or is in step again."""
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


class MarketData:
    """The books of one client, by market, and the socket that feeds them."""

    def __init__(self, url: str, background: Background, backoff: Backoff) -> None:
        self.books: dict[str, LiveBook] = {}
        self._url = url
        self._background = background
        self._backoff = backoff
        self._task: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._subscribed: set[str] = set()

    async def follow(self, market: str) -> LiveBook:
        """Return the market's book, followed from now on; it may not be in step yet."""
        self._background.check()
        if market not in self.books:
            live = self.books[market] = LiveBook(market, self._background)
            if self._task is None:
                self._task = self._background.start(self._run(), name="market data")
            elif self._connection is not None:
                with suppress(ConnectionLost):  # the next connection asks for it
                    await self._ask_for(live, self._connection)
        return self.books[market]

    def forget(self, market: str) -> None:
        """Follow the market no longer."""
        self.books.pop(market, None)

    def disconnected(self, reason: str) -> None:
        """Put every book out of step."""
        self._connection = None
        self._subscribed.clear()
        for live in self.books.values():
            live.feed.disconnected(reason)
            live.notify()

    async def _run(self) -> None:
        while True:
            try:
                connection = await Connection.open(self._url)
            except (NotConnected, Refused) as error:
                self.disconnected(str(error))
            else:
                await self._serve_until_lost(connection)
            await asyncio.sleep(self._backoff.pause())

    async def _serve_until_lost(self, connection: Connection) -> None:
        self._connection = connection
        reason = "not connected"
        try:
            with self._background.reporting():
                reason = await self._serve(connection)
        finally:
            self.disconnected(reason)
            await connection.close()

    async def _serve(self, connection: Connection) -> str:
        """Feed the books until the connection is lost; returns why it was."""
        try:
            await self._feed(connection)
        except (ConnectionLost, UnexpectedAnswer) as error:
            return str(error)

    async def _feed(self, connection: Connection) -> Never:
        for live in list(self.books.values()):
            await self._ask_for(live, connection)
        heard_at = ticked_at = monotonic()
        while True:
            try:
                async with asyncio.timeout(TICK):
                    message = await connection.read()
            except TimeoutError:
                message = None
            now = monotonic()
            if message is not None:
                heard_at = now
                await self._take(message, now, connection)
            if now - ticked_at >= TICK:
                ticked_at = now
                await self._tick(now, connection)
            if self.books and now - heard_at > DEAD_AFTER:
                raise ConnectionLost(f"nothing heard for {DEAD_AFTER:g} s")

    async def _take(self, message: dict[str, Any], now: float, connection: Connection) -> None:
        data = message.get("data")
        live = self.books.get(data.get("market", "")) if isinstance(data, dict) else None
        if live is None or message.get("channel") != "book":
            return
        outcome = live.feed.receive(message, now)
        if outcome is Outcome.APPLIED:
            live.refusal = None
            self._backoff.succeeded()
        await self._follow_up(live, outcome, connection)

    async def _tick(self, now: float, connection: Connection) -> None:
        for live in list(self.books.values()):
            await self._follow_up(live, live.feed.tick(now), connection)

    async def _follow_up(self, live: LiveBook, outcome: Outcome, connection: Connection) -> None:
        if outcome is Outcome.NEED_RESYNC:
            await self._ask_for(live, connection)
        if outcome is Outcome.APPLIED or not live.feed.in_step:
            live.notify()

    async def _ask_for(self, live: LiveBook, connection: Connection) -> None:
        market = live.market
        if market in self._subscribed:
            answer = await connection.ask("resync", {"market": market})
        else:
            live.feed.asked(monotonic())
            answer = await connection.ask("subscribe", {"channel": "book", "markets": [market]})
        answer.add_done_callback(partial(self._answered, live, connection))

    def _answered(
        self, live: LiveBook, connection: Connection, answer: asyncio.Future[Any]
    ) -> None:
        if answer.cancelled() or connection is not self._connection:
            return
        error = answer.exception()
        if error is None:
            self._subscribed.add(live.market)
        elif isinstance(error, Refused):
            self._subscribed.discard(live.market)
            live.refusal = error
            live.feed.reason = str(error)
            live.notify()
