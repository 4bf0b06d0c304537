"""MarketData: one socket that keeps all of a client's local books in step.

Rules:
- One connection, opened with the first book, reopened with growing pauses when it is lost; each
  opening subscribes to every market anew.
- A book goes out of step with its connection, and by itself when BookFeed says so; it is healed by
  a resync, or by a subscription where the exchange does not know of ours.
- With each book comes its market's status. A book is in step without it, too.
- A connection on which nothing at all is heard is given up after DEAD_AFTER seconds, one whose node says
  that it stops at once. The next one is to another node, where there is one.
"""

import asyncio
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, Never

from clients.background import Background
from clients.connection import Connection
from clients.errors import ConnectionLost, NotConnected, Refused, UnexpectedAnswer
from clients.feed import Outcome
from clients.live_book import LiveBook
from clients.nodes import Nodes
from clients.records import MarketStatus
from clients.retry import Backoff

TICK = 0.25
"""Seconds between two looks at the clock."""

DEAD_AFTER = 10.0
"""Seconds of silence after which a connection is given up."""

PATH = "/ws/v1/market-data"


class MarketData:
    """The books of one client, by market, and the socket that feeds them."""

    def __init__(self, nodes: Nodes, background: Background, backoff: Backoff) -> None:
        self.books: dict[str, LiveBook] = {}
        self._nodes = nodes
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
            live.status = None
            live.feed.disconnected(reason)
            live.notify()

    async def _run(self) -> None:
        while True:
            try:
                connection = await Connection.open_at(self._nodes, PATH)
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
            self._nodes.failed(connection.node)
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
            if connection.is_leaving:
                raise ConnectionLost("the exchange's process stops")
            if self.books and now - heard_at > DEAD_AFTER:
                raise ConnectionLost(f"nothing heard for {DEAD_AFTER:g} s")

    async def _take(self, message: dict[str, Any], now: float, connection: Connection) -> None:
        data = message.get("data")
        live = self.books.get(data.get("market", "")) if isinstance(data, dict) else None
        if live is None:
            return
        if message.get("channel") == "status":
            with suppress(UnexpectedAnswer):  # of no use to the book
                live.status = MarketStatus.from_json(data)
                live.notify()
        if message.get("channel") != "book":
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
            await connection.ask("subscribe", {"channel": "status", "markets": [market]})
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
