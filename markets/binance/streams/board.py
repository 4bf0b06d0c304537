"""All streams of this process that somebody follows, and the clock of those that go by it.

Rules:
- A market is watched while one of its streams has a follower; with no follower at all nothing runs.
- A name of a market that there is not yet gets its events when there is.
- A stream of all markets has those that changed since the last time, and all when somebody has joined.
- Each unit of times has a board of its own, so that its events are written once, and those in milliseconds at
  no other cost than ever.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from django.db import DatabaseError, InterfaceError

from markets import process
from markets.binance.streams.beat import Beat, Follower, Stream
from markets.binance.streams.market import MarketEvents, encoded
from markets.binance.streams.names import Wish, wish_of
from markets.binance.streams.summaries import (
    TICKERS,
    WINDOWS,
    average_event,
    said,
    ticker_event,
)
from markets.binance.symbols import names
from markets.binance.tickers import know, know_windows
from markets.binance.time_unit import unit
from markets.hub import Hub, MarketView
from markets.messages.public import JSON

TICK_SECONDS: Final = 1.0

logger = logging.getLogger(__name__)


class Board:
    """The streams of one hub."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._beat = Beat()
        self._streams: dict[str, Stream] = {}
        self._markets: dict[str, MarketEvents] = {}
        self._homeless: dict[Stream, Wish] = {}
        """Of markets that there are not."""
        self._names_seen = hub.names_changed
        self._tops: list[Stream] = []
        self._of_all: dict[str, list[Stream]] = {kind: [] for kind in TICKERS}
        self._joined: set[str] = set()
        self._said: dict[str, JSON] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._knowing: asyncio.Task[None] | None = None

    # Who follows what

    def follow(self, name: str, follower: Follower) -> None:
        """Send a stream's events to a socket from now on."""
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = Stream(name, self._beat)
            self._attach(stream, wish_of(name))
        stream.followers[follower] = None
        wish = wish_of(name)
        if wish is not None and wish.symbol is None:
            self._joined.add(wish.kind)
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick(), name="streams by the clock")

    def leave(self, name: str, follower: Follower) -> None:
        """Send them no more."""
        stream = self._streams[name]
        del stream.followers[follower]
        if stream.followers:
            return
        del self._streams[name]
        self._detach(stream, wish_of(name))
        if not self._streams and self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    def _attach(self, stream: Stream, wish: Wish | None) -> None:
        if wish is None:
            return
        if wish.symbol is None:
            self._of_kind(wish.kind).append(stream)
            if wish.kind == "bookTicker":
                self._watch_all()
        elif wish.symbol in names().views:
            self._market(wish.symbol).add(wish, stream)
        else:
            self._homeless[stream] = wish

    def _detach(self, stream: Stream, wish: Wish | None) -> None:
        if wish is None or self._homeless.pop(stream, None) is not None:
            return
        if wish.symbol is None:
            self._of_kind(wish.kind).remove(stream)
        else:
            self._markets[wish.symbol].remove(wish, stream)
        for symbol, market in tuple(self._markets.items()):
            if not market.streams and not self._tops:
                market.close()
                del self._markets[symbol]

    def _of_kind(self, kind: str) -> list[Stream]:
        return self._tops if kind == "bookTicker" else self._of_all[kind]

    def _market(self, symbol: str) -> MarketEvents:
        if symbol not in self._markets:
            view = names().views[symbol]
            self._markets[symbol] = MarketEvents(symbol, view, self._beat, self._tops)
        return self._markets[symbol]

    def _watch_all(self) -> None:
        for symbol in names().views:
            self._market(symbol).repeat_top()

    def _look_for_new_names(self) -> None:
        if self.hub.names_changed == self._names_seen:
            return
        self._names_seen = self.hub.names_changed
        homeless, self._homeless = self._homeless, {}
        for stream, wish in homeless.items():
            self._attach(stream, wish)
        if self._tops:
            self._watch_all()

    # What goes by the clock

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                self._look_for_new_names()
                self._know()
                for market in tuple(self._markets.values()):
                    market.tick()
                    self._say_summaries(market)
                for kind in TICKERS:
                    self._say_all(kind)
            except Exception:
                logger.exception("a defect of ours: the streams by the clock missed a tick")

    def _know(self) -> None:
        """Read what tickers need of the rows, beside what is said meanwhile."""
        wanted = [
            market.view
            for market in self._markets.values()
            if Wish(market.name, "ticker") in market.streams
        ]
        if self._of_all["ticker"]:
            wanted = list(names().views.values())
        windows = [each for kind in WINDOWS for each in self._windows(kind)]
        if (wanted or windows) and (self._knowing is None or self._knowing.done()):
            self._knowing = asyncio.create_task(self._read(wanted, windows), name="tickers' rows")

    def _windows(self, kind: str) -> list[tuple[MarketView, int]]:
        """Whose rolling tickers of a kind are followed, and their seconds."""
        if self._of_all[kind]:
            return [(view, WINDOWS[kind]) for view in names().views.values()]
        return [
            (market.view, WINDOWS[kind])
            for market in self._markets.values()
            if Wish(market.name, kind) in market.streams
        ]

    async def _read(self, views: list[MarketView], windows: list[tuple[MarketView, int]]) -> None:
        try:
            await know(self.hub.read, views)
            await know_windows(self.hub.read, windows)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("tickers are of an earlier minute: %s", error)

    def _say_summaries(self, market: MarketEvents) -> None:
        for kind in TICKERS:
            wish = Wish(market.name, kind)
            if wish in market.streams:
                market.say(wish, encoded(ticker_event(kind, market.name, market.view)))
        wish = Wish(market.name, "avgPrice")
        if wish in market.streams:
            market.say(wish, encoded(average_event(market.name, market.view)))

    def _say_all(self, kind: str) -> None:
        streams = self._of_all[kind]
        if not streams:
            return
        events = [ticker_event(kind, name, view) for name, view in names().views.items()]
        news = []
        for event in events:
            key, value = f"{kind} {event['s']}", said(event)
            if self._said.get(key) != value or kind in self._joined:
                self._said[key] = value
                news.append(event)
        self._joined.discard(kind)
        if news:
            text = encoded(news)
            for stream in streams:
                stream.say(text)


_boards: dict[int, Board] = {}
"""By the unit of their times."""


def board() -> Board:
    """This process's streams in the unit of times at hand. Call it in the event loop."""
    hub = process.current().hub
    found = _boards.get(unit())
    if found is None or found.hub is not hub:
        found = _boards[unit()] = Board(hub)
    return found
