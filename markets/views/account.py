"""An account's fills, balances, play money and API keys."""

from __future__ import annotations

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from markets import accounts, fee_tiers, models, queries
from markets import serializers as shapes
from markets.authentication import MayRead, principal
from markets.known_keys import revoke
from markets.messages.orders import fill_text, raw
from markets.messages.public import (
    JSON,
    datetime_text,
)
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
        revoke([key])
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
