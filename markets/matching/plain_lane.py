"""The plain lane: limit orders and cancels that nothing special applies to, in one straight line.

Rules:
- The lane never refuses and never decides a hard case: it returns None, before it has changed anything,
  unless all is plainly well. Then the general way (`placing`, `supervision`) is taken. So every rule that
  refuses, and everything rare, is written once, there.
- Taken here: an open market; an account that is not frozen; an order without stop, iceberg, expiry, group,
  slippage or quote quantity, that is inside tick, lot, limits and band, and paid for; makers that are
  nobody's own, no icebergs and in no group; trades that trigger no stop; what is left of a taker rests, or
  (ioc) is canceled. Its client_order_id must be a new one.
- It changes nothing but by the steps that the general way takes, in the same order: with the lane and
  without it the same commands come to the same batches (`tests/matching/test_plain_lane.py`).
"""

from __future__ import annotations

from markets.matching.commands import CancelOrder, PlaceOrder
from markets.matching.events import Done, Event, OrderAccepted, OrderCanceled, Trade
from markets.matching.ledger import BASE, HELD, QUOTE, Purse
from markets.matching.levels import BookSide
from markets.matching.lookup import Lookup
from markets.matching.market import Market
from markets.matching.order import Order, after_cancel, after_fill
from markets.matching.spec import MarketSpec
from markets.matching.types import (
    MAX_OPEN_ORDERS_PER_ACCOUNT,
    MAX_UNITS,
    MILLION,
    MarketStatus,
    OrderState,
    OrderStatus,
    OrderType,
    Reason,
    Side,
    TimeInForce,
    fee_on,
    make,
)

BUY, SELL = Side.BUY, Side.SELL
LIMIT = OrderType.LIMIT
GTC, IOC = TimeInForce.GTC, TimeInForce.IOC
MARKET_OPEN = MarketStatus.OPEN
OPEN = OrderStatus.OPEN
IOC_REMAINDER = Reason.IOC_REMAINDER

Fills = list[tuple[Order, int, int]]
"""What a taker will trade: (maker, quantity, amount) in turn."""


class PlainLane:
    """The short way through one market."""

    def __init__(self, market: Market, lookup: Lookup) -> None:
        self._market = market
        self._book = market.book
        self._ledger = market.ledger
        self._steps = market.journal.steps
        self._unlink, self._put_back = market.book.unlink, market.book.put_back
        self._lookup = lookup
        self._look(market.spec, market.last_price)

    # Cancels

    def cancel(self, command: CancelOrder) -> Done | None:
        """Cancel a resting order of no group."""
        account, order_id, client_order_id, reason, only = command
        book = self._book
        if order_id is not None:
            order = book.orders.get(order_id)
        elif account is not None and client_order_id is not None:
            order = book.by_client_order_id.get((account, client_order_id))
        else:
            return None
        if order is None or order.group is not None or only is not None:
            return None
        level, owner, order_id = order.level, order.account, order.id
        if level is None or (account is not None and account != owner):
            return None
        market, before = self._market, order.state
        remaining = before.remaining
        purse = self._ledger.purses.get(owner) or self._ledger.open(owner)
        if level.side is book.bids:
            need = level.price * remaining // market.spec.scale
            purse[QUOTE] += need
            purse[QUOTE + HELD] -= need
        else:
            purse[BASE] += remaining
            purse[BASE + HELD] -= remaining
        self._steps.append((self._put_back, order, order.previous, before))
        self._unlink(order)
        state = order.state = after_cancel(before, reason, market.now)
        sequence = market.sequence = market.sequence + 1
        event = make(OrderCanceled, (sequence, order_id, remaining, reason))
        self._lookup.recall.note_one(state)
        return make(Done, (state, (), (event,), (state,), (order_id,), False))

    # Orders

    def place(self, command: PlaceOrder) -> Done | None:
        """Place an order that is plainly valid and paid for."""
        (
            account,
            side,
            kind,
            quantity,
            price,
            time_in_force,
            post_only,
            prevention,
            client_order_id,
            quote_quantity,
            stop_price,
            display_quantity,
            expires_at,
            max_slippage,
            deadline,
            validate_only,
            connection,
            must_wait,
        ) = command
        market = self._market
        if (
            kind is not LIMIT
            or quantity is None
            or price is None
            or market.status is not MARKET_OPEN
            or (time_in_force is not None and time_in_force is not GTC and time_in_force is not IOC)
            or quote_quantity is not None
            or stop_price is not None
            or display_quantity is not None
            or expires_at is not None
            or max_slippage is not None
            or validate_only
            or must_wait
            or account in market.frozen
            or (deadline is not None and deadline < market.now)
        ):
            return None
        spec, last_price = market.spec, market.last_price
        if self._last_price is not last_price or self._spec is not spec:
            self._look(spec, last_price)
        amount = price * quantity // spec.scale
        if (
            price % spec.tick_size
            or quantity % spec.lot_size
            or not spec.min_quantity <= quantity <= spec.max_quantity
            or amount < spec.min_notional
        ):
            return None
        book, request = self._book, ""
        if client_order_id is not None:
            if self._lookup.by_client_order_id(account, client_order_id) is not None:
                return None
            request = command.fingerprint(spec.symbol)
        owned = book.by_account.get(account)
        if owned is not None and len(owned) >= MAX_OPEN_ORDERS_PER_ACCOUNT:
            return None
        purse = self._ledger.purses.get(account) or self._ledger.open(account)
        if side is BUY:
            own, opposite, place, need, key = book.bids, book.asks, QUOTE, amount, -price
            in_band = 0 < price <= self._highest
        else:
            own, opposite, place, need, key = book.asks, book.bids, BASE, quantity, price
            in_band = self._lowest <= price <= MAX_UNITS
        best = opposite.best
        takes = best is not None and best.key <= -key
        if need > purse[place] or not in_band:
            return None
        sequence, now = market.sequence + 1, market.now
        order_id = spec.id_base + sequence
        # Two tuples: CPython makes one of more than 30 parts by way of a list.
        # fmt: off
        standing = (
            order_id, account, client_order_id, side, LIMIT, time_in_force or GTC, post_only,
            prevention, None, None, None, None, None, None, sequence, now, request,
            price, None, quantity, 0, connection, sequence,
        )
        # fmt: on
        figures = (0, 0, 0, 0, quantity, 0, OPEN, None, now)
        state = make(OrderState, standing + figures)
        if takes:
            return None if post_only else self._take(state, own, opposite, purse)
        if time_in_force is IOC:
            return None if post_only else self._end(state)
        market.sequence = sequence
        purse[place] -= need
        purse[place + HELD] += need
        order = Order(state)
        self._steps.append((self._unlink, order))
        book.append(order, own.levels.get(key) or own.open(key))
        self._lookup.recall.note_new(state)
        event = make(OrderAccepted, (sequence, order_id))
        return make(Done, (state, (), (event,), (state,), (), False))

    def _look(self, spec: MarketSpec, last: int | None) -> None:
        """Work out what prices are surely within the price band of the last price."""
        self._spec, self._last_price = spec, last
        self._lowest, self._highest = 1, MAX_UNITS
        band = spec.price_band
        if band is not None:
            self._highest = min(MAX_UNITS, (last or 0) * (MILLION + band) // MILLION)
            self._lowest = -(-(last or MAX_UNITS) * (MILLION - band) // MILLION)

    # Takers

    def _end(self, taker: OrderState) -> Done:
        """Cancel a new order that meets nothing and may not rest."""
        market = self._market
        sequence = market.sequence + 1
        market.sequence = sequence + 1
        events = (make(OrderAccepted, (sequence, taker.id)), _canceled(sequence + 1, taker))
        state = after_cancel(taker, IOC_REMAINDER, market.now)
        self._lookup.recall.note_one(state)
        return make(Done, (state, (), events, (state,), (), False))

    def _take(
        self, taker: OrderState, own: BookSide, opposite: BookSide, purse: Purse
    ) -> Done | None:
        """Trade a new order that meets the other side, and let what is left of it rest."""
        fills = self._fills(taker, opposite)
        if fills is None or self._triggers(opposite, fills):
            return None
        market, book, spec, recall = (
            self._market,
            self._book,
            self._market.spec,
            self._lookup.recall,
        )
        steps, purses, now = self._steps, self._ledger.purses, market.now
        account, buys, order_id = taker.account, taker.side is BUY, taker.id
        fee_purse = purses.get(spec.fee_account) or self._ledger.open(spec.fee_account)
        own_rates, everybodys = market.fee_rates, spec.fee_rates
        taker_rate = own_rates.get(account, everybodys).taker
        sequence = market.sequence + 1
        filled = notional = fees = 0
        events: list[Event] = [make(OrderAccepted, (sequence, order_id))]
        orders = [taker]
        for maker, quantity, amount in fills:
            before, owner = maker.state, maker.account
            other = purses.get(owner) or self._ledger.open(owner)
            maker_rate = own_rates.get(owner, everybodys).maker
            if buys:
                taker_fee = fee_on(quantity, taker_rate)
                maker_fee = fee_on(amount, maker_rate)
                other[BASE + HELD] -= quantity
                other[QUOTE] += amount - maker_fee
                fee_purse[QUOTE] += maker_fee
            else:
                taker_fee = fee_on(amount, taker_rate)
                maker_fee = fee_on(quantity, maker_rate)
                other[QUOTE + HELD] -= amount
                other[BASE] += quantity - maker_fee
                fee_purse[BASE] += maker_fee
            filled += quantity
            notional += amount
            fees += taker_fee
            state = after_fill(before, quantity, amount, maker_fee, now)
            if state.remaining:
                steps.append((book.put, maker, before))
                book.put(maker, state)
            else:
                steps.append((self._put_back, maker, None, before))
                self._unlink(maker)
                maker.state = state
            recall.note_one(state)
            orders.append(state)
            sequence += 1
            trade = make(
                Trade,
                (
                    sequence,
                    spec.id_base + sequence,
                    before.price,
                    quantity,
                    amount,
                    taker.side,
                    order_id,
                    maker.id,
                    account,
                    owner,
                    taker_fee,
                    maker_fee,
                    taker_rate,
                    maker_rate,
                    now,
                ),
            )
            events.append(trade)
        market.facts.trades += events[1:]  # type: ignore[arg-type]
        market.last_price = trade.price
        if buys:
            purse[QUOTE] -= notional
            purse[BASE] += filled - fees
            fee_purse[BASE] += fees
        else:
            purse[BASE] -= filled
            purse[QUOTE] += notional - fees
            fee_purse[QUOTE] += fees
        taker = after_fill(taker, filled, notional, fees, now)
        if taker.remaining:
            if taker.time_in_force is IOC:
                sequence += 1
                events.append(_canceled(sequence, taker))
                taker = after_cancel(taker, IOC_REMAINDER, now)
            else:
                self._rest(taker, own, purse)
        market.sequence = sequence
        orders[0] = taker
        recall.note_new(taker)
        return make(Done, (taker, (), tuple(events), tuple(orders), (), False))

    def _fills(self, taker: OrderState, opposite: BookSide) -> Fills | None:
        """All that a limit order will trade; None: a maker on the way is not plain."""
        account, remaining, scale = taker.account, taker.remaining, self._market.spec.scale
        limit = (taker.price or 0) * opposite.sign
        fills: Fills = []
        level = opposite.best
        while level is not None and level.key <= limit:
            maker, price = level.first, level.price
            while maker is not None:
                state = maker.state
                if (
                    maker.account == account
                    or state.display_quantity is not None
                    or maker.group is not None
                ):
                    return None
                quantity = state.remaining
                if quantity > remaining:
                    quantity = remaining
                fills.append((maker, quantity, price * quantity // scale))
                remaining -= quantity
                if not remaining:
                    return fills
                maker = maker.next
            level = opposite.after(level)
        return fills

    def _triggers(self, opposite: BookSide, fills: Fills) -> bool:
        """Whether a stop waits that one of these trades, from the best price to the worst, triggers."""
        book = self._book
        if not (book.rising_stops.orders or book.falling_stops.orders):
            return False
        prices = (fills[0][0].price, fills[-1][0].price)
        return book.rising_stops.reaches(max(prices)) or book.falling_stops.reaches(min(prices))

    def _rest(self, taker: OrderState, own: BookSide, purse: Purse) -> None:
        """Let what is left of a taker rest."""
        price, remaining = taker.price or 0, taker.remaining
        if own is self._book.bids:
            need = price * remaining // self._market.spec.scale
            purse[QUOTE] -= need
            purse[QUOTE + HELD] += need
        else:
            purse[BASE] -= remaining
            purse[BASE + HELD] += remaining
        order = Order(taker)
        self._steps.append((self._unlink, order))
        self._book.append(order, own.at(price))


def _canceled(sequence: int, taker: OrderState) -> OrderCanceled:
    """The fact that what is left of a taker ended."""
    return make(OrderCanceled, (sequence, taker.id, taker.remaining, IOC_REMAINDER))
