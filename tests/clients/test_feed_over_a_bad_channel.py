"""Over a channel that loses, repeats, reorders and corrupts, a book is never silently wrong.

Whenever the follower says "in step at sequence n", its levels are the publisher's at n; and once
the channel behaves again, it is in step with the publisher's newest book within a heartbeat or two.
The one thing that no checksum covers is the sequence number itself: where that is corrupted, the
levels are still levels that the publisher had.
"""

import random
from copy import deepcopy
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clients import BookFeed, Outcome
from clients.decimals import canonical
from tests.clients.publisher import Message, Publisher

faults = st.sampled_from(["none"] * 6 + ["lose", "repeat", "hold", "corrupt", "old"])
changes = st.tuples(
    st.sampled_from(["bids", "asks"]),
    st.integers(1, 12).map(str),
    st.sampled_from(["0", "0.5", "1", "1.5", "20"]),
    st.integers(1, 3),
)
steps = st.lists(
    st.tuples(st.sampled_from(["change"] * 5 + ["beat", "snapshot"]), changes, faults), max_size=60
)


class Channel:
    """Carries messages from the publisher to the follower, badly; resyncs arrive unharmed."""

    def __init__(self, publisher: Publisher, seed: int, *, spoil_sequences: bool) -> None:
        self.publisher = publisher
        self.feed = BookFeed(publisher.market)
        self.random = random.Random(seed)
        self.spoil_sequences = spoil_sequences
        self.now = 0.0
        self.held: list[Message] = []
        self.sent: list[Message] = []
        self.feed.asked(self.now)
        self.deliver(publisher.snapshot())

    def send(self, message: Message, fault: str) -> None:
        self.now += 0.3
        self.sent.append(message)
        match fault:
            case "lose":
                return
            case "hold":
                self.held.append(message)
                return
            case "repeat":
                self.deliver(message)
            case "corrupt":
                message = self.corrupted(message)
            case "old":
                self.deliver(self.random.choice(self.sent))
        self.deliver(message)
        while self.held and self.random.random() < 0.5:
            self.deliver(self.held.pop())

    def corrupted(self, message: Message) -> Message:
        bad = deepcopy(message)
        data = bad["data"]
        names = [name for name in data if name not in ("market", "sequence")]
        name = self.random.choice([*names, "sequence"] if self.spoil_sequences else names)
        wrong: Any = self.random.choice([None, "x", -1, 7, 2**40, [["3", "7"]], [["3", 1.5]]])
        if isinstance(data[name], list) and self.random.random() < 0.7:
            wrong = [[price, quantity + "1"] for price, quantity in data[name]] or [["5", "5"]]
        data[name] = wrong
        return bad

    def deliver(self, message: Message) -> None:
        outcome = self.feed.receive(message, self.now)
        self.look()
        if outcome is Outcome.NEED_RESYNC:
            self.resync()

    def tick(self) -> None:
        if self.feed.tick(self.now) is Outcome.NEED_RESYNC:
            self.resync()

    def resync(self) -> None:
        assert not self.feed.in_step
        if self.random.random() < 0.8:
            self.deliver(self.publisher.snapshot())

    def look(self) -> None:
        if not self.feed.in_step:
            return
        book = self.feed.book
        book.check()
        seen = {side: as_text(getattr(book, side)()) for side in ("bids", "asks")}
        if self.spoil_sequences:
            assert seen in self.publisher.history.values()
        else:
            assert seen == self.publisher.history[book.sequence]

    def settle(self) -> None:
        """The channel behaves again, for as long as a follower may need."""
        self.random = random.Random(1)
        self.random.random = lambda: 0.0  # type: ignore[method-assign]
        for _ in range(20):
            self.now += 1.0
            self.tick()
            self.deliver(self.publisher.heartbeat())


def as_text(levels: list[tuple[Decimal, Decimal]]) -> dict[str, str]:
    return {canonical(price): canonical(quantity) for price, quantity in levels}


def run(script: list[tuple[str, Any, str]], seed: int, *, spoil_sequences: bool) -> None:
    publisher = Publisher()
    channel = Channel(publisher, seed, spoil_sequences=spoil_sequences)

    for kind, (side, price, quantity, numbers), fault in script:
        match kind:
            case "change":
                message = publisher.change(side, price, quantity, steps=numbers)
            case "beat":
                message = publisher.heartbeat()
            case _:
                message = publisher.snapshot()
        channel.send(message, fault)
        channel.tick()
    channel.settle()

    assert channel.feed.in_step
    assert channel.feed.book.sequence == publisher.sequence
    assert channel.feed.book.checksum == publisher.checksum()


@settings(max_examples=150, deadline=None)
@given(script=steps, seed=st.integers(0, 2**16))
def test_in_step_means_the_publisher_s_book_at_that_sequence(
    script: list[tuple[str, Any, str]], seed: int
) -> None:
    run(script, seed, spoil_sequences=False)


@settings(max_examples=100, deadline=None)
@given(script=steps, seed=st.integers(0, 2**16))
def test_even_with_corrupted_sequence_numbers_the_levels_are_ones_the_publisher_had(
    script: list[tuple[str, Any, str]], seed: int
) -> None:
    run(script, seed, spoil_sequences=True)
