"""Real order flow, logged by others' matching engines, comes out of ours as it came out of theirs.

- `rtg_*.csv`: a trading contest's logs. Its anonymous flow crosses itself, so all its buy orders have
  one account here and all its sell orders another; a competitor has its own.
- `lobster_aapl_10_*.csv`: NASDAQ's messages for AAPL, and the ten best levels after each of them.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from markets.matching.types import OrderState, Side, fee_on
from tests.drivers import PLAIN, Answer, MarketDriver
from tests.recordings import recording

RICH = 10**15
PROOF_INTERVAL = 100
"""Everything is proved after so many steps; each batch's own figures after every one."""


def rows_of(name: str) -> list[list[str]]:
    path = recording(name)
    with path.open(newline="") as file:
        return list(csv.reader(file))


# The contest

MAKER_RATE, TAKER_RATE = -100, 200
"""In millionths: what the Fee column was reckoned with."""


class Contest:
    """A contest's log, played on one market for each instrument."""

    def __init__(self) -> None:
        self.markets = {
            instrument: MarketDriver(
                PLAIN,
                opening=RICH,
                prove=False,
                tick_size=100,
                maker_fee_rate=MAKER_RATE,
                taker_fee_rate=TAKER_RATE,
            )
            for instrument in ("0", "1")
        }
        self.orders: dict[tuple[str, str], tuple[MarketDriver, str, Answer]] = {}
        self.counts: Counter[str] = Counter()
        self.fills: list[tuple[str, str, str, str, int, int]] = []
        """Our fills of competitors: who, order, instrument, side, volume, price."""
        self.logged_fills: list[tuple[str, str, str, str, int, int]] = []
        self.fees: list[tuple[int, int, int]] = []
        """Of each logged fill: the amount, their fee, ours."""
        self._our_fees: list[tuple[int, int]] = []

    def play(self, name: str) -> None:
        """Feed the log, line by line."""
        header, *lines = rows_of(name)
        for number, line in enumerate(lines):
            row = dict(zip(header, line, strict=True))
            self.counts[row["Operation"]] += 1
            match row["Operation"]:
                case "Insert":
                    self._insert(row)
                case "Amend":
                    self._amend(row)
                case "Cancel":
                    self._cancel(row)
                case "Trade":
                    self._compare_trade(row)
                case operation:
                    assert operation == "Hedge"
            if number % PROOF_INTERVAL == 0:
                self.prove()
        self.prove()

    def prove(self) -> None:
        """Assert all that must be true of both markets."""
        for market in self.markets.values():
            market.prove()

    def now(self, competitor: str, order_id: str) -> OrderState:
        """A logged order as it is in our market now."""
        market, _, answer = self.orders[competitor, order_id]
        return market.order(answer)

    def _insert(self, row: dict[str, str]) -> None:
        side = Side.SELL if row["Side"] == "A" else Side.BUY
        trader = row["Competitor"] or ("sellers" if side is Side.SELL else "buyers")
        market = self.markets[row["Instrument"]]
        answer = market.place(
            trader,
            side,
            int(row["Volume"]),
            at=int(row["Price"]),
            time_in_force={"G": "gtc", "F": "ioc"}[row["Lifespan"]],
        )
        assert answer.refused is None, (row, answer.refusal)
        self.orders[row["Competitor"], row["OrderId"]] = market, trader, answer
        self._note_fills(row["Instrument"], market, answer)

    def _amend(self, row: dict[str, str]) -> None:
        market, trader, answer = self.orders[row["Competitor"], row["OrderId"]]
        before = market.order(answer)
        amended = market.amend(trader, answer, quantity=before.quantity + int(row["Volume"]))
        assert amended.order.remaining == before.remaining + int(row["Volume"])
        assert amended.order.priority == before.priority

    def _cancel(self, row: dict[str, str]) -> None:
        """The open quantity must be the logged one; an ioc order's rest is canceled already."""
        market, trader, answer = self.orders[row["Competitor"], row["OrderId"]]
        if market.order(answer).time_in_force == "ioc":
            assert market.order(answer).reason == "ioc_remainder"
        else:
            assert market.cancel(trader, answer).refused is None
        assert market.order(answer).canceled == -int(row["Volume"]), row

    def _note_fills(self, instrument: str, market: MarketDriver, answer: Answer) -> None:
        names = {(m, a.order.id): key for key, (m, _, a) in self.orders.items() if key[0]}
        sides = {Side.SELL: "A", Side.BUY: "B"}
        for trade in answer.done.trades:
            for order_id, side, fee in (
                (trade.taker_order, trade.taker_side, trade.taker_fee),
                (trade.maker_order, trade.taker_side.opposite, trade.maker_fee),
            ):
                if (market, order_id) in names:
                    who, logged_id = names[market, order_id]
                    self.fills.append(
                        (who, logged_id, instrument, sides[side], trade.quantity, trade.price)
                    )
                    self._our_fees.append((trade.amount, fee))

    def _compare_trade(self, row: dict[str, str]) -> None:
        self.logged_fills.append(
            (
                row["Competitor"],
                row["OrderId"],
                row["Instrument"],
                row["Side"],
                int(row["Volume"]),
                int(row["Price"]),
            )
        )
        assert self.fills[: len(self.logged_fills)] == self.logged_fills
        amount, our_fee = self._our_fees[len(self.logged_fills) - 1]
        self.fees.append((amount, int(row["Fee"]), our_fee))


def test_the_first_contest_comes_out_the_same() -> None:
    contest = Contest()

    contest.play("rtg_a.csv")

    assert contest.counts == {"Insert": 1605, "Cancel": 1461, "Trade": 2}
    assert contest.fills == contest.logged_fills
    assert contest.logged_fills == [
        ("TraderOne", "2", "1", "A", 10, 148_700),
        ("TraderOne", "4", "1", "A", 10, 148_700),
    ]
    assert contest.now("TraderOne", "1").reason == "canceled_by_owner"


def test_the_second_contest_comes_out_the_same() -> None:
    contest = Contest()

    contest.play("rtg_b.csv")

    assert contest.counts == {"Insert": 2834, "Cancel": 2700, "Amend": 1}
    amended = contest.now("", "177490955")
    assert (amended.quantity, amended.canceled) == (1000, 1000), "2000, amended, then canceled"


def test_the_contests_fees_are_ours_but_for_rounding() -> None:
    """They round to the nearest unit and we round up. The competitor only sold, so its fees are quote."""
    contest = Contest()

    contest.play("rtg_a.csv")

    assert contest.fees == [(1_487_000, -149, -148), (1_487_000, 297, 298)]
    for (amount, theirs, ours), rate in zip(contest.fees, (MAKER_RATE, TAKER_RATE), strict=True):
        exact = Fraction(amount * rate, 1_000_000)
        assert theirs == round(exact)
        assert ours == fee_on(amount, rate)
        assert 0 <= ours - exact < 1


# NASDAQ

NEW, PARTIAL_CANCEL, DELETE, EXECUTION, HIDDEN_EXECUTION = range(1, 6)
LEVELS = 10
SIDES = {1: Side.BUY, -1: Side.SELL}
TRADERS = {Side.BUY: "buyers", Side.SELL: "sellers"}


class Nasdaq:
    """The message file, played on one market that starts with the first row of the book file."""

    def __init__(self, first_book: list[int]) -> None:
        self.market = MarketDriver(PLAIN, opening=RICH, prove=False, tick_size=100)
        self.orders: dict[int, Answer] = {}
        self.seeds: dict[tuple[Side, int], Answer] = {}
        """The quantity that was there before the first message, one order a level."""
        self.counts: Counter[int] = Counter()
        self.unseen = 0
        self.compared_levels = 0
        self._covered = {Side.SELL: 10**9, Side.BUY: 0}
        """The worst price that the window has shown at all times."""
        for side, price, quantity in window(first_book):
            self.seeds[side, price] = self.market.place(TRADERS[side], side, quantity, at=price)

    def step(self, message: list[int], book: list[int]) -> None:
        """Feed one message (type, id, size, price, direction); compare what it left."""
        kind, order_id, size, price, direction = message
        self.counts[kind] += 1
        side = SIDES[direction]
        trader = TRADERS[side]
        match kind:
            case 1:
                self.orders[order_id] = self.market.place(trader, side, size, at=price)
            case 2 | 3 | 4:
                answer = self.orders.get(order_id) or self.seeds.get((side, price))
                if answer is None:
                    self._check_that_it_came_unseen(side, price)
                elif kind == EXECUTION:
                    self._execute(answer, size)
                else:
                    self._take_off(answer, size, whole=kind == DELETE)
            case _:
                assert kind == HIDDEN_EXECUTION, "what is hidden is not in the book"
        self._compare(book)

    def _check_that_it_came_unseen(self, side: Side, price: int) -> None:
        """An order may be unknown only where the window has not always been."""
        assert not is_within(side, price, self._covered[side])
        self.unseen += 1

    def _take_off(self, answer: Answer, size: int, *, whole: bool) -> None:
        order = self.market.order(answer)
        trader = TRADERS[order.side]
        if order.remaining == size:
            assert whole or answer in self.seeds.values()
            self.market.cancel(trader, answer)
        else:
            assert not whole or answer in self.seeds.values()
            self.market.amend(trader, answer, quantity=order.quantity - size)

    def _execute(self, answer: Answer, size: int) -> None:
        """A taker at the order's price must hit that very order: it is the first at the best price."""
        order = self.market.order(answer)
        assert order.price is not None
        side = order.side.opposite
        taker = self.market.place(TRADERS[side], side, size, at=order.price, time_in_force="ioc")
        assert [(trade.maker_order, trade.quantity) for trade in taker.done.trades] == [
            (order.id, size)
        ]

    def _compare(self, book: list[int]) -> None:
        """The levels that the window has always covered are ours, exactly."""
        shown = list(window(book))
        ours = self.market.engine.book
        for side, worst in ((Side.SELL, min), (Side.BUY, max)):
            levels = [(price, quantity) for of, price, quantity in shown if of is side]
            bound = self._covered[side] = worst(self._covered[side], levels[-1][0])
            expected = [level for level in levels if is_within(side, level[0], bound)]
            found = [
                tuple(level)
                for level in ours.side(side).depth()
                if is_within(side, level[0], bound)
            ]
            assert found == expected
            self.compared_levels += len(expected)


def is_within(side: Side, price: int, bound: int) -> bool:
    return price <= bound if side is Side.SELL else price >= bound


def window(row: list[int]) -> Iterator[tuple[Side, int, int]]:
    """A row of the book file as (side, price, quantity), best first."""
    for level in range(LEVELS):
        ask, ask_size, bid, bid_size = row[4 * level : 4 * level + 4]
        yield Side.SELL, ask, ask_size
        yield Side.BUY, bid, bid_size


def test_nasdaqs_book_comes_out_the_same_after_every_message() -> None:
    messages = rows_of("lobster_aapl_10_messages.csv")
    books = [[int(field) for field in row] for row in rows_of("lobster_aapl_10_book.csv")]

    nasdaq = Nasdaq(books[0])
    for number, (message, book) in enumerate(zip(messages[1:], books[1:], strict=True)):
        nasdaq.step([int(field) for field in message[1:]], book)
        if number % PROOF_INTERVAL == 0:
            nasdaq.market.prove()
    nasdaq.market.prove()

    assert nasdaq.counts == {
        NEW: 470,
        DELETE: 369,
        EXECUTION: 98,
        HIDDEN_EXECUTION: 61,
    }
    assert (len(nasdaq.market.trades), nasdaq.unseen) == (94, 4)
    assert nasdaq.compared_levels == 6403
