"""Matching: what happens when a taker meets the other side, and how an order rests or ends.

Rules:
- Best price first, then the order that got its place first; the trade price is the resting order's. An
  iceberg shows its next part, from the back of its level, when what it showed is gone.
- How far a taker may go is fixed when it starts: its limit or slippage, and the price band.
- An account never trades with itself: the taker's self-trade prevention mode decides what gives way.
"""

from __future__ import annotations

from typing import NamedTuple

from markets.matching.events import QuantityPrevented, Trade
from markets.matching.market import Market
from markets.matching.order import Order, after_fill
from markets.matching.types import (
    LIMITED,
    Asset,
    MarketStatus,
    OrderStatus,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
    TimeInForce,
    fee_on,
    make,
)


class Fillable(NamedTuple):
    """What a taker would trade now."""

    quantity: int
    cost: int
    """What it would pay, or get, for it in quote units."""


class Range(NamedTuple):
    """How far a taker may go. A price of None: any."""

    own: int | None
    """By its limit or slippage."""
    allowed: int | None
    """By the price band, too."""


class Matcher:
    """How orders of one market trade."""

    def __init__(self, market: Market) -> None:
        self._market = market

    # How far a taker may go

    def range_of(self, taker: Order) -> Range:
        """Where the taker, starting now, must stop."""
        own = self._own_limit(taker)
        band = self._market.band_limit(taker.side)
        if own is None or band is None:
            return Range(own, band if own is None else own)
        return Range(own, min(own, band) if taker.side is Side.BUY else max(own, band))

    def _own_limit(self, taker: Order) -> int | None:
        if taker.type is not OrderType.MARKET:
            return taker.price
        best = self._market.book.side(taker.side.opposite).best
        max_slippage = taker.state.max_slippage
        if max_slippage is None or best is None:
            return None
        return self._market.spec.worst_price(taker.side, 2 * best.price, max_slippage)

    # A taker's run

    def start(self, taker: Order) -> None:
        """Let an order trade what it can; then it rests, or what is left of it ends."""
        if self._market.status is not MarketStatus.OPEN:
            self.rest(taker)
            return
        reach = self.range_of(taker)
        if (
            taker.state.time_in_force is TimeInForce.FOK
            and self.fillable(taker, reach.allowed).quantity < taker.remaining
        ):
            self._market.end(taker, Reason.FOK_UNFILLABLE)
            return
        satisfied = self._match(taker, reach.allowed)
        if satisfied:
            self._forget_unbought(taker)
        elif taker.status is not OrderStatus.CANCELED and (
            taker.remaining or taker.state.quote_quantity
        ):
            self._stop(taker, reach)

    def _match(self, taker: Order, limit: int | None) -> bool:
        """Trade best price and oldest order first; whether it got all of its quote quantity."""
        market = self._market
        opposite = market.book.side(taker.side.opposite)
        left = taker.state.quote_quantity
        while taker.remaining:
            level = opposite.best
            if level is None or (limit is not None and level.key > limit * opposite.sign):
                break
            maker = level.first
            assert maker is not None, "an empty level stayed"
            quantity = min(taker.remaining, maker.shown)
            if left is not None:
                quantity = min(quantity, market.spec.lots_for(left, level.price))
                if not quantity:
                    return True
            price = level.price
            if maker.account != taker.account:
                self._trade_with_maker(taker, maker, quantity)
            elif not self.prevent(taker, maker, quantity):
                break
            elif taker.state.self_trade_prevention is SelfTradePrevention.CANCEL_OLDEST:
                continue
            if left is not None:
                left -= market.spec.notional(price, quantity)
                # Prices only rise for a buyer; a seller's next price may be one that the rest pays for.
                if not left or (taker.side is Side.BUY and not market.spec.lots_for(left, price)):
                    return True
        return False

    def _forget_unbought(self, taker: Order) -> None:
        """An order for a quote quantity wanted, in base, what it came to."""
        self._market.trim(taker)
        if taker.filled:
            self._market.change(taker, status=OrderStatus.FILLED)
        elif taker.state.prevented:
            self._market.mark_ended(taker, Reason.SELF_TRADE_PREVENTION)
        else:
            self._market.end(taker, Reason.NO_LIQUIDITY)

    def _stop(self, taker: Order, reach: Range) -> None:
        """Rest or end a taker that cannot go on; or begin an auction, where only the band is in its way."""
        market = self._market
        opposite = market.book.side(taker.side.opposite)
        beyond_band = (
            reach.own != reach.allowed and next(opposite.crossing(reach.own), None) is not None
        )
        if beyond_band and market.spec.volatility_auction:
            market.set_status(MarketStatus.AUCTION, market.spec.volatility_auction)
        is_market_order = taker.type not in LIMITED
        may_rest = not is_market_order and taker.state.time_in_force is not TimeInForce.IOC
        if may_rest and (not beyond_band or market.status is MarketStatus.AUCTION):
            self.rest(taker)
        elif beyond_band:
            market.end(taker, Reason.PRICE_BAND)
        else:
            market.end(taker, Reason.NO_LIQUIDITY if is_market_order else Reason.IOC_REMAINDER)

    def rest(self, order: Order) -> None:
        """Put an order into the book as it is."""
        display_quantity = order.state.display_quantity
        if display_quantity is not None:
            self._market.change(order, hidden=max(0, order.remaining - display_quantity))
        self._market.hold(order, 1)
        self._market.book.rest(order)

    def fillable(self, taker: Order, limit: int | None) -> Fillable:
        """What the taker would trade now, self-trade prevention included."""
        spec = self._market.spec
        wanted, left = taker.remaining, taker.state.quote_quantity
        filled = cost = 0
        for level in self._market.book.side(taker.side.opposite).crossing(limit):
            for maker, shown in level.slices():
                quantity = min(wanted, shown)
                if left is not None:
                    quantity = min(quantity, spec.lots_for(left, level.price))
                if not quantity:
                    return Fillable(filled, cost)
                amount = spec.notional(level.price, quantity)
                if maker.account == taker.account:
                    match taker.state.self_trade_prevention:
                        case SelfTradePrevention.CANCEL_OLDEST:
                            continue
                        case SelfTradePrevention.DECREMENT:
                            pass
                        case _:
                            return Fillable(filled, cost)
                else:
                    filled += quantity
                    cost += amount
                wanted -= quantity
                left = None if left is None else left - amount
        return Fillable(filled, cost)

    # One trade

    def _trade_with_maker(self, taker: Order, maker: Order, quantity: int) -> None:
        amount = self._market.spec.notional(maker.price, quantity)
        if taker.side is Side.BUY:
            self._market.ledger.credit(taker.account, Asset.QUOTE, -amount)
        else:
            self._market.ledger.credit(taker.account, Asset.BASE, -quantity)
        self._trade(taker, maker, maker.price, quantity, amount)

    def trade_resting(self, newer: Order, older: Order, price: int, quantity: int) -> None:
        """Trade two orders of the book at an auction's price; the one placed later is the taker."""
        amount = self._market.spec.notional(price, quantity)
        self._pay_from_hold(newer, quantity, amount)
        self._market.note(newer)
        self._trade(newer, older, price, quantity, amount)

    def _trade(self, taker: Order, maker: Order, price: int, quantity: int, amount: int) -> None:
        market, now = self._market, self._market.now
        self._pay_from_hold(maker, quantity, amount)
        taker_rate = market.rates_of(taker.account).taker
        maker_rate = market.rates_of(maker.account).maker
        taker_fee = self._receive(taker, quantity, amount, taker_rate)
        maker_fee = self._receive(maker, quantity, amount, maker_rate)
        sequence = market.next_sequence()
        market.put(maker, after_fill(maker.state, quantity, amount, maker_fee, now))
        market.put(taker, after_fill(taker.state, quantity, amount, taker_fee, now))
        for order in (taker, maker):
            self._after_taking_from(order, sequence)
        trade = make(
            Trade,
            (
                sequence,
                market.spec.id_base + sequence,
                price,
                quantity,
                amount,
                taker.side,
                taker.id,
                maker.id,
                taker.account,
                maker.account,
                taker_fee,
                maker_fee,
                taker_rate,
                maker_rate,
                now,
            ),
        )
        market.events.append(trade)
        market.facts.trades.append(trade)
        market.trade_at(price)

    def _after_taking_from(self, order: Order, sequence: int) -> None:
        """Take an order of the book out when nothing is left, or show an iceberg's next part."""
        if order.level is None:
            return
        if not order.remaining:
            self._market.book.remove(order)
        elif not order.shown:
            self._market.book.refill(order, sequence)

    def _pay_from_hold(self, order: Order, quantity: int, amount: int) -> None:
        """Spend what a resting order holds; what it held beyond the price is free again."""
        ledger = self._market.ledger
        paid = amount if order.side is Side.BUY else quantity
        ledger.pay_from_hold(order.account, order.pays_with, paid)
        if order.is_exit:
            assert order.group is not None
            self._market.journal.note(order.group.set_held, order.group.held)
            order.group.held -= paid
        elif order.side is Side.BUY:
            better = self._market.spec.notional(order.price, quantity) - amount
            if better:
                ledger.hold(order.account, Asset.QUOTE, -better)

    def _receive(self, order: Order, quantity: int, amount: int, rate: int) -> int:
        """Credit what an order received, less the fee; return the fee."""
        ledger = self._market.ledger
        asset, received = (
            (Asset.BASE, quantity) if order.side is Side.BUY else (Asset.QUOTE, amount)
        )
        fee = fee_on(received, rate)
        ledger.credit(order.account, asset, received - fee)
        if fee:
            ledger.credit(self._market.spec.fee_account, asset, fee)
        return fee

    # Self-trade prevention

    def prevent(self, taker: Order, maker: Order, quantity: int) -> bool:
        """Keep an account from trading with itself; whether the taker goes on."""
        mode = taker.state.self_trade_prevention
        if mode is SelfTradePrevention.DECREMENT:
            for order in (taker, maker):
                self._prevent_quantity(order, quantity)
            return True
        if mode is not SelfTradePrevention.CANCEL_NEWEST:
            self._market.cancel(maker, Reason.SELF_TRADE_PREVENTION)
        if mode is SelfTradePrevention.CANCEL_OLDEST:
            return True
        if taker.level is not None:
            self._market.cancel(taker, Reason.SELF_TRADE_PREVENTION)
        else:
            self._market.end(taker, Reason.SELF_TRADE_PREVENTION)
        return False

    def _prevent_quantity(self, order: Order, quantity: int) -> None:
        market = self._market
        rests = order.level is not None
        if rests:
            market.hold(order, -1)
        sequence = market.next_sequence()
        market.events.append(QuantityPrevented(sequence, order.id, quantity))
        state = order.state
        market.change(
            order, remaining=state.remaining - quantity, prevented=state.prevented + quantity
        )
        self._after_taking_from(order, sequence)
        if not order.remaining:
            market.mark_ended(order, Reason.SELF_TRADE_PREVENTION)
        elif rests:
            market.hold(order, 1)
