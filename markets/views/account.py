"""An account's fills, balances, fees and play money."""

from __future__ import annotations

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from markets import accounts, fee_tiers, queries
from markets import serializers as shapes
from markets.authentication import MayRead, principal
from markets.messages.orders import fill_text, raw
from markets.problems import Problem
from markets.rows import TRADE_FIELDS, trade_event
from markets.schema import CURSOR, LIMIT, MARKET, parameter, schema
from markets.views.base import PrivateView, spec_by_market


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
            fill = fill_text(trade, specs[symbol], taker=taker, client_order_id=own)
            results.append(raw(fill))
        return Response(page.as_json(results, request.build_absolute_uri(request.path), query))


class BalancesView(APIView):
    """The account's balances."""

    permission_classes = (MayRead,)

    @schema(operation_id="balances", responses={200: shapes.BalanceShape(many=True)})
    def get(self, request: Request) -> Response:
        """What the account has, by asset."""
        queries.read_query(request.query_params, ())
        return Response(accounts.balances(principal(request).account))


class FeesView(APIView):
    """What the account pays."""

    permission_classes = (MayRead,)

    @schema(operation_id="fees", responses={200: shapes.FeesShape(many=True)})
    def get(self, request: Request) -> Response:
        """The account's fee rates by market, and the volume of 30 days that its tier goes by."""
        queries.read_query(request.query_params, ())
        return Response(fee_tiers.fees_of(principal(request).account))


class FaucetView(PrivateView):
    """Play money."""

    @schema(operation_id="faucet", request=None, responses={200: shapes.BalanceShape(many=True)})
    def post(self, request: Request) -> Response:
        """Give the account play money; sandboxes only."""
        if not settings.SANDBOX:
            raise Problem("permission_denied", "the faucet is for sandboxes (EXCHANGE_SANDBOX=1)")
        return Response(accounts.faucet(principal(request).account))
