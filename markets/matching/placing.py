"""New orders: checked, then accepted, matched and rested; wholly or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markets.matching import group_rules, rules
from markets.matching.checks import Checks
from markets.matching.commands import PlaceGroup, PlaceOrder
from markets.matching.events import Done, OrderAccepted, Refused
from markets.matching.group import Group
from markets.matching.lookup import Lookup
from markets.matching.market import Market
from markets.matching.matcher import Matcher
from markets.matching.order import Order
from markets.matching.types import (
    MARKET_STOPS,
    GroupRole,
    OrderState,
    OrderStatus,
    RejectReason,
    TimeInForce,
)


class Acted(NamedTuple):
    """A command that did something: its own orders, and those that it canceled."""

    orders: Sequence[Order] = ()
    canceled: tuple[int, ...] = ()


class Placing:
    """How orders come into one market."""

    def __init__(self, market: Market, matcher: Matcher, lookup: Lookup, checks: Checks) -> None:
        self._market = market
        self._matcher = matcher
        self._lookup = lookup
        self._checks = checks

    # One order

    def place(self, command: PlaceOrder) -> Acted | Done | Refused:
        """Place an order, or say what is wrong with it."""
        fingerprint = command.fingerprint(self._market.spec.symbol)
        earlier = self._placed_before(command, fingerprint)
        if earlier is not None:
            return earlier
        refusal = self._checks.state(command.account, command.deadline) or self._checks.fields(
            command
        )
        if refusal is None and _may_stay(command):
            refusal = self._checks.count(command.account, 1)
        if refusal is not None:
            return refusal
        order = self._order_of(command, fingerprint)
        refusal = self._checks.funds(order.account, self._checks.needs_of(order))
        if refusal is None and command.post_only:
            refusal = self._checks.post_only(order.side, order.price)
        if refusal is None and command.must_wait:
            refusal = self._checks.waits(command)
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
        sequence = market.next_sequence()
        assert order.state.sequence == sequence
        market.events.append(OrderAccepted(sequence, order.id))
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
            self._checks.state(command.account, command.first.deadline)
            or self._checks.group_fields(command)
            or self._checks.count(command.account, len(command.orders))
        )
        if refusal is not None:
            return refusal
        orders = [
            self._order_of(each, fingerprint, role, place)
            for place, (each, fingerprint, role) in enumerate(
                zip(command.orders, fingerprints, command.roles, strict=True)
            )
        ]
        refusal = self._checks.funds(command.account, self._checks.needs_of_group(orders))
        if refusal is None and command.first.post_only:
            refusal = self._checks.post_only(orders[0].side, orders[0].price)
        for each, role in zip(command.orders, command.roles, strict=True):
            if refusal is None and each.must_wait:
                refusal = self._checks.waits(each)
                refusal = refusal and group_rules.named_by_part(refusal, role)
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
            # The stop first: the other one, if it trades at once, finds it and cancels it.
            for order in reversed(orders):
                self._enter(order)
        return Acted(orders)

    # What was placed before

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
        parts = zip(command.orders, command.roles, fingerprints, strict=True)
        for order, role, fingerprint in parts:
            earlier = self._placed_before(order, fingerprint)
            if isinstance(earlier, Refused):
                return group_rules.named_by_part(earlier, role)
            if earlier is not None:
                return earlier
        return None

    # The order itself

    def _order_of(
        self, command: PlaceOrder, fingerprint: str, role: GroupRole | None = None, place: int = 0
    ) -> Order:
        """The order as it is when it is accepted next, or after so many others."""
        spec, now = self._market.spec, self._market.now
        sequence = self._market.sequence + 1 + place
        price = command.price
        if command.type in MARKET_STOPS and command.stop_price is not None:
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
                id=spec.id_base + sequence,
                account=command.account,
                client_order_id=command.client_order_id,
                side=command.side,
                type=command.type,
                time_in_force=command.effective_time_in_force,
                post_only=command.post_only,
                self_trade_prevention=command.self_trade_prevention,
                price=price or None,
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
                sequence=sequence,
                priority=sequence,
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
