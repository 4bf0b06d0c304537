"""The page's own book keeps the contract's rules, and agrees with the Python client about every message.

The module runs in a browser, alone: no exchange, no page. What follows loses, repeats, reorders and
spoils messages on purpose.
"""

import random
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page

from clients import BookFeed
from clients.decimals import canonical
from tests.clients.publisher import Message, Publisher

pytestmark = pytest.mark.slow


class PageFeed:
    """The module's BookFeed, with the Python client's verbs; times in milliseconds."""

    def __init__(self, page: Page, market: str = "BTC-USD") -> None:
        self._page = page
        page.evaluate(
            """async (market) => {
                const { BookFeed } = await import("/local_book.js");
                window.feed = new BookFeed(market);
            }""",
            market,
        )

    def call(self, verb: str, *arguments: Any) -> Any:
        return self._page.evaluate("([verb, args]) => feed[verb](...args)", [verb, list(arguments)])

    def state(self) -> Any:
        return self._page.evaluate(
            """() => ({
                in_step: feed.inStep, reason: feed.reason, sequence: feed.book.sequence,
                checksum: feed.book.checksum, bids: feed.book.bids(), asks: feed.book.asks(),
            })"""
        )

    def receive(self, message: Message, now: int = 1000) -> Any:
        return self.call("receive", message, now)


@pytest.fixture
def publisher() -> Publisher:
    publisher = Publisher()
    publisher.change("bids", "99.5", "2")
    publisher.change("bids", "100", "1.5")
    publisher.change("asks", "101", "0.25")
    return publisher


@pytest.fixture
def feed(modules: Page, publisher: Publisher) -> PageFeed:
    """In step at sequence 3, at time 0."""
    feed = PageFeed(modules)
    feed.call("asked", 0)
    assert feed.receive(publisher.snapshot(), 0) == "applied"
    return feed


def changed(message: Message, **data: Any) -> Message:
    other = deepcopy(message)
    other["data"].update(data)
    return other


def test_the_contract_s_example_has_the_contract_s_checksum(feed: PageFeed) -> None:
    state = feed.state()

    assert state["checksum"] == 2719417658
    assert state["bids"] == [["100", "1.5"], ["99.5", "2"]]
    assert state["asks"] == [["101", "0.25"]]


def test_prices_are_ordered_as_decimals_and_not_as_text_or_floats(modules: Page) -> None:
    publisher = Publisher()
    for price in ("9", "10", "10.5", "10.45", "0.1", "123456789012345678901", "10.000000000001"):
        publisher.change("asks", price, "1")
    publisher.change("asks", "123456789012345678902", "1")
    feed = PageFeed(modules)

    feed.receive(publisher.snapshot())

    prices = [price for price, _ in feed.state()["asks"]]
    assert prices == sorted(prices, key=Decimal)


def test_updates_change_add_and_remove_levels(publisher: Publisher, feed: PageFeed) -> None:
    for change in (("bids", "100", "3"), ("asks", "100.5", "1"), ("bids", "99.5", "0")):
        assert feed.receive(publisher.change(*change)) == "applied"

    state = feed.state()
    assert (state["bids"], state["asks"]) == ([["100", "3"]], [["100.5", "1"], ["101", "0.25"]])
    assert state["checksum"] == publisher.checksum()


def test_a_lost_update_is_noticed_with_the_next(publisher: Publisher, feed: PageFeed) -> None:
    publisher.change("bids", "98", "1")

    assert feed.receive(publisher.change("bids", "97", "1")) == "need_resync"

    assert feed.state()["reason"] == "an update from 4 to 5 does not follow 3"
    assert feed.receive(publisher.snapshot()) == "applied"
    assert feed.state()["checksum"] == publisher.checksum()


def test_a_lost_update_is_noticed_with_the_heartbeat(publisher: Publisher, feed: PageFeed) -> None:
    assert feed.receive(publisher.heartbeat()) == "confirmed"
    publisher.change("bids", "98", "1")

    assert feed.receive(publisher.heartbeat()) == "need_resync"


def test_repeated_updates_change_nothing(publisher: Publisher, feed: PageFeed) -> None:
    updates = [publisher.change("bids", "98", "1"), publisher.change("bids", "98", "0")]

    outcomes = [feed.receive(update) for update in updates + updates]

    assert outcomes == ["applied", "applied", "ignored", "ignored"]
    assert feed.state()["checksum"] == publisher.checksum()


def test_reordered_updates_are_not_applied(publisher: Publisher, feed: PageFeed) -> None:
    first, second = publisher.change("bids", "98", "1"), publisher.change("bids", "97", "1")

    assert [feed.receive(second), feed.receive(first)] == ["need_resync", "ignored"]
    assert not feed.state()["in_step"]


def test_a_corrupted_update_is_noticed_by_its_checksum(
    publisher: Publisher, feed: PageFeed
) -> None:
    update = changed(publisher.change("bids", "98", "1"), bids=[["98", "2"]])

    assert feed.receive(update) == "need_resync"
    assert feed.state()["reason"] == "the checksum differs at 4"


def test_a_corrupted_snapshot_is_not_believed(publisher: Publisher, feed: PageFeed) -> None:
    publisher.change("bids", "98", "1")

    assert feed.receive(changed(publisher.snapshot(), checksum=1)) == "need_resync"
    assert not feed.state()["in_step"]


def test_silence_is_out_of_step(publisher: Publisher, feed: PageFeed) -> None:
    feed.receive(publisher.heartbeat(), 5000)

    assert feed.call("tick", 8000) == "ignored"
    assert feed.call("tick", 8001) == "need_resync"
    assert feed.state()["reason"] == "nothing heard for 3 s"


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"sequence": "4", "prev_sequence": 3, "bids": [], "asks": [], "checksum": 2719417658},
        {"sequence": 4, "prev_sequence": 3, "bids": [["100", 1]], "asks": [], "checksum": 0},
        {"sequence": 4, "prev_sequence": 3, "bids": [["1e2", "1"]], "asks": [], "checksum": 0},
        {"sequence": 4, "prev_sequence": 3, "bids": "100", "asks": [], "checksum": 0},
    ],
)
def test_what_cannot_be_read_counts_as_lost(feed: PageFeed, data: Any) -> None:
    if data:
        data["market"] = "BTC-USD"

    message = {"channel": "book", "type": "update", "data": data}

    assert feed.receive(message) == "need_resync"


@pytest.mark.parametrize("seed", range(8))
def test_it_judges_every_message_as_the_python_client_does(modules: Page, seed: int) -> None:
    steps = _bad_channel(random.Random(seed))
    python = BookFeed("BTC-USD")
    expected = []
    for verb, argument, now in steps:
        match verb:
            case "receive":
                outcome: str | None = python.receive(argument, now / 1000).value
            case "tick":
                outcome = python.tick(now / 1000).value
            case "asked":
                python.asked(now / 1000)
                outcome = None
            case _:
                python.disconnected()
                outcome = None
        expected.append([outcome, *_python_state(python)])

    PageFeed(modules)
    found = modules.evaluate(
        """(steps) => steps.map(([verb, argument, now]) => {
            const args = verb === "receive" ? [argument, now] : verb === "disconnected" ? [] : [now];
            const outcome = feed[verb](...args) ?? null;
            const { book } = feed;
            return feed.inStep
              ? [outcome, true, book.sequence, book.checksum, book.bids(), book.asks()]
              : [outcome, false];
        })""",
        steps,
    )

    assert found == expected
    assert any(outcome == "need_resync" for outcome, *_ in found)


def _python_state(feed: BookFeed) -> list[Any]:
    if not feed.in_step:
        return [False]
    sides = [
        [[canonical(price), canonical(quantity)] for price, quantity in levels]
        for levels in (feed.book.bids(), feed.book.asks())
    ]
    return [True, feed.book.sequence, feed.book.checksum, *sides]


def _bad_channel(dice: random.Random) -> list[Any]:
    """Steps as [verb, message, milliseconds], with every kind of fault among them."""
    publisher = Publisher()
    now = 0
    steps: list[Any] = [["asked", None, 0], ["receive", publisher.snapshot(), 0]]
    sent: list[Message] = []
    for _ in range(300):
        now += dice.choice((0, 250, 250, 500))
        side = dice.choice(("bids", "asks"))
        quantity = dice.choice(("0", "0.5", "1", "1.50", "20"))
        message = dice.choice(
            (
                lambda: publisher.change(side, str(dice.randint(1, 12)), quantity),  # noqa: B023
                publisher.heartbeat,
                publisher.snapshot,
            )
        )()
        message = deepcopy(message)
        sent.append(message)
        match dice.choice((*["none"] * 12, "lose", "repeat", "old", "corrupt", "silence", "drop")):
            case "lose":
                continue
            case "repeat":
                steps.append(["receive", message, now])
            case "old":
                message = dice.choice(sent)
            case "corrupt":
                message = changed(message, checksum=dice.randrange(2**32))
            case "silence":
                now += 4000
                steps.append(["tick", None, now])
                continue
            case "drop":
                steps += [["disconnected", None, now], ["asked", None, now]]
                continue
        steps.append(["receive", message, now])
        steps.append(["tick", None, now])
        if dice.random() < 0.2:
            steps.append(["receive", publisher.snapshot(), now])
    return steps
