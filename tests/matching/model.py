"""The reference model: the rules once more, on one list, so plain that it is seen to be right.

Nothing is kept that can be counted: what is held is added up over the open orders, the best order is
looked for among all, and whether an order could be filled whole is found out by trying on a copy.
One is one here: prices, quantities and amounts have no decimals, ticks and lots are 1.
"""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass
from fractions import Fraction

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
    Event,
    MarketConfigured,
    MarketStatusChanged,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    QuantityPrevented,
    Trade,
)
from markets.matching.types import MarketSpec, MarketStatus, Reason, RejectReason, Side


class RefusedError(Exception):
    """The command is refused; nothing has changed."""

    def __init__(self, code: RejectReason) -> None:
        self.code = code


@dataclass
class ModelOrder:
    """An order, open or ended."""

    id: int
    wish: PlaceOrder
    account: int
    side: Side
    price: int | None
    quantity: int
    filled: int = 0
    canceled: int = 0
    prevented: int = 0
    fee: int = 0

    @property
    def remaining(self) -> int:
        return self.quantity - self.filled - self.canceled - self.prevented

    @property
    def need(self) -> tuple[tuple[int, str], int]:
        """Whose, of what, how much it holds."""
        if self.side is Side.SELL:
            return (self.account, "base"), self.remaining
        return (self.account, "quote"), (self.price or 0) * self.remaining


class Model:
    """One market. `book` holds the open orders in the order in which they got their places."""

    def __init__(self, spec: MarketSpec, money: dict[tuple[int, str], int]) -> None:
        self.spec = spec
        self.money = money
        self.status = MarketStatus.OPEN
        self.sequence = 0
        self.last_price: int | None = None
        self.orders: list[ModelOrder] = []
        self.book: list[ModelOrder] = []
        self.events: list[Event] = []
        self.now = 0

    def execute(self, command: Command) -> tuple[RejectReason | None, list[Event]]:
        """Carry out a command: (None, its events), or (why not, nothing)."""
        self.events = []
        try:
            match command:
                case PlaceOrder():
                    self._place(command)
                case AmendOrder():
                    self._amend(command)
                case CancelOrder():
                    self._cancel(self._find(command), command.reason)
                case CancelAll():
                    for order in sorted(self.book, key=lambda order: order.id):
                        if order.account == command.account and command.side in (None, order.side):
                            self._cancel(order, command.reason)
                case SetMarketStatus():
                    self._set_status(command.status)
                case ConfigureMarket():
                    if command.spec != self.spec:
                        self.spec = command.spec
                        self.events.append(MarketConfigured(self._next(), command.spec))
        except RefusedError as refused:
            return refused.code, []
        return None, self.events

    def held(self, account: int, asset: str) -> int:
        return sum(need for owner, need in (o.need for o in self.book) if owner == (account, asset))

    def available(self, account: int, asset: str) -> int:
        return self.money[account, asset] - self.held(account, asset)

    def _place(self, wish: PlaceOrder) -> None:
        wish = wish._replace(time_in_force=wish.effective_time_in_force)
        for order in self.orders:
            if wish.client_order_id and order.wish.client_order_id == wish.client_order_id:
                if order.account == wish.account and order.wish != wish:
                    raise RefusedError(RejectReason.CONFLICT)
                if order.account == wish.account:
                    return
        if self.status is not MarketStatus.OPEN:
            raise RefusedError(RejectReason.MARKET_NOT_OPEN)
        order = ModelOrder(
            self.sequence + 1, wish, wish.account, wish.side, wish.price, wish.quantity
        )
        self._check_fields(order)
        trial_self = deepcopy(self)
        trial = deepcopy(order)
        paid = trial_self._take(trial)
        if wish.side is Side.SELL:
            asset, need = "base", wish.quantity
        else:
            asset, need = "quote", paid if wish.price is None else wish.price * wish.quantity
        if need > self.available(wish.account, asset):
            raise RefusedError(RejectReason.INSUFFICIENT_FUNDS)
        if wish.post_only and self._best_for(order):
            raise RefusedError(RejectReason.POST_ONLY_WOULD_TAKE)
        self.events.append(OrderAccepted(self._next(), order.id))
        self.orders.append(order)
        if wish.time_in_force == "fok" and trial.filled < wish.quantity:
            self._end(order, Reason.FOK_UNFILLABLE)
        else:
            self._take(order)
            self._rest(order)

    def _check_fields(self, order: ModelOrder) -> None:
        wish, spec = order.wish, self.spec
        rests = wish.time_in_force == "gtc"
        fits = (wish.price is None) == (wish.type == "market")
        fits = fits and (wish.type == "limit" or wish.time_in_force == "ioc")
        fits = fits and (rests or not wish.post_only)
        opposite = [o.price for o in self.book if o.side is not order.side and o.price]
        best = (
            min(opposite, default=None) if order.side is Side.BUY else max(opposite, default=None)
        )
        price = wish.price or self.last_price or best
        if not fits or not spec.min_quantity <= wish.quantity <= spec.max_quantity:
            raise RefusedError(RejectReason.INVALID_ORDER)
        if price and price * wish.quantity < spec.min_notional:
            raise RefusedError(RejectReason.INVALID_ORDER)

    def _amend(self, wish: AmendOrder) -> None:
        order = self._find(wish)
        if self.status is not MarketStatus.OPEN:
            raise RefusedError(RejectReason.MARKET_NOT_OPEN)
        assert order.price is not None
        price = order.price if wish.price is None else wish.price
        quantity = order.quantity if wish.quantity is None else wish.quantity
        less = price == order.price and quantity <= order.quantity
        if not less and (
            not self.spec.min_quantity <= quantity <= self.spec.max_quantity
            or price * quantity < self.spec.min_notional
        ):
            raise RefusedError(RejectReason.INVALID_ORDER)
        if (price, quantity) == (order.price, order.quantity):
            return
        if quantity <= order.filled + order.prevented:
            self._cancel(order, Reason.AMENDED)
        elif less:
            order.quantity = quantity
            self.events.append(OrderAmended(self._next(), order.id, price, quantity, True))
        else:
            self._replace(order, price, quantity)

    def _replace(self, order: ModelOrder, price: int, quantity: int) -> None:
        after = deepcopy(order)
        after.price, after.quantity = price, quantity
        (account, asset), need = after.need
        if need > self.available(account, asset) + order.need[1]:
            raise RefusedError(RejectReason.INSUFFICIENT_FUNDS)
        if order.wish.post_only and self._best_for(after):
            raise RefusedError(RejectReason.POST_ONLY_WOULD_TAKE)
        self.book.remove(order)
        order.price, order.quantity = price, quantity
        self.events.append(OrderAmended(self._next(), order.id, price, quantity, False))
        self._take(order)
        self._rest(order)

    def _find(self, wish: AmendOrder | CancelOrder) -> ModelOrder:
        for order in self.orders:
            named = (
                order.id == wish.order_id
                if wish.order_id is not None
                else order.wish.client_order_id == wish.client_order_id
            )
            if named and order.account == wish.account:
                if order not in self.book:
                    raise RefusedError(RejectReason.ORDER_NOT_OPEN)
                return order
        raise RefusedError(RejectReason.NOT_FOUND)

    def _set_status(self, status: MarketStatus) -> None:
        if status is self.status:
            return
        self.status = status
        self.events.append(MarketStatusChanged(self._next(), status))
        if status is MarketStatus.CLOSED:
            for order in sorted(self.book, key=lambda order: order.id):
                self._cancel(order, Reason.MARKET_CLOSED)

    def _take(self, taker: ModelOrder) -> int:
        """Trade until nothing is left, nothing crosses, or the taker's own order ends it."""
        paid = 0
        while taker.remaining and (maker := self._best_for(taker)):
            quantity = min(taker.remaining, maker.remaining)
            mode = taker.wish.self_trade_prevention
            if maker.account != taker.account:
                paid += self._trade(taker, maker, quantity)
            elif mode == "decrement":
                for order in (taker, maker):
                    order.prevented += quantity
                    self.events.append(QuantityPrevented(self._next(), order.id, quantity))
                self.book = [order for order in self.book if order.remaining]
            else:
                if mode in ("cancel_oldest", "cancel_both"):
                    self._cancel(maker, Reason.SELF_TRADE_PREVENTION)
                if mode in ("cancel_newest", "cancel_both"):
                    self._end(taker, Reason.SELF_TRADE_PREVENTION)
        return paid

    def _trade(self, taker: ModelOrder, maker: ModelOrder, quantity: int) -> int:
        price = maker.price or 0
        amount = price * quantity
        fees = []
        for order, rate in ((taker, self.spec.taker_fee_rate), (maker, self.spec.maker_fee_rate)):
            gets, gives = ("base", quantity), ("quote", amount)
            if order.side is Side.SELL:
                gets, gives = gives, gets
            fee = math.ceil(Fraction(gets[1] * rate, 1_000_000))
            self.money[order.account, gives[0]] -= gives[1]
            self.money[order.account, gets[0]] += gets[1] - fee
            self.money[self.spec.fee_account, gets[0]] += fee
            order.filled += quantity
            order.fee += fee
            fees.append(fee)
        sequence = self._next()
        self.events.append(
            Trade(
                sequence,
                sequence,
                price,
                quantity,
                amount,
                taker.side,
                taker.id,
                maker.id,
                taker.account,
                maker.account,
                fees[0],
                fees[1],
                self.now,
            )
        )
        self.last_price = price
        self.book = [order for order in self.book if order.remaining]
        return amount

    def _best_for(self, taker: ModelOrder) -> ModelOrder | None:
        """The order that the taker meets next: the best price, then the first in the book."""
        sign = 1 if taker.side is Side.BUY else -1
        crossing = [
            order
            for order in self.book
            if order.side is not taker.side
            and order.price
            and (taker.price is None or order.price * sign <= taker.price * sign)
        ]
        return min(crossing, key=lambda order: (order.price or 0) * sign, default=None)

    def _rest(self, order: ModelOrder) -> None:
        if not order.remaining:
            return
        if order.wish.type == "market":
            self._end(order, Reason.NO_LIQUIDITY)
        elif order.wish.time_in_force == "ioc":
            self._end(order, Reason.IOC_REMAINDER)
        else:
            self.book.append(order)

    def _cancel(self, order: ModelOrder, reason: Reason) -> None:
        self.book = [other for other in self.book if other.id != order.id]
        self._end(order, reason)

    def _end(self, order: ModelOrder, reason: Reason) -> None:
        self.events.append(OrderCanceled(self._next(), order.id, order.remaining, reason))
        order.canceled += order.remaining

    def _next(self) -> int:
        self.sequence += 1
        return self.sequence
