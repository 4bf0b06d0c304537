"""The model's trading: takers, auctions, stops and groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from fractions import Fraction

from markets.matching.events import (
    Event,
    MarketStatusChanged,
    OrderArmed,
    OrderCanceled,
    OrderTriggered,
    QuantityPrevented,
    QuantityReduced,
    Trade,
)
from markets.matching.spec import MarketSpec
from markets.matching.types import FeeRates, GroupRole, MarketStatus, Reason, Side
from tests.matching.model.orders import ENDED, ModelOrder, reaches, worst


class Trading:
    """One market: the orders of the book, stops that wait, exits that sleep until their entry brought
    something, stops that were triggered; in no particular order.
    """

    def __init__(self, spec: MarketSpec, money: dict[tuple[int, str], int]) -> None:
        self.spec = spec
        self.money = money
        self.status = MarketStatus.OPEN
        self.auction_ends_at: int | None = None
        self.sequence = 0
        self.last_price: int | None = None
        self.orders: list[ModelOrder] = []
        self.book: list[ModelOrder] = []
        self.waiting: list[ModelOrder] = []
        self.asleep: list[ModelOrder] = []
        self.triggered: list[ModelOrder] = []
        self.unsettled: list[int] = []
        self.cancel_after: dict[int, int] = {}
        self.rates: dict[int, FeeRates] = {}
        self.frozen: set[int] = set()
        self.events: list[Event] = []
        self.now = 0

    def next(self) -> int:
        self.sequence += 1
        return self.sequence

    # Money

    def live(self) -> list[ModelOrder]:
        return [order for order in self.orders if order.status not in ENDED]

    def held(self, account: int, asset: str, live: Iterable[ModelOrder] | None = None) -> int:
        live = self.live() if live is None else list(live)
        own = [o for o in live if o.account == account and o.pays_with == asset]
        total = sum(order.need() for order in own if not order.is_exit)
        for group in {order.group for order in own if order.is_exit}:
            entries = [o for o in live if o.group == group and o.role is GroupRole.ENTRY]
            to_come = sum(o.remaining for o in entries) if asset == "quote" else 0
            total += max(o.need(to_come) for o in own if o.is_exit and o.group == group)
        return total

    def available(self, account: int, asset: str) -> int:
        return self.money[account, asset] - self.held(account, asset)

    # How far

    def twice_reference(self) -> int | None:
        if self.last_price is not None:
            return 2 * self.last_price
        bids = [o.price for o in self.book if o.side is Side.BUY and o.price]
        asks = [o.price for o in self.book if o.side is Side.SELL and o.price]
        return max(bids) + min(asks) if bids and asks else None

    def limits_of(self, order: ModelOrder) -> tuple[int | None, int | None]:
        """How far it may go by itself, and with the price band (None: any price)."""
        own = order.price
        if order.wish.type == "market" and order.wish.max_slippage is not None:
            best = self.best_for(order)
            if best is not None:
                own = worst(order.side, 2 * (best.price or 0), order.wish.max_slippage)
        twice, band = self.twice_reference(), self.spec.price_band
        if band is None or twice is None:
            return own, own
        bound = worst(order.side, twice, band)
        if own is None:
            return own, bound
        return own, min(own, bound) if order.side is Side.BUY else max(own, bound)

    def best_for(self, taker: ModelOrder, limit: int | None = None) -> ModelOrder | None:
        """The order that the taker meets next: the best price, then the first in the book."""
        sign = 1 if taker.side is Side.BUY else -1
        limit = taker.price if limit is None else limit
        crossing = [
            order
            for order in self.book
            if order.side is not taker.side
            and order.price
            and (limit is None or order.price * sign <= limit * sign)
        ]
        return min(
            crossing, key=lambda order: ((order.price or 0) * sign, order.place), default=None
        )

    # An order on its way

    def enter(self, order: ModelOrder) -> None:
        """Wait for the trigger, or trade and rest."""
        if order.status == "untriggered":
            self.waiting.append(order)
            if self.status is MarketStatus.OPEN:
                self.find_triggered()
        else:
            self.start(order)

    def start(self, order: ModelOrder) -> None:
        if self.status is not MarketStatus.OPEN:
            self.rest(order)
            return
        own, allowed = self.limits_of(order)
        if order.wish.effective_time_in_force == "fok":
            trial, taker = deepcopy((self, order))
            trial.take(taker, allowed)
            if taker.filled < order.quantity:
                self.end(order, Reason.FOK_UNFILLABLE)
                return
        satisfied = self.take(order, allowed)
        capped = order.wish.quote_quantity is not None and order.status == "filled"
        if satisfied or (order.status in ENDED and not capped):
            return
        beyond_band = own != allowed and self.best_for(order, own) is not None
        if beyond_band and self.spec.volatility_auction:
            self.say_status(MarketStatus.AUCTION, self.spec.volatility_auction)
        interrupted = beyond_band and self.spec.volatility_auction
        if order.may_rest and (interrupted or not beyond_band):
            self.rest(order)
        elif beyond_band:
            self.end(order, Reason.PRICE_BAND)
        else:
            self.end(order, Reason.NO_LIQUIDITY if order.is_market_order else Reason.IOC_REMAINDER)

    def rest(self, order: ModelOrder, place: int | None = None) -> None:
        order.place = order.place if place is None else place
        order.shown = min(order.remaining, order.wish.display_quantity or order.remaining)
        self.book.append(order)

    def take(self, taker: ModelOrder, limit: int | None) -> bool:
        """Trade until nothing crosses, or the taker wants no more; whether its money is spent."""
        left = taker.wish.quote_quantity
        while taker.remaining and taker.status not in ENDED:
            maker = self.best_for(taker, limit)
            if maker is None:
                return False
            price = maker.price or 0
            quantity = min(taker.remaining, maker.shown)
            if left is not None:
                quantity = min(quantity, left // price)
            if left is not None and not quantity:
                return self._satisfy(taker)
            goes_on = maker.account != taker.account or self._prevent(taker, maker, quantity)
            if maker.account != taker.account:
                self._trade(taker, maker, price, quantity)
            elif not goes_on:
                return False
            elif taker.wish.self_trade_prevention == "cancel_oldest":
                continue
            if left is not None:
                left -= price * quantity
                if not left or (taker.side is Side.BUY and left < price):
                    return self._satisfy(taker)
        return False

    def _satisfy(self, taker: ModelOrder) -> bool:
        taker.quantity -= taker.remaining
        if taker.filled:
            taker.status = "filled"
        elif taker.prevented:
            taker.status, taker.reason = "canceled", Reason.SELF_TRADE_PREVENTION
        else:
            self.end(taker, Reason.NO_LIQUIDITY)
        return True

    def _prevent(self, taker: ModelOrder, maker: ModelOrder, quantity: int) -> bool:
        mode = taker.wish.self_trade_prevention
        if mode == "decrement":
            for order in (taker, maker):
                order.prevented += quantity
                self.events.append(QuantityPrevented(self.next(), order.id, quantity))
                self._after_taking(order, quantity, self.sequence)
                if not order.remaining:
                    order.status, order.reason = "canceled", Reason.SELF_TRADE_PREVENTION
            return True
        if mode in ("cancel_oldest", "cancel_both"):
            self.cancel(maker, Reason.SELF_TRADE_PREVENTION)
        if mode in ("cancel_newest", "cancel_both"):
            self.cancel(taker, Reason.SELF_TRADE_PREVENTION)
            return False
        return True

    def _trade(self, taker: ModelOrder, maker: ModelOrder, price: int, quantity: int) -> None:
        amount = price * quantity
        fees, rates = [], []
        for order, liquidity in ((taker, "taker"), (maker, "maker")):
            rate = getattr(self.rates.get(order.account, self.spec.fee_rates), liquidity)
            gets, gives = ("base", quantity), ("quote", amount)
            if order.side is Side.SELL:
                gets, gives = gives, gets
            fee = math.ceil(Fraction(gets[1] * rate, 1_000_000))
            self.money[order.account, gives[0]] -= gives[1]
            self.money[order.account, gets[0]] += gets[1] - fee
            self.money[self.spec.fee_account, gets[0]] += fee
            order.filled += quantity
            order.fee += fee
            order.status = "partially_filled" if order.remaining else "filled"
            fees.append(fee)
            rates.append(rate)
        sequence = self.next()
        self.events.append(
            Trade(
                sequence=sequence,
                id=sequence,
                price=price,
                quantity=quantity,
                amount=amount,
                taker_side=taker.side,
                taker_order=taker.id,
                maker_order=maker.id,
                taker_account=taker.account,
                maker_account=maker.account,
                taker_fee=fees[0],
                maker_fee=fees[1],
                taker_fee_rate=rates[0],
                maker_fee_rate=rates[1],
                timestamp=self.now,
            )
        )
        self.touch(maker)  # in the order in which the engine saves them
        self.touch(taker)
        for order in (taker, maker):
            self._after_taking(order, quantity, sequence)
        self.last_price = price
        self.find_triggered()

    def _after_taking(self, order: ModelOrder, quantity: int, sequence: int) -> None:
        """What an iceberg shows next goes to the back; what is used up leaves the book."""
        self.touch(order)
        if order not in self.book:
            return
        order.shown -= quantity
        if order.shown:
            return
        self.book.remove(order)
        if order.remaining:
            self.rest(order, sequence)

    # How orders end

    def take_out(self, order: ModelOrder) -> None:
        for place in (self.book, self.waiting, self.asleep, self.triggered):
            if order in place:
                place.remove(order)

    def cancel(self, order: ModelOrder, reason: Reason) -> None:
        self.take_out(order)
        self.touch(order)
        self.end(order, reason)

    def end(self, order: ModelOrder, reason: Reason) -> None:
        if order.wish.quote_quantity is not None:
            order.quantity -= order.remaining
        self.events.append(OrderCanceled(self.next(), order.id, order.remaining, reason))
        order.canceled += order.remaining
        order.status = "expired" if reason is Reason.EXPIRED else "canceled"
        order.reason = reason

    def _cancel_all(self, reason: Reason, chosen: Callable[[ModelOrder], bool]) -> None:
        for order in [order for order in self.live() if chosen(order)]:
            self.cancel(order, reason)

    # The market

    def say_status(self, status: MarketStatus, seconds: int | None) -> None:
        self.status = status
        self.auction_ends_at = None if seconds is None else self.now + seconds * 1_000_000
        self.events.append(MarketStatusChanged(self.next(), status, self.auction_ends_at))

    def uncross(self) -> None:
        while True:
            bids = [o for o in self.book if o.side is Side.BUY]
            asks = [o for o in self.book if o.side is Side.SELL]
            price = auction_price(bids, asks, self.twice_reference())
            if price is None:
                return
            self._trade_all_at(price)

    def _trade_all_at(self, price: int) -> None:
        while True:
            bids = [o for o in self.book if o.side is Side.BUY and (o.price or 0) >= price]
            asks = [o for o in self.book if o.side is Side.SELL and (o.price or 0) <= price]
            if not bids or not asks:
                return
            bid = min(bids, key=lambda order: (-(order.price or 0), order.place))
            ask = min(asks, key=lambda order: (order.price or 0, order.place))
            older, newer = sorted((bid, ask), key=lambda order: order.id)
            quantity = min(bid.shown, ask.shown)
            if bid.account != ask.account:
                self.touch(newer)
                self._trade(newer, older, price, quantity)
            else:
                self._prevent(newer, older, quantity)

    # What follows

    def touch(self, order: ModelOrder) -> None:
        if order.group is not None and order.group not in self.unsettled:
            self.unsettled.append(order.group)

    def find_triggered(self) -> None:
        last = self.last_price
        if last is None:
            return
        for order in sorted(self.waiting, key=lambda order: order.place):
            if reaches(last, order.wish, order.stop_price or 0):
                self.waiting.remove(order)
                self.triggered.append(order)

    def follow_up(self) -> None:
        while self.unsettled or self.triggered:
            if self.unsettled:
                self._settle(self.unsettled.pop(0))
            elif self.status is MarketStatus.OPEN:
                order = self.triggered.pop(0)
                order.status, order.place = "open", self.next()
                self.events.append(OrderTriggered(order.place, order.id))
                self.touch(order)
                if order.group is not None:
                    self._settle(order.group)
                self.start(order)
            else:
                self.waiting += self.triggered
                self.triggered = []

    def group(self, group: int) -> list[ModelOrder]:
        return [order for order in self.orders if order.group == group]

    def _settle(self, group: int) -> None:
        parts = {order.role: order for order in self.group(group)}
        entry = parts.get(GroupRole.ENTRY)
        profit = parts.get(GroupRole.TAKE_PROFIT) or parts.get(GroupRole.OCO_LIMIT)
        stop = parts.get(GroupRole.STOP_LOSS) or parts.get(GroupRole.OCO_STOP)
        exits = [order for order in (stop, profit) if order is not None]
        if entry is None:
            assert profit is not None
            assert stop is not None
            if profit.filled or profit.status in ENDED or profit.is_triggered:
                if not stop.is_triggered:
                    self._end_part(stop, Reason.OCO)
            elif stop.is_triggered:
                self._end_part(profit, Reason.OCO)
        elif any(order.status in ENDED or order.is_triggered for order in exits):
            self._end_part(entry, Reason.BRACKET)
            for order in reversed(exits):
                if not order.is_triggered:
                    self._end_part(order, Reason.BRACKET)
        else:
            if profit is not None and stop is not None:
                self._reduce(stop, profit.filled - stop.canceled)
            self._arm(entry, exits)

    def _end_part(self, order: ModelOrder, reason: Reason) -> None:
        if order.status not in ENDED:
            self.cancel(order, reason)

    def _reduce(self, stop: ModelOrder, less: int) -> None:
        if less > 0:
            stop.canceled += less
            self.events.append(QuantityReduced(self.next(), stop.id, less))
            self.touch(stop)

    def _arm(self, entry: ModelOrder, exits: list[ModelOrder]) -> None:
        brought = entry.filled - (entry.fee if entry.side is Side.BUY else 0)
        more = brought - exits[0].quantity
        if more > 0:
            for order in exits:
                self._want_more(order, more)
        elif not brought and entry.status in ENDED:
            for order in reversed(exits):
                self._end_part(order, Reason.BRACKET)

    def _want_more(self, order: ModelOrder, more: int) -> None:
        its_turn_comes = order in self.triggered
        if not its_turn_comes:
            self.take_out(order)
        order.quantity += more
        self.events.append(OrderArmed(self.next(), order.id, more))
        self.touch(order)
        if order.stop_price is None:
            order.place = self.sequence
            order.status = "partially_filled" if order.filled else "open"
        if not its_turn_comes:
            self.enter(order)


def auction_price(
    bids: list[ModelOrder], asks: list[ModelOrder], twice_reference: int | None
) -> int | None:
    """The price at which most trades, by trying every price; None: nothing crosses."""
    found = []
    highest = max((order.price or 0 for order in bids), default=0)
    for price in range(1, highest + 1):
        bought = sum(o.remaining for o in bids if (o.price or 0) >= price)
        sold = sum(o.remaining for o in asks if (o.price or 0) <= price)
        if min(bought, sold):
            found.append((price, min(bought, sold), bought - sold))
    if not found:
        return None
    most = max(volume for _, volume, _ in found)
    found = [each for each in found if each[1] == most]
    least = min(abs(surplus) for _, _, surplus in found)
    found = [each for each in found if abs(each[2]) == least]
    prices = [price for price, _, _ in found]
    if all(surplus > 0 for _, _, surplus in found):
        return max(prices)
    if all(surplus < 0 for _, _, surplus in found) or twice_reference is None:
        return min(prices)
    return min(prices, key=lambda price: (abs(2 * price - twice_reference), price))
