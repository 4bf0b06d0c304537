"""The engine of one market: commands in, outcomes out, in memory.

Rules:
- Pure: no clock, no randomness, no I/O. Time and what is known of funds and ids come in.
- A command is carried out wholly or refused wholly, and all that follows from it (stops that it
  triggers, orders that it arms or cancels) is part of it: the next command finds it done.
- Commands are executed in batches: `begin`, `execute`…, `finish`, then either `accept` (the batch is
  durable) or `undo` (it never was), at a cost that depends on the batch.
- Every fact takes the next sequence. Same state and commands, same events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from markets.matching.amending import Amending
from markets.matching.auction import indication_of
from markets.matching.book import Book
from markets.matching.checks import Checks
from markets.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelAllAfter,
    CancelLost,
    CancelOrder,
    Command,
    ConfigureMarket,
    FireTimers,
    KeepOrders,
    PlaceGroup,
    PlaceOrder,
    SetFeeRates,
    SetFrozen,
    SetMarketStatus,
)
from markets.matching.consequences import Consequences
from markets.matching.events import Batch, Done, Outcome
from markets.matching.groups import Groups
from markets.matching.lookup import Lookup
from markets.matching.market import Market
from markets.matching.matcher import Matcher
from markets.matching.order import Order
from markets.matching.placing import Acted, Placing
from markets.matching.plain_lane import PlainLane
from markets.matching.recall import Known, Needs, Recall, needs_of
from markets.matching.spec import MarketSpec
from markets.matching.supervision import Supervision
from markets.matching.types import FeeRates, MarketState, MarketStatus, OrderState, OrderStatus


class Engine:
    """One market's orders, status and sequence, and the commands that change them."""

    def __init__(self, spec: MarketSpec, state: MarketState) -> None:
        self._market = market = Market(spec, state)
        self._matcher = Matcher(market)
        self._groups = Groups(market, self._matcher)
        self._lookup = Lookup(market)
        self._consequences = Consequences(market, self._matcher, self._groups)
        checks = Checks(market, self._matcher)
        self._placing = Placing(market, self._matcher, self._lookup, checks)
        self._amending = Amending(market, self._matcher, self._lookup, checks)
        self._supervision = Supervision(market, self._matcher, self._lookup, self._consequences)
        lane = PlainLane(market, self._lookup)
        self._lane: dict[type[Command], Callable[[Any], Outcome | None]] = {
            PlaceOrder: lane.place,
            CancelOrder: lane.cancel,
        }
        self._carry_out: dict[type[Command], Callable[[Any], Acted | Outcome]] = {
            PlaceOrder: self._placing.place,
            PlaceGroup: self._placing.place_group,
            AmendOrder: self._amending.amend,
            CancelOrder: self._supervision.cancel,
            CancelAll: self._supervision.cancel_all,
            CancelAllAfter: self._supervision.cancel_all_after,
            CancelLost: self._supervision.cancel_lost,
            KeepOrders: self._supervision.keep_orders,
            SetMarketStatus: self._supervision.set_status,
            ConfigureMarket: self._supervision.configure,
            SetFeeRates: self._supervision.set_fee_rates,
            SetFrozen: self._supervision.set_frozen,
            FireTimers: self._supervision.fire_timers,
        }
        self._start = (spec, state)
        self._outcomes: list[Outcome] = []

    @classmethod
    def load(
        cls,
        spec: MarketSpec,
        state: MarketState,
        orders: Iterable[OrderState],
        cancel_after: Mapping[int, int] | None = None,
        fee_rates: Mapping[int, FeeRates] | None = None,
        frozen: Iterable[int] = (),
    ) -> Engine:
        """Build the engine from what was made durable; live orders are never matched again."""
        engine = cls(spec, state)
        market = engine._market
        groups: dict[int, list[Order]] = {}
        for order_state in sorted(orders, key=lambda order: order.priority):
            order = Order(order_state)
            if order_state.group is not None:
                groups.setdefault(order_state.group, []).append(order)
            engine._put_back(order)
        engine._groups.load(groups)
        market.load_cancel_after(dict(cancel_after or {}))
        market.fee_rates = dict(fee_rates or {})
        market.frozen = set(frozen)
        market.journal.forget()
        market.book.settle()
        return engine

    def _put_back(self, order: Order) -> None:
        book = self._market.book
        if order.status is not OrderStatus.UNTRIGGERED:
            book.rest(order)
        elif order.is_stop and order.quantity:
            book.wait(order)
        else:
            book.keep(order)

    @property
    def spec(self) -> MarketSpec:
        """The market's rules as they are now."""
        return self._market.spec

    @property
    def state(self) -> MarketState:
        """What the market remembers beside its orders."""
        return self._market.state()

    @property
    def book(self) -> Book:
        """The live orders: to look at, not to change."""
        return self._market.book

    @property
    def next_due(self) -> int | None:
        """When `FireTimers` has something to do next, in microseconds; None: no time is set."""
        return self._supervision.next_due()

    # A batch

    def needs(self, commands: Iterable[Command]) -> Needs:
        """What `begin` must be given for these commands."""
        return needs_of(commands, self.book)

    def begin(self, known: Known, now: int) -> None:
        """Start a batch at a time (microseconds) with what was found out for it."""
        self._start = (self.spec, self.state)
        self._lookup.recall = Recall(known, self._market.sequence)
        self._market.start_batch(now)
        self._outcomes = []
        self._market.ledger.begin(known.funds)

    def execute(self, command: Command) -> Outcome:
        """Carry out one command of the batch, or refuse it."""
        lane = self._lane.get(type(command))
        outcome = lane(command) if lane is not None else None
        if outcome is None:
            outcome = self._execute(command)
        self._outcomes.append(outcome)
        return outcome

    def _execute(self, command: Command) -> Outcome:
        """The general way."""
        self._market.start_command()
        result = self._carry_out[type(command)](command)
        if not isinstance(result, Acted):
            return result
        self._consequences.run()
        return self._done(result)

    def leave_plain_lane(self) -> None:
        """Take the general way always: slower, and the same."""
        self._lane = {}

    def _done(self, acted: Acted) -> Done:
        market = self._market
        states = tuple([order.state for order in market.orders.values()])
        self._lookup.recall.note(states)
        own = tuple([order.state for order in acted.orders])
        return Done(
            order=own[0] if own else None,
            group=own if len(own) > 1 else (),
            events=tuple(market.events),
            orders=states,
            canceled=acted.canceled,
        )

    def finish(self) -> Batch:
        """Close the batch: what it came to, to be made durable."""
        bids, asks = self.book.settle()
        in_auction = self._market.status is MarketStatus.AUCTION
        recall, facts = self._lookup.recall, self._market.facts
        return Batch(
            prev_sequence=self._start[1].sequence,
            state=self.state,
            spec=self.spec,
            outcomes=tuple(self._outcomes),
            created=recall.created,
            changed=recall.changed,
            trades=tuple(facts.trades),
            balances=self._market.ledger.changes(),
            bids=bids,
            asks=asks,
            checksum=self.book.checksum,
            timestamp=self._market.now,
            notices=tuple(facts.notices),
            indication=indication_of(self._market) if in_auction else None,
            cancel_after=facts.cancel_after,
            fee_rates=facts.fee_rates,
        )

    def accept(self) -> None:
        """The batch is durable: there is no way back."""
        self._market.journal.forget()

    def undo(self) -> None:
        """The batch never happened: everything is as it was before `begin`."""
        self._market.restore(*self._start)

    def check(self) -> None:
        """Assert every invariant; between batches."""
        market = self._market
        self.book.check(may_cross=market.status in (MarketStatus.AUCTION, MarketStatus.HALTED))
        assert not market.triggered
        assert not market.unsettled
        for order in self.book.orders.values():
            assert order.price % self.spec.tick_size == 0
            assert order.stop_price % self.spec.tick_size == 0
            assert order.remaining % self.spec.lot_size == 0
            assert order.state.sequence <= order.priority <= self.state.sequence
            if order.group is not None:
                assert order.group.held == order.group.need(self.spec), "held once, and enough"
        assert set(market.cancel_after_due) == {
            (at, account) for account, at in market.cancel_after.items()
        }
        if market.status is MarketStatus.CLOSED:
            assert not self.book.orders
