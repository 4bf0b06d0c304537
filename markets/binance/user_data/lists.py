"""What becomes of an account's lists of orders: begun, and done when none of their orders is live."""

from __future__ import annotations

from typing import Final

from markets.binance.calls import JSON
from markets.binance.orders import NativeOrder
from markets.binance.symbols import name_of
from markets.binance.time_unit import moment_json, now_json
from markets.matching.types import LIVE, GroupRole

BRACKET: Final = frozenset({GroupRole.TAKE_PROFIT, GroupRole.STOP_LOSS})


class Lists:
    """The lists of which an order is live."""

    def __init__(self, orders: list[NativeOrder]) -> None:
        self._orders: dict[str, dict[str, NativeOrder]] = {}
        """List → its orders as they were told last."""
        for order in orders:
            if order.group_id is not None:
                self._orders.setdefault(order.group_id, {})[order.id] = order

    def begun(self, orders: list[NativeOrder]) -> list[JSON]:
        """The events of lists that are new with these orders."""
        new: dict[str, dict[str, NativeOrder]] = {}
        for order in orders:
            if order.group_id is not None and order.group_id not in self._orders:
                new.setdefault(order.group_id, {})[order.id] = order
        self._orders |= new
        return [_event(its, "EXEC_STARTED", "EXECUTING") for its in new.values()]

    def ended(self, orders: list[NativeOrder]) -> list[JSON]:
        """The events of lists that are done after this was told of their orders."""
        touched = []
        for order in orders:
            if order.group_id is not None and order.group_id in self._orders:
                self._orders[order.group_id][order.id] = order
                touched.append(order.group_id)
        found = []
        for group in dict.fromkeys(touched):
            its = self._orders[group]
            if not any(order.status in LIVE for order in its.values()):
                del self._orders[group]
                found.append(_event(its, "ALL_DONE", "ALL_DONE"))
        return found


def _contingency(orders: dict[str, NativeOrder]) -> str:
    roles = {order.group_role for order in orders.values()}
    if GroupRole.ENTRY not in roles:
        return "OCO"
    return "OTOCO" if roles >= BRACKET else "OTO"


def _event(orders: dict[str, NativeOrder], kind: str, status: str) -> JSON:
    first = next(iter(orders.values()))
    return {
        "e": "listStatus",
        "E": now_json(),
        "s": name_of(first.market),
        "g": first.list_id,
        "c": _contingency(orders),
        "l": kind,
        "L": status,
        "r": "NONE",
        "C": f"list-{first.list_id}",
        "T": max(moment_json(order.updated_at) for order in orders.values()),
        "O": [
            {"s": name_of(order.market), "i": int(order.id), "c": order.name}
            for order in orders.values()
        ],
    }
