"""What a client may wish for, once for REST and sockets: each verb takes JSON and answers JSON.

Rules:
- Everything here runs in the event loop of this process's gateway; refusals are raised as Problem.
- 201 (or 200 for a repeat) is answered only for what is durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from markets import clock, models, process
from markets.accounts import Principal
from markets.limits import account_rate
from markets.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    PlaceGroup,
)
from markets.matching.events import Trade
from markets.matching.spec import MarketSpec
from markets.matching.types import SECOND, GroupRole, OrderState, Side
from markets.messages.public import JSON, fill_json, order_json, time_text
from markets.messages.transport import Answer, ClientCommand
from markets.order_requests import amend_order as amend_command
from markets.order_requests import (
    batch_items,
    cancel_after_seconds,
    is_order_id,
    place_bracket,
    place_oco,
    place_order,
)
from markets.problems import Problem
from markets.request_fields import is_client_order_id
from markets.rows import ORDER_FIELDS, TRADE_FIELDS, order_state, trade_event

CREATED: Final = 201
OK: Final = 200
VALID: Final[JSON] = {"valid": True}
"""The answer to `validate_only` when nothing would be refused."""


def spec_of(symbol: str) -> MarketSpec:
    """A market's specification. Raises Problem `not_found`."""
    view = process.current().hub.markets.get(symbol)
    if view is None:
        raise Problem(
            "not_found", f"there is no market {symbol[:32]!r}", {"market": ["unknown market"]}
        )
    return view.spec


def _market_of_id(text: str) -> tuple[MarketSpec, int]:
    """The market that an order id belongs to. Raises Problem `not_found`."""
    if is_order_id(text):
        order_id = int(text)
        id_base = order_id >> models.ID_BITS << models.ID_BITS
        for view in process.current().hub.markets.values():
            if view.spec.id_base == id_base:
                return view.spec, order_id
    raise _no_such_order()


def _no_such_order() -> Problem:
    return Problem("not_found", "there is no such order of this account")


async def _market_of_client_order_id(account: int, client_order_id: str) -> MarketSpec:
    if is_client_order_id(client_order_id):
        symbol = await process.current().hub.read(_symbol_of, account, client_order_id)
        if symbol is not None:
            return spec_of(symbol)
    raise _no_such_order()


def _symbol_of(account: int, client_order_id: str) -> str | None:
    rows = models.Order.objects.filter(account=account, client_order_id=client_order_id)
    # Not `first()`, which asks for an order: PostgreSQL might read all orders in that order.
    return next(iter(rows.values_list("market__symbol", flat=True)), None)


def spend(who: Principal, cost: int = 1) -> None:
    """Take from the account's rate. Raises Problem `rate_limited`."""
    seconds = account_rate.wait(str(who.account.pk), cost)
    if seconds:
        raise Problem("rate_limited", "too many requests; slow down", retry_after=seconds)


def _raise_if_refused(answer: Answer, spec: MarketSpec) -> None:
    code = answer.failure or answer.code
    if code is not None:
        order = order_json(answer.order, spec) if answer.order is not None else None
        raise Problem(code.value, answer.message, answer.errors, order=order)


async def _order_answer(answer: Answer, spec: MarketSpec) -> tuple[int, JSON]:
    _raise_if_refused(answer, spec)
    if answer.order is None:
        return OK, VALID
    trades: tuple[Trade, ...] | list[Trade] = answer.trades
    if answer.duplicate:
        trades = await process.current().hub.read(_trades_of, [answer.order.id])
    return (OK if answer.duplicate else CREATED), _with_fills(answer.order, trades, spec)


async def _group_answer(answer: Answer, spec: MarketSpec) -> tuple[int, JSON]:
    _raise_if_refused(answer, spec)
    if answer.order is None:
        return OK, VALID
    orders: Sequence[OrderState] = answer.group
    trades: Sequence[Trade] = answer.trades
    if answer.duplicate:
        assert answer.order.group is not None
        orders = await process.current().hub.read(_orders_of, answer.order.group)
        trades = await process.current().hub.read(_trades_of, [order.id for order in orders])
    body = {
        "id": str(orders[0].group),
        "type": "oco" if orders[0].role is GroupRole.OCO_LIMIT else "bracket",
        "market": spec.symbol,
        "orders": [_with_fills(order, trades, spec) for order in orders],
    }
    return (OK if answer.duplicate else CREATED), body


def _with_fills(order: OrderState, trades: Iterable[Trade], spec: MarketSpec) -> JSON:
    own = [trade for trade in trades if order.id in (trade.taker_order, trade.maker_order)]
    return {
        **order_json(order, spec),
        "fills": [_own_fill(trade, order, spec) for trade in own],
    }


def _own_fill(trade: Trade, order: OrderState, spec: MarketSpec) -> JSON:
    return fill_json(
        trade,
        spec,
        taker=trade.taker_order == order.id,
        client_order_id=order.client_order_id,
    )


def _trades_of(order_ids: list[int]) -> list[Trade]:
    trades = models.Trade.objects
    rows = [
        *trades.filter(taker_order__in=order_ids).values_list(*TRADE_FIELDS),
        *trades.filter(maker_order__in=order_ids).values_list(*TRADE_FIELDS),
    ]
    return sorted({trade_event(row) for row in rows})


def _orders_of(group: int) -> list[OrderState]:
    rows = models.Order.objects.filter(group=group).values_list(*ORDER_FIELDS)
    return sorted((order_state(row) for row in rows), key=lambda order: order.id)


async def submit_order(who: Principal, params: Mapping[str, Any]) -> tuple[int, JSON]:
    """Place an order: its status (201, or 200 for a repeat) and the order with its fills.

    With `validate_only`: 200 and VALID, or what it would be refused with.
    """
    symbol, command = place_order(params, who.account.pk, spec_of, who.connection)
    answer = await process.current().gateway.submit(symbol, command)
    return await _order_answer(answer, spec_of(symbol))


async def submit_oco(who: Principal, params: Mapping[str, Any]) -> tuple[int, JSON]:
    """Place a limit order and a stop of which one cancels the other: both, with their fills."""
    symbol, command = place_oco(params, who.account.pk, spec_of, who.connection)
    return await _submit_group(symbol, command)


async def submit_bracket(who: Principal, params: Mapping[str, Any]) -> tuple[int, JSON]:
    """Place an entry with the exits that its fills arm: all of them, with their fills."""
    symbol, command = place_bracket(params, who.account.pk, spec_of, who.connection)
    return await _submit_group(symbol, command)


async def _submit_group(symbol: str, command: PlaceGroup) -> tuple[int, JSON]:
    answer = await process.current().gateway.submit(symbol, command)
    return await _group_answer(answer, spec_of(symbol))


async def submit_orders(who: Principal, params: Mapping[str, Any]) -> JSON:
    """Place many orders, each for itself: `results` in their order."""
    items = batch_items(params)
    spend(who, len(items))
    sent: list[tuple[MarketSpec, asyncio.Future[Answer]] | Problem] = []
    for item in items:
        try:
            if not isinstance(item, dict):
                raise Problem("invalid_request", "an order must be a JSON object")
            symbol, command = place_order(item, who.account.pk, spec_of, who.connection)
            sent.append((spec_of(symbol), process.current().gateway.submit(symbol, command)))
        except Problem as problem:
            sent.append(problem)
    results = []
    for entry in sent:
        try:
            if isinstance(entry, Problem):
                raise entry
            spec, future = entry
            status, order = await _order_answer(await future, spec)
            result = VALID if order is VALID else {"order": order}
            results.append({"status": status, **result})
        except Problem as problem:
            results.append({"status": problem.status_code, "error": problem.as_json()})
    return {"results": results}


async def _named_order(
    who: Principal, params: Mapping[str, Any]
) -> tuple[MarketSpec, int | None, str | None]:
    """The market, id and client_order_id of a request that names an order by one of them."""
    given = [name for name in ("id", "client_order_id") if params.get(name) is not None]
    if len(given) != 1:
        message = "name the order by id or by client_order_id"
        raise Problem("invalid_request", message, {"id": [message]})
    name = given[0]
    value = params[name]
    if not isinstance(value, str):
        message = "must be a string"
        raise Problem("invalid_request", f"{name}: {message}", {name: [message]})
    if name == "id":
        spec, order_id = _market_of_id(value)
        return spec, order_id, None
    return await _market_of_client_order_id(who.account.pk, value), None, value


async def _order_command(spec: MarketSpec, command: ClientCommand) -> JSON:
    answer = await process.current().gateway.submit(spec.symbol, command)
    _raise_if_refused(answer, spec)
    if answer.order is None:
        return VALID
    if isinstance(command, AmendOrder):
        return _with_fills(answer.order, answer.trades, spec)
    return order_json(answer.order, spec)


async def amend_order(who: Principal, params: Mapping[str, Any]) -> JSON:
    """Give an order another price, stop price or total quantity: the order, with the fills of this."""
    spec, order_id, client_order_id = await _named_order(who, params)
    changes = {
        name: value for name, value in params.items() if name not in ("id", "client_order_id")
    }
    command = amend_command(
        changes, who.account.pk, spec, order_id=order_id, client_order_id=client_order_id
    )
    return await _order_command(spec, command)


async def cancel_order(who: Principal, params: Mapping[str, Any]) -> JSON:
    """Cancel an order: the order."""
    _refuse_unknown(params, ("id", "client_order_id"))
    spec, order_id, client_order_id = await _named_order(who, params)
    return await _order_command(spec, CancelOrder(who.account.pk, order_id, client_order_id))


async def cancel_all(who: Principal, params: Mapping[str, Any]) -> JSON:
    """Cancel all orders of the account, of one market or side perhaps: their ids."""
    _refuse_unknown(params, ("market", "side"))
    side = params.get("side")
    if side is not None and side not in tuple(Side):
        raise Problem(
            "invalid_request", "side must be buy or sell", {"side": ["must be buy or sell"]}
        )
    market = params.get("market")
    if market is not None and not isinstance(market, str):
        raise Problem(
            "invalid_request", "market must be a string", {"market": ["must be a string"]}
        )
    hub = process.current().hub
    specs = [view.spec for view in hub.markets.values()] if market is None else [spec_of(market)]
    command = CancelAll(who.account.pk, None if side is None else Side(side))
    gateway = process.current().gateway
    answers = await asyncio.gather(*(gateway.submit(spec.symbol, command) for spec in specs))
    canceled: list[str] = []
    for answer, spec in zip(answers, specs, strict=True):
        _raise_if_refused(answer, spec)
        canceled.extend(str(order_id) for order_id in answer.canceled)
    return {"canceled": canceled}


async def cancel_all_after(who: Principal, params: Mapping[str, Any]) -> JSON:
    """Set the account's dead man's switch in all markets (0 disarms): when it goes off.

    It goes off in each market by itself, on its engine's clock. Raises Problem if an engine did not
    answer: ask again, as a switch is asked for again and again anyway.
    """
    seconds = cancel_after_seconds(params)
    at = clock.now() + seconds * SECOND if seconds else None
    gateway = process.current().gateway
    command = CancelAllAfter(who.account.pk, at)
    views = list(process.current().hub.markets.values())
    answers = await asyncio.gather(*(gateway.submit(view.symbol, command) for view in views))
    for answer, view in zip(answers, views, strict=True):
        _raise_if_refused(answer, view.spec)
    return _switch_json(at, seconds)


def _switch_json(at: int | None, seconds: int | None = None) -> JSON:
    switch: JSON = {"cancel_at": None if at is None else time_text(at)}
    return switch if seconds is None else {"timeout_seconds": seconds, **switch}


def cancel_after(account: models.Account) -> JSON:
    """When the account's dead man's switch goes off: `cancel_at`, null if it is not set. Blocking."""
    first = models.CancelAfter.objects.filter(account=account).order_by("at").first()
    return _switch_json(None if first is None else first.at)


def _refuse_unknown(params: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    errors = {
        name: [f"unknown field; known are: {', '.join(allowed)}"]
        for name in params
        if name not in allowed
    }
    if errors:
        raise Problem("invalid_request", f"unknown field: {next(iter(errors))}", errors)
