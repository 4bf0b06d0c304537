"""One market as this process follows it: its book, last trades, ticker, candles; and who is told.

Rules:
- It starts from the rows and follows the engine's batches by `prev_sequence`; what does not follow, or
  has another checksum, sends it back to the rows.
- Every message is encoded once, whoever many sockets it goes to.
- Followers hear a heartbeat when the engine itself is heard, and at no other time: whoever hears nothing for
  three seconds knows that nobody vouches for its book, whatever it is that went away.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final, Protocol

import msgspec

from markets.history import INTERVALS, MICROSECONDS, RECENT_TRADES, MarketMoment, market_moment
from markets.hub.book import LevelText, PublicBook
from markets.hub.day import Day
from markets.hub.outbox import Outbox, Subscription
from markets.matching.events import DepthChange, Trade
from markets.matching.types import Side
from markets.messages.public import (
    JSON,
    auction_json,
    levels_json,
    plain,
    time_text,
    trade_json,
)
from markets.messages.transport import BatchNotice, Pulse
from markets.metrics import ViewFigures, updates_sent
from markets.ready_frames import Frame

RETRY_INTERVAL: Final = 1.0
"""Seconds between attempts to read the rows."""
HEARTBEAT_AFTER: Final = 0.5
"""Seconds without an update after which the engine's next sign of life, one a second, is a heartbeat."""
ENGINE_SILENT_AFTER: Final = 3.0
"""Seconds without a sign of life from the engine after which this process does not vouch for its book."""
SUMMARY_INTERVAL: Final = 0.5
"""Seconds between ticker and candle messages, at most one each."""
MAX_BACKLOG: Final = 10_000
"""Batches kept while the rows are read."""

logger = logging.getLogger(__name__)
Read = Callable[..., Awaitable[MarketMoment]]


class Watcher(Protocol):
    """Somebody in this process who follows a market in words of its own. Calls must be quick."""

    def changed(self, bids: list[LevelText], asks: list[LevelText]) -> None:
        """These levels have other quantities. It may turn out wrong: trust it while the view is in step."""
        ...

    def traded(self, trades: list[Trade]) -> None:
        """These trades were made."""
        ...

    def heard(self) -> None:
        """The engine says that the book is right as it is."""
        ...

    def replaced(self, before: PublicBook) -> None:
        """The view started over from the rows; this was the book until now."""
        ...


class MarketView:
    """What this process knows of a market. Use it in the event loop only."""

    def __init__(
        self, moment: MarketMoment, read: Read, update_interval: float, snapshot_interval: float
    ) -> None:
        self._read = read
        self.update_interval = update_interval
        self.snapshot_interval = snapshot_interval
        self.dialect_symbol: str | None = None
        """What bots of another dialect call it, where that is not its symbol without the hyphen."""
        self._subscribers: dict[str, set[Outbox]] = {}
        self._backlog: deque[BatchNotice] = deque(maxlen=MAX_BACKLOG)
        self._resyncing: asyncio.Task[None] | None = None
        self._engine_heard = 0.0
        self._book_said = 0.0
        self._snapshot_said = time.monotonic()
        self._summary_said = 0.0
        self._traded = False
        self._pending: tuple[int, dict[str, str], dict[str, str]] | None = None
        self._timestamp = 0
        self._figures = ViewFigures(moment.spec.symbol)
        self._watchers: list[Watcher] = []
        self.heard_at = 0
        """The engine's clock, in microseconds, when it last vouched for the book. It never goes back, and is
        the same in every process that heard the same."""
        self._start_from(moment)

    def _start_from(self, moment: MarketMoment) -> None:
        spec = self.spec = moment.spec
        self.symbol = spec.symbol
        self.status: str = moment.state.status
        self.auction_ends_at = moment.state.auction_ends_at
        self.indication = moment.indication
        self.last_price = moment.state.last_price
        sides = (moment.levels[Side.BUY], moment.levels[Side.SELL])
        bids, asks = (
            levels_json((DepthChange(*level) for level in levels.items()), spec) for levels in sides
        )
        self.book = PublicBook(moment.state.sequence, bids, asks)
        self._figures.sequence.set(self.book.sequence)
        self.trades: deque[Trade] = deque(moment.trades, maxlen=RECENT_TRADES)
        self.day = Day(moment.minutes)
        self.heard_at = max(self.heard_at, moment.timestamp)
        self._timestamp = time.time_ns() // 1000
        self._pending = None

    # Following the engine

    @property
    def engine_alive(self) -> bool:
        """Whether the engine was heard of late."""
        return time.monotonic() - self._engine_heard < ENGINE_SILENT_AFTER

    @property
    def in_step(self) -> bool:
        """Whether the book is known to be the engine's."""
        return self._resyncing is None and self.engine_alive

    def hear_batch(self, notice: BatchNotice) -> None:
        """Follow one batch; what does not follow sends the view back to the rows."""
        was_alive, self._engine_heard = self.engine_alive, time.monotonic()
        if self._resyncing is not None:
            self._backlog.append(notice)
        elif notice.sequence <= self.book.sequence:
            return
        elif notice.prev_sequence != self.book.sequence or not self._apply(notice):
            logger.warning(
                "%s: missed something after %d",
                self.symbol,
                self.book.sequence,
                extra=self._about,
            )
            self._backlog.append(notice)
            self.resync("gap" if notice.sequence != self.book.sequence else "checksum")
        elif not was_alive:
            self._broadcast_snapshot()

    def hear_pulse(self, pulse: Pulse) -> None:
        """Compare with where the engine stands, and tell followers that it lives."""
        was_alive, self._engine_heard = self.engine_alive, time.monotonic()
        if self._resyncing is not None or pulse.sequence < self.book.sequence:
            return
        if (pulse.sequence, pulse.checksum) != (self.book.sequence, self.book.checksum):
            logger.warning(
                "%s: engine is at %d, not %d",
                self.symbol,
                pulse.sequence,
                self.book.sequence,
                extra=self._about,
            )
            self.resync("pulse")
            return
        self.heard_at = max(self.heard_at, pulse.timestamp)
        for watcher in self._watchers:
            watcher.heard()
        if not was_alive:
            self._broadcast_snapshot()
        elif self._pending is None:
            self._tell_heartbeat()

    def _apply(self, notice: BatchNotice) -> bool:
        update = msgspec.json.decode(notice.update)
        prev_sequence = self.book.sequence
        self.book.apply(notice.sequence, update["bids"], update["asks"])
        self.heard_at = max(self.heard_at, notice.timestamp)
        for watcher in self._watchers:
            watcher.changed(update["bids"], update["asks"])
        if self.book.checksum != notice.checksum:
            return False
        self._figures.sequence.set(notice.sequence)
        self._timestamp = time.time_ns() // 1000
        self._tell_update(notice, prev_sequence, update)
        if notice.trades:
            self._take_trades(notice.trades)
        self._take_status(notice)
        if notice.reconfigured:
            self.resync("configured")
        return True

    def _take_status(self, notice: BatchNotice) -> None:
        before = (self.status, self.auction_ends_at, self.indication)
        after = (notice.status, notice.auction_ends_at, notice.indication)
        if before != after:
            self.status, self.auction_ends_at, self.indication = after
            self._broadcast("status", "update", self.status_json())

    def resync(self, reason: str) -> None:
        """Start over from the rows; batches that come meanwhile are kept and followed afterwards."""
        if self._resyncing is None:
            self._figures.resync(reason)
            self._resyncing = asyncio.create_task(self._resync(), name=f"resync {self.symbol}")

    @property
    def _about(self) -> dict[str, object]:
        return {"market": self.symbol, "sequence": self.book.sequence}

    async def _resync(self) -> None:
        while True:
            try:
                moment = await self._read(market_moment, self.symbol)
            except Exception:
                logger.exception("%s: the rows cannot be read", self.symbol, extra=self._about)
                await asyncio.sleep(RETRY_INTERVAL)
                continue
            before = self.book
            self._start_from(moment)
            self._resyncing = None
            for watcher in self._watchers:
                watcher.replaced(before)
            self._broadcast_snapshot()
            self._broadcast("status", "update", self.status_json())
            backlog = list(self._backlog)
            self._backlog.clear()
            for notice in backlog:
                self.hear_batch(notice)
            return

    # What it tells

    def watch(self, watcher: Watcher) -> None:
        """Tell somebody in this process of everything, as it happens."""
        self._watchers = [*self._watchers, watcher]

    def unwatch(self, watcher: Watcher) -> None:
        """Tell it no more."""
        self._watchers = [each for each in self._watchers if each is not watcher]

    def subscribe(self, outbox: Outbox, channel: str) -> None:
        """Send a snapshot (when there is a true one), then everything that follows."""
        self._subscribers.setdefault(channel, set()).add(outbox)
        self.send_snapshot(outbox, channel)

    def unsubscribe(self, outbox: Outbox, channel: str) -> None:
        """Send no more of it."""
        self._subscribers.get(channel, set()).discard(outbox)

    def followers(self, channel: str) -> int:
        """How many sockets of this process follow a channel."""
        return len(self._subscribers.get(channel, ()))

    def send_snapshot(self, outbox: Outbox, channel: str) -> None:
        """Send one socket what a follower of the channel starts from."""
        if channel == "book" and not self.in_step:
            return  # it comes when the book is known to be right
        if channel == "book":
            self._flush()
        frame = _frame(channel.partition(":")[0], "snapshot", self._snapshot(channel))
        updates_sent(channel, self.symbol).inc()
        outbox.put_market_data(frame, (channel, self.symbol))

    def _snapshot(self, channel: str) -> JSON:
        match channel.partition(":"):
            case ("book", _, _):
                return self.book_json()
            case ("trades", _, _):
                return self._trades_json(list(self.trades))
            case ("ticker", _, _):
                return self.ticker_json()
            case ("candles", _, interval):
                return self._candles_json(interval)
            case _:
                return self.status_json()

    def _broadcast(self, channel: str, kind: str, data: JSON | msgspec.Raw) -> None:
        subscribers = self._subscribers.get(channel)
        if subscribers:
            frame = _frame(channel.partition(":")[0], kind, data)
            subscription: Subscription = (channel, self.symbol)
            updates_sent(*subscription).inc(len(subscribers))
            for outbox in subscribers:
                outbox.put_market_data(frame, subscription)

    def _broadcast_snapshot(self) -> None:
        if self.in_step:
            self._flush()
            self._snapshot_said = self._book_said = time.monotonic()
            self._broadcast("book", "snapshot", self.book_json())

    def _tell_update(self, notice: BatchNotice, prev_sequence: int, update: JSON) -> None:
        if not self.update_interval:
            self._book_said = time.monotonic()
            self._broadcast("book", "update", notice.update)
            return
        if self._pending is None:
            self._pending = (prev_sequence, {}, {})
            asyncio.get_running_loop().call_later(self.update_interval, self._flush)
        _, bids, asks = self._pending
        bids.update(update["bids"])
        asks.update(update["asks"])

    def _flush(self) -> None:
        """Send the updates that were merged."""
        if self._pending is None:
            return
        prev_sequence, bids, asks = self._pending
        self._pending = None
        self._book_said = time.monotonic()
        self._broadcast(
            "book",
            "update",
            {
                "market": self.symbol,
                "prev_sequence": prev_sequence,
                "sequence": self.book.sequence,
                "timestamp": time_text(self._timestamp),
                "bids": [list(level) for level in bids.items()],
                "asks": [list(level) for level in asks.items()],
                "checksum": self.book.checksum,
            },
        )

    def tick(self) -> None:
        """Say what is due by the clock: snapshots, tickers, candles."""
        now = time.monotonic()
        due = now - self._snapshot_said >= self.snapshot_interval
        if due and self.in_step and self._pending is None:
            self._broadcast_snapshot()
        if now - self._summary_said >= SUMMARY_INTERVAL:
            self._summary_said = now
            self._tell_summaries()
            self._figures.state(
                alive=self.engine_alive, in_step=self.in_step, followers=self.followers("book")
            )

    def _tell_heartbeat(self) -> None:
        now = time.monotonic()
        if now - self._book_said >= HEARTBEAT_AFTER:
            self._book_said = now
            numbers = {"sequence": self.book.sequence, "checksum": self.book.checksum}
            self._broadcast("book", "heartbeat", {"market": self.symbol, **numbers})

    def _tell_summaries(self) -> None:
        if self._subscribers.get("ticker"):
            ticker = self.ticker_json()
            if ticker != self._ticker_said:
                self._ticker_said = ticker
                self._broadcast("ticker", "update", ticker)
        if self._traded:
            self._traded = False
            for interval in INTERVALS:
                if self._subscribers.get(f"candles:{interval}"):
                    self._broadcast(f"candles:{interval}", "update", self._candles_json(interval))

    _ticker_said: JSON | None = None

    def _take_trades(self, trades: list[Trade]) -> None:
        for trade in trades:
            self.trades.appendleft(trade)
            self.day.take(trade)
        self.last_price = trades[-1].price
        self._traded = True
        for watcher in self._watchers:
            watcher.traded(trades)
        self._broadcast("trades", "update", self._trades_json(trades))

    # What it knows, as the contract writes it

    def book_json(self, depth: int | None = None) -> JSON:
        """The book; its checksum covers the whole of it, whatever the depth."""
        bids, asks = self.book.levels(depth)
        return {
            "market": self.symbol,
            "sequence": self.book.sequence,
            "timestamp": time_text(self._timestamp),
            "bids": bids,
            "asks": asks,
            "checksum": self.book.checksum,
        }

    def status_json(self) -> JSON:
        """The market's status, and what the auction at hand would come to."""
        return {
            "market": self.symbol,
            "sequence": self.book.sequence,
            "status": self.status,
            "auction": self.auction_json(),
        }

    def auction_json(self) -> JSON | None:
        """What the auction at hand would come to; None: there is none."""
        if self.indication is None:
            return None
        return auction_json(self.indication, self.auction_ends_at, self.spec)

    @property
    def reference_price(self) -> str | None:
        """What the price band is around: the last trade's price, else the middle of the best, else none."""
        if self.last_price is not None:
            return self.spec.price_text(self.last_price)
        bid, ask = self.book.bids.best(), self.book.asks.best()
        if bid is None or ask is None:
            return None
        return plain((Decimal(bid[0]) + Decimal(ask[0])) / 2)

    def _trades_json(self, trades: list[Trade]) -> JSON:
        return {
            "market": self.symbol,
            "sequence": self.book.sequence,
            "trades": [trade_json(trade, self.spec) for trade in trades],
        }

    def _candles_json(self, interval: str) -> JSON:
        current = self.day.current(interval)
        candles = [current.as_json(self.spec)] if current is not None else []
        return {"market": self.symbol, "interval": interval, "candles": candles}

    def ticker_json(self) -> JSON:
        """Last price, best prices, and the last 24 hours."""
        bid, ask = self.book.bids.best(), self.book.asks.best()
        return {
            "market": self.symbol,
            "last": None if self.last_price is None else self.spec.price_text(self.last_price),
            "best_bid": bid[0] if bid else None,
            "best_bid_quantity": bid[1] if bid else None,
            "best_ask": ask[0] if ask else None,
            "best_ask_quantity": ask[1] if ask else None,
            **self.day.summary(self.spec),
            "timestamp": time_text(self._timestamp // MICROSECONDS * MICROSECONDS),
        }


def _frame(channel: str, kind: str, data: JSON | msgspec.Raw) -> Frame:
    return Frame(msgspec.json.encode({"channel": channel, "type": kind, "data": data}).decode())
