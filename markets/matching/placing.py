"""New orders: checked in one order, then accepted, matched and rested; wholly or not at all.

The checks: client_order_id, deadline, market status, fields that go together, tick, lot and limits,
price band, funds, post-only. The first that fails is the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markets.matching import group_rules, rules
from markets.matching.commands import PlaceGroup, PlaceOrder
from markets.matching.events import Done, OrderAccepted, Refused
from markets.matching.groups import Group
from markets.matching.lookup import Lookup
from markets.matching.market import Market
from markets.matching.matcher import Matcher
from markets.matching.order import Order
from markets.matching.types import (
    Asset,
    GroupRole,
    MarketStatus,
    OrderState,
    OrderStatus,
    OrderType,
    RejectReason,
    Side,
    TimeInForce,
)


class Acted(NamedTuple):
    """A command that did something: its own orders, and those that it canceled."""

    orders: Sequence[Order] = ()
    canceled: tuple[int, ...] = ()


class Placing:
    """How orders come into one market."""

    def __init__(self, market: Market, matcher: Matcher, lookup: Lookup) -> None:
        self._market = market
        self._matcher = matcher
        self._lookup = lookup

    # One order

    def place(self, command: PlaceOrder) -> Acted | Done | Refused:
        """Place an order, or say what is wrong with it."""
        fingerprint = command.fingerprint(self._market.spec.symbol)
        earlier = self._placed_before(command, fingerprint)
        if earlier is not None:
            return earlier
        refusal = self.check_state(command.deadline) or self._check_fields(command)
        if refusal is None and _may_stay(command):
            refusal = self._check_count(command.account, 1)
        if refusal is not None:
            return refusal
        order = self._order_of(command, fingerprint)
        refusal = self._check_funds(order.account, self._needs_of(order))
        if refusal is None and order.post_only:
            refusal = self.check_post_only(order.side, order.price)
        if refusal is not None:
            return refusal
        if command.validate_only:
            return Done()
        self._accept(order)
        self._enter(order)
        return Acted([order])

    def _accept(self, order: Order) -> None:
        """The order exists from here on."""
        market = self._market
        order.sequence = order.priority = market.next_sequence()
        order.id = market.spec.id_base + order.sequence
        market.events.append(OrderAccepted(order.sequence, order.id))
        market.orders[order.id] = order

    def _enter(self, order: Order) -> None:
        """Let an accepted order wait for its trigger, or trade."""
        if order.is_stop:
            self._market.hold(order, 1)
            self._market.wait_or_trigger(order)
        else:
            self._matcher.start(order)

    # A group

    def place_group(self, command: PlaceGroup) -> Acted | Done | Refused:
        """Place orders that belong together: all of them, or none."""
        fingerprints = command.fingerprints(self._market.spec.symbol)
        earlier = self._group_placed_before(command, fingerprints)
        if earlier is not None:
            return earlier
        refusal = (
            self.check_state(command.first.deadline)
            or self._check_group_fields(command)
            or self._check_count(command.account, len(command.orders))
        )
        if refusal is not None:
            return refusal
        orders = [
            self._order_of(each, fingerprint, role)
            for each, fingerprint, role in zip(
                command.orders, fingerprints, command.roles, strict=True
            )
        ]
        refusal = self._check_funds(command.account, self._needs_of_group(orders))
        if refusal is None and orders[0].post_only:
            refusal = self.check_post_only(orders[0].side, orders[0].price)
        if refusal is not None:
            return refusal
        if command.first.validate_only:
            return Done()
        for order in orders:
            self._accept(order)
        group = Group(orders[0].id, orders)
        self._market.unsettled[group.id] = group
        if group.entry is not None:
            for order in group.exits:
                self._market.book.keep(order)
            self._enter(group.entry)
        else:
            # The stop first: a limit order that trades at once finds it, and cancels it.
            for order in reversed(orders):
                self._enter(order)
        return Acted(orders)

    # Checks

    def _placed_before(self, command: PlaceOrder, fingerprint: str) -> Done | Refused | None:
        """What a repeated client_order_id is answered: the same order, or `conflict`."""
        if command.client_order_id is None:
            return None
        earlier = self._lookup.by_client_order_id(command.account, command.client_order_id)
        if earlier is None:
            return None
        if isinstance(earlier, OrderState) and earlier.request == fingerprint:
            return Done() if command.validate_only else Done(order=earlier, duplicate=True)
        message = f"client_order_id {command.client_order_id!r} was used for another order"
        return Refused(RejectReason.CONFLICT, message, {"client_order_id": [message]})

    def _group_placed_before(
        self, command: PlaceGroup, fingerprints: Sequence[str]
    ) -> Done | Refused | None:
        """A repeated group is known by its first order; none of the others' names may be taken."""
        for order, fingerprint in zip(command.orders, fingerprints, strict=True):
            earlier = self._placed_before(order, fingerprint)
            if earlier is not None:
                return earlier
        return None

    def check_state(self, deadline: int | None) -> Refused | None:
        """Refuse what comes after its deadline, and orders and amends where the market takes none."""
        if deadline is not None and self._market.now > deadline:
            return Refused(
                RejectReason.DEADLINE_PASSED, "the deadline had passed; nothing was done"
            )
        market = self._market
        if market.status in (MarketStatus.OPEN, MarketStatus.AUCTION):
            return None
        return Refused(
            RejectReason.MARKET_NOT_OPEN,
            f"{market.spec.symbol} is {market.status}; orders are taken when it is open",
        )

    def _check_fields(self, command: PlaceOrder) -> Refused | None:
        market = self._market
        opposite = market.book.side(command.side.opposite).best()
        refusal = rules.check_new_order(
            market.spec,
            command,
            status=market.status,
            market_price=market.last_price or (opposite.price if opposite else None),
            now=market.now,
        )
        if refusal is None and command.price is not None:
            refusal = self.check_band(command.side, command.price, command.stop_price)
        return refusal

    def _check_group_fields(self, command: PlaceGroup) -> Refused | None:
        market = self._market
        refusal = group_rules.check(market.spec, command)
        if refusal is not None:
            return refusal
        for order, role in zip(command.orders, command.roles, strict=True):
            wanted = order if order.quantity is not None else group_rules.whole_exit(command, order)
            refusal = self._check_fields(wanted)
            if refusal is not None:
                return group_rules.named_by_part(refusal, role)
        return None

    def check_band(self, side: Side, price: int, stop_price: int | None) -> Refused | None:
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

    def _check_count(self, account: int, more: int) -> Refused | None:
        return rules.check_open_orders(len(self._market.book.by_account.get(account, ())), more)

    def _check_funds(self, account: int, needs: dict[Asset, int]) -> Refused | None:
        for asset, need in needs.items():
            available = self._market.ledger.available(account, asset)
            if need > available:
                return rules.insufficient_funds(self._market.spec, asset, need, available)
        return None

    def _needs_of(self, order: Order) -> dict[Asset, int]:
        """What must be available for an order: its money at the worst price that it may trade at."""
        if order.type is not OrderType.MARKET:
            return {order.pays_with: self._market.need(order)}
        if order.side is Side.SELL and order.quote_quantity is None:
            return {Asset.BASE: order.remaining}
        if order.side is Side.BUY and order.quote_quantity is not None:
            return {Asset.QUOTE: order.quote_quantity}
        allowed = self._matcher.range_of(order).allowed
        fillable = self._matcher.fillable(order, allowed)
        if order.side is Side.SELL:
            return {Asset.BASE: fillable.quantity}
        worst = fillable.cost
        if allowed is not None:
            worst = self._market.spec.notional(allowed, order.remaining)
        return {Asset.QUOTE: worst}

    def _needs_of_group(self, orders: Sequence[Order]) -> dict[Asset, int]:
        group = Group(0, orders)
        entry = group.entry
        exits = group.exits[0]
        if entry is None:
            return {exits.pays_with: group.need(self._market)}
        needs = self._needs_of(entry)
        if exits.side is Side.BUY:
            needs[Asset.QUOTE] = group.need(self._market)
        return needs

    def check_post_only(self, side: Side, price: int) -> Refused | None:
        """Refuse a post-only order that would take."""
        best = next(self._market.book.side(side.opposite).crossing(price), None)
        if best is None:
            return None
        return rules.post_only_would_take(self._market.spec, best.price)

    # The order itself

    def _order_of(
        self, command: PlaceOrder, fingerprint: str, role: GroupRole | None = None
    ) -> Order:
        """The order as it is before it is accepted: without id and sequence."""
        spec, now = self._market.spec, self._market.now
        price = command.price
        if command.type is OrderType.STOP and command.stop_price is not None:
            price = rules.worst_stop_price(
                spec, command.side, command.stop_price, command.max_slippage
            )
        quantity = command.quantity or 0
        if command.quote_quantity is not None:
            quantity = spec.max_quantity
        waits = command.stop_price is not None or command.quantity is None
        waits = waits and command.quote_quantity is None
        return Order(
            OrderState(
                id=0,
                account=command.account,
                client_order_id=command.client_order_id,
                side=command.side,
                type=command.type,
                time_in_force=command.effective_time_in_force,
                post_only=command.post_only,
                self_trade_prevention=command.self_trade_prevention,
                price=price,
                stop_price=command.stop_price,
                quantity=quantity,
                quote_quantity=command.quote_quantity,
                max_slippage=command.max_slippage,
                display_quantity=command.display_quantity,
                expires_at=command.expires_at,
                remaining=quantity,
                hidden=0,
                filled=0,
                canceled=0,
                prevented=0,
                notional=0,
                fee=0,
                status=OrderStatus.UNTRIGGERED if waits else OrderStatus.OPEN,
                reason=None,
                group=None,
                role=role,
                connection=command.connection,
                sequence=0,
                priority=0,
                created_at=now,
                updated_at=now,
                request=fingerprint,
            )
        )


def _may_stay(command: PlaceOrder) -> bool:
    """Whether the order may rest or wait."""
    return command.stop_price is not None or command.effective_time_in_force in (
        TimeInForce.GTC,
        TimeInForce.GTD,
    )
