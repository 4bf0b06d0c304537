"""Lists of orders: pairs of which one cancels the other (OCO), and orders that others arm (OTO, OTOCO).

Rules:
- They are the exchange's groups: an OCO is a limit order or take profit and a stop, an OTO or OTOCO a
  bracket. What groups cannot do is refused (-1128): pending orders of the working one's side or of another
  quantity, pending orders that may not rest.
- The list's id is its first order's. A pending order wants what the working one has brought, less its fee.
- A name given to a list is kept beside the group, after it was placed; without one it is `list-` and its id.
"""

from __future__ import annotations

from typing import Final

from markets import models, process
from markets.binance import order_names, orders
from markets.binance.calls import JSON, Request
from markets.binance.errors import (
    BAD_COMBINATION,
    DUPLICATE,
    NO_SUCH_LIST,
    UNKNOWN_ORDER,
    DialectError,
    mandatory,
)
from markets.binance.list_rows import canceled_list, list_json, lists_json, plain_name
from markets.binance.market_data import times
from markets.binance.order_parameters import (
    Terms,
    order_of,
    prevention_of,
    response_of,
    side_of,
    type_of,
)
from markets.binance.order_rows import DEFAULT_ROWS, MAX_ROWS, orders_of_groups
from markets.binance.orders import MAKER_ONLY, NativeOrder, decode_order
from markets.binance.parameters import Parameters
from markets.binance.symbols import view_of
from markets.binance.trading import new_name, next_number, raise_refusal
from markets.matching.commands import CancelOrder, PlaceGroup, PlaceOrder
from markets.matching.spec import MarketSpec
from markets.matching.types import (
    LIVE,
    PROFITABLE,
    PROTECTIVE,
    GroupRole,
    RejectReason,
    Side,
)
from markets.messages.transport import Answer

ATTEMPTS: Final = 5
OLD_LIMIT: Final = {
    "icebergQty": "limitIcebergQty",
    "newClientOrderId": "limitClientOrderId",
    "stopPrice": "",  # the stop's
    "timeInForce": "",
}
OLD_STOP: Final = {
    "price": "stopLimitPrice",
    "timeInForce": "stopLimitTimeInForce",
    "icebergQty": "stopIcebergQty",
    "newClientOrderId": "stopClientOrderId",
}


def _named(prefix: str, *, quantity: str) -> dict[str, str]:
    """The parameters of an order that has a prefix: `abovePrice` for `price`."""
    names = {
        plain: f"{prefix}{plain[0].upper()}{plain[1:]}"
        for plain in ("price", "stopPrice", "timeInForce", "icebergQty")
    }
    return {**names, "newClientOrderId": f"{prefix}ClientOrderId", "quantity": quantity}


# Placing


async def place_oco(request: Request) -> JSON:
    """An order above the price and one below it, of which one cancels the other."""
    params, spec = request.params, view_of(request.params.symbol()).spec
    side = side_of(params)
    legs = [
        _leg(params, spec, request.account, side, place, _named(place, quantity="quantity"))
        for place in ("above", "below")
    ]
    return await _placed(request, spec, _pair(*(order for _, order in legs)), "OCO")


async def place_old_oco(request: Request) -> JSON:
    """The same by the names that it had before."""
    params, spec = request.params, view_of(request.params.symbol()).spec
    side, prevention = side_of(params), prevention_of(params)
    limited = "stopLimitPrice" in params
    limit = order_of(Terms(params, OLD_LIMIT), MAKER_ONLY, side, spec, request.account, prevention)
    stop = order_of(
        Terms(params, OLD_STOP),
        "STOP_LOSS_LIMIT" if limited else "STOP_LOSS",
        side,
        spec,
        request.account,
        prevention,
    )
    return await _placed(request, spec, _pair(limit, stop), "OCO")


def _leg(
    params: Parameters,
    spec: MarketSpec,
    account: int,
    side: Side,
    place: str,
    names: dict[str, str],
) -> tuple[str, PlaceOrder]:
    """One order of several: its type, and the order."""
    kind = type_of(params, f"{place}Type")
    prevention = prevention_of(params)
    return kind, order_of(Terms(params, names), kind, side, spec, account, prevention)


def _pair(first: PlaceOrder, second: PlaceOrder) -> PlaceGroup:
    """A limit order or take profit and a stop, in whichever order they came. Raises DialectError."""
    profit, stop = (second, first) if first.type in PROTECTIVE else (first, second)
    if profit.type not in PROFITABLE or stop.type not in PROTECTIVE:
        raise DialectError(BAD_COMBINATION)
    return PlaceGroup((profit, stop), (GroupRole.OCO_LIMIT, GroupRole.OCO_STOP))


async def place_oto(request: Request) -> JSON:
    """A working order, and a pending one that it arms."""
    params, spec = request.params, view_of(request.params.symbol()).spec
    working = _working(params, spec, request.account)
    names = _named("pending", quantity="pendingQuantity")
    side = side_of(params, "pendingSide")
    pending = _leg(params, spec, request.account, side, "pending", names)[1]
    return await _placed(request, spec, _bracket(working, [pending]), "OTO")


async def place_otoco(request: Request) -> JSON:
    """A working order, and a pair of which one cancels the other that it arms."""
    params, spec = request.params, view_of(request.params.symbol()).spec
    working = _working(params, spec, request.account)
    side = side_of(params, "pendingSide")
    pending = [
        _leg(params, spec, request.account, side, place, _named(place, quantity="pendingQuantity"))[
            1
        ]
        for place in ("pendingAbove", "pendingBelow")
    ]
    return await _placed(request, spec, _bracket(working, pending), "OTO")


def _working(params: Parameters, spec: MarketSpec, account: int) -> PlaceOrder:
    side = side_of(params, "workingSide")
    names = _named("working", quantity="workingQuantity")
    kind, working = _leg(params, spec, account, side, "working", names)
    if kind not in ("LIMIT", MAKER_ONLY):
        raise DialectError(BAD_COMBINATION)
    return working


def _bracket(working: PlaceOrder, pending: list[PlaceOrder]) -> PlaceGroup:
    """An entry with its exits: the take profit first. Raises DialectError for what a bracket cannot be."""
    parts: dict[GroupRole, PlaceOrder] = {}
    for order in pending:
        takes_profit = order.type in PROFITABLE
        if (
            not (takes_profit or order.type in PROTECTIVE)
            or order.side is working.side
            or order.quantity != working.quantity
            or order.effective_time_in_force != "gtc"
            or order.display_quantity is not None
        ):
            raise DialectError(BAD_COMBINATION)
        role = GroupRole.TAKE_PROFIT if takes_profit else GroupRole.STOP_LOSS
        parts[role] = order._replace(
            quantity=None, time_in_force=None, post_only=False, must_wait=False
        )
    if len(parts) != len(pending):
        raise DialectError(BAD_COMBINATION)
    exits = [role for role in (GroupRole.TAKE_PROFIT, GroupRole.STOP_LOSS) if role in parts]
    orders_ = (working, *(parts[role] for role in exits))
    return PlaceGroup(orders_, (GroupRole.ENTRY, *exits))


async def _placed(
    request: Request, spec: MarketSpec, command: PlaceGroup, contingency: str
) -> JSON:
    params = request.params
    given = params.client_order_id("listClientOrderId")
    response = response_of(params, "")
    answer = await _place(request, spec, command)
    assert answer.group_id is not None
    if given is not None:
        await request.read(_keep_name, answer.group_id, request.account, given)
    reports = []
    for text, fills in answer.group:
        order = decode_order(text)
        match response:
            case "ACK":
                reports.append(orders.ack(order))
            case "RESULT":
                reports.append(orders.result(order))
            case _:
                reports.append(orders.full(order, fills))
    members = [decode_order(text) for text, _ in answer.group]
    name = given or plain_name(answer.group_id)
    return {**list_json(members, name, contingency), "orderReports": reports}


async def _place(request: Request, spec: MarketSpec, command: PlaceGroup) -> Answer:
    """Send a group; names whose orders have ended get their next number. Raises DialectError."""
    for _ in range(ATTEMPTS):
        answer = await process.current().gateway.submit(spec.symbol, command)
        if not (answer.duplicate or answer.code is RejectReason.CONFLICT):
            raise_refusal(answer)
            return answer
        renamed = []
        for order in command.orders:
            name = order.client_order_id
            if name is not None:
                number = await request.read(next_number, request.account, name)
                name = order_names.kept(order_names.shown(name, 0), number)
            renamed.append(order._replace(client_order_id=name))
        command = command._replace(orders=tuple(renamed))
    raise DialectError(DUPLICATE)


# Reading


def _keep_name(group: int, account: int, name: str) -> None:
    models.OrderListName.objects.create(group=group, account_id=account, name=name)


def _group_named(account: int, name: str) -> int | None:
    rows = models.OrderListName.objects.filter(account=account, name=name).order_by("-group")
    found = rows.values_list("group", flat=True).first()
    if found is None and name.startswith("list-"):
        text = name.removeprefix("list-")
        found = int(text) if text.isdecimal() and len(text) <= 18 else None
    return found


async def get_list(request: Request) -> JSON:
    """One list."""
    group, name = _wanted(request.params, "orderListId", "origClientOrderId")
    found = await request.read(_one, request.account, group, name)
    if not found:
        raise DialectError(NO_SUCH_LIST)
    return found[0]


def _wanted(params: Parameters, id_name: str, name_name: str) -> tuple[int | None, str | None]:
    group, name = params.integer(id_name), params.client_order_id(name_name)
    if group is None and name is None:
        raise mandatory(id_name)
    return group, name


def _one(account: int, group: int | None, name: str | None) -> list[JSON]:
    if group is None:
        group = _group_named(account, name or "")
    return [] if group is None else lists_json(orders_of_groups(account, [group]))


async def open_lists(request: Request) -> list[JSON]:
    """The lists of which an order has not ended."""
    return await request.read(_open, request.account)


def _open(account: int) -> list[JSON]:
    rows = models.Order.objects.filter(models.LIVE_ORDERS, account=account, group__isnull=False)
    groups = sorted({group for group in rows.values_list("group", flat=True) if group is not None})
    return lists_json(orders_of_groups(account, groups))


async def all_lists(request: Request) -> list[JSON]:
    """All lists, the newest `limit` or those from an id or a time on, oldest first."""
    start, end = times(request)
    first = request.params.integer("fromId")
    if first is not None and (start is not None or end is not None):
        raise DialectError(BAD_COMBINATION)
    limit = request.params.limit(DEFAULT_ROWS, MAX_ROWS)
    return await request.read(_all, request.account, first, start, end, limit)


def _all(
    account: int, first: int | None, start: int | None, end: int | None, limit: int
) -> list[JSON]:
    rows = models.Order.objects.filter(account=account)
    if start is not None:
        rows = rows.filter(created_at__gte=start)
    if end is not None:
        rows = rows.filter(created_at__lte=end)
    forward = start is not None or first is not None
    sign = "" if forward else "-"
    rows = rows.filter(group__isnull=False).order_by(f"{sign}created_at", f"{sign}id")
    groups: dict[int, None] = {}
    for group in rows.values_list("group", flat=True).iterator(chunk_size=limit):
        if group is not None and group >= (first or 0):
            groups[group] = None
        if len(groups) == limit:
            break
    return lists_json(orders_of_groups(account, sorted(groups)))


# Canceling


async def cancel_list(request: Request) -> JSON:
    """Cancel all orders of a list."""
    params = request.params
    spec = view_of(params.symbol()).spec
    group, name = _wanted(params, "orderListId", "listClientOrderId")
    cancel_name = params.client_order_id("newClientOrderId") or new_name()
    members = await request.read(_members, request.account, group, name)
    live = [order for order in members if order.status in LIVE and order.market == spec.symbol]
    if not live:
        raise DialectError(UNKNOWN_ORDER)
    gateway = process.current().gateway
    for order in live:
        answer = await gateway.submit(spec.symbol, CancelOrder(request.account, int(order.id)))
        if answer.code not in (RejectReason.NOT_FOUND, RejectReason.ORDER_NOT_OPEN):
            raise_refusal(answer)
    return await request.read(canceled_list, request.account, members[0].list_id, cancel_name)


def _members(account: int, group: int | None, name: str | None) -> list[NativeOrder]:
    if group is None:
        group = _group_named(account, name or "")
    return [] if group is None else orders_of_groups(account, [group]).get(group, [])
