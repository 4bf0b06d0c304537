"""What new orders and amends must pass, in one order; the first check that fails is the answer.

client_order_id (in `placing`), deadline, frozen account and market status (`state`), fields that go
together, tick, lot and limits, price band (`fields`), `funds`, `post_only`, that a stop `waits`.
"""

from __future__ import annotations

from collections.abc import Sequence

from markets.matching import group_rules, rules
from markets.matching.commands import PlaceGroup, PlaceOrder
from markets.matching.events import Refused
from markets.matching.group import Group
from markets.matching.market import Market
from markets.matching.matcher import Matcher
from markets.matching.order import Order
from markets.matching.types import (
    Asset,
    MarketStatus,
    OrderType,
    RejectReason,
    Side,
    waits_for_rise,
)


class Checks:
    """The checks of one market. Each returns a refusal, or nothing."""

    def __init__(self, market: Market, matcher: Matcher) -> None:
        self._market = market
        self._matcher = matcher

    def state(self, account: int, deadline: int | None) -> Refused | None:
        """Refuse what comes after its deadline, and orders and amends where none are taken."""
        if deadline is not None and self._market.now > deadline:
            return Refused(
                RejectReason.DEADLINE_PASSED, "the deadline had passed; nothing was done"
            )
        refusal = self.frozen(account)
        if refusal is not None:
            return refusal
        market = self._market
        if market.status in (MarketStatus.OPEN, MarketStatus.AUCTION):
            return None
        return Refused(
            RejectReason.MARKET_NOT_OPEN,
            f"{market.spec.symbol} is {market.status}; orders are taken when it is open",
        )

    def frozen(self, account: int) -> Refused | None:
        """Refuse whatever a frozen account would place or amend."""
        if account not in self._market.frozen:
            return None
        return Refused(
            RejectReason.ACCOUNT_FROZEN,
            "the account is frozen: it can cancel orders, but neither place nor amend them",
        )

    def fields(self, command: PlaceOrder) -> Refused | None:
        """Refuse fields that do not go together, and what breaks tick, lot, a limit or the band."""
        market = self._market
        opposite = market.book.side(command.side.opposite).best
        refusal = rules.check_new_order(
            market.spec,
            command,
            status=market.status,
            market_price=market.last_price or (opposite.price if opposite else None),
            now=market.now,
        )
        if refusal is None and command.price is not None:
            refusal = self.band(command.side, command.price, command.stop_price)
        return refusal

    def group_fields(self, command: PlaceGroup) -> Refused | None:
        """Refuse what is no group, and the fields of each of its orders."""
        refusal = group_rules.check(command)
        if refusal is not None:
            return refusal
        for order, role in zip(command.orders, command.roles, strict=True):
            wanted = order if order.quantity is not None else group_rules.whole_exit(command, order)
            refusal = self.fields(wanted)
            if refusal is not None:
                return group_rules.named_by_part(refusal, role)
        return None

    def band(self, side: Side, price: int, stop_price: int | None) -> Refused | None:
        """Refuse a limit price too far on the aggressive side; a stop's reference is its stop price.

        An auction finds its price by the orders alone.
        """
        spec = self._market.spec
        if spec.price_band is None or self._market.status is MarketStatus.AUCTION:
            return None
        if stop_price is None:
            limit = self._market.band_limit(side)
        else:
            limit = spec.worst_price(side, 2 * stop_price, spec.price_band)
        if limit is None or (price <= limit if side is Side.BUY else price >= limit):
            return None
        return rules.price_out_of_band(spec, side, limit)

    def count(self, account: int, more: int) -> Refused | None:
        """Refuse more orders of an account than may live in one market."""
        return rules.check_open_orders(len(self._market.book.by_account.get(account, ())), more)

    def funds(self, account: int, needs: dict[Asset, int]) -> Refused | None:
        """Refuse an order that needs more than is available."""
        for asset, need in needs.items():
            available = self._market.ledger.available(account, asset)
            if need > available:
                return rules.insufficient_funds(self._market.spec, asset, need, available)
        return None

    def needs_of(self, order: Order) -> dict[Asset, int]:
        """What must be available for an order: its money at the worst price that it may trade at."""
        if order.type is not OrderType.MARKET:
            return {order.pays_with: self._market.need(order)}
        if order.side is Side.SELL and order.state.quote_quantity is None:
            return {Asset.BASE: order.remaining}
        if order.side is Side.BUY and order.state.quote_quantity is not None:
            return {Asset.QUOTE: order.state.quote_quantity}
        allowed = self._matcher.range_of(order).allowed
        fillable = self._matcher.fillable(order, allowed)
        if order.side is Side.SELL:
            return {Asset.BASE: fillable.quantity}
        worst = fillable.cost
        if allowed is not None:
            worst = self._market.spec.notional(allowed, order.remaining)
        return {Asset.QUOTE: worst}

    def needs_of_group(self, orders: Sequence[Order]) -> dict[Asset, int]:
        """The same of a group, what its exits (or its pair) need once."""
        group = Group(0, orders)
        entry = group.entry
        exits = group.exits[0]
        if entry is None:
            return {exits.pays_with: group.need(self._market.spec)}
        needs = self.needs_of(entry)
        if exits.side is Side.BUY:
            needs[Asset.QUOTE] = group.need(self._market.spec)
        return needs

    def waits(self, command: PlaceOrder) -> Refused | None:
        """Refuse a stop that the last price has reached already; while nothing trades all of them wait."""
        price, stop_price = self._market.last_price, command.stop_price
        if price is None or stop_price is None or self._market.status is not MarketStatus.OPEN:
            return None
        rises = waits_for_rise(command.side, command.type)
        if price < stop_price if rises else price > stop_price:
            return None
        return rules.stop_would_trigger(self._market.spec, price)

    def post_only(self, side: Side, price: int) -> Refused | None:
        """Refuse a post-only order that would take."""
        opposite = self._market.book.side(side.opposite)
        best = opposite.best
        if best is None or best.key > price * opposite.sign:
            return None
        return rules.post_only_would_take(self._market.spec, best.price)
