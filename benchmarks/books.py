"""Followers of the market data: they write down what they are sent, and prove their books afterwards.

Rules:
- A follower's frames go through the client's own BookFeed. It must be in step at the end, without ever
  having asked again, at the sequence and with the checksum of the REST book. Frames that are the very
  bytes of another follower's are proved once.
- A bare server's followers (bare.py) must all have been sent the same frames.
- `prove` returns what was wrong, one line each; nothing means that every book is the exchange's.
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from typing import Any, Final

import msgspec

from benchmarks.flow import sequence_of
from benchmarks.wire import SocketWire, connect
from clients.feed import BookFeed, Outcome

MARKET_DATA: Final = "/ws/v1/market-data"
QUIET_WITHIN: Final = 10.0
AT_REST: Final = 0.2
"""Seconds between two readings of a book that must be the same."""
AT_ONCE: Final = 50
"""Connections made together."""
UPDATE: Final = b'"type":"update"'
HEARTBEAT: Final = b'"type":"heartbeat"'
HEAD: Final = 64
"""A frame names its type in so many bytes."""


class Follower:
    """One socket that follows the books of some markets."""

    wire: SocketWire

    def __init__(self, url: str, markets: list[str], *, bare: bool = False) -> None:
        self.url = url
        self.markets = markets
        self.bare = bare
        self.frames: list[tuple[float, bytes]] = []

    async def follow(self) -> None:
        """Connect, and wait for the first snapshots."""
        path = "/crowd" if self.bare else MARKET_DATA
        self.wire = await connect(SocketWire, self.url, path, self._received)
        if self.bare:
            return
        params = {"channel": "book", "markets": self.markets}
        self.wire.send([json.dumps({"method": "subscribe", "params": params}).encode()])
        deadline = time.perf_counter() + QUIET_WITHIN
        while len(self.frames) < 1 + len(self.markets):
            if time.perf_counter() > deadline:
                raise TimeoutError(f"no snapshot of {self.markets}: {self.frames[:3]}")
            await asyncio.sleep(0.005)

    def _received(self, messages: list[bytes], now: float) -> None:
        self.frames += [(now, message) for message in messages]

    def updates(self, since: float, until: float) -> list[bytes]:
        """The book updates of that time."""
        return [
            frame for at, frame in self.frames if since <= at <= until and UPDATE in frame[:HEAD]
        ]

    def lags(self, replies: list[tuple[int, float]]) -> list[float]:
        """Seconds from each time, given with a sequence, until an update told of it (one market)."""
        told = ((at, sequence_of(frame)) for at, frame in self.frames if UPDATE in frame[:HEAD])
        lags: list[float] = []
        at, reached = 0.0, 0
        for sequence, replied in sorted(replies):
            while reached < sequence:
                at, reached = next(told, (float("inf"), sequence))
            lags.append(at - replied)
        return lags

    def content(self) -> tuple[bytes, ...]:
        """What it was sent, but for answers and heartbeats."""
        return tuple(
            frame
            for _, frame in self.frames
            if frame.startswith(b'{"channel"') and HEARTBEAT not in frame[:HEAD]
        )


async def follow(followers: list[Follower]) -> None:
    """Connect them all."""
    for first in range(0, len(followers), AT_ONCE):
        some = followers[first : first + AT_ONCE]
        await asyncio.gather(*(follower.follow() for follower in some))


async def prove(url: str, followers: list[Follower]) -> list[str]:
    """Compare every follower's books with the exchange's, now that nothing is asked any more."""
    if not followers:
        return []
    wrong: list[str] = []
    books: dict[str, dict[str, Any]] = {}
    if followers[0].bare:
        await asyncio.sleep(0.5)
    else:
        books = await _books_at_rest(url, followers[0].markets)
        await _all_told(followers, books)
    proved: dict[tuple[bytes, ...], str] = {}
    for number, follower in enumerate(followers):
        follower.wire.close()
        content = follower.content()
        if content not in proved:
            proved[content] = _difference(content, books)
        reason = follower.wire.failure or proved[content]
        wrong += [f"follower {number}: {reason}"] if reason else []
    if not books and len(proved) != 1:
        wrong.append("the bare server's followers were sent different frames")
    return wrong


async def _books_at_rest(url: str, markets: list[str]) -> dict[str, dict[str, Any]]:
    """The books by REST, once two readings are the same: in a cluster updates may come after replies."""
    before: dict[str, dict[str, Any]] = {}
    while True:
        books = {market: await asyncio.to_thread(rest_book, url, market) for market in markets}
        if books == before:
            return books
        before = books
        await asyncio.sleep(AT_REST)


async def _all_told(followers: list[Follower], books: dict[str, dict[str, Any]]) -> None:
    """Wait until every follower was sent the last sequence of every book, in whatever message."""
    ends = [
        (f'"{market}"'.encode(), f'"sequence":{book["sequence"]},'.encode())
        for market, book in books.items()
    ]
    deadline = time.perf_counter() + QUIET_WITHIN
    for follower in followers:
        while time.perf_counter() < deadline and not all(
            any(market in frame and end in frame for _, frame in reversed(follower.frames))
            for market, end in ends
        ):
            await asyncio.sleep(0.05)


def _difference(content: tuple[bytes, ...], books: dict[str, dict[str, Any]]) -> str:
    """How the books that these frames make differ from the exchange's; nothing if they do not."""
    feeds = {market: BookFeed(market) for market in books}
    for feed in feeds.values():
        feed.asked(0.0)
    for frame in content if books else ():
        message: dict[str, Any] = msgspec.json.decode(frame)
        feed = feeds[message["data"]["market"]]
        if feed.receive(message, 0.0) is Outcome.NEED_RESYNC:
            return f"{feed.market}: {feed.reason}"
    for market, feed in feeds.items():
        if not feed.in_step:
            return f"{market}: {feed.reason}"
        right = (books[market]["sequence"], books[market]["checksum"])
        if (feed.book.sequence, feed.book.checksum) != right:
            return f"{market}: at {feed.book.sequence}, not the REST book of {right[0]}"
    return ""


def rest_book(url: str, market: str) -> dict[str, Any]:
    """The book by REST."""
    with urllib.request.urlopen(f"{url}/api/v1/markets/{market}/book", timeout=30) as answer:
        book: dict[str, Any] = json.load(answer)
    return book
