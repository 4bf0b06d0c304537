"""The engine of one market: commands in, outcomes out, in memory.

Rules:
- Pure: no clock, no randomness, no I/O. Time and what is known of funds and ids come in.
- A command is carried out wholly or refused wholly. Checks come in one order: client_order_id, market
  status, order fields, tick, lot and limits, funds, post-only.
- Commands are executed in batches: `begin`, `execute`…, `finish`, then either `accept` (the batch is
  durable) or `undo` (it never was), at a cost that depends on the batch.
- Every fact takes the next sequence. Same state and commands, same events.
"""

from __future__ import annotations

from collections.abc import Iterable

from markets.matching import rules
from markets.matching.book import Book, Level, Order
from markets.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    ConfigureMarket,
    PlaceOrder,
    SetMarketStatus,
)
from markets.matching.events import (
    Batch,
    Done,
    MarketConfigured,
    MarketStatusChanged,
    OrderAccepted,
    OrderAmended,
    Outcome,
    Refused,
    Trade,
)
from markets.matching.matcher import Matcher
from markets.matching.recall import Elsewhere, Known, Needs, Recall, needs_of
from markets.matching.types import (
    Asset,
    MarketSpec,
    MarketState,
    MarketStatus,
    OrderState,
    OrderStatus,
    Reason,
    RejectReason,
    Side,
    TimeInForce,
)


class Engine:
    """One market's book, status and sequence, and the commands that change them."""

    def __init__(self, spec: MarketSpec, state: MarketState) -> None:
        self._matcher = Matcher(spec, state)
        self._start = (spec, state)
        self._recall = Recall(Known(), state.sequence)
        self._outcomes: list[Outcome] = []

    @classmethod
    def load(cls, spec: MarketSpec, state: MarketState, orders: Iterable[OrderState]) -> Engine:
        """Build the engine from what was made durable; resting orders are never matched again."""
        engine = cls(spec, state)
        book = engine.book
        for order in sorted(orders, key=lambda order: order.priority):
            book.add(Order(order))
        book.forget()
        book.settle()
        return engine

    @property
    def spec(self) -> MarketSpec:
        """The market's rules as they are now."""
        return self._matcher.spec

    @property
    def state(self) -> MarketState:
        """What the market remembers beside its orders."""
        matcher = self._matcher
        return MarketState(matcher.status, matcher.sequence, matcher.last_price)

    @property
    def book(self) -> Book:
        """The resting orders: to look at, not to change."""
        return self._matcher.book

    # A batch

    def needs(self, commands: Iterable[Command]) -> Needs:
        """What `begin` must be given for these commands."""
        return needs_of(commands, self.book)

    def begin(self, known: Known, now: int) -> None:
        """Start a batch at a time (microseconds) with what was found out for it."""
        self._start = (self.spec, self.state)
        self._recall = Recall(known, self._matcher.sequence)
        self._matcher.now = now
        self._outcomes = []
        self._matcher.ledger.begin(known.funds)

    def execute(self, command: Command) -> Outcome:
        """Carry out one command of the batch, or refuse it."""
        matcher = self._matcher
        matcher.start_command()
        outcome = self._dispatch(command)
        if isinstance(outcome, Done) and matcher.events:
            states = tuple(order.state() for order in matcher.orders.values())
            self._recall.note(states)
            outcome = outcome._replace(events=tuple(matcher.events), orders=states)
        self._outcomes.append(outcome)
        return outcome

    def finish(self) -> Batch:
        """Close the batch: what it came to, to be made durable."""
        bids, asks = self.book.settle()
        events = [
            event
            for outcome in self._outcomes
            if isinstance(outcome, Done)
            for event in outcome.events
        ]
        return Batch(
            prev_sequence=self._start[1].sequence,
            state=self.state,
            spec=self.spec,
            outcomes=tuple(self._outcomes),
            created=self._recall.created,
            changed=self._recall.changed,
            trades=tuple(event for event in events if isinstance(event, Trade)),
            balances=self._matcher.ledger.changes(),
            bids=bids,
            asks=asks,
            checksum=self.book.checksum,
            timestamp=self._matcher.now,
            notices=tuple(
                event
                for event in events
                if isinstance(event, MarketStatusChanged | MarketConfigured)
            ),
        )

    def accept(self) -> None:
        """The batch is durable: there is no way back."""
        self.book.forget()

    def undo(self) -> None:
        """The batch never happened: everything is as it was before `begin`."""
        self._matcher.restore(*self._start)

    def check(self) -> None:
        """Assert every invariant; between batches."""
        self.book.check()
        for order in self.book.orders.values():
            assert order.price % self.spec.tick_size == 0
            assert order.remaining % self.spec.lot_size == 0
            assert order.sequence <= order.priority <= self.state.sequence
        if self.state.status is MarketStatus.CLOSED:
            assert not self.book.orders

    # Commands

    def _dispatch(self, command: Command) -> Outcome:
        match command:
            case PlaceOrder():
                return self._place(command)
            case AmendOrder():
                return self._amend(command)
            case CancelOrder():
                return self._cancel(command)
            case CancelAll():
                return self._cancel_all(command)
            case SetMarketStatus():
                return self._set_status(command)
            case ConfigureMarket():
                return self._configure(command)

    def _place(self, command: PlaceOrder) -> Outcome:
        earlier = self._placed_before(command)
        if earlier is not None:
            return earlier
        if self._matcher.status is not MarketStatus.OPEN:
            return self._not_open()
        opposite = self.book.side(command.side.opposite).best()
        refusal = rules.check_new_order(
            self.spec, command, self._matcher.last_price or (opposite.price if opposite else None)
        )
        if refusal is not None:
            return refusal
        if command.effective_time_in_force is TimeInForce.GTC:
            refusal = rules.check_open_orders(len(self.book.by_account.get(command.account, ())))
            if refusal is not None:
                return refusal
        order = self._new_order(command)
        limit = command.price
        fillable, cost = (
            self._matcher.fillable(order, limit)
            if limit is None or order.time_in_force is TimeInForce.FOK
            else (0, 0)
        )
        if limit is not None:
            cost = self._matcher.hold_for(order)
        refusal = self._check_funds(order, cost if order.side is Side.BUY else order.remaining)
        if refusal is None and order.post_only:
            refusal = self._check_post_only(order.side, order.price)
        if refusal is not None:
            return refusal

        self._start_order(order)
        if order.time_in_force is TimeInForce.FOK and fillable < order.remaining:
            self._matcher.end(order, Reason.FOK_UNFILLABLE)
        else:
            self._matcher.match(order, limit)
            self._matcher.place_rest(order)
        return Done(order=order.state())

    def _new_order(self, command: PlaceOrder) -> Order:
        sequence = self._matcher.sequence + 1
        return Order(
            OrderState(
                id=self.spec.id_base + sequence,
                account=command.account,
                client_order_id=command.client_order_id,
                side=command.side,
                type=command.type,
                time_in_force=command.effective_time_in_force,
                post_only=command.post_only,
                self_trade_prevention=command.self_trade_prevention,
                price=command.price,
                quantity=command.quantity,
                remaining=command.quantity,
                filled=0,
                canceled=0,
                prevented=0,
                notional=0,
                fee=0,
                status=OrderStatus.OPEN,
                reason=None,
                sequence=sequence,
                priority=sequence,
                created_at=self._matcher.now,
                updated_at=self._matcher.now,
                request=command.fingerprint(self.spec.symbol),
            )
        )

    def _start_order(self, order: Order) -> None:
        matcher = self._matcher
        matcher.events.append(OrderAccepted(matcher.next_sequence(), order.id))
        matcher.orders[order.id] = order

    def _placed_before(self, command: PlaceOrder) -> Outcome | None:
        """What a repeated client_order_id is answered: the same order, or `conflict`."""
        if command.client_order_id is None:
            return None
        earlier = self._find_by_client_order_id(command.account, command.client_order_id)
        if earlier is None:
            return None
        if not isinstance(earlier, Elsewhere) and earlier.request == command.fingerprint(
            self.spec.symbol
        ):
            return Done(order=earlier, duplicate=True)
        message = f"client_order_id {command.client_order_id!r} was used for another order"
        return Refused(RejectReason.CONFLICT, message, {"client_order_id": [message]})

    def _amend(self, command: AmendOrder) -> Outcome:
        order = self._find_open(command)
        if isinstance(order, Refused):
            return order
        if self._matcher.status is not MarketStatus.OPEN:
            return self._not_open()
        price = order.price if command.price is None else command.price
        quantity = order.quantity if command.quantity is None else command.quantity
        keeps_place = price == order.price and quantity <= order.quantity
        refusal = rules.check_amendment(self.spec, price, quantity, keeps_place=keeps_place)
        if refusal is not None:
            return refusal
        remaining = quantity - order.filled - order.prevented
        if price == order.price and quantity == order.quantity:
            return Done(order=order.state())
        if remaining <= 0:
            self._matcher.cancel_resting(order, Reason.AMENDED)
        elif keeps_place:
            self._reduce_in_place(order, quantity)
        else:
            refusal = self._check_requeue(order, price, remaining)
            if refusal is not None:
                return refusal
            self._requeue(order, price, quantity, remaining)
        return Done(order=order.state())

    def _reduce_in_place(self, order: Order, quantity: int) -> None:
        self._matcher.hold(order, -1)
        self._matcher.save(order)
        self.book.reduce(order, order.quantity - quantity)
        order.quantity = quantity
        self._matcher.hold(order, 1)
        self._matcher.events.append(
            OrderAmended(self._matcher.next_sequence(), order.id, order.price, quantity, True)
        )

    def _check_requeue(self, order: Order, price: int, remaining: int) -> Refused | None:
        asset = Asset.QUOTE if order.side is Side.BUY else Asset.BASE
        need = self.spec.notional(price, remaining) if order.side is Side.BUY else remaining
        held = self._matcher.hold_for(order)
        available = self._matcher.ledger.available(order.account, asset) + held
        if need > available:
            return self._insufficient(asset, need, available)
        return self._check_post_only(order.side, price) if order.post_only else None

    def _requeue(self, order: Order, price: int, quantity: int, remaining: int) -> None:
        self._matcher.hold(order, -1)
        self.book.remove(order)
        self._matcher.save(order)
        order.price, order.quantity, order.remaining = price, quantity, remaining
        order.priority = self._matcher.next_sequence()
        self._matcher.events.append(OrderAmended(order.priority, order.id, price, quantity, False))
        self._matcher.match(order, price)
        self._matcher.place_rest(order)

    def _cancel(self, command: CancelOrder) -> Outcome:
        order = self._find_open(command)
        if isinstance(order, Refused):
            return order
        self._matcher.cancel_resting(order, command.reason)
        return Done(order=order.state(), canceled=(order.id,))

    def _cancel_all(self, command: CancelAll) -> Outcome:
        owned = self.book.by_account.get(command.account, {})
        canceled = tuple(
            order_id
            for order_id in sorted(owned)
            if command.side is None or owned[order_id].side is command.side
        )
        for order_id in canceled:
            self._matcher.cancel_resting(self.book.orders[order_id], command.reason)
        return Done(canceled=canceled)

    def _set_status(self, command: SetMarketStatus) -> Outcome:
        if command.status is self._matcher.status:
            return Done()
        self._matcher.status = command.status
        self._matcher.events.append(
            MarketStatusChanged(self._matcher.next_sequence(), command.status)
        )
        canceled: tuple[int, ...] = ()
        if command.status is MarketStatus.CLOSED:
            canceled = tuple(sorted(self.book.orders))
            for order_id in canceled:
                self._matcher.cancel_resting(self.book.orders[order_id], Reason.MARKET_CLOSED)
        return Done(canceled=canceled)

    def _configure(self, command: ConfigureMarket) -> Outcome:
        refusal = rules.check_specification(
            self.spec, command.spec, orders_rest=bool(self.book.orders)
        )
        if refusal is not None:
            return refusal
        if command.spec != self.spec:
            self._matcher.spec = self.book.spec = command.spec
            self._matcher.events.append(
                MarketConfigured(self._matcher.next_sequence(), command.spec)
            )
        return Done()

    # Bits that the above are made of

    def _check_funds(self, order: Order, need: int) -> Refused | None:
        asset = Asset.QUOTE if order.side is Side.BUY else Asset.BASE
        available = self._matcher.ledger.available(order.account, asset)
        return self._insufficient(asset, need, available) if need > available else None

    def _insufficient(self, asset: Asset, need: int, available: int) -> Refused:
        return rules.insufficient_funds(self.spec, asset, need, available)

    def _check_post_only(self, side: Side, price: int) -> Refused | None:
        best: Level | None = next(self.book.side(side.opposite).crossing(price), None)
        return rules.post_only_would_take(self.spec, best.price) if best is not None else None

    def _not_open(self) -> Refused:
        return Refused(
            RejectReason.MARKET_NOT_OPEN,
            f"{self.spec.symbol} is {self._matcher.status}; orders are taken when it is open",
        )

    def _find_by_client_order_id(
        self, account: int, client_order_id: str
    ) -> OrderState | Elsewhere | None:
        key = (account, client_order_id)
        resting = self.book.by_client_order_id.get(key)
        if resting is not None:
            return resting.state()
        return self._recall.by_client_order_id(key)

    def _find_open(self, command: CancelOrder | AmendOrder) -> Order | Refused:
        """The resting order that a command names, or why there is none."""
        ended: OrderState | Elsewhere | None
        if command.order_id is not None:
            order_id = command.order_id
            resting = self.book.orders.get(order_id)
            if resting is not None and command.account in (None, resting.account):
                return resting
            ended = self._recall.by_id(order_id)
        elif command.account is not None and command.client_order_id is not None:
            key = (command.account, command.client_order_id)
            resting = self.book.by_client_order_id.get(key)
            if resting is not None:
                return resting
            ended = self._find_by_client_order_id(*key)
        else:
            ended = None
        if not isinstance(ended, OrderState) or command.account not in (None, ended.account):
            return Refused(RejectReason.NOT_FOUND, "there is no such order of this account")
        return Refused(
            RejectReason.ORDER_NOT_OPEN, f"the order has ended: {ended.status}", order=ended
        )
