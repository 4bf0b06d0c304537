"""One market's events as the dialect writes them, for the streams of it that somebody follows.

Rules:
- It watches the hub's view of its market while it has streams, and makes an event only for streams there are.
- Depth updates come at most once a cadence, the first after a pause at once; each begins where the one
  before it ended (`depth.Changes`), also when the view started over from the rows.
- Trades come in their order without gaps: those that were missed are found when the view starts over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextvars import copy_context
from typing import Final

import msgspec

from markets.binance.depth import Changes, depth_json, update_id
from markets.binance.market_data import aggregate_json
from markets.binance.streams.beat import Beat, Stream
from markets.binance.streams.klines import LiveKline
from markets.binance.streams.names import Wish
from markets.binance.texts import ZERO, fixed, padded
from markets.binance.time_unit import MILLISECOND, now_json, time_json, unit
from markets.hub import MarketView
from markets.hub.book import LevelText, PublicBook
from markets.hub.market import Watcher
from markets.matching.events import Trade
from markets.matching.types import Side
from markets.messages.public import JSON

EARLY: Final = 0.9
"""A cadence counts as over when this much of it is: signs of life come a second apart, about."""


def encoded(event: object) -> str:
    """An event as it is sent."""
    return msgspec.json.encode(event).decode()


class Cadence:
    """When updates of one kind may come again."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next one may come."""
        waited = now - self._last
        return 0.0 if waited >= EARLY * self._seconds else self._seconds - waited

    def came(self, now: float) -> None:
        """One came."""
        self._last = now


class DepthStream:
    """The depth updates of one cadence."""

    def __init__(self, view: MarketView, name: str, seconds: float) -> None:
        self.changes = Changes(view)
        self.cadence = Cadence(seconds)
        self._name = name

    def event(self) -> str | None:
        """The next update; None: there is none."""
        update = self.changes.take()
        if update is None:
            return None
        return encoded({"e": "depthUpdate", "E": now_json(), "s": self._name, **update})


class PartialStream:
    """The best levels, as often as one cadence says."""

    def __init__(self, view: MarketView, seconds: float, levels: int) -> None:
        self.cadence = Cadence(seconds)
        self._view = view
        self._levels = levels
        self._last = -1

    def event(self) -> str | None:
        """The levels; None: the book has no new number."""
        number = update_id(self._view)
        if number == self._last:
            return None
        self._last = number
        return encoded(depth_json(self._view, self._levels))


class InItsUnit:
    """Hears a market for its events in another unit of times than the hub's own."""

    def __init__(self, events: MarketEvents) -> None:
        self._events = events
        self._here = copy_context()

    def changed(self, bids: list[LevelText], asks: list[LevelText]) -> None:
        """Levels have other quantities."""
        self._here.run(self._events.changed, bids, asks)

    def traded(self, trades: list[Trade]) -> None:
        """Trades were made."""
        self._here.run(self._events.traded, trades)

    def heard(self) -> None:
        """The book is right as it is."""
        self._here.run(self._events.heard)

    def replaced(self, before: PublicBook) -> None:
        """The view started over."""
        self._here.run(self._events.replaced, before)


class MarketEvents:
    """A market's streams and what they are told."""

    def __init__(self, name: str, view: MarketView, beat: Beat, tops: list[Stream]) -> None:
        self.name = name
        self.view = view
        self._beat = beat
        self._tops = tops
        """The streams of all markets' best prices."""
        self.streams: dict[Wish, list[Stream]] = {}
        self._books: dict[Wish, DepthStream | PartialStream] = {}
        self._klines: dict[Wish, LiveKline] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._top: object = None
        self._repeat_top = False
        self._last_trade = view.trades[0].id if view.trades else 0
        self._watcher: Watcher = self if unit() == MILLISECOND else InItsUnit(self)
        view.watch(self._watcher)

    def close(self) -> None:
        """Nobody follows it any more."""
        self.view.unwatch(self._watcher)
        if self._alarm is not None:
            self._alarm.cancel()
        for kline in self._klines.values():
            kline.close()

    # Who follows it

    def add(self, wish: Wish, stream: Stream) -> None:
        """Begin to make a stream's events."""
        stream.market = self.view.symbol
        self.streams.setdefault(wish, []).append(stream)
        if wish.kind == "depth" and wish not in self._books:
            self._books[wish] = DepthStream(self.view, self.name, wish.cadence)
        elif wish.kind == "partial" and wish not in self._books:
            self._books[wish] = PartialStream(self.view, wish.cadence, wish.levels)
        elif wish.kind == "kline" and wish not in self._klines:
            self._klines[wish] = LiveKline(self.view, self.name, wish.interval)
        self.repeat_top()

    def remove(self, wish: Wish, stream: Stream) -> None:
        """Make them no more."""
        streams = self.streams[wish]
        streams.remove(stream)
        if not streams:
            del self.streams[wish]
            self._books.pop(wish, None)
            kline = self._klines.pop(wish, None)
            if kline is not None:
                kline.close()

    def say(self, wish: Wish, event: str) -> None:
        """Send an event to the streams of one wish."""
        for stream in self.streams.get(wish, ()):
            stream.say(event)

    def _followed(self, kind: str) -> list[Stream]:
        return self.streams.get(Wish(self.name, kind), [])

    # What it hears (it is a hub's Watcher)

    def changed(self, bids: list[LevelText], asks: list[LevelText]) -> None:
        """Levels have other quantities."""
        for book in self._books.values():
            if isinstance(book, DepthStream):
                book.changes.add(bids, asks)
        self._beat.has_something(self)

    def replaced(self, before: PublicBook) -> None:
        """The view started over."""
        for book in self._books.values():
            if isinstance(book, DepthStream):
                book.changes.add_difference(before)
        for kline in self._klines.values():
            kline.load()
        self._say_trades(trade for trade in reversed(self.view.trades))
        self._beat.has_something(self)

    def heard(self) -> None:
        """The book is right as it is."""
        self.repeat_top()

    def repeat_top(self) -> None:
        """Say the best prices with the next beat, also if they are the same."""
        self._repeat_top = True
        self._beat.has_something(self)

    def traded(self, trades: list[Trade]) -> None:
        """Trades were made."""
        for kline in self._klines.values():
            kline.add(trades)
        self._say_trades(trades)
        self._beat.has_something(self)

    def _say_trades(self, trades: Iterable[Trade]) -> None:
        plain, aggregate = self._followed("trade"), self._followed("aggTrade")
        for trade in trades:
            if trade.id <= self._last_trade:
                continue
            self._last_trade = trade.id
            if plain:
                text = encoded(self._trade(trade))
                for stream in plain:
                    stream.say(text)
            if aggregate:
                head = {"e": "aggTrade", "E": now_json(), "s": self.name}
                text = encoded({**head, **aggregate_json(trade, self.view.spec)})
                for stream in aggregate:
                    stream.say(text)

    def _trade(self, trade: Trade) -> JSON:
        spec = self.view.spec
        return {
            "e": "trade",
            "E": now_json(),
            "s": self.name,
            "t": trade.id,
            "p": fixed(trade.price, spec.quote_decimals),
            "q": fixed(trade.quantity, spec.base_decimals),
            "T": time_json(trade.timestamp),
            "m": trade.taker_side is Side.SELL,
            "M": True,
        }

    # What it says with a beat

    def produce(self) -> None:
        """Say what is due of the book, and the intervals that ended."""
        for wish, kline in self._klines.items():
            for event in kline.ended(self.view.heard_at):
                self.say(wish, event)
        if not self.view.in_step:
            return  # it goes on when the book is known to be right
        self._say_top()
        now = time.monotonic()
        waits = [self._say_book(wish, book, now) for wish, book in self._books.items()]
        soonest = min((wait for wait in waits if wait), default=0.0)
        if soonest and self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(soonest, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._beat.has_something(self)

    def _say_book(self, wish: Wish, book: DepthStream | PartialStream, now: float) -> float:
        """Say what is due; the seconds until more may be."""
        wait = book.cadence.wait(now)
        if not wait:
            event = book.event()
            if event is not None:
                book.cadence.came(now)
                self.say(wish, event)
        return wait

    def _say_top(self) -> None:
        streams = self._followed("bookTicker")
        if not streams and not self._tops:
            return
        bid, ask = self.view.book.bids.best(), self.view.book.asks.best()
        if (bid, ask) == self._top and not self._repeat_top:
            return
        self._top, self._repeat_top = (bid, ask), False
        event = encoded(
            {
                "u": update_id(self.view),
                "s": self.name,
                "b": padded(bid[0]) if bid else ZERO,
                "B": padded(bid[1]) if bid else ZERO,
                "a": padded(ask[0]) if ask else ZERO,
                "A": padded(ask[1]) if ask else ZERO,
            }
        )
        for stream in (*streams, *self._tops):
            stream.say(event)

    def tick(self) -> None:
        """Say what goes by the clock."""
        for wish, kline in self._klines.items():
            event = kline.tick()
            if event is not None:
                self.say(wish, event)
