"""A client that watches: both books by `clients.BookFeed`, and every trade that it is told of."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import TYPE_CHECKING, Any, Final

from clients.feed import BookFeed, Outcome
from tests.simulation.wire import Wire

if TYPE_CHECKING:
    from tests.simulation.world import World

TICK: Final = 0.2
PAUSE: Final = 0.3
DEAF_AFTER: Final = 8.0
"""Seconds without a frame after which it connects anew."""


class Follower:
    """One program with a local book of each market."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self.feeds = {symbol: BookFeed(symbol) for symbol in world.symbols}
        self.trades: dict[str, dict[str, Any]] = {}
        self._world = world
        self._wire: Wire | None = None
        self._requests = itertools.count(1)
        self._heard_at = 0.0

    async def follow(self) -> None:
        """Stay connected; ask for what is missing."""
        while True:
            now = self._world.loop.time()
            if self._wire is None or not self._wire.open:
                self._connect()
            elif now - self._heard_at > DEAF_AFTER:
                self._wire.cut()
            else:
                for symbol, feed in self.feeds.items():
                    if feed.tick(now) is Outcome.NEED_RESYNC:
                        self._send("resync", {"market": symbol})
            await asyncio.sleep(TICK if self._wire is not None else PAUSE)

    def hang_up(self) -> None:
        """Lose the connection."""
        if self._wire is not None:
            self._wire.cut()

    def _connect(self) -> None:
        self._wire = self._world.connect("market-data", self._text, self._closed)
        if self._wire is not None:
            self._heard_at = self._world.loop.time()
            for channel in ("book", "trades"):
                self._send("subscribe", {"channel": channel, "markets": list(self.feeds)})
            for feed in self.feeds.values():
                feed.asked(self._world.loop.time())

    def _send(self, method: str, params: dict[str, Any]) -> None:
        assert self._wire is not None
        request = {"method": method, "params": params, "req_id": next(self._requests)}
        self._wire.send_text(json.dumps(request))

    def _closed(self, wire: Wire) -> None:
        if wire is self._wire:
            for feed in self.feeds.values():
                feed.disconnected()

    def _text(self, wire: Wire, text: str) -> None:
        if wire is not self._wire:
            return
        self._heard_at = self._world.loop.time()
        message = json.loads(text)
        if "method" in message:
            if not message["success"]:
                self._world.trace.note(f"{self.name}: {message['error']['code']}")
                wire.cut()
        elif message["channel"] == "trades":
            self.trades.update({trade["id"]: trade for trade in message["data"]["trades"]})
        else:
            self._hear_of_book(message)

    def _hear_of_book(self, message: dict[str, Any]) -> None:
        symbol = message["data"]["market"]
        feed = self.feeds[symbol]
        resyncs = feed.resyncs
        outcome = feed.receive(message, self._world.loop.time())
        if feed.resyncs > resyncs:
            self._world.trace.note(f"{self.name} {symbol} resyncs: {feed.reason}")
        if outcome is Outcome.NEED_RESYNC:
            self._send("resync", {"market": symbol})
        elif outcome is Outcome.APPLIED:
            self._world.believed(self, symbol, feed.book)
