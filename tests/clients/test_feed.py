"""A book that is in step is the exchange's; one that may not be says so and is not read.

Each update must follow the one before, each checksum must add up, and somebody must be heard from
at least every three seconds. Whatever fails, a fresh snapshot is asked for, at a bounded rate.
"""

from copy import deepcopy
from typing import Any

import pytest

from clients import BookFeed, BookOutOfStep, FeedState, Outcome
from clients.feed import RESYNC_PAUSE, SNAPSHOT_WITHIN, STALE_AFTER
from tests.clients.publisher import Message, Publisher


@pytest.fixture
def exchange() -> Publisher:
    publisher = Publisher()
    publisher.change("bids", "100", "1.5")
    publisher.change("bids", "99.5", "2")
    publisher.change("asks", "101", "0.25")
    return publisher


@pytest.fixture
def feed(exchange: Publisher) -> BookFeed:
    """A feed in step at sequence 3, at time 0."""
    feed = BookFeed("BTC-USD")
    feed.asked(0)
    assert feed.receive(exchange.snapshot(), 0) is Outcome.APPLIED
    return feed


def changed(message: Message, **data: Any) -> Message:
    other = deepcopy(message)
    other["data"].update(data)
    return other


def test_a_new_feed_is_out_of_step_and_refuses_to_be_read() -> None:
    feed = BookFeed("BTC-USD")

    with pytest.raises(BookOutOfStep, match="BTC-USD is out of step: not connected"):
        feed.book  # noqa: B018

    feed.asked(0)
    with pytest.raises(BookOutOfStep, match="waiting for a snapshot"):
        feed.book  # noqa: B018


def test_a_snapshot_that_adds_up_brings_it_in_step(feed: BookFeed) -> None:
    assert feed.in_step
    assert feed.book.checksum == 2719417658
    assert feed.book.sequence == 3
    feed.book.check()


def test_a_snapshot_that_does_not_add_up_is_asked_for_again(exchange: Publisher) -> None:
    feed = BookFeed("BTC-USD")
    feed.asked(0)

    outcome = feed.receive(changed(exchange.snapshot(), checksum=1), 1)

    assert outcome is Outcome.NEED_RESYNC
    assert not feed.in_step


def test_an_update_that_follows_is_applied(exchange: Publisher, feed: BookFeed) -> None:
    outcome = feed.receive(exchange.change("bids", "100", "0", steps=5), 1)

    assert outcome is Outcome.APPLIED
    assert feed.book.sequence == 8
    assert feed.book.best_bid is not None
    assert feed.book.best_bid.price.to_eng_string() == "99.5"


def test_a_lost_update_is_noticed_with_the_next(exchange: Publisher, feed: BookFeed) -> None:
    exchange.change("bids", "98", "1")

    outcome = feed.receive(exchange.change("bids", "97", "1"), 1)

    assert outcome is Outcome.NEED_RESYNC
    with pytest.raises(BookOutOfStep, match="an update from 4 to 5 does not follow 3"):
        feed.book  # noqa: B018


def test_a_lost_update_is_noticed_with_the_heartbeat(exchange: Publisher, feed: BookFeed) -> None:
    exchange.change("bids", "98", "1")

    assert feed.receive(exchange.heartbeat(), 1) is Outcome.NEED_RESYNC
    assert "a heartbeat is at 4, the book at 3" in feed.reason


def test_a_repeated_update_changes_nothing(exchange: Publisher, feed: BookFeed) -> None:
    first, second = exchange.change("bids", "98", "1"), exchange.change("bids", "98", "0")
    feed.receive(first, 1)
    feed.receive(second, 1)

    assert feed.receive(first, 1) is Outcome.IGNORED
    assert feed.receive(second, 1) is Outcome.IGNORED
    assert feed.book.sequence == 5
    assert feed.book.checksum == exchange.checksum()


def test_an_update_that_names_our_sequence_with_another_checksum_is_no_repeat(
    exchange: Publisher, feed: BookFeed
) -> None:
    update = exchange.change("bids", "98", "1")
    feed.receive(update, 1)

    assert feed.receive(changed(update, checksum=1), 1) is Outcome.NEED_RESYNC


def test_an_update_that_overlaps_is_not_trusted(exchange: Publisher, feed: BookFeed) -> None:
    update = changed(exchange.change("bids", "98", "1"), prev_sequence=2)

    assert feed.receive(update, 1) is Outcome.NEED_RESYNC


def test_reordered_updates_are_not_applied(exchange: Publisher, feed: BookFeed) -> None:
    first, second = exchange.change("bids", "98", "1"), exchange.change("bids", "97", "1")

    assert feed.receive(second, 1) is Outcome.NEED_RESYNC
    assert feed.receive(first, 1) is Outcome.IGNORED
    assert feed.receive(exchange.snapshot(), 1) is Outcome.APPLIED
    assert feed.book.checksum == exchange.checksum()


def test_a_corrupted_update_is_noticed_by_its_checksum(exchange: Publisher, feed: BookFeed) -> None:
    update = changed(exchange.change("bids", "98", "1"), bids=[["98", "2"]])

    assert feed.receive(update, 1) is Outcome.NEED_RESYNC
    assert feed.reason == "the checksum differs at 4"


def test_a_heartbeat_with_another_checksum_is_out_of_step(
    exchange: Publisher, feed: BookFeed
) -> None:
    assert feed.receive(exchange.heartbeat(), 1) is Outcome.CONFIRMED
    assert feed.receive(changed(exchange.heartbeat(), checksum=1), 1) is Outcome.NEED_RESYNC


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"channel": "book", "type": "update"},
        {"channel": "book", "type": "update", "data": None},
        {"channel": "book", "type": "update", "data": {"market": "BTC-USD"}},
        {
            "channel": "book",
            "type": "update",
            "data": {
                "market": "BTC-USD",
                "prev_sequence": 3,
                "sequence": 4.0,
                "bids": [],
                "asks": [],
                "checksum": 2719417658,
            },
        },
        {
            "channel": "book",
            "type": "update",
            "data": {
                "market": "BTC-USD",
                "prev_sequence": 3,
                "sequence": 4,
                "bids": [["100", 1.5]],
                "asks": [],
                "checksum": 2719417658,
            },
        },
        {"channel": "book", "type": "snapshot", "data": {"market": "BTC-USD", "sequence": "4"}},
    ],
)
def test_what_cannot_be_read_counts_as_lost(feed: BookFeed, message: Message) -> None:
    assert feed.receive(message, 1) is Outcome.NEED_RESYNC
    assert not feed.in_step


def test_messages_of_others_are_ignored(exchange: Publisher, feed: BookFeed) -> None:
    ticker = {**exchange.heartbeat(), "channel": "ticker"}

    assert feed.receive(Publisher("ETH-USD").snapshot(), 1) is Outcome.IGNORED
    assert feed.receive(ticker, 1) is Outcome.IGNORED
    assert feed.in_step


def test_silence_is_out_of_step(exchange: Publisher, feed: BookFeed) -> None:
    feed.receive(exchange.heartbeat(), 5)

    assert feed.tick(5 + STALE_AFTER) is Outcome.IGNORED
    assert feed.in_step
    assert feed.tick(5.1 + STALE_AFTER) is Outcome.NEED_RESYNC
    assert not feed.in_step


def test_repeats_do_not_break_the_silence(exchange: Publisher, feed: BookFeed) -> None:
    update = exchange.change("bids", "98", "1")
    feed.receive(update, 0)

    assert feed.receive(update, STALE_AFTER) is Outcome.IGNORED
    assert feed.tick(0.1 + STALE_AFTER) is Outcome.NEED_RESYNC


def test_a_snapshot_that_does_not_come_is_asked_for_again(exchange: Publisher) -> None:
    feed = BookFeed("BTC-USD")
    feed.asked(10)

    assert feed.tick(10 + SNAPSHOT_WITHIN) is Outcome.IGNORED
    assert feed.tick(10.1 + SNAPSHOT_WITHIN) is Outcome.NEED_RESYNC
    assert feed.tick(10.2 + SNAPSHOT_WITHIN) is Outcome.IGNORED
    assert feed.receive(exchange.snapshot(), 14) is Outcome.APPLIED


def test_resyncs_are_asked_for_at_a_bounded_rate(exchange: Publisher, feed: BookFeed) -> None:
    wrong = changed(exchange.snapshot(), checksum=1)

    outcomes = [feed.receive(wrong, 1 + n / 1000) for n in range(200)]

    assert outcomes.count(Outcome.NEED_RESYNC) == 1
    assert feed.tick(1 + RESYNC_PAUSE) is Outcome.NEED_RESYNC


def test_an_unasked_snapshot_replaces_the_book(exchange: Publisher, feed: BookFeed) -> None:
    exchange.change("bids", "98", "1")

    assert feed.receive(exchange.snapshot(), 1) is Outcome.APPLIED
    assert feed.book.sequence == 4


def test_a_late_snapshot_does_not_turn_back_a_book_in_step(
    exchange: Publisher, feed: BookFeed
) -> None:
    late = exchange.snapshot()
    feed.receive(exchange.change("bids", "98", "1"), 1)

    assert feed.receive(late, 1) is Outcome.IGNORED
    assert feed.book.sequence == 4


def test_an_older_snapshot_after_a_resync_is_believed_when_the_exchange_insists(
    exchange: Publisher, feed: BookFeed
) -> None:
    older = exchange.snapshot()
    feed.receive(exchange.change("bids", "98", "1"), 1)
    feed.disconnected()
    feed.asked(2)

    assert feed.receive(older, 3) is Outcome.NEED_RESYNC
    assert feed.receive(older, 4) is Outcome.APPLIED
    assert feed.book.sequence == 3


def test_a_lost_connection_is_out_of_step_until_the_next_snapshot(
    exchange: Publisher, feed: BookFeed
) -> None:
    feed.disconnected("the server went away")

    assert feed.state is FeedState.OUT_OF_STEP
    with pytest.raises(BookOutOfStep, match="the server went away"):
        feed.book  # noqa: B018
    assert feed.tick(100) is Outcome.IGNORED

    feed.asked(101)
    assert feed.receive(exchange.snapshot(), 101) is Outcome.APPLIED
    assert feed.in_step
