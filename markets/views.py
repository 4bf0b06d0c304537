"""The REST API. Each view reads its request, asks `trading`, the hub or the rows, and answers JSON.

Views run in threads; what belongs to the event loop (gateway, hub) is reached by `in_loop`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, ParamSpec, TypeVar

from asgiref.sync import async_to_sync
from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from markets import accounts, history, models, process, queries, trading
from markets import serializers as shapes
from markets.authentication import MayRead, MayTrade, principal
from markets.clock import now
from markets.hub import MarketView
from markets.matching.types import MILLION, MarketSpec, format_units
from markets.messages.public import (
    JSON,
    datetime_text,
    fill_json,
    order_json,
    time_text,
    trade_json,
)
from markets.order_requests import is_client_order_id, is_order_id
from markets.problems import Problem
from markets.rows import ORDER_FIELDS, TRADE_FIELDS, order_state, trade_event
from markets.schema import CURSOR, LIMIT, MARKET, SIDE, parameter, schema

P = ParamSpec("P")
T = TypeVar("T")
MAX_DEPTH: Final = 1_000_000
MAX_CANDLES: Final = 1000
MAX_TRADES: Final = 1000


def in_loop(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call something of the event loop from a view's thread."""

    async def there() -> T:
        return call(*args, **kwargs)

    return async_to_sync(there)()


def wait_for(call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Await something of the event loop from a view's thread."""
    return async_to_sync(call)(*args, **kwargs)


def market_view(symbol: str) -> MarketView:
    """This process's view of a market. Raises Problem `not_found`."""
    view = process.current().hub.markets.get(symbol)
    if view is None:
        raise Problem("not_found", f"there is no market {symbol[:32]!r}")
    return view


def spec_by_market() -> dict[str, MarketSpec]:
    """Every market's specification."""
    return {symbol: view.spec for symbol, view in list(process.current().hub.markets.items())}


def market_json(view: MarketView) -> JSON:
    """A market's rules."""
    spec = view.spec
    return {
        "symbol": spec.symbol,
        "base": spec.base,
        "quote": spec.quote,
        "status": view.status,
        "tick_size": spec.price_text(spec.tick_size),
        "lot_size": spec.quantity_text(spec.lot_size),
        "min_quantity": spec.quantity_text(spec.min_quantity),
        "max_quantity": spec.quantity_text(spec.max_quantity),
        "min_notional": format_units(spec.min_notional, spec.quote_decimals),
        "maker_fee_rate": format_units(spec.maker_fee_rate, len(str(MILLION)) - 1),
        "taker_fee_rate": format_units(spec.taker_fee_rate, len(str(MILLION)) - 1),
        "price_band": None,
    }


class PublicView(APIView):
    """Market data: nobody need say who they are, and wrong keys do not matter."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class PrivateView(APIView):
    """An account's own data and orders."""

    permission_classes = (MayTrade,)


class TimeView(PublicView):
    """The server's clock."""

    @schema(operation_id="time", responses={200: shapes.TimeShape})
    def get(self, request: Request) -> Response:
        """The time that orders are stamped with."""
        queries.read_query(request.query_params, ())
        return Response({"time": time_text(now())})


class MarketsView(PublicView):
    """All markets."""

    @schema(operation_id="markets", responses={200: shapes.MarketShape(many=True)})
    def get(self, request: Request) -> Response:
        """Every market with its rules and status."""
        queries.read_query(request.query_params, ())
        views = in_loop(lambda: [market_json(v) for v in process.current().hub.markets.values()])
        return Response(sorted(views, key=lambda market: market["symbol"]))


class MarketDetailView(PublicView):
    """One market."""

    @schema(operation_id="market", responses={200: shapes.MarketShape})
    def get(self, request: Request, symbol: str) -> Response:
        """A market's rules and status."""
        queries.read_query(request.query_params, ())
        return Response(in_loop(lambda: market_json(market_view(symbol))))


class BookView(PublicView):
    """A market's order book."""

    @schema(
        operation_id="book",
        responses={200: shapes.BookShape},
        parameters=[parameter("depth", {"type": "integer", "minimum": 1, "maximum": MAX_DEPTH})],
    )
    def get(self, request: Request, symbol: str) -> Response:
        """The best `depth` levels of each side, or the whole book; the checksum covers it all."""
        query = queries.read_query(request.query_params, ("depth",))
        depth = queries.whole_number(query, "depth", None, MAX_DEPTH)
        return Response(in_loop(lambda: market_view(symbol).book_json(depth)))


class TradesView(PublicView):
    """A market's trades."""

    @schema(
        operation_id="trades",
        responses={200: shapes.TradeShape(many=True)},
        parameters=[
            parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_TRADES}),
            parameter("before", description="Only trades before the one with this id."),
        ],
    )
    def get(self, request: Request, symbol: str) -> Response:
        """Trades, newest first."""
        query = queries.read_query(request.query_params, ("limit", "before"))
        spec = in_loop(lambda: market_view(symbol).spec)
        size = queries.limit(query, most=MAX_TRADES)
        before = queries.whole_number(query, "before", None, queries.MAX_INTEGER)
        trades = history.trades(models.Market.objects.get(symbol=symbol), size, before)
        return Response([trade_json(trade, spec) for trade in trades])


class CandlesView(PublicView):
    """A market's candles."""

    @schema(
        operation_id="candles",
        responses={200: shapes.CandleShape(many=True)},
        parameters=[
            parameter("interval", enum=list(history.INTERVALS)),
            parameter("start", OpenApiTypes.DATETIME),
            parameter("end", OpenApiTypes.DATETIME),
            parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_CANDLES}),
        ],
    )
    def get(self, request: Request, symbol: str) -> Response:
        """Candles that begin from `start` to before `end`, oldest first; intervals without trade left out."""
        query = queries.read_query(request.query_params, ("interval", "start", "end", "limit"))
        spec = in_loop(lambda: market_view(symbol).spec)
        seconds = queries.interval(query)
        size = queries.limit(query, most=MAX_CANDLES)
        end, start = _moment(query, "end"), _moment(query, "start")
        if end is None:
            end = int(time.time()) + seconds
        market = models.Market.objects.get(symbol=symbol)
        if start is None:
            start = end - size * seconds
        found = history.candles(market, seconds, start=start, end=end, limit=size)
        return Response([candle.as_json(spec) for candle in found])


def _moment(query: queries.Query, name: str) -> int | None:
    """A time of the query in seconds since 1970. Raises Problem."""
    text = query.get(name)
    if text is None:
        return None
    try:
        moment = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        message = "must be an ISO 8601 time with a zone, such as 2026-11-22T07:00:00Z"
        raise Problem("invalid_request", f"{name}: {message}", {name: [message]})
    return max(int(moment.timestamp()), 0)


class TickerView(PublicView):
    """A market's ticker."""

    @schema(operation_id="ticker", responses={200: shapes.TickerShape})
    def get(self, request: Request, symbol: str) -> Response:
        """Last and best prices, and the last 24 hours."""
        queries.read_query(request.query_params, ())
        return Response(in_loop(lambda: market_view(symbol).ticker_json()))


class TickersView(PublicView):
    """All tickers."""

    @schema(operation_id="tickers", responses={200: shapes.TickerShape(many=True)})
    def get(self, request: Request) -> Response:
        """Every market's ticker."""
        queries.read_query(request.query_params, ())
        tickers = in_loop(lambda: [v.ticker_json() for v in process.current().hub.markets.values()])
        return Response(sorted(tickers, key=lambda ticker: ticker["market"]))


class OrdersView(PrivateView):
    """The account's orders."""

    @schema(
        operation_id="orders",
        responses={200: shapes.OrderPageShape},
        parameters=[MARKET, parameter("status"), SIDE, LIMIT, CURSOR],
    )
    def get(self, request: Request) -> Response:
        """Orders, newest first."""
        names = ("market", "status", "side", "limit", "cursor")
        query = queries.read_query(request.query_params, names)
        page = queries.page(
            [queries.orders(principal(request).account.pk, query)],
            "created_at",
            ("market__symbol", *ORDER_FIELDS),
            queries.limit(query),
            queries.Cursor.read(query.get("cursor")),
        )
        specs = spec_by_market()
        results = [order_json(order_state(tuple(row)), specs[symbol]) for symbol, *row in page.rows]
        return Response(page.as_json(results, request.build_absolute_uri(request.path), query))

    @schema(
        operation_id="submit_order",
        request=shapes.PlaceOrderShape,
        responses={201: shapes.OrderWithFillsShape, 200: shapes.OrderWithFillsShape},
    )
    def post(self, request: Request) -> Response:
        """Place an order. 201: it is durable; 200: it was placed before (same client_order_id)."""
        status, order = wait_for(trading.submit_order, principal(request), body(request))
        return Response(order, status=status)

    @schema(
        operation_id="cancel_all", responses={200: shapes.CanceledShape}, parameters=[MARKET, SIDE]
    )
    def delete(self, request: Request) -> Response:
        """Cancel all orders, of one market or side perhaps."""
        query = queries.read_query(request.query_params, ("market", "side"))
        return Response(wait_for(trading.cancel_all, principal(request), query))


def body(request: Request) -> JSON:
    """The JSON object that was sent; the parser lets nothing else through."""
    data: Any = request.data
    return dict(data)


class OrderBatchView(PrivateView):
    """Many orders in one request."""

    @schema(
        operation_id="submit_orders",
        request=shapes.BatchShape,
        responses={200: shapes.BatchResultsShape},
    )
    def post(self, request: Request) -> Response:
        """Place 1 to 500 orders, each for itself."""
        return Response(wait_for(trading.submit_orders, principal(request), body(request)))


class CancelAfterView(PrivateView):
    """The dead man's switch."""

    @schema(operation_id="cancel_after", request=shapes.CancelAfterShape, responses={200: None})
    def post(self, request: Request) -> Response:
        """Not offered yet: always refused."""
        raise trading.not_yet_cancel_after()


class _OneOrderView(PrivateView):
    """One order, named by the address."""

    name = "id"

    def _find(self, request: Request, value: str) -> Response:
        queries.read_query(request.query_params, ())
        by_id = self.name == "id"
        possible = is_order_id(value) if by_id else is_client_order_id(value)
        if not possible:
            raise Problem("not_found", "there is no such order of this account")
        field = "pk" if by_id else self.name
        rows = models.Order.objects.filter(account=principal(request).account, **{field: value})
        row = rows.values_list("market__symbol", *ORDER_FIELDS).first()
        if row is None:
            raise Problem("not_found", "there is no such order of this account")
        return Response(order_json(order_state(row[1:]), spec_by_market()[row[0]]))

    def _cancel(self, request: Request, value: str) -> Response:
        queries.read_query(request.query_params, ())
        return Response(wait_for(trading.cancel_order, principal(request), {self.name: value}))

    def _amend(self, request: Request, value: str) -> Response:
        queries.read_query(request.query_params, ())
        unknown = [name for name in ("id", "client_order_id") if name in request.data]
        if unknown:
            message = "the address names the order"
            raise Problem("invalid_request", message, {name: [message] for name in unknown})
        params = {**body(request), self.name: value}
        return Response(wait_for(trading.amend_order, principal(request), params))


class OrderView(_OneOrderView):
    """An order by its id."""

    @schema(operation_id="order", responses={200: shapes.OrderShape})
    def get(self, request: Request, order_id: str) -> Response:
        """The order as it is now."""
        return self._find(request, order_id)

    @schema(
        operation_id="amend_order",
        request=shapes.AmendShape,
        responses={200: shapes.OrderWithFillsShape},
    )
    def patch(self, request: Request, order_id: str) -> Response:
        """Another price or total quantity. Less at the same price keeps time priority."""
        return self._amend(request, order_id)

    @schema(operation_id="cancel_order", responses={200: shapes.OrderShape})
    def delete(self, request: Request, order_id: str) -> Response:
        """Cancel it."""
        return self._cancel(request, order_id)


class OrderByClientIdView(_OneOrderView):
    """An order by its client_order_id."""

    name = "client_order_id"

    @schema(operation_id="order_by_client_id", responses={200: shapes.OrderShape})
    def get(self, request: Request, client_order_id: str) -> Response:
        """The order as it is now."""
        return self._find(request, client_order_id)

    @schema(
        operation_id="amend_order_by_client_id",
        request=shapes.AmendShape,
        responses={200: shapes.OrderWithFillsShape},
    )
    def patch(self, request: Request, client_order_id: str) -> Response:
        """Another price or total quantity. Less at the same price keeps time priority."""
        return self._amend(request, client_order_id)

    @schema(operation_id="cancel_order_by_client_id", responses={200: shapes.OrderShape})
    def delete(self, request: Request, client_order_id: str) -> Response:
        """Cancel it."""
        return self._cancel(request, client_order_id)


class FillsView(APIView):
    """The account's fills."""

    permission_classes = (MayRead,)

    @schema(
        operation_id="fills",
        responses={200: shapes.FillPageShape},
        parameters=[MARKET, parameter("order"), LIMIT, CURSOR],
    )
    def get(self, request: Request) -> Response:
        """Fills, newest first."""
        query = queries.read_query(request.query_params, ("market", "order", "limit", "cursor"))
        account = principal(request).account.pk
        page = queries.page(
            queries.fills(account, query),
            "timestamp",
            (
                "market__symbol",
                "taker_order__client_order_id",
                "maker_order__client_order_id",
                *TRADE_FIELDS,
            ),
            queries.limit(query),
            queries.Cursor.read(query.get("cursor")),
        )
        specs = spec_by_market()
        results = []
        for symbol, as_taker, as_maker, *row in page.rows:
            trade = trade_event(tuple(row))
            taker = trade.taker_account == account
            own = as_taker if taker else as_maker
            results.append(fill_json(trade, specs[symbol], taker=taker, client_order_id=own))
        return Response(page.as_json(results, request.build_absolute_uri(request.path), query))


class BalancesView(APIView):
    """The account's balances."""

    permission_classes = (MayRead,)

    @schema(operation_id="balances", responses={200: shapes.BalanceShape(many=True)})
    def get(self, request: Request) -> Response:
        """What the account has, by asset."""
        queries.read_query(request.query_params, ())
        return Response(accounts.balances(principal(request).account))


class FaucetView(PrivateView):
    """Play money."""

    @schema(operation_id="faucet", request=None, responses={200: shapes.BalanceShape(many=True)})
    def post(self, request: Request) -> Response:
        """Give the account play money; sandboxes only."""
        if not settings.SANDBOX:
            raise Problem("permission_denied", "the faucet is for sandboxes (EXCHANGE_SANDBOX=1)")
        return Response(accounts.faucet(principal(request).account))


class ApiKeysView(PrivateView):
    """The account's API keys."""

    @schema(operation_id="api_keys", responses={200: shapes.ApiKeyShape(many=True)})
    def get(self, request: Request) -> Response:
        """The keys that are in force, without their secrets."""
        queries.read_query(request.query_params, ())
        keys = models.ApiKey.objects.filter(account=principal(request).account, revoked_at=None)
        return Response([_key_json(key) for key in keys])

    @schema(
        operation_id="make_api_key",
        request=shapes.NewApiKeyShape,
        responses={201: shapes.MadeApiKeyShape},
    )
    def post(self, request: Request) -> Response:
        """Make a key; its secret is in this answer and nowhere else."""
        who = principal(request)
        given = shapes.NewApiKeyShape(data=request.data)
        unknown = {
            name: ["unknown field; known are: name, scopes"]
            for name in request.data
            if name not in given.fields
        }
        if unknown:
            raise Problem("invalid_request", f"unknown field: {next(iter(unknown))}", unknown)
        given.is_valid(raise_exception=True)
        scopes = given.validated_data.get("scopes", ["read", "trade"])
        if ("read" in scopes and not who.can_read) or ("trade" in scopes and not who.can_trade):
            raise Problem("permission_denied", "a key cannot make one that may do more than itself")
        try:
            key, secret = accounts.make_api_key(
                who.account,
                given.validated_data.get("name", ""),
                can_read="read" in scopes,
                can_trade="trade" in scopes,
            )
        except accounts.TooManyKeys as error:
            raise Problem("conflict", str(error)) from error
        return Response({**_key_json(key), "key": secret}, status=201)


class ApiKeyView(PrivateView):
    """One API key."""

    @schema(operation_id="revoke_api_key", responses={200: shapes.ApiKeyShape})
    def delete(self, request: Request, key_id: str) -> Response:
        """Revoke a key at once."""
        queries.read_query(request.query_params, ())
        keys = models.ApiKey.objects.filter(account=principal(request).account, revoked_at=None)
        key = keys.filter(pk=key_id).first() if key_id.isdecimal() and len(key_id) < 19 else None
        if key is None:
            raise Problem("not_found", "there is no such key of this account")
        keys.filter(pk=key.pk).update(revoked_at=timezone.now())
        return Response(_key_json(key))


def _key_json(key: models.ApiKey) -> JSON:
    return {
        "id": str(key.pk),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": [
            scope for scope, has in (("read", key.can_read), ("trade", key.can_trade)) if has
        ],
        "created_at": datetime_text(key.created_at),
        "last_used_at": None if key.last_used_at is None else datetime_text(key.last_used_at),
    }
