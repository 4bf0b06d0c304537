"""Player: plays a recording into markets, one command after the other, and compares the outcome.

Rules:
- Each command is sent when the one before is answered: the order of the file is the order of the
  exchange, whatever way the commands take.
- Buys go by one account, sells by another: self-trade prevention would change the outcome.
- At each Cancel the order's open quantity must be the logged one; for the rest of an ioc, and for
  an order that had ended, it is the quantity that the exchange canceled.
- What the competitors' orders traded must be the recorded Trade rows, in the recorded order: first
  what rested, by priority, then the taker's rows, one a price level.
- A market that is not open is waited for: what was refused is then done.
- Any other refusal ends the play: from there on nothing could be compared. So does an order that both
  accounts can see: then they are one.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby

from clients.client import ExchangeClient
from clients.decimals import canonical
from clients.errors import MarketNotOpen, NotFound, OrderNotOpen, Refused
from clients.live_book import LiveBook
from clients.records import Fill, Order
from clients.scripts.replay.recording import (
    Amend,
    Cancel,
    Insert,
    OrderKey,
    Recording,
    Step,
    TradeRow,
)
from clients.scripts.steady import HALTED_PAUSE, wait_until_open


class SameAccount(Exception):
    """Both keys are of one account."""


class PlayRefused(Exception):
    """The exchange refused the step on `line`."""

    def __init__(self, line: int, refusal: Refused) -> None:
        super().__init__(f"the step on line {line} was refused, and the play ended: {refusal}")
        self.refusal = refusal


Clock = Callable[[], float]
"""Seconds on a clock that never goes back."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What was done and found; the play is right when there are no differences."""

    done: dict[str, int] = field(default_factory=lambda: {"Insert": 0, "Cancel": 0, "Amend": 0})
    fills: int = 0
    trades: list[TradeRow] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Placed:
    insert: Insert
    order: Order
    quantity: int
    reported: int = 0
    """Of its fills, as a resting order, how many are in the trades."""


class Player:
    """Plays one recording with two accounts; `markets` maps an instrument to a market's symbol,
    `books` tell when the markets are open.
    """

    def __init__(
        self,
        recording: Recording,
        markets: dict[int, str],
        books: Sequence[LiveBook],
        *,
        buyer: ExchangeClient,
        seller: ExchangeClient,
        run: str,
    ) -> None:
        self.outcome = Outcome()
        self._recording = recording
        self._markets = markets
        self._books = books
        self._accounts = {"buy": buyer, "sell": seller}
        self._run = run
        self._placed: dict[OrderKey, _Placed] = {}
        self._resting: list[_Placed] = []

    async def play(self, speed: float | None, advance: Callable[[], None], clock: Clock) -> None:
        """Play it, `speed` times as fast as recorded, None for as fast as it goes.

        `advance` is called after each step. Raises PlayRefused, SameAccount, and what else goes
        wrong with the exchange.
        """
        started = clock()
        for step in self._recording.steps:
            if speed is not None:
                await asyncio.sleep(max(0.0, step.time / speed - (clock() - started)))
            try:
                await self._do_when_open(step)
            except Refused as error:
                raise PlayRefused(step.line, error) from error
            self.outcome.done[type(step).__name__] += 1
            advance()
        self._compare_trades()

    async def cancel_leftovers(self) -> int:
        """Cancel what the recording left open; returns how many orders that were."""
        symbols = set(self._markets.values())
        accounts = self._accounts.values()
        ids = [await account.cancel_all(symbol) for account in accounts for symbol in symbols]
        return sum(len(each) for each in ids)

    async def _do_when_open(self, step: Step) -> None:
        while True:
            for book in self._books:
                await wait_until_open(book)
            try:
                return await self._do(step)
            except MarketNotOpen:  # and this is not known here yet
                await asyncio.sleep(HALTED_PAUSE)

    async def _do(self, step: Step) -> None:
        match step:
            case Insert():
                await self._insert(step)
            case Cancel():
                await self._cancel(step)
            case Amend():
                await self._amend(step)

    async def _insert(self, step: Insert) -> None:
        account = self._accounts[step.side]
        order = await account.submit_order(
            self._markets[step.instrument],
            step.side,
            step.quantity,
            price=step.price,
            time_in_force="ioc" if step.ioc else "gtc",
            client_order_id=f"{self._run}-{step.line}",
        )
        if not self._placed:
            await self._check_accounts(order)
        placed = _Placed(insert=step, order=order, quantity=step.quantity)
        self._placed[step.order] = placed
        if order.filled_quantity:
            await self._note_trades(placed)
        if step.order[0] and order.is_open:
            self._resting.append(placed)

    async def _check_accounts(self, order: Order) -> None:
        other = self._accounts["sell" if order.side == "buy" else "buy"]
        try:
            await other.order(order.id)
        except NotFound:
            return
        raise SameAccount

    async def _cancel(self, step: Cancel) -> None:
        placed = self._placed[step.order]
        if placed in self._resting:
            self._resting.remove(placed)
        try:
            order = await self._account(placed).cancel_order(placed.order.id)
        except OrderNotOpen as error:
            order = Order.from_json(error.order)
        open_then = order.canceled_quantity
        if open_then is None:
            open_then = placed.quantity - order.filled_quantity
        if open_then != step.quantity:
            self.outcome.differences.append(
                f"line {step.line}: order {step.order[1]} had {canonical(open_then)} open, "
                f"recorded {step.quantity}"
            )

    async def _amend(self, step: Amend) -> None:
        placed = self._placed[step.order]
        placed.quantity -= step.quantity
        placed.order = await self._account(placed).amend_order(
            placed.order.id, quantity=placed.quantity
        )

    async def _note_trades(self, taker: _Placed) -> None:
        fills = list(taker.order.fills or await self._fills(taker))
        self.outcome.fills += len(fills)
        for maker in self._by_priority(taker.insert):
            for fill in (await self._fills(maker))[maker.reported :]:
                maker.reported += 1
                self._note(maker, fill.price, fill.quantity)
        if taker.insert.order[0]:
            for price, level in groupby(fills, key=lambda fill: fill.price):
                self._note(taker, price, sum((fill.quantity for fill in level), Decimal(0)))

    def _by_priority(self, taker: Insert) -> Iterable[_Placed]:
        """The competitors' resting orders that the taker may have met, best price first."""
        sign = 1 if taker.side == "buy" else -1
        met = [
            placed
            for placed in self._resting
            if placed.insert.instrument == taker.instrument
            and placed.insert.side != taker.side
            and placed.insert.price * sign <= taker.price * sign
        ]
        return sorted(met, key=lambda placed: placed.insert.price * sign)

    async def _fills(self, placed: _Placed) -> list[Fill]:
        """The order's fills, oldest first."""
        found = await self._account(placed).fills(order=placed.order.id, limit=None)
        return found[::-1]

    def _note(self, placed: _Placed, price: Decimal, quantity: Decimal) -> None:
        self.outcome.trades.append(
            TradeRow(
                order=placed.insert.order,
                instrument=placed.insert.instrument,
                side=placed.insert.side,
                quantity=int(quantity),
                price=int(price),
            )
        )

    def _account(self, placed: _Placed) -> ExchangeClient:
        return self._accounts[placed.insert.side]

    def _compare_trades(self) -> None:
        recorded, found = list(self._recording.trades), self.outcome.trades
        for number in range(max(len(recorded), len(found))):
            wanted = recorded[number] if number < len(recorded) else None
            got = found[number] if number < len(found) else None
            if wanted != got:
                self.outcome.differences.append(
                    f"trade {number + 1}: {got or 'none'}, recorded {wanted or 'none'}"
                )
                return
