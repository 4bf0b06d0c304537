"""BookFeed: a market's book messages in, a true book or "resync" out. No socket, no clock.

    WAITING ── snapshot that adds up ──▶ IN_STEP ── anything amiss ──▶ WAITING (resync asked)
       ▲                                    │                              or OUT_OF_STEP, when
       └────────── asked(now) ──────────────┴──── disconnected() ────────▶ it may not be asked yet

Rules, in the order in which they are tried:
- A snapshot is believed when its checksum adds up. One older than the book in step is a late
  repeat. One older than what was once in step is doubted: asked for again, and believed when the
  exchange insists, since its numbers, not ours, are the truth.
- An update wholly at or before our sequence is a repeat and changes nothing, unless it names our
  very sequence with another checksum: then one of us is wrong.
- An update must start at our sequence exactly, and its checksum must be the book's afterwards.
- A heartbeat must name our sequence and our checksum.
- Silence of more than STALE_AFTER seconds is out of step too: heartbeats come each second. A
  repeat does not break the silence: it says nothing new.
- Whoever is not in step ignores all but snapshots, and asks again each SNAPSHOT_WITHIN seconds.
- What cannot be read counts as a message lost. Whatever comes in, nothing here raises for it.
"""

from enum import StrEnum
from typing import Any

from clients.book import LocalBook
from clients.errors import BookOutOfStep

STALE_AFTER = 3.0
"""Seconds without a message after which a book is out of step."""

SILENCE = f"nothing heard for {STALE_AFTER:g} s"
"""The reason given for a book that is out of step because the exchange is silent."""

SNAPSHOT_WITHIN = 3.0
"""Seconds after which a snapshot that did not come is asked for again."""

RESYNC_PAUSE = 0.25
"""Seconds between two requests for a snapshot, at the least."""


class Outcome(StrEnum):
    """What became of a message."""

    APPLIED = "applied"
    """The book changed or was replaced; it is in step."""
    CONFIRMED = "confirmed"
    """The book was right as it was."""
    IGNORED = "ignored"
    """A repeat, somebody else's message, or one of no use while a snapshot is awaited."""
    NEED_RESYNC = "need_resync"
    """Send a resync request now: the feed takes it as sent and waits for the snapshot."""


class FeedState(StrEnum):
    """How a book stands to the exchange's."""

    WAITING = "waiting"
    IN_STEP = "in_step"
    OUT_OF_STEP = "out_of_step"


class _Amiss(Exception):
    """The message shows that the book is not, or may not be, the exchange's."""


class BookFeed:
    """Follows one market's `book` channel.

    `now` is seconds on any clock that never goes back. `feed.book` raises BookOutOfStep unless the
    feed is in step; `reason` says in words what it waits for.
    """

    def __init__(self, market: str) -> None:
        self.market = market
        self.state = FeedState.OUT_OF_STEP
        self.reason = "not connected"
        self.resyncs = 0
        self._book = LocalBook(market)
        self._floor = 0
        self._heard_at = 0.0
        self._asked_at: float | None = None

    @property
    def in_step(self) -> bool:
        """Whether the book is, as far as can be known, the exchange's."""
        return self.state is FeedState.IN_STEP

    @property
    def book(self) -> LocalBook:
        """The book; raises BookOutOfStep unless it is in step."""
        if self.state is not FeedState.IN_STEP:
            raise BookOutOfStep(self.market, self.reason)
        return self._book

    def is_stale(self, now: float) -> bool:
        """Tell whether the exchange has been silent for longer than STALE_AFTER seconds."""
        return now - self._heard_at > STALE_AFTER

    def asked(self, now: float) -> None:
        """Say that a snapshot has been asked for, by a subscription."""
        self.state = FeedState.WAITING
        self.reason = "waiting for a snapshot"
        self._asked_at = now

    def disconnected(self, reason: str = "not connected") -> None:
        """Say that the connection ended: nothing is vouched for, and nobody can be asked."""
        self.state = FeedState.OUT_OF_STEP
        self.reason = reason
        self._asked_at = None

    def receive(self, message: dict[str, Any], now: float) -> Outcome:
        """Take one message of the exchange; never raises because of what it holds."""
        try:
            return self._receive(message, now)
        except _Amiss as amiss:
            return self._lose_step(str(amiss), now)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return self._lose_step(f"a message could not be read ({error!r})", now)

    def tick(self, now: float) -> Outcome:
        """Let time pass; call it a few times a second while connected."""
        match self.state:
            case FeedState.IN_STEP if self.is_stale(now):
                return self._lose_step(SILENCE, now)
            case FeedState.WAITING if now - (self._asked_at or 0.0) > SNAPSHOT_WITHIN:
                return self._ask(now)
            case FeedState.OUT_OF_STEP if self._asked_at is not None:
                return self._ask_when_allowed(now)
        return Outcome.IGNORED

    def _receive(self, message: dict[str, Any], now: float) -> Outcome:
        data = message["data"]
        if message["channel"] != "book" or data["market"] != self.market:
            return Outcome.IGNORED
        if not self.in_step and message["type"] != "snapshot":
            return Outcome.IGNORED
        match message["type"]:
            case "snapshot":
                outcome = self._take_snapshot(data)
            case "update":
                outcome = self._take_update(data)
            case "heartbeat":
                outcome = self._take_heartbeat(data)
            case _:
                return Outcome.IGNORED
        if outcome is not Outcome.IGNORED:
            self._heard_at = now
            self._floor = self._book.sequence
        return outcome

    def _take_snapshot(self, data: dict[str, Any]) -> Outcome:
        sequence = _sequence(data["sequence"])
        if self.in_step and sequence < self._book.sequence:
            return Outcome.IGNORED
        new = LocalBook(self.market)
        new.replace(sequence, bids=data["bids"], asks=data["asks"])
        if new.checksum != _checksum(data["checksum"]):
            raise _Amiss("a snapshot does not add up to its checksum")
        if sequence < self._floor:
            self._floor = sequence
            raise _Amiss("a snapshot is older than what was seen before")
        self._book = new
        self.state = FeedState.IN_STEP
        self.reason = ""
        return Outcome.APPLIED

    def _take_update(self, data: dict[str, Any]) -> Outcome:
        ours = self._book.sequence
        sequence, start = _sequence(data["sequence"]), _sequence(data["prev_sequence"])
        if sequence < ours:
            return Outcome.IGNORED
        checksum = _checksum(data["checksum"])
        if sequence == ours and checksum == self._book.checksum:
            return Outcome.IGNORED
        if sequence > ours:
            if start != ours:
                raise _Amiss(f"an update from {start} to {sequence} does not follow {ours}")
            self._book.apply(sequence, bids=data["bids"], asks=data["asks"])
        if self._book.checksum != checksum:
            raise _Amiss(f"the checksum differs at {sequence}")
        return Outcome.APPLIED

    def _take_heartbeat(self, data: dict[str, Any]) -> Outcome:
        if _sequence(data["sequence"]) != self._book.sequence:
            raise _Amiss(f"a heartbeat is at {data['sequence']}, the book at {self._book.sequence}")
        if _checksum(data["checksum"]) != self._book.checksum:
            raise _Amiss(f"a heartbeat's checksum differs at {self._book.sequence}")
        return Outcome.CONFIRMED

    def _lose_step(self, reason: str, now: float) -> Outcome:
        self.state = FeedState.OUT_OF_STEP
        self.reason = reason
        return self._ask_when_allowed(now)

    def _ask_when_allowed(self, now: float) -> Outcome:
        if self._asked_at is not None and now - self._asked_at < RESYNC_PAUSE:
            return Outcome.IGNORED
        return self._ask(now)

    def _ask(self, now: float) -> Outcome:
        self.state = FeedState.WAITING
        self._asked_at = now
        self.resyncs += 1
        return Outcome.NEED_RESYNC


def _sequence(value: object) -> int:
    return _whole(value, "sequence")


def _checksum(value: object) -> int:
    return _whole(value, "checksum")


def _whole(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"a {name} must be a whole number: {value!r}")
    return value
