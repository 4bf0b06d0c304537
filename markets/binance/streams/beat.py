"""Writing: events become frames once, and each socket gets a beat's frames in one piece.

Rules:
- The first event after a pause is written at once; while there are more, all that came within BEAT_SECONDS.
- A beat rests SHARE times as long as it took (but never more than MAX_REST), so that however many follow, the
  order path keeps its time.
- A stream's frames are joined once for all its followers, so that a follower costs one write a beat.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Final, Protocol

import msgspec

from markets.metrics import updates_sent
from markets.ready_frames import Frame

BEAT_SECONDS: Final = 0.02
SHARE: Final = 25
MAX_REST: Final = 0.1
"""Seconds: the streams' own fastest cadence."""

logger = logging.getLogger(__name__)


class Chunk:
    """Frames that belong together, and all of them encoded."""

    __slots__ = ("_encoded", "frames")

    def __init__(self, texts: Iterable[str]) -> None:
        self.frames = [Frame(text) for text in texts]
        self._encoded: bytes | None = None

    @property
    def encoded(self) -> bytes:
        """The frames' bytes, joined when first asked for."""
        if self._encoded is None:
            self._encoded = b"".join([frame.encoded for frame in self.frames])
        return self._encoded


class Follower(Protocol):
    """A socket."""

    @property
    def combined(self) -> bool:
        """Whether events come with their stream's name."""
        ...

    def put_chunks(self, chunks: list[Chunk]) -> None:
        """Send these."""
        ...


class Producer(Protocol):
    """Something that has events to make when the beat comes."""

    def produce(self) -> None:
        """Make them."""
        ...


class Stream:
    """A stream by its name, and who follows it."""

    def __init__(self, name: str, beat: Beat) -> None:
        self.name = name
        self.market = ""
        """Whose events it has, for the figures; empty: those of all."""
        self._shown = msgspec.json.encode(name).decode()
        self.followers: dict[Follower, None] = {}
        self._beat = beat
        self._texts: list[str] = []

    def say(self, text: str) -> None:
        """Send an event to all followers with the next beat."""
        if not self._texts:
            self._beat.has_said(self)
        self._texts.append(text)

    def share_out(self, chunks: dict[Follower, list[Chunk]]) -> None:
        """Add what was said to what each follower gets."""
        texts, self._texts = self._texts, []
        plain = named = None
        for follower in self.followers:
            if follower.combined:
                if named is None:
                    named = Chunk([f'{{"stream":{self._shown},"data":{text}}}' for text in texts])
                chunk = named
            else:
                if plain is None:
                    plain = Chunk(texts)
                chunk = plain
            chunks.setdefault(follower, []).append(chunk)
        updates_sent("binance", self.market).inc(len(self.followers) * len(texts))


class Beat:
    """When things are written."""

    def __init__(self) -> None:
        self._producers: dict[Producer, None] = {}
        self._said: list[Stream] = []
        self._next: asyncio.TimerHandle | asyncio.Handle | None = None
        self._due = 0.0
        """From when on the next beat may come."""

    def has_something(self, producer: Producer) -> None:
        """Let it make its events with the next beat."""
        self._producers[producer] = None
        self._schedule()

    def has_said(self, stream: Stream) -> None:
        """Write what it says with the next beat."""
        self._said.append(stream)
        self._schedule()

    def _schedule(self) -> None:
        if self._next is None:
            loop = asyncio.get_running_loop()
            wait = self._due - time.monotonic()
            if wait <= 0:
                self._next = loop.call_soon(self._come)
            else:
                self._next = loop.call_later(wait, self._come)

    def _come(self) -> None:
        begun = time.monotonic()
        producers, self._producers = self._producers, {}
        for producer in producers:
            try:
                producer.produce()
            except Exception:
                logger.exception("a defect of ours: a market's events were not made")
        said, self._said = self._said, []
        chunks: dict[Follower, list[Chunk]] = {}
        for stream in said:
            stream.share_out(chunks)
        for follower, its in chunks.items():
            try:
                follower.put_chunks(its)
            except Exception:
                logger.exception("a defect of ours: a follower was not told")
        ended = time.monotonic()
        self._due = ended + min(max(BEAT_SECONDS, SHARE * (ended - begun)), MAX_REST)
        self._next = None
        if self._producers or self._said:
            self._schedule()
