"""The published conformance file says what the contract says, and the Python client keeps all of it.

The page's module is held to the same file by node, in tests/javascript.
"""

import json
from collections import Counter
from typing import Any

import pytest

from clients import BookFeed, LocalBook, Outcome
from clients.decimals import canonical
from tests.conformance.file import PATH, text
from tests.conformance.scene import Reason, changed

FILE = json.loads(PATH.read_text())
SCENES = FILE["scenes"]

WORDS = {
    Reason.NOT_CONNECTED: "not connected",
    Reason.WAITING: "waiting for a snapshot",
    Reason.GAP: "does not follow|a heartbeat is at",
    Reason.CHECKSUM: "checksum",
    Reason.OLD_SNAPSHOT: "is older than",
    Reason.SILENCE: "nothing heard",
    Reason.UNREADABLE: "could not be read",
}
"""What the client says of each reason."""


class SkipsGaps(BookFeed):
    def receive(self, message: Any, now: float) -> Outcome:
        if (
            message.get("type") == "update"
            and self.in_step
            and isinstance(message.get("data"), dict)
        ):
            message = changed(message, prev_sequence=self.book.sequence)
        return super().receive(message, now)


class BelievesAnySnapshot(BookFeed):
    def receive(self, message: Any, now: float) -> Outcome:
        self._floor = 0
        return super().receive(message, now)


class HearsNoSilence(BookFeed):
    def is_stale(self, now: float) -> bool:
        return False


class AsksAllTheTime(BookFeed):
    def receive(self, message: Any, now: float) -> Outcome:
        self._asked_at = None
        return super().receive(message, now)


class NeverAsksAgain(BookFeed):
    def tick(self, now: float) -> Outcome:
        return super().tick(now) if self.in_step else Outcome.IGNORED


class IgnoresHeartbeats(BookFeed):
    def receive(self, message: Any, now: float) -> Outcome:
        ignored = message.get("type") == "heartbeat"
        return Outcome.IGNORED if ignored else super().receive(message, now)


class ReadsFloats(BookFeed):
    def receive(self, message: Any, now: float) -> Outcome:
        data = message.get("data")
        if isinstance(data, dict) and isinstance(data.get("asks"), list):
            asks = [[f"{float(level[0]):.12g}", *level[1:]] for level in data["asks"] if level]
            message = changed(message, asks=asks)
        return super().receive(message, now)


FLAWS = (
    SkipsGaps,
    BelievesAnySnapshot,
    HearsNoSilence,
    AsksAllTheTime,
    NeverAsksAgain,
    IgnoresHeartbeats,
    ReadsFloats,
)


def test_the_file_is_what_the_generator_writes() -> None:
    assert PATH.read_text() == text(), "write it anew: python -m tests.conformance"


def test_every_outcome_and_every_reason_occurs() -> None:
    expected = [step["expect"] for scene in SCENES for step in scene["steps"]]

    outcomes = Counter(expect["outcome"] for expect in expected)
    assert set(outcomes) == {"applied", "confirmed", "ignored", "resync", None}
    assert {expect.get("reason") for expect in expected} == {*Reason, None}
    assert FILE["reasons"] == list(Reason)
    assert len({scene["name"] for scene in SCENES}) == len(SCENES)


def test_the_books_of_the_file_add_up() -> None:
    for expect in (step["expect"] for scene in SCENES for step in scene["steps"]):
        if expect["in_step"]:
            book = LocalBook("any")
            book.replace(expect["sequence"], bids=expect["bids"], asks=expect["asks"])
            assert book.checksum == expect["checksum"]
            assert _levels(book) == (expect["bids"], expect["asks"])


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene["name"])
def test_the_python_client_conforms(scene: Any) -> None:
    follow(scene["market"], scene["steps"])


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.__name__)
def test_a_client_with_a_flaw_does_not_conform(flaw: type[BookFeed]) -> None:
    failed = 0
    for scene in SCENES:
        try:
            follow(scene["market"], scene["steps"], flaw)
        except AssertionError:
            failed += 1

    assert failed


def follow(market: str, steps: Any, kind: type[BookFeed] = BookFeed) -> None:
    """Have a client take every step, and check what comes of it."""
    feed = kind(market)
    for step in steps:
        outcome = take(feed, step)

        expect = step["expect"]
        assert outcome == expect["outcome"], step
        assert feed.in_step is expect["in_step"], step
        if feed.in_step:
            feed.book.check()
            assert feed.book.sequence == expect["sequence"], step
            assert feed.book.checksum == expect["checksum"], step
            assert _levels(feed.book) == (expect["bids"], expect["asks"]), step
        else:
            words = WORDS[Reason(expect["reason"])].split("|")
            assert any(each in feed.reason for each in words), (feed.reason, step)


def take(feed: BookFeed, step: Any) -> str | None:
    now = step["at"] / 1000
    match step["event"]:
        case "subscribed":
            feed.asked(now)
            return None
        case "disconnected":
            feed.disconnected()
            return None
        case "tick":
            outcome = feed.tick(now)
        case _:
            outcome = feed.receive(step["message"], now)
    return "resync" if outcome is Outcome.NEED_RESYNC else outcome.value


def _levels(book: LocalBook) -> tuple[list[list[str]], list[list[str]]]:
    bids, asks = (
        [[canonical(price), canonical(quantity)] for price, quantity in levels]
        for levels in (book.bids(), book.asks())
    )
    return bids, asks
