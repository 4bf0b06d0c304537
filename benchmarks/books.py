"""Followers of the market data: they write down what they are sent, and prove their books afterwards.

Rules:
- A follower's frames go through the client's own BookFeed. It must be in step at the end, without ever
  having asked again, at the sequence and with the checksum of the REST book.
- `prove` returns what was wrong, one line each; nothing means that every book is the exchange's.
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from typing import Any, Final

import msgspec

from benchmarks.wire import SocketWire, connect
from clients.feed import BookFeed, Outcome

MARKET_DATA: Final = "/ws/v1/market-data"
QUIET_WITHIN: Final = 10.0


class Follower:
    """One socket that follows the books of some markets."""

    wire: SocketWire

    def __init__(self, markets: list[str]) -> None:
        self._markets = markets
        self.frames: list[tuple[float, bytes]] = []

    async def follow(self, url: str) -> None:
        """Connect, and wait for the first snapshots."""
        self.wire = await connect(SocketWire, url, MARKET_DATA, self._received)
        params = {"channel": "book", "markets": self._markets}
        self.wire.send([json.dumps({"method": "subscribe", "params": params}).encode()])
        deadline = time.perf_counter() + QUIET_WITHIN
        while len(self.frames) < 1 + len(self._markets):
            if time.perf_counter() > deadline:
                raise TimeoutError(f"no snapshot of {self._markets}: {self.frames[:3]}")
            await asyncio.sleep(0.005)

    def _received(self, messages: list[bytes], now: float) -> None:
        self.frames += [(now, message) for message in messages]

    def updates(self, since: float, until: float) -> list[bytes]:
        """The book updates of that time."""
        return [
            frame for at, frame in self.frames if since <= at <= until and b'"update"' in frame[:64]
        ]

    def feeds(self) -> dict[str, BookFeed]:
        """The books that these frames make."""
        feeds = {market: BookFeed(market) for market in self._markets}
        for feed in feeds.values():
            feed.asked(0.0)
        for at, frame in self.frames:
            message: dict[str, Any] = msgspec.json.decode(frame)
            if "channel" in message and feeds[message["data"]["market"]].receive(message, at) is (
                Outcome.NEED_RESYNC
            ):
                break
        return feeds


async def prove(url: str, followers: list[Follower], markets: list[str]) -> list[str]:
    """Compare every follower's books with the exchange's, when all is quiet."""
    if not followers:
        return []
    wrong: list[str] = []
    books = {market: await asyncio.to_thread(rest_book, url, market) for market in markets}
    last = {market: f'"sequence":{book["sequence"]},'.encode() for market, book in books.items()}
    deadline = time.perf_counter() + QUIET_WITHIN
    while time.perf_counter() < deadline and not all(
        any(sequence in frame for _, frame in follower.frames[-50 * len(markets) :])
        for follower in followers
        for sequence in last.values()
    ):
        await asyncio.sleep(0.05)
    for number, follower in enumerate(followers):
        follower.wire.close()
        if follower.wire.failure:
            wrong.append(f"follower {number}: {follower.wire.failure}")
        for market, feed in follower.feeds().items():
            book = books[market]
            if not feed.in_step:
                wrong.append(f"follower {number}: {market}: {feed.reason}")
            elif (feed.book.sequence, feed.book.checksum) != (book["sequence"], book["checksum"]):
                wrong.append(f"follower {number}: {market} is not the REST book")
    return wrong


def rest_book(url: str, market: str) -> dict[str, Any]:
    """The book by REST."""
    with urllib.request.urlopen(f"{url}/api/v1/markets/{market}/book", timeout=30) as answer:
        book: dict[str, Any] = json.load(answer)
    return book
