"""Public market data, from this process's hub and the rows."""

from __future__ import annotations

import time
from typing import Final

from django.conf import settings
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from markets import history, models, nodes, process, queries
from markets import serializers as shapes
from markets.clock import now
from markets.hub import MarketView
from markets.matching.types import format_units
from markets.messages.public import (
    JSON,
    ratio_text,
    time_text,
    trade_json,
)
from markets.problems import Problem
from markets.schema import parameter, schema
from markets.views.base import PublicView, in_loop

MAX_DEPTH: Final = 1_000_000
MAX_CANDLES: Final = 1000
MAX_TRADES: Final = 1000


def market_view(symbol: str) -> MarketView:
    """This process's view of a market. Raises Problem `not_found`."""
    view = process.current().hub.markets.get(symbol)
    if view is None:
        raise Problem("not_found", f"there is no market {symbol[:32]!r}")
    return view


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
        "maker_fee_rate": ratio_text(spec.maker_fee_rate),
        "taker_fee_rate": ratio_text(spec.taker_fee_rate),
        "price_band": None if spec.price_band is None else ratio_text(spec.price_band),
        "reference_price": view.reference_price,
        "volatility_auction_seconds": spec.volatility_auction,
        "auction": view.auction_json(),
    }


class TimeView(PublicView):
    """The server's clock."""

    @schema(operation_id="time", responses={200: shapes.TimeShape})
    def get(self, request: Request) -> Response:
        """The time that orders are stamped with."""
        queries.read_query(request.query_params, ())
        return Response({"time": time_text(now())})


class NodesView(PublicView):
    """The web processes."""

    @schema(operation_id="nodes", responses={200: shapes.NodeShape(many=True)})
    def get(self, request: Request) -> Response:
        """All that are alive: each serves the same, so a client may go on at any other."""
        queries.read_query(request.query_params, ())
        if not settings.REDIS_URL:
            own = settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")
            return Response([{"url": own}])
        return Response([{"url": url} for url in nodes.alive_urls()])


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
