"""Amends: an order's new price, stop price or total quantity; atomic, and refused as if never asked.

Less at the same prices keeps the order's place; anything else goes to the back, and may take. A waiting
stop may have another stop price; if that is reached already it triggers at once.
"""

from __future__ import annotations

from typing import NamedTuple

from markets.matching import rules
from markets.matching.checks import Checks
from markets.matching.commands import AmendOrder
from markets.matching.events import Done, OrderAmended, Refused
from markets.matching.lookup import Lookup
from markets.matching.market import Market
from markets.matching.matcher import Matcher
from markets.matching.order import Order
from markets.matching.placing import Acted
from markets.matching.types import (
    MARKET_STOPS,
    GroupRole,
    OrderStatus,
    Reason,
    Side,
)


class _Terms(NamedTuple):
    """What an amend may change. The prices are 0 where the order has none."""

    price: int
    stop_price: int
    quantity: int


class Amending:
    """How the live orders of one market are amended."""

    def __init__(self, market: Market, matcher: Matcher, lookup: Lookup, checks: Checks) -> None:
        self._market = market
        self._matcher = matcher
        self._lookup = lookup
        self._checks = checks

    def amend(self, command: AmendOrder) -> Acted | Done | Refused:
        """Give an order other terms, or say what is wrong with them."""
        frozen = self._checks.frozen(command.account)
        if frozen is not None:
            return frozen  # before "it has ended", which is only what came of that
        order = self._lookup.live(command)
        if isinstance(order, Refused):
            return order
        refusal = self._checks.state(order.account, command.deadline) or _check_names(
            order, command
        )
        if refusal is not None:
            return refusal
        before = _Terms(order.price, order.stop_price, order.quantity)
        terms = self._terms(order, command)
        keeps_place = terms[:2] == before[:2] and terms.quantity <= order.quantity
        remaining = order.remaining + terms.quantity - order.quantity
        ends = terms.quantity > 0 and remaining <= 0 and not _is_bracket_exit(order)
        refusal = rules.check_amendment(
            self._market.spec,
            price=terms.price if order.type not in MARKET_STOPS else None,
            stop_price=terms.stop_price or None,
            quantity=None if ends or _is_bracket_exit(order) else terms.quantity,
            display_quantity=order.state.display_quantity,
            keeps_place=keeps_place,
        )
        if refusal is None and command.must_keep_place:
            refusal = self._check_keeps_place(order, terms, before)
        if refusal is not None:
            return refusal
        if not keeps_place and not ends:
            refusal = self._check_new_place(order, terms, remaining)
            if refusal is not None:
                return refusal
        if command.validate_only:
            return Done()
        if terms == before:
            return Acted([order])
        if ends:
            self._market.cancel(order, Reason.AMENDED)
        elif keeps_place:
            self._reduce_in_place(order, terms.quantity)
        else:
            self._replace(order, terms, remaining)
        return Acted([order])

    def _terms(self, order: Order, command: AmendOrder) -> _Terms:
        price = order.price if command.price is None else command.price
        stop_price = order.stop_price if command.stop_price is None else command.stop_price
        if order.type in MARKET_STOPS and stop_price != order.stop_price:
            spec = self._market.spec
            price = (
                rules.worst_stop_price(spec, order.side, stop_price, order.state.max_slippage) or 0
            )
        quantity = order.quantity if command.quantity is None else command.quantity
        return _Terms(price, stop_price, quantity)

    def _check_keeps_place(self, order: Order, terms: _Terms, before: _Terms) -> Refused | None:
        """Refuse what would cost the order its place, and what it is already."""
        if terms[:2] == before[:2] and terms.quantity < before.quantity:
            return None
        quantity = self._market.spec.quantity_text(order.quantity)
        message = f"quantity must be less than {quantity}, and the prices as they are"
        if terms == before:
            message = f"quantity is {quantity} already"
        return rules.invalid({"quantity": [message]})

    def _check_new_place(self, order: Order, terms: _Terms, remaining: int) -> Refused | None:
        """Band, funds, post-only: what an order must pass that goes to the back."""
        waits = order.status is OrderStatus.UNTRIGGERED and order.is_stop
        refusal = None
        if order.type not in MARKET_STOPS:
            stop_price = terms.stop_price if waits else None
            refusal = self._checks.band(order.side, terms.price, stop_price)
        if refusal is None:
            refusal = self._check_funds(order, terms.price, remaining)
        if refusal is None and order.state.post_only:
            refusal = self._checks.post_only(order.side, terms.price)
        return refusal

    def _check_funds(self, order: Order, price: int, remaining: int) -> Refused | None:
        market, group = self._market, order.group
        if not order.is_exit:
            need = remaining
            if order.side is Side.BUY:
                need = market.spec.notional(price, remaining)
            refusal = self._check_need(order, market.need(order), need)
            if refusal is not None:
                return refusal
        if group is not None:
            exits = group.exits[0]
            return self._check_need(
                exits, group.held, group.need(market.spec, (order, price, remaining))
            )
        return None

    def _check_need(self, order: Order, held: int, need: int) -> Refused | None:
        """Refuse what is more than is held for it and available."""
        ledger, asset = self._market.ledger, order.pays_with
        available = ledger.available(order.account, asset) + held
        if need <= available:
            return None
        return rules.insufficient_funds(self._market.spec, asset, need, available)

    def _reduce_in_place(self, order: Order, quantity: int) -> None:
        """Take off what an iceberg hides first, then what it shows."""
        market = self._market
        less = order.quantity - quantity
        market.hold(order, -1)
        market.change(
            order,
            quantity=quantity,
            remaining=order.remaining - less,
            hidden=max(0, order.state.hidden - less),
        )
        market.hold(order, 1)
        self._note(order, market.next_sequence(), kept_priority=True)

    def _replace(self, order: Order, terms: _Terms, remaining: int) -> None:
        market = self._market
        market.hold(order, -1)
        market.book.remove(order)
        sequence = market.next_sequence()
        market.change(
            order,
            price=terms.price or None,
            stop_price=terms.stop_price or None,
            quantity=terms.quantity,
            remaining=remaining,
            hidden=0,
            priority=sequence,
        )
        self._note(order, sequence, kept_priority=False)
        if _is_bracket_exit(order) and not order.quantity:
            market.book.keep(order)
        elif order.status is OrderStatus.UNTRIGGERED:
            market.hold(order, 1)
            market.wait_or_trigger(order)
        else:
            self._matcher.start(order)

    def _note(self, order: Order, sequence: int, *, kept_priority: bool) -> None:
        price = None if order.type in MARKET_STOPS else order.price
        self._market.events.append(
            OrderAmended(
                sequence, order.id, price, order.stop_price or None, order.quantity, kept_priority
            )
        )


def _check_names(order: Order, command: AmendOrder) -> Refused | None:
    """Refuse to amend what this order does not have."""
    errors: rules.Errors = {}
    if command.price is not None and order.type in MARKET_STOPS:
        errors["price"] = ["a stop order has no price"]
    if command.stop_price is not None and not order.is_stop:
        errors["stop_price"] = ["this order has no stop_price"]
    elif command.stop_price is not None and order.status is not OrderStatus.UNTRIGGERED:
        errors["stop_price"] = ["the stop has been triggered"]
    if command.quantity is not None and _is_bracket_exit(order):
        errors["quantity"] = ["the quantity of a bracket's exit is what its entry has brought"]
    return rules.invalid(errors) if errors else None


def _is_bracket_exit(order: Order) -> bool:
    return order.role in (GroupRole.TAKE_PROFIT, GroupRole.STOP_LOSS)
