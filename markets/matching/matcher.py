"""Matching: what happens when a taker meets the other side, and how an order rests or ends.

Rules:
- Best price first, then the order that got its place first; the trade price is the resting order's.
- An account never trades with itself: the taker's self-trade prevention mode decides what gives way.
- Every change goes through the book's journal and the ledger, and becomes an event with the next
  sequence; nothing here refuses anything.
"""

from __future__ import annotations

from markets.matching.book import Book, Order
from markets.matching.events import (
    Event,
    OrderCanceled,
    QuantityPrevented,
    Trade,
)
from markets.matching.ledger import Ledger
from markets.matching.types import (
    Asset,
    MarketSpec,
    MarketState,
    OrderStatus,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
    TimeInForce,
    fee_on,
)


class Matcher:
    """The moving parts of one market: its book, ledger, sequence and last price."""

    def __init__(self, spec: MarketSpec, state: MarketState) -> None:
        self.spec = spec
        self.status = state.status
        self.sequence = state.sequence
        self.last_price = state.last_price
        self.book = Book(spec)
        self.ledger = Ledger()
        self.now = 0
        self.events: list[Event] = []
        """Of the command at hand."""
        self.orders: dict[int, Order] = {}
        """Orders that the command at hand changed, its own first."""

    def restore(self, spec: MarketSpec, state: MarketState) -> None:
        """Go back to an earlier moment, the book's journal with it."""
        self.book.undo()
        self.book.settle()
        self.spec = self.book.spec = spec
        self.status, self.sequence, self.last_price = state

    def start_command(self) -> None:
        """Forget the events of the command before."""
        self.events = []
        self.orders = {}

    def match(self, taker: Order, limit: int | None) -> None:
        """Trade the taker against the other side, best price and oldest order first."""
        opposite = self.book.side(taker.side.opposite)
        while taker.remaining:
            level = opposite.best()
            if level is None or (limit is not None and level.key > limit * opposite.sign):
                return
            maker = level.first
            assert maker is not None, "an empty level stayed"
            if maker.account != taker.account:
                self._trade(taker, maker)
            elif self._prevent(taker, maker):
                return

    def _trade(self, taker: Order, maker: Order) -> None:
        quantity = min(taker.remaining, maker.remaining)
        price = maker.price
        amount = self.spec.notional(price, quantity)
        taker_fee = self._settle_taker(taker, quantity, amount)
        maker_fee = self._settle_maker(maker, quantity, amount)
        self.save(maker)
        self.book.reduce(maker, quantity)
        taker.remaining -= quantity
        for order, fee in ((taker, taker_fee), (maker, maker_fee)):
            order.filled += quantity
            order.notional += amount
            order.fee += fee
            order.status = OrderStatus.PARTIALLY_FILLED if order.remaining else OrderStatus.FILLED
        if not maker.remaining:
            self.book.remove(maker)
        sequence = self.next_sequence()
        self.events.append(
            Trade(
                sequence=sequence,
                id=self.spec.id_base + sequence,
                price=price,
                quantity=quantity,
                amount=amount,
                taker_side=taker.side,
                taker_order=taker.id,
                maker_order=maker.id,
                taker_account=taker.account,
                maker_account=maker.account,
                taker_fee=taker_fee,
                maker_fee=maker_fee,
                timestamp=self.now,
            )
        )
        self.last_price = price

    def _settle_taker(self, taker: Order, quantity: int, amount: int) -> int:
        if taker.side is Side.BUY:
            self.ledger.credit(taker.account, Asset.QUOTE, -amount)
        else:
            self.ledger.credit(taker.account, Asset.BASE, -quantity)
        return self._receive(taker, quantity, amount, self.spec.taker_fee_rate)

    def _settle_maker(self, maker: Order, quantity: int, amount: int) -> int:
        if maker.side is Side.BUY:
            self.ledger.pay_from_hold(maker.account, Asset.QUOTE, amount)
        else:
            self.ledger.pay_from_hold(maker.account, Asset.BASE, quantity)
        return self._receive(maker, quantity, amount, self.spec.maker_fee_rate)

    def _receive(self, order: Order, quantity: int, amount: int, rate: int) -> int:
        """Credit what an order received, less the fee; return the fee."""
        asset, received = (
            (Asset.BASE, quantity) if order.side is Side.BUY else (Asset.QUOTE, amount)
        )
        fee = fee_on(received, rate)
        self.ledger.credit(order.account, asset, received - fee)
        if fee:
            self.ledger.credit(self.spec.fee_account, asset, fee)
        return fee

    def _prevent(self, taker: Order, maker: Order) -> bool:
        """Keep an account from trading with itself; True: the taker is done."""
        mode = taker.self_trade_prevention
        if mode is SelfTradePrevention.DECREMENT:
            quantity = min(taker.remaining, maker.remaining)
            self.hold(maker, -1)
            self.save(maker)
            self.book.reduce(maker, quantity)
            taker.remaining -= quantity
            for order in (taker, maker):
                order.prevented += quantity
                self.events.append(QuantityPrevented(self.next_sequence(), order.id, quantity))
            if maker.remaining:
                self.hold(maker, 1)
            else:
                self.book.remove(maker)
                self._mark_ended(maker, Reason.SELF_TRADE_PREVENTION)
            if not taker.remaining:
                self._mark_ended(taker, Reason.SELF_TRADE_PREVENTION)
            return False
        if mode is not SelfTradePrevention.CANCEL_NEWEST:
            self.cancel_resting(maker, Reason.SELF_TRADE_PREVENTION)
        if mode is SelfTradePrevention.CANCEL_OLDEST:
            return False
        self.end(taker, Reason.SELF_TRADE_PREVENTION)
        return True

    def fillable(self, taker: Order, limit: int | None) -> tuple[int, int]:
        """What the taker would trade now and pay or get for it, self-trade prevention included."""
        wanted, filled, cost = taker.remaining, 0, 0
        for level in self.book.side(taker.side.opposite).crossing(limit):
            for maker in level:
                if not wanted:
                    return filled, cost
                quantity = min(wanted, maker.remaining)
                if maker.account == taker.account:
                    match taker.self_trade_prevention:
                        case SelfTradePrevention.CANCEL_OLDEST:
                            continue
                        case SelfTradePrevention.DECREMENT:
                            wanted -= quantity
                            continue
                        case _:
                            return filled, cost
                wanted -= quantity
                filled += quantity
                cost += self.spec.notional(level.price, quantity)
        return filled, cost

    def place_rest(self, order: Order) -> None:
        """Rest what is left of an order that has traded, or end it."""
        if not order.remaining:
            return
        if order.type is OrderType.MARKET:
            self.end(order, Reason.NO_LIQUIDITY)
        elif order.time_in_force is TimeInForce.IOC:
            self.end(order, Reason.IOC_REMAINDER)
        else:
            self.hold(order, 1)
            self.book.add(order)

    def cancel_resting(self, order: Order, reason: Reason) -> None:
        """Take a resting order out of the book and release what it holds."""
        self.hold(order, -1)
        self.book.remove(order)
        self.save(order)
        self.end(order, reason)

    def end(self, order: Order, reason: Reason) -> None:
        """Cancel what an order outside the book still wants."""
        self.events.append(OrderCanceled(self.next_sequence(), order.id, order.remaining, reason))
        order.canceled += order.remaining
        order.remaining = 0
        self._mark_ended(order, reason)

    def _mark_ended(self, order: Order, reason: Reason) -> None:
        order.status, order.reason = OrderStatus.CANCELED, reason

    def next_sequence(self) -> int:
        """The next fact's number."""
        self.sequence += 1
        return self.sequence

    def save(self, order: Order) -> None:
        """Note an order that rests (or rested) before the command changes it."""
        self.book.save(order)
        self.orders.setdefault(order.id, order)
        order.updated_at = self.now

    def hold_for(self, order: Order) -> int:
        """What the order holds when it rests as it is."""
        if order.side is Side.SELL:
            return order.remaining
        return self.spec.notional(order.price, order.remaining)

    def hold(self, order: Order, sign: int) -> None:
        """Hold (1) or release (-1) what the order needs as it is."""
        asset = Asset.QUOTE if order.side is Side.BUY else Asset.BASE
        self.ledger.hold(order.account, asset, sign * self.hold_for(order))
