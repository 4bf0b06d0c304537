"""A local book kept by the rules equals REST's at the same update id: of each cadence, under traffic and in
silence, and whatever becomes of the process's own book.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from markets import history, process
from markets.binance.depth import HALF_SECOND, Changes, update_id
from markets.hub import MarketView
from markets.messages.transport import BatchNotice, Pulse, Raw, encode
from tests.binance.sockets.wire import LocalBook, Streams, name_of, rest, streams
from tests.drivers.exchange import ExchangeDriver, Trader

CADENCES = ("depth@100ms", "depth")
SEED = 7


def trade_at_random(trader: Trader, market: str, dice: random.Random, times: int) -> None:
    """Orders around a price: some rest, some trade, some are canceled."""
    for _ in range(times):
        side = dice.choice(("buy", "sell"))
        trader.submit(market, side, str(dice.randint(1, 9)), price=str(dice.randint(90, 110)))
        if dice.random() < 0.1:
            trader.http.delete("orders", params={"market": market, "side": side})


class Follower:
    """Both cadences of a market on one connection, and a book of each."""

    def __init__(self, exchange: ExchangeDriver, market: str) -> None:
        self.exchange, self.name = exchange, name_of(market)
        self.streams = {f"{self.name.lower()}@{cadence}" for cadence in CADENCES}
        self.wire: Streams = streams(exchange, *self.streams, combined=True)
        self.books: dict[str, LocalBook] = {}

    def begin(self) -> None:
        """Take the snapshot after both streams have begun, as clients do."""
        events: list[Any] = []
        while {event["stream"] for event in events} != self.streams:
            events.append(self.wire.receive())
        snapshot = self.snapshot()
        self.books = {stream: LocalBook(snapshot) for stream in self.streams}
        for event in events:
            self.books[event["stream"]].take(event["data"])

    def snapshot(self) -> Any:
        return rest(self.exchange, "depth", symbol=self.name, limit=5000)

    def follow_until_equal(self) -> None:
        """Follow until each book has stood at REST's update id, and was equal there."""
        equal: set[str] = set()
        while equal != self.streams:
            message = self.wire.receive()
            book = self.books[message["stream"]]
            book.take(message["data"])
            snapshot = self.snapshot()
            if snapshot["lastUpdateId"] == book.number:
                assert book.as_snapshot() == snapshot
                equal.add(message["stream"])


@pytest.fixture
def market(exchange: ExchangeDriver) -> str:
    """A market with orders in its book."""
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    alice.place(market, "buy", "5", price="80")
    bob.place(market, "sell", "5", price="120")
    exchange.settle(market)
    return market


def test_books_of_both_cadences_equal_rest_after_traffic(
    exchange: ExchangeDriver, market: str
) -> None:
    alice, bob = exchange.traders(market)
    dice = random.Random(SEED)
    follower = Follower(exchange, market)

    with follower.wire:
        follower.begin()
        for trader in (alice, bob) * 3:
            trade_at_random(trader, market, dice, 20)
        exchange.settle(market)
        follower.follow_until_equal()

    fast, slow = (
        follower.books[f"{follower.name.lower()}@{cadence}"].updates for cadence in CADENCES
    )
    assert fast >= slow > 0


def test_in_a_market_where_nothing_happens_a_book_begins_and_equals_rest(
    exchange: ExchangeDriver, market: str
) -> None:
    follower = Follower(exchange, market)

    with follower.wire:
        follower.begin()
        numbers = {book.number for book in follower.books.values()}
        follower.follow_until_equal()

    for book in follower.books.values():
        assert book.number > min(numbers), "silence has update ids of its own"
        assert book.as_snapshot()["bids"] == [["80.00000000", "5.00000000"]]


def test_a_book_stays_right_when_the_process_starts_over_from_the_rows(
    exchange: ExchangeDriver, market: str
) -> None:
    alice, bob = exchange.traders(market)
    dice = random.Random(SEED)
    view = process.current().hub.markets[market]
    follower = Follower(exchange, market)

    async def lose_what_comes() -> None:
        view.hear_batch(_notice(view, view.book.sequence + 7, view.book.sequence + 8))

    with follower.wire:
        follower.begin()
        trade_at_random(alice, market, dice, 20)
        exchange.in_loop(lose_what_comes())
        trade_at_random(bob, market, dice, 20)
        exchange.settle(market)
        follower.follow_until_equal()


def test_levels_that_went_while_the_process_did_not_hear_are_taken_off(
    exchange: ExchangeDriver, market: str
) -> None:
    alice, _ = exchange.traders(market)
    view = process.current().hub.markets[market]
    follower = Follower(exchange, market)
    alice.place(market, "buy", "3", price="81")
    exchange.settle(market)

    async def believe_what_is_wrong() -> None:
        view.book.apply(view.book.sequence, [["82", "9"], ["81", "0"]], [])

    with follower.wire:
        follower.begin()
        exchange.in_loop(believe_what_is_wrong())
        exchange.wait_until(lambda: view.book.bids.best() == ("81", "3"), "the view is right again")
        follower.follow_until_equal()

    for book in follower.books.values():
        assert book.as_snapshot()["bids"][0] == ["81.00000000", "3.00000000"]


# The number of a book


def _notice(
    view: MarketView, prev: int, sequence: int, bids: Any = (), timestamp: int = 0
) -> BatchNotice:
    update = {"bids": list(bids), "asks": []}
    return BatchNotice(
        prev_sequence=prev,
        sequence=sequence,
        checksum=view.book.checksum,
        update=Raw(encode(update)),
        trades=[],
        status=view.status,
        auction_ends_at=None,
        indication=None,
        reconfigured=False,
        private=[],
        timestamp=timestamp,
    )


async def _no_rows(*_: Any) -> Any:
    raise AssertionError("nothing was missed")


def a_view(market: str) -> MarketView:
    """What another process would have of a market now."""
    return MarketView(history.market_moment(market), _no_rows, 0, 60)


def test_processes_that_heard_the_same_number_their_books_alike_and_one_that_missed_a_sign_less(
    exchange: ExchangeDriver, market: str
) -> None:
    one, two, late = (a_view(market) for _ in range(3))
    numbers = [update_id(one)]
    sequence, clock = one.book.sequence, one.heard_at

    async def hear() -> None:
        for step in range(1, 6):
            pulse = Pulse(sequence + step - 1, one.book.checksum, clock + step * 3 * HALF_SECOND)
            batch = _notice(one, sequence + step - 1, sequence + step, timestamp=pulse.timestamp)
            for view in (one, two, late):
                if view is not late:
                    view.hear_pulse(pulse)
                    numbers.append(update_id(one))
                view.hear_batch(batch)
                assert update_id(late) <= update_id(one)
            assert update_id(one) == update_id(two) == update_id(late)
            numbers.append(update_id(one))

    asyncio.run(hear())

    assert sorted(numbers) == numbers


def test_a_number_never_goes_back_when_an_engine_with_another_clock_takes_over(
    exchange: ExchangeDriver, market: str
) -> None:
    view = a_view(market)
    before = update_id(view)

    async def hear() -> None:
        view.hear_pulse(Pulse(view.book.sequence, view.book.checksum, view.heard_at - 10**7))
        assert update_id(view) == before
        sequence = view.book.sequence
        view.hear_batch(_notice(view, sequence, sequence + 1, timestamp=view.heard_at - 10**7))

    asyncio.run(hear())

    assert update_id(view) == before + 1


def test_an_update_has_the_last_state_of_each_level_and_says_nothing_twice(
    exchange: ExchangeDriver, market: str
) -> None:
    view = a_view(market)
    changes = Changes(view)
    first = update_id(view) + 1
    assert changes.take() is None

    async def hear() -> None:
        for quantity in ("4", "0", "6"):
            sequence = view.book.sequence
            bids = [["79", quantity]]
            view.book.apply(sequence + 1, bids, [])
            changes.add(bids, [])

    asyncio.run(hear())
    update = changes.take()

    assert update == {"U": first, "u": first + 2, "b": [["79.00000000", "6.00000000"]], "a": []}
    assert changes.take() is None
