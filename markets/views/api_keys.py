"""An account's API keys: listed, made, revoked."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from markets import accounts, models, queries
from markets import serializers as shapes
from markets.accounts import Principal
from markets.authentication import principal
from markets.key_limits import Network, read_networks
from markets.known_keys import revoke
from markets.messages.public import EPOCH, JSON, datetime_text, parse_time
from markets.new_keys import NewKey, make_key
from markets.problems import Problem
from markets.schema import schema
from markets.signing_keys import NoPublicKey
from markets.views.base import PrivateView


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
            name: [f"unknown field; known are: {', '.join(given.fields)}"]
            for name in request.data
            if name not in given.fields
        }
        if unknown:
            raise Problem("invalid_request", f"unknown field: {next(iter(unknown))}", unknown)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        scopes = wanted.get("scopes", ["read", "trade"])
        allowed_ips, expires_at = _limits(who, wanted)
        if ("read" in scopes and not who.can_read) or ("trade" in scopes and not who.can_trade):
            raise TOO_MUCH
        if who.limits is not None and not who.limits.covers(allowed_ips, expires_at):
            raise TOO_MUCH
        try:
            made = make_key(
                who.account,
                NewKey(
                    name=wanted.get("name", ""),
                    kind=wanted.get("kind", models.KeyKind.BEARER),
                    public_key=wanted.get("public_key", ""),
                    can_read="read" in scopes,
                    can_trade="trade" in scopes,
                    allowed_ips=allowed_ips,
                    expires_at=expires_at,
                ),
            )
        except accounts.TooManyKeys as error:
            raise Problem("conflict", str(error)) from error
        except NoPublicKey as error:
            raise _wrong("public_key", str(error)) from error
        answer = {**_key_json(made.row), "key": made.key, "secret": made.secret}
        return Response(answer, status=201)


_ROW_ID: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
TOO_MUCH = Problem("permission_denied", "a key cannot make one that may do more than itself")


def _limits(who: Principal, wanted: dict[str, Any]) -> tuple[list[Network], datetime | None]:
    """What a new key is limited to: as was asked for, else as the key that makes it. Raises Problem."""
    own = who.limits
    try:
        networks = read_networks(wanted.get("allowed_ips", []))
    except ValueError as error:
        raise _wrong("allowed_ips", str(error)) from error
    if "allowed_ips" not in wanted and own is not None:
        networks = list(own.networks)
    if "expires_at" not in wanted:
        return networks, None if own is None else own.expires_at
    return networks, _moment(wanted["expires_at"])


def _moment(text: str | None) -> datetime | None:
    """A moment to come, of the request. Raises Problem."""
    if text is None:
        return None
    try:
        moment = EPOCH + timedelta(microseconds=parse_time(text))
    except (ValueError, OverflowError) as error:
        raise _wrong("expires_at", f"{error}") from error
    if moment <= timezone.now():
        raise _wrong("expires_at", "has passed")
    return moment


def _wrong(field: str, message: str) -> Problem:
    return Problem("invalid_request", f"{field}: {message}", {field: [message]})


class ApiKeyView(PrivateView):
    """One API key."""

    @schema(operation_id="revoke_api_key", responses={200: shapes.ApiKeyShape})
    def delete(self, request: Request, key_id: str) -> Response:
        """Revoke a key at once."""
        queries.read_query(request.query_params, ())
        keys = models.ApiKey.objects.filter(account=principal(request).account, revoked_at=None)
        key = keys.filter(pk=key_id).first() if _ROW_ID.fullmatch(key_id) else None
        if key is None:
            raise Problem("not_found", "there is no such key of this account")
        revoke([key])
        return Response(_key_json(key))


def _key_json(key: models.ApiKey) -> JSON:
    return {
        "id": str(key.pk),
        "name": key.name,
        "kind": key.kind,
        "prefix": key.prefix,
        "key_id": key.key_id,
        "scopes": [
            scope for scope, has in (("read", key.can_read), ("trade", key.can_trade)) if has
        ],
        "allowed_ips": key.allowed_ips,
        "expires_at": None if key.expires_at is None else datetime_text(key.expires_at),
        "created_at": datetime_text(key.created_at),
        "last_used_at": None if key.last_used_at is None else datetime_text(key.last_used_at),
    }
