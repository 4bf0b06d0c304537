"""What a client may wish for, once for REST and sockets: each verb takes JSON and answers JSON.

Rules:
- Everything here runs in the event loop of this process's gateway; refusals are raised as Problem.
- 201 (or 200 for a repeat) is answered only for what is durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from markets import clock, models, process
from markets.accounts import Principal
from markets.limits import account_rate
from markets.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    PlaceGroup,
    PlaceOrder,
)
from markets.matching.events import Trade
from markets.matching.spec import MarketSpec
from markets.matching.types import SECOND, GroupRole, Side
from markets.messages.orders import fill_text, order_text, raw, with_fills
from markets.messages.public import JSON, time_text
from markets.messages.transport import Answer, ClientCommand
from markets.order_requests import (
    PlainOrder,
    batch_items,
    cancel_after_seconds,
    is_order_id,
    place_bracket,
    place_oco,
    place_order,
    plain_order,
)
from markets.order_requests import amend_order as amend_command
from markets.problems import Problem, note
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


def raise_if_refused(answer: Answer) -> None:
    """Raise Problem if an engine did not do what was asked."""
    code = answer.failure or answer.code
    if code is not None:
        order = None if answer.order is None else msgspec.json.decode(answer.order)
        raise Problem(code.value, answer.message, answer.errors, order=order)


def quick_answer(answer: Answer) -> str | None:
    """The JSON of an order that was placed; None: there is more to it, ask `order_answer`."""
    if answer.order is None or answer.code is not None or answer.duplicate:
        return None
    return with_fills(answer.order, answer.fills)


async def order_answer(answer: Answer, spec: MarketSpec) -> tuple[int, JSON | msgspec.Raw]:
    """The status and body of the answer to an order. Raises Problem if it was refused."""
    quick = quick_answer(answer)
    if quick is not None:
        return CREATED, raw(quick)
    raise_if_refused(answer)
    if answer.order is None:
        return OK, VALID
    trades = await process.current().hub.read(_trades_of, [answer.order_id])
    client_order_id = msgspec.json.decode(answer.order)["client_order_id"]
    fills = _fills_of(answer.order_id, client_order_id, trades, spec)
    return OK, raw(with_fills(answer.order, fills))


async def _group_answer(
    answer: Answer, spec: MarketSpec, kind: str
) -> tuple[int, JSON | msgspec.Raw]:
    raise_if_refused(answer)
    if answer.order is None:
        return OK, VALID
    group = answer.group
    if answer.duplicate:
        assert answer.group_id is not None
        group = await process.current().hub.read(_group_of, answer.group_id, spec)
    body = {
        "id": str(answer.group_id),
        "type": kind,
        "market": spec.symbol,
        "orders": [raw(with_fills(order, fills)) for order, fills in group],
    }
    return (OK if answer.duplicate else CREATED), body


def _trades_of(order_ids: list[int]) -> list[Trade]:
    trades = models.Trade.objects
    rows = [
        *trades.filter(taker_order__in=order_ids).values_list(*TRADE_FIELDS),
        *trades.filter(maker_order__in=order_ids).values_list(*TRADE_FIELDS),
    ]
    return sorted({trade_event(row) for row in rows})


def _group_of(group: int, spec: MarketSpec) -> list[tuple[str, list[str]]]:
    """The orders of a group with the fills that each has had."""
    rows = models.Order.objects.filter(group=group).values_list(*ORDER_FIELDS)
    orders = sorted((order_state(row) for row in rows), key=lambda order: order.id)
    trades = _trades_of([order.id for order in orders])
    return [
        (order_text(order, spec), _fills_of(order.id, order.client_order_id, trades, spec))
        for order in orders
    ]


def _fills_of(
    order_id: int, client_order_id: str | None, trades: Iterable[Trade], spec: MarketSpec
) -> list[str]:
    """An order's sides of these trades."""
    return [
        fill_text(trade, spec, taker=trade.taker_order == order_id, client_order_id=client_order_id)
        for trade in trades
        if order_id in (trade.taker_order, trade.maker_order)
    ]


def send_plain_order(
    who: Principal, wish: PlainOrder, answered: Callable[[MarketSpec, Answer], None]
) -> bool:
    """Send a plain order to its engine, to be called with its answer; or (False) do nothing about one
    that `submit_order` must look at.
    """
    plain = _plain(who, wish)
    if plain is None:
        return False
    spec, command = plain
    process.current().gateway.send(spec.symbol, command, partial(answered, spec))
    return True


def _plain(who: Principal, wish: PlainOrder) -> tuple[MarketSpec, PlaceOrder] | None:
    view = process.current().hub.markets.get(wish.market)
    if view is None:
        return None
    command = plain_order(wish, who.account.pk, view.spec, who.connection)
    return None if command is None else (view.spec, command)


def _order_of(who: Principal, params: Mapping[str, Any]) -> tuple[MarketSpec, PlaceOrder]:
    """The market and command of an order. Raises Problem."""
    try:
        plain = _plain(who, msgspec.convert(params, PlainOrder))
    except msgspec.ValidationError:
        plain = None
    if plain is None:
        symbol, command = place_order(params, who.account.pk, spec_of, who.connection)
        return spec_of(symbol), command
    return plain


async def submit_order(who: Principal, params: Mapping[str, Any]) -> tuple[int, JSON | msgspec.Raw]:
    """Place an order: its status (201, or 200 for a repeat) and the order with its fills.

    With `validate_only`: 200 and VALID, or what it would be refused with.
    """
    spec, command = _order_of(who, params)
    return await order_answer(await process.current().gateway.submit(spec.symbol, command), spec)


async def submit_plain_order(
    who: Principal, wish: PlainOrder
) -> tuple[int, JSON | msgspec.Raw] | None:
    """The same for a plain order; None: nothing was done, `submit_order` must look at it."""
    plain = _plain(who, wish)
    if plain is None:
        return None
    spec, command = plain
    return await order_answer(await process.current().gateway.submit(spec.symbol, command), spec)


async def submit_oco(who: Principal, params: Mapping[str, Any]) -> tuple[int, JSON | msgspec.Raw]:
    """Place a limit order (or take profit) and a stop of which one cancels the other, with their fills."""
    symbol, command = place_oco(params, who.account.pk, spec_of, who.connection)
    return await _submit_group(symbol, command)


async def submit_bracket(
    who: Principal, params: Mapping[str, Any]
) -> tuple[int, JSON | msgspec.Raw]:
    """Place an entry with the exits that its fills arm: all of them, with their fills."""
    symbol, command = place_bracket(params, who.account.pk, spec_of, who.connection)
    return await _submit_group(symbol, command)


async def _submit_group(symbol: str, command: PlaceGroup) -> tuple[int, JSON | msgspec.Raw]:
    answer = await process.current().gateway.submit(symbol, command)
    kind = "oco" if command.roles[0] is GroupRole.OCO_LIMIT else "bracket"
    return await _group_answer(answer, spec_of(symbol), kind)


class _Gathered:
    """What comes of many commands, awaited once."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._answers: dict[int, tuple[MarketSpec, Answer] | Problem] = {}
        self._complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def put(self, place: int, answer: tuple[MarketSpec, Answer] | Problem) -> None:
        """The answer to one of them."""
        self._answers[place] = answer
        if len(self._answers) == self._count and not self._complete.done():
            self._complete.set_result(None)

    def answered(self, place: int, spec: MarketSpec, answer: Answer) -> None:
        """The same as an engine says it."""
        self.put(place, (spec, answer))

    async def all(self) -> list[tuple[MarketSpec, Answer] | Problem]:
        """Wait for every answer."""
        await self._complete
        return [self._answers[place] for place in range(self._count)]


async def submit_orders(who: Principal, params: Mapping[str, Any]) -> JSON:
    """Place many orders, each for itself: `results` in their order."""
    items = batch_items(params)
    spend(who, len(items))
    gathered, gateway = _Gathered(len(items)), process.current().gateway
    for place, item in enumerate(items):
        try:
            if not isinstance(item, dict):
                raise Problem("invalid_request", "an order must be a JSON object")
            spec, command = _order_of(who, item)
        except Problem as problem:
            gathered.put(place, problem)
        else:
            gateway.send(spec.symbol, command, partial(gathered.answered, place, spec))
    return {"results": [await _result(answer) for answer in await gathered.all()]}


async def _result(gathered: tuple[MarketSpec, Answer] | Problem) -> JSON | msgspec.Raw:
    """What is said of one of many orders."""
    try:
        if isinstance(gathered, Problem):
            raise gathered
        spec, answer = gathered
        quick = quick_answer(answer)
        if quick is not None:
            return raw(f'{{"status":{CREATED},"order":{quick}}}')
        status, order = await order_answer(answer, spec)
    except Problem as problem:
        note(problem)
        return {"status": problem.status_code, "error": problem.as_json()}
    return {"status": status, **(VALID if order is VALID else {"order": order})}


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


async def _order_command(spec: MarketSpec, command: ClientCommand) -> JSON | msgspec.Raw:
    answer = await process.current().gateway.submit(spec.symbol, command)
    raise_if_refused(answer)
    if answer.order is None:
        return VALID
    if isinstance(command, AmendOrder):
        return raw(with_fills(answer.order, answer.fills))
    return raw(answer.order)


async def amend_order(who: Principal, params: Mapping[str, Any]) -> JSON | msgspec.Raw:
    """Give an order another price, stop price or total quantity: the order, with the fills of this."""
    spec, order_id, client_order_id = await _named_order(who, params)
    changes = {
        name: value for name, value in params.items() if name not in ("id", "client_order_id")
    }
    command = amend_command(
        changes, who.account.pk, spec, order_id=order_id, client_order_id=client_order_id
    )
    return await _order_command(spec, command)


async def cancel_order(who: Principal, params: Mapping[str, Any]) -> JSON | msgspec.Raw:
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
    for answer in answers:
        raise_if_refused(answer)
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
    for answer in answers:
        raise_if_refused(answer)
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
