"""Fills, balances, fees, API keys."""

from __future__ import annotations

from rest_framework import serializers

from markets.key_limits import MAX_ALLOWED_IPS, MAX_IP_LENGTH
from markets.matching.types import Side
from markets.models import KeyKind
from markets.serializers.base import Shape, choice, decimal
from markets.signing_keys import MAX_PUBLIC_KEY_TEXT


class FillShape(Shape):
    """One order's side of a trade."""

    id = serializers.CharField()
    order_id = serializers.CharField()
    client_order_id = serializers.CharField(allow_null=True)
    market = serializers.CharField()
    side = choice(Side)
    price = decimal()
    quantity = decimal()
    fee = decimal()
    fee_asset = serializers.CharField()
    fee_rate = decimal(allow_null=True)
    liquidity = serializers.ChoiceField(["maker", "taker"])
    sequence = serializers.IntegerField()
    timestamp = serializers.DateTimeField()


class FillPageShape(Shape):
    """Fills, newest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = FillShape(many=True)


class BalanceShape(Shape):
    """What the account has of an asset."""

    asset = serializers.CharField()
    total = decimal()
    held = decimal()
    available = decimal()


class FeesShape(Shape):
    """What the account pays in a market."""

    market = serializers.CharField()
    maker_fee_rate = decimal()
    taker_fee_rate = decimal()
    volume_30d = decimal()
    volume_asset = serializers.CharField()


class NewApiKeyShape(Shape):
    """A key to make."""

    name = serializers.CharField(required=False, allow_blank=True, max_length=64)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(["read", "trade"]), required=False, min_length=1, max_length=2
    )
    allowed_ips = serializers.ListField(
        child=serializers.CharField(max_length=MAX_IP_LENGTH),
        required=False,
        max_length=MAX_ALLOWED_IPS,
    )
    expires_at = serializers.CharField(required=False, allow_null=True, max_length=40)
    kind = serializers.ChoiceField(
        KeyKind.values,
        required=False,
        help_text="How programs say who they are: `bearer` keys are sent, the others sign requests.",
    )
    public_key = serializers.CharField(
        required=False,
        max_length=MAX_PUBLIC_KEY_TEXT,
        help_text="Of kind ed25519: PEM, or base64 of its 32 bytes.",
    )


class ApiKeyShape(Shape):
    """A key, without its secret."""

    id = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(KeyKind.values)
    prefix = serializers.CharField()
    key_id = serializers.CharField(
        allow_null=True, help_text="What is sent of a key that signs; it is no secret."
    )
    scopes = serializers.ListField(child=serializers.ChoiceField(["read", "trade"]))
    allowed_ips = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class MadeApiKeyShape(ApiKeyShape):
    """A key just made: the only time that what is secret of it is shown."""

    key = serializers.CharField()
    secret = serializers.CharField(allow_null=True, help_text="Of kind hmac: what signs.")
