"""What is said of lists of orders: their names, their orders, what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from markets import models
from markets.binance import orders
from markets.binance.calls import JSON
from markets.binance.order_rows import orders_of_groups
from markets.binance.orders import NativeOrder
from markets.binance.symbols import name_of
from markets.binance.time_unit import moment_json
from markets.matching.types import LIVE, GroupRole


def plain_name(group: int) -> str:
    """The name of a list that was given none."""
    return f"list-{group}"


def _names_of(groups: Iterable[int]) -> dict[int, str]:
    found = dict.fromkeys(groups, "")
    rows = models.OrderListName.objects.filter(group__in=list(found))
    given = dict(rows.values_list("group", "name"))
    return {group: given.get(group) or plain_name(group) for group in found}


def list_json(members: list[NativeOrder], name: str, contingency: str) -> JSON:
    """A list of orders; it executes while one of them has not ended."""
    is_live = any(order.status in LIVE for order in members)
    first = members[0]
    return {
        "orderListId": first.list_id,
        "contingencyType": contingency,
        "listStatusType": "EXEC_STARTED" if is_live else "ALL_DONE",
        "listOrderStatus": "EXECUTING" if is_live else "ALL_DONE",
        "listClientOrderId": name,
        "transactionTime": max(moment_json(order.updated_at) for order in members),
        "symbol": name_of(first.market),
        "orders": [
            {
                "symbol": name_of(order.market),
                "orderId": int(order.id),
                "clientOrderId": order.name,
            }
            for order in members
        ],
    }


def _contingency(members: list[NativeOrder]) -> str:
    return "OCO" if members[0].group_role == GroupRole.OCO_LIMIT else "OTO"


def lists_json(groups: dict[int, list[NativeOrder]]) -> list[JSON]:
    """Lists, each with its orders. Blocking."""
    names = _names_of(groups)
    return [
        list_json(members, names[group], _contingency(members)) for group, members in groups.items()
    ]


def canceled_lists(groups: dict[int, list[NativeOrder]], new_name: Callable[[], str]) -> list[JSON]:
    """Lists that were canceled, with what became of each order; `new_name` names the cancels. Blocking."""
    return [
        {**said, "orderReports": [orders.canceled_json(order, new_name()) for order in members]}
        for said, members in zip(lists_json(groups), groups.values(), strict=True)
    ]


def canceled_list(account: int, group: int, name: str) -> JSON:
    """One list by a cancel of that name. Blocking."""
    return canceled_lists(orders_of_groups(account, [group]), lambda: name)[0]
