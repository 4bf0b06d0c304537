"""Orders placed, canceled, replaced, amended: translated, sent through the gateway, answered.

Rules:
- A name that an open order has is refused (`Duplicate order sent.`), one whose order has ended is taken.
- What a cancel does not find, or finds ended, is `Unknown order sent.`
- Orders of a list that are canceled together are told as one, the list.
- A cancel and the order that replaces it are two commands: the second may fail by itself.
"""

from __future__ import annotations

import secrets
import string
from typing import Any, Final

from markets import models, process
from markets.binance import order_names, orders
from markets.binance.account import commission_of_order
from markets.binance.calls import JSON, Request, as_dialect_error
from markets.binance.errors import (
    DUPLICATE,
    NO_CHANGE,
    NOT_REPLACED,
    PARTIALLY_REPLACED,
    UNKNOWN_ORDER,
    DialectError,
    Said,
    mandatory,
    translated,
)
from markets.binance.list_rows import canceled_list, canceled_lists
from markets.binance.order_parameters import LOT, Terms, named, read_order, response_of
from markets.binance.order_rows import orders_by_id, orders_of_groups
from markets.binance.orders import NativeOrder, decode_order
from markets.binance.parameters import Parameters
from markets.binance.symbols import view_of
from markets.binance.time_unit import moment_json
from markets.binance.user_data import cancel_names
from markets.matching.commands import AmendOrder, CancelAll, CancelOrder, PlaceOrder
from markets.matching.spec import MarketSpec
from markets.matching.types import LIVE, OrderStatus, RejectReason
from markets.messages.transport import Answer, ClientCommand
from markets.problems import Problem
from markets.trading import raise_if_refused

ATTEMPTS: Final = 5
"""How often a name is numbered anew while others take the same number."""
CANCEL_NAME_LENGTH: Final = 22
ALPHABET: Final = string.ascii_letters + string.digits
RESTRICTIONS: Final = {
    "ONLY_NEW": OrderStatus.OPEN,
    "ONLY_PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
}
MODES: Final = ("STOP_ON_FAILURE", "ALLOW_FAILURE")


def new_name() -> str:
    """A name for what a client did not name."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CANCEL_NAME_LENGTH))


async def _submit(spec: MarketSpec, command: ClientCommand, unknown: Said) -> Answer:
    """Send a command. Raises DialectError if it was refused."""
    answer = await process.current().gateway.submit(spec.symbol, command)
    raise_refusal(answer, unknown)
    return answer


def raise_refusal(answer: Answer, unknown: Said = UNKNOWN_ORDER) -> None:
    """Raise DialectError if an engine did not do what was asked."""
    try:
        raise_if_refused(answer)
    except Problem as problem:
        raise translated(problem, unknown=unknown) from None


# Placing


async def place_order(request: Request) -> JSON:
    """A new order."""
    spec = view_of(request.params.symbol()).spec
    command = read_order(request.params, spec, request.account)
    kind = request.params.required("type")
    return await _placed(request, spec, command, response_of(request.params, kind))


async def try_order(request: Request) -> JSON:
    """What would be refused of a new order; nothing is placed."""
    spec = view_of(request.params.symbol()).spec
    command = read_order(request.params, spec, request.account)
    response_of(request.params, request.params.required("type"))
    wants_commission = request.params.flag("computeCommissionRates")
    await _place(request, spec, command._replace(validate_only=True, client_order_id=None))
    return await commission_of_order(request, spec) if wants_commission else {}


async def _placed(request: Request, spec: MarketSpec, command: PlaceOrder, response: str) -> JSON:
    answer = await _place(request, spec, command)
    assert answer.order is not None
    order = decode_order(answer.order)
    match response:
        case "ACK":
            return orders.ack(order)
        case "RESULT":
            return orders.result(order)
        case _:
            return orders.full(order, answer.fills)


async def _place(request: Request, spec: MarketSpec, command: PlaceOrder) -> Answer:
    """Send an order; a name whose orders have ended gets the next number. Raises DialectError."""
    gateway = process.current().gateway
    for _ in range(ATTEMPTS):
        answer = await gateway.submit(spec.symbol, command)
        if not (answer.duplicate or answer.code is RejectReason.CONFLICT):
            raise_refusal(answer)
            return answer
        name = command.client_order_id or ""
        number = await request.read(next_number, request.account, name)
        command = command._replace(client_order_id=order_names.kept(name, number))
    raise DialectError(DUPLICATE)


def next_number(account: int, name: str) -> int:
    """The number of a name's next order. Raises DialectError while its last one is open. Blocking."""
    last = order_names.count(account, name)
    if last:
        rows = models.Order.objects.filter(
            account=account, client_order_id=order_names.kept(name, last)
        )
        status = next(iter(rows.values_list("status", flat=True)), None)
        if status in LIVE:
            raise DialectError(DUPLICATE)
    return last + 1


# Canceling


async def cancel_order(request: Request) -> JSON:
    """Cancel one order."""
    params = request.params
    spec = view_of(params.symbol()).spec
    wanted = named(params, "orderId", "origClientOrderId")
    only = _restriction(params)
    cancel_name = params.client_order_id("newClientOrderId") or new_name()
    cancel_names.note(request.account, wanted, cancel_name)
    order = await _cancel(request, spec, wanted, only)
    return orders.canceled_json(order, cancel_name)


async def cancel_order_or_list(request: Request) -> JSON:
    """The same on the WebSocket API, where an order of a list is answered by the list."""
    canceled = await cancel_order(request)
    group = canceled["orderListId"]
    if group == orders.NO_LIST:
        return canceled
    name = canceled["clientOrderId"]
    found: JSON = await request.read(canceled_list, request.account, group, name)
    return found


def _restriction(params: Parameters) -> OrderStatus | None:
    text = params.choice("cancelRestrictions", tuple(RESTRICTIONS))
    return None if text is None else RESTRICTIONS[text]


async def _cancel(
    request: Request,
    spec: MarketSpec,
    wanted: tuple[int | None, str | None],
    only: OrderStatus | None = None,
) -> NativeOrder:
    """Cancel an order by id or by name. Raises DialectError."""
    order_id, name = wanted
    if order_id is None:
        assert name is not None
        command = CancelOrder(request.account, None, order_names.kept(name), only=only)
        answer = await process.current().gateway.submit(spec.symbol, command)
        if answer.code in (RejectReason.NOT_FOUND, RejectReason.ORDER_NOT_OPEN):
            # It may be the second of its name, or one without a name.
            order_id = await request.read(order_names.last_id, request.account, name)
        if order_id is None:
            raise_refusal(answer)
            return _order_in(answer)
    command = CancelOrder(request.account, order_id, only=only)
    return _order_in(await _submit(spec, command, UNKNOWN_ORDER))


def _order_in(answer: Answer) -> NativeOrder:
    assert answer.order is not None
    return decode_order(answer.order)


async def cancel_open_orders(request: Request) -> list[JSON]:
    """Cancel all orders of a market."""
    spec = view_of(request.params.symbol()).spec
    answer = await _submit(spec, CancelAll(request.account), UNKNOWN_ORDER)
    if not answer.canceled:
        raise DialectError(UNKNOWN_ORDER)
    return await request.read(_canceled_json, request.account, list(answer.canceled))


def _canceled_json(account: int, ids: list[int]) -> list[JSON]:
    found = orders_by_id(ids)
    single = [orders.canceled_json(order, new_name()) for order in found if not order.group_id]
    groups = sorted({order.list_id for order in found if order.group_id})
    return single + canceled_lists(orders_of_groups(account, groups), new_name)


# Replacing


async def cancel_replace(request: Request) -> JSON:
    """Cancel an order and place another one. Raises DialectError with what came of both."""
    params = request.params
    spec = view_of(params.symbol()).spec
    mode = params.choice("cancelReplaceMode", MODES)
    if mode is None:
        raise mandatory("cancelReplaceMode")
    command = read_order(params, spec, request.account)
    response = response_of(params, params.required("type"))
    wanted = named(params, "cancelOrderId", "cancelOrigClientOrderId")
    cancel_name = params.client_order_id("cancelNewClientOrderId") or new_name()
    cancel_names.note(request.account, wanted, cancel_name)
    only = _restriction(params)
    canceled, placed = "SUCCESS", "NOT_ATTEMPTED"
    cancel_answer: Any = None
    place_answer: Any = None
    try:
        cancel_answer = orders.canceled_json(
            await _cancel(request, spec, wanted, only), cancel_name
        )
    except Exception as error:  # noqa: BLE001 - said in the answer, and logged if it is a defect
        canceled, cancel_answer = "FAILURE", as_dialect_error(error).as_json()
    if canceled == "SUCCESS" or mode == "ALLOW_FAILURE":
        placed = "SUCCESS"
        try:
            place_answer = await _placed(request, spec, command, response)
        except Exception as error:  # noqa: BLE001
            placed, place_answer = "FAILURE", as_dialect_error(error).as_json()
    body = {
        "cancelResult": canceled,
        "newOrderResult": placed,
        "cancelResponse": cancel_answer,
        "newOrderResponse": place_answer,
    }
    if canceled == placed == "SUCCESS":
        return body
    said = PARTIALLY_REPLACED if "SUCCESS" in (canceled, placed) else NOT_REPLACED
    raise DialectError(said, data=body)


# Amending


async def amend_keeping_priority(request: Request) -> JSON:
    """Less quantity, and the same place in the queue."""
    params = request.params
    spec = view_of(params.symbol()).spec
    order_id, name = named(params, "orderId", "origClientOrderId")
    params.require("newQty")
    params.client_order_id("newClientOrderId")
    quantity = Terms(params).units("newQty", spec.base_decimals, LOT)
    if order_id is None:
        assert name is not None
        order_id = await request.read(order_names.last_id, request.account, name)
        if order_id is None:
            raise DialectError(UNKNOWN_ORDER)
    command = AmendOrder(request.account, order_id, quantity=quantity, must_keep_place=True)
    answer = await process.current().gateway.submit(spec.symbol, command)
    if answer.code is RejectReason.INVALID_ORDER and "already" in answer.message:
        raise DialectError(NO_CHANGE)
    raise_refusal(answer)
    order = _order_in(answer)
    return {
        "transactTime": moment_json(order.updated_at),
        "executionId": process.current().hub.markets[spec.symbol].book.sequence,
        "amendedOrder": orders.amended_json(order),
    }
