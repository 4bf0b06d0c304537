"""An account's orders and trades from the rows. All of this blocks: read it through `Request.read`.

Rules:
- What was answered is in the rows, so who asks after an answer sees it.
- Orders are found by the account's own index, in the order of their times; ids grow with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from markets import models
from markets.binance.calls import JSON, Request
from markets.binance.errors import BAD_COMBINATION, NO_SUCH_ORDER, DialectError
from markets.binance.market_data import key_of, times
from markets.binance.order_names import last_id
from markets.binance.order_parameters import named
from markets.binance.orders import NO_LIST, NativeOrder, decode_order, query_json
from markets.binance.symbols import name_of, view_of
from markets.binance.texts import fixed
from markets.binance.time_unit import time_json
from markets.history import ids_of
from markets.matching.events import Trade
from markets.matching.spec import MarketSpec
from markets.matching.types import Reason, Side
from markets.messages.orders import order_text
from markets.rows import ORDER_FIELDS, TRADE_FIELDS, order_state, trade_event
from markets.views.base import spec_by_market

MAX_ROWS: Final = 1000
DEFAULT_ROWS: Final = 500
AT_ONCE: Final = 500
"""Ids in one query."""
TOGETHER: Final = (Reason.OCO, Reason.BRACKET)


class Asked(NamedTuple):
    """Which rows are wanted: of an account and market, from an id or a time on, to a time; or the newest."""

    account: int
    market: int
    first_id: int | None
    start: int | None
    end: int | None
    limit: int


# Orders


def _natives(rows: Iterable[tuple[Any, ...]]) -> Iterator[NativeOrder]:
    """Rows with their market's symbol before ORDER_FIELDS."""
    specs = spec_by_market()
    for symbol, *row in rows:
        yield decode_order(order_text(order_state(tuple(row)), specs[symbol]))


_COLUMNS: Final = ("market__symbol", *ORDER_FIELDS)


def orders_by_id(ids: list[int]) -> list[NativeOrder]:
    """Orders, the oldest first."""
    found: list[NativeOrder] = []
    for start in range(0, len(ids), AT_ONCE):
        rows = models.Order.objects.filter(pk__in=ids[start : start + AT_ONCE])
        found += _natives(rows.values_list(*_COLUMNS))
    return sorted(found, key=lambda order: int(order.id))


def orders_of_groups(account: int, groups: list[int]) -> dict[int, list[NativeOrder]]:
    """The orders of an account's groups, by group."""
    found: dict[int, list[NativeOrder]] = {}
    for start in range(0, len(groups), AT_ONCE):
        rows = models.Order.objects.filter(group__in=groups[start : start + AT_ONCE])
        own = rows.filter(account=account).order_by("pk")
        for order in _natives(own.values_list(*_COLUMNS)):
            found.setdefault(order.list_id, []).append(order)
    return found


def as_queried(found: Iterable[NativeOrder]) -> list[JSON]:
    """Orders that are asked for. What its group ended is EXPIRED if another of the group traded or was
    triggered, and CANCELED if somebody canceled the group.
    """
    found = list(found)
    ended = {order.group_id for order in found if order.group_id and order.reason in TOGETHER}
    expired = set()
    if ended:
        rows = models.Order.objects.filter(group__in=[int(group) for group in ended])
        for group, filled, stop, status, reason in rows.values_list(
            "group", "filled", "stop_price", "status", "reason"
        ):
            triggered = stop is not None and status in ("open", "partially_filled", "filled")
            if filled or triggered or (stop is not None and reason == Reason.NO_LIQUIDITY):
                expired.add(str(group))
    answers = []
    for order in found:
        answer = query_json(order)
        if order.reason in TOGETHER and order.group_id in expired:
            answer["status"] = "EXPIRED"
        answers.append(answer)
    return answers


def _open_orders(account: int, market: int | None) -> list[JSON]:
    rows = models.Order.objects.filter(models.LIVE_ORDERS, account=account)
    if market is not None:
        rows = rows.filter(market=market)
    rows = rows.order_by("created_at", "id")
    return as_queried(_natives(rows.values_list(*_COLUMNS).iterator()))


def _all_orders(asked: Asked) -> list[JSON]:
    rows = models.Order.objects.filter(account=asked.account)
    start = asked.start
    if asked.first_id is not None:
        start = _placed_at(asked.market, asked.first_id)
        if start is None:
            return []
    if start is not None:
        rows = rows.filter(created_at__gte=start)
    if asked.end is not None:
        rows = rows.filter(created_at__lte=asked.end)
    sign = "-" if start is None else ""
    rows = rows.order_by(f"{sign}created_at", f"{sign}id").filter(market=asked.market)
    found = []
    for order in _natives(rows.values_list(*_COLUMNS).iterator(chunk_size=asked.limit)):
        if int(order.id) >= (asked.first_id or 0):
            found.append(order)
        if len(found) == asked.limit:
            break
    return as_queried(sorted(found, key=lambda order: int(order.id)))


def _placed_at(market: int, first: int) -> int | None:
    """When the first order was placed whose id is at least this; None: there is none."""
    low, high = ids_of(market, 0, None)
    rows = models.Order.objects.filter(pk__gte=max(first, low), pk__lte=high).order_by("pk")
    return next(iter(rows.values_list("created_at", flat=True)[:1]), None)


def _one(account: int, market: int, order_id: int | None, name: str | None) -> JSON:
    if order_id is None:
        assert name is not None
        order_id = last_id(account, name)
    if order_id is None:
        raise DialectError(NO_SUCH_ORDER)
    rows = models.Order.objects.filter(pk=order_id, account=account, market=market)
    found = as_queried(_natives(rows.values_list(*_COLUMNS)))
    if not found:
        raise DialectError(NO_SUCH_ORDER)
    return found[0]


async def get_order(request: Request) -> JSON:
    """One order."""
    spec = view_of(request.params.symbol()).spec
    wanted = named(request.params, "orderId", "origClientOrderId")
    return await request.read(_one, request.account, key_of(spec), *wanted)


async def open_orders(request: Request) -> list[JSON]:
    """The orders that rest or wait, of one market or all."""
    symbol = request.params.optional_symbol()
    market = None if symbol is None else key_of(view_of(symbol).spec)
    return await request.read(_open_orders, request.account, market)


async def all_orders(request: Request) -> list[JSON]:
    """All orders of a market, whatever became of them, oldest first."""
    return await request.read(_all_orders, _asked(request, "orderId"))


def _asked(request: Request, first_name: str) -> Asked:
    params = request.params
    spec = view_of(params.symbol()).spec
    start, end = times(request)
    first = params.integer(first_name)
    limit = params.limit(DEFAULT_ROWS, MAX_ROWS)
    return Asked(request.account, key_of(spec), first, start, end, limit)


# Trades


_TRADE_COLUMNS: Final = ("taker_order__group", "maker_order__group", *TRADE_FIELDS)


async def my_trades(request: Request) -> list[JSON]:
    """The account's own trades of a market, oldest first."""
    asked = _asked(request, "fromId")
    order = request.params.integer("orderId")
    if asked.first_id is not None and (asked.start is not None or asked.end is not None):
        raise DialectError(BAD_COMBINATION)
    spec = view_of(request.params.symbol()).spec
    return await request.read(_my_trades, asked, order, spec)


def _my_trades(asked: Asked, order: int | None, spec: MarketSpec) -> list[JSON]:
    start = asked.start
    if asked.first_id is not None:
        start = _traded_at(asked.market, asked.first_id)
        if start is None:
            return []
    sign = "-" if start is None else ""
    found: dict[tuple[int, bool], JSON] = {}
    for taker in (True, False):
        rows = _sides(asked, order, taker=taker)
        if start is not None:
            rows = rows.filter(timestamp__gte=start)
        if asked.end is not None:
            rows = rows.filter(timestamp__lte=asked.end)
        rows = rows.order_by(f"{sign}timestamp", f"{sign}id").filter(market=asked.market)
        taken = 0
        for taker_group, maker_group, *row in rows.values_list(*_TRADE_COLUMNS).iterator(
            chunk_size=asked.limit
        ):
            trade = trade_event(tuple(row))
            if trade.id < (asked.first_id or 0):
                continue
            group = taker_group if taker else maker_group
            found[trade.id, taker] = my_trade_json(trade, spec, taker=taker, group=group)
            taken += 1
            if taken == asked.limit:
                break
    ids = sorted(found)
    chosen = ids[-asked.limit :] if start is None else ids[: asked.limit]
    return [found[each] for each in chosen]


def _sides(asked: Asked, order: int | None, *, taker: bool) -> Any:
    side = "taker" if taker else "maker"
    mine = {f"{side}_account": asked.account}
    if order is not None:
        mine[f"{side}_order"] = order
    return models.Trade.objects.filter(**mine)


def _traded_at(market: int, first: int) -> int | None:
    low, high = ids_of(market, 0, None)
    rows = models.Trade.objects.filter(pk__gte=max(first, low), pk__lte=high).order_by("pk")
    return next(iter(rows.values_list("timestamp", flat=True)[:1]), None)


def my_trade_json(trade: Trade, spec: MarketSpec, *, taker: bool, group: int | None) -> JSON:
    """One side of a trade, as its owner sees it."""
    buys = (trade.taker_side is Side.BUY) is taker
    fee = trade.taker_fee if taker else trade.maker_fee
    decimals, asset = (spec.base_decimals, spec.base) if buys else (spec.quote_decimals, spec.quote)
    return {
        "symbol": name_of(spec.symbol),
        "id": trade.id,
        "orderId": trade.taker_order if taker else trade.maker_order,
        "orderListId": NO_LIST if group is None else group,
        "price": fixed(trade.price, spec.quote_decimals),
        "qty": fixed(trade.quantity, spec.base_decimals),
        "quoteQty": fixed(trade.amount, spec.quote_decimals),
        "commission": fixed(fee, decimals),
        "commissionAsset": asset,
        "time": time_json(trade.timestamp),
        "isBuyer": buys,
        "isMaker": not taker,
        "isBestMatch": True,
    }
