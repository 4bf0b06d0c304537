"""What makes a group of orders: the parts that it must have, and how their prices must lie.

FIX calls a pair of which one cancels the other OCO, and exits that an entry arms OTO (1385).
"""

from __future__ import annotations

from typing import Final

from markets.matching import rules
from markets.matching.commands import PlaceGroup, PlaceOrder
from markets.matching.events import Refused
from markets.matching.rules import Errors
from markets.matching.types import PROFITABLE, PROTECTIVE, TAKE_PROFITS, GroupRole, Side

PARTS: Final = {
    GroupRole.OCO_LIMIT: "",
    GroupRole.ENTRY: "",
    GroupRole.OCO_STOP: "stop",
    GroupRole.TAKE_PROFIT: "take_profit",
    GroupRole.STOP_LOSS: "stop_loss",
}
"""What the request calls the part that an order is; the first order's fields stand by themselves."""


def check(command: PlaceGroup) -> Refused | None:
    """Refuse what is no group; the fields of each order are checked by themselves."""
    errors = _name_errors(command)
    if command.roles == (GroupRole.OCO_LIMIT, GroupRole.OCO_STOP):
        errors |= _pair_errors(*command.orders)
    else:
        errors |= _bracket_errors(command)
    return rules.invalid(errors) if errors else None


def _name_errors(command: PlaceGroup) -> Errors:
    """Every order needs a name of its own, if it has one."""
    names = [order.client_order_id for order in command.orders if order.client_order_id]
    if len(set(names)) == len(names):
        return {}
    return {"client_order_id": ["the orders of a group need different client_order_ids"]}


def _pair_errors(profit: PlaceOrder, stop: PlaceOrder) -> Errors:
    errors: Errors = {}
    if profit.type not in PROFITABLE:
        errors["type"] = ["the first order of an oco is a limit order or a take profit"]
    if profit.type not in TAKE_PROFITS and not _rests(profit):
        errors["time_in_force"] = ["a limit order of an oco may rest: gtc or gtd"]
    if stop.type not in PROTECTIVE:
        errors["stop.stop_price"] = ["the second order of an oco needs a stop_price"]
    name, price = _better_price(profit)
    if price is not None and stop.stop_price is not None:
        errors |= _order_errors(profit.side, price, stop.stop_price, name, "stop.stop_price")
    return errors


def _bracket_errors(command: PlaceGroup) -> Errors:
    parts = dict(zip(command.roles, command.orders, strict=True))
    entry = command.first
    profit = parts.get(GroupRole.TAKE_PROFIT)
    loss = parts.get(GroupRole.STOP_LOSS)
    errors: Errors = {}
    if profit is None and loss is None:
        errors["take_profit"] = ["a bracket needs a take_profit, a stop_loss or both"]
    if entry.quantity is None:
        errors["quantity"] = ["a bracket's entry needs a quantity"]
    side = entry.side.opposite
    entry_price = entry.price or entry.stop_price
    if profit is not None:
        if profit.type not in PROFITABLE:
            errors["take_profit.price"] = ["a take_profit is a limit order or a take profit"]
        name, price = _better_price(profit)
        name = f"take_profit.{name}"
        if loss is not None and price and loss.stop_price:
            errors |= _order_errors(side, price, loss.stop_price, name, "stop_loss.stop_price")
        if price and entry_price:
            errors |= _order_errors(side, price, entry_price, name, "price")
    if loss is not None and loss.stop_price and entry_price:
        errors |= _order_errors(side, entry_price, loss.stop_price, "price", "stop_loss.stop_price")
    return errors


def _order_errors(side: Side, better: int, worse: int, better_name: str, worse_name: str) -> Errors:
    """A seller's better price is the higher one, a buyer's the lower one."""
    if (better > worse) if side is Side.SELL else (better < worse):
        return {}
    above, below = (better_name, worse_name) if side is Side.SELL else (worse_name, better_name)
    return {better_name: [f"{above} must be above {below}"]}


def _better_price(profit: PlaceOrder) -> tuple[str, int | None]:
    """Where it takes its profit: its limit, or what triggers it."""
    if profit.type in TAKE_PROFITS:
        return "stop_price", profit.stop_price
    return "price", profit.price


def _rests(order: PlaceOrder) -> bool:
    return order.effective_time_in_force in ("gtc", "gtd")


def whole_exit(command: PlaceGroup, order: PlaceOrder) -> PlaceOrder:
    """An exit as it is when the entry has brought all: what its fields are checked by."""
    return order._replace(quantity=command.first.quantity)


def named_by_part(refusal: Refused, role: GroupRole) -> Refused:
    """The refusal of one order of a group, its fields named as the request names them."""
    part = PARTS[role]
    if not part:
        return refusal
    errors = {f"{part}.{name}": messages for name, messages in refusal.errors.items()}
    return refusal._replace(errors=errors, message=f"{part}: {refusal.message}")
