"""Fills, balances, fees, API keys and their faults."""

from __future__ import annotations

from rest_framework import serializers

from markets.faults.plan import NUMBERS
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
    faults = serializers.BooleanField(help_text="Whether something goes wrong for it on purpose.")


class MadeApiKeyShape(ApiKeyShape):
    """A key just made: the only time that what is secret of it is shown."""

    key = serializers.CharField()
    secret = serializers.CharField(allow_null=True, help_text="Of kind hmac: what signs.")


def _number(name: str, help_text: str) -> serializers.IntegerField:
    least, most = NUMBERS[name]
    return serializers.IntegerField(
        required=False, allow_null=True, min_value=least, max_value=most, help_text=help_text
    )


def _ratio(help_text: str) -> serializers.RegexField:
    return decimal(required=False, allow_null=True, help_text=f"A ratio, 0 to 1: {help_text}")


class FaultPlanShape(Shape):
    """What goes wrong for a key; what is not named goes well."""

    seed = _number("seed", "The same seed repeats the same faults; without one it is drawn.")
    delay_ms = _number("delay_ms", "Answers and messages are held back for so long,")
    jitter_ms = _number("jitter_ms", "and for up to so much longer, each differently.")
    drop = _ratio("book messages left out.")
    duplicate = _ratio("book messages sent twice.")
    reorder = _ratio("book messages sent after the next one.")
    corrupt_checksum = _ratio("books whose checksum is wrong.")
    cut_seconds = _number("cut_seconds", "Each connection is cut after so long; 0: never.")
    rate_limited = _ratio("requests answered 429; nothing is done.")
    unavailable = _ratio("requests answered 503; nothing is done.")
    time_out = _ratio("orders carried out, and then answered `timeout`")
    time_out_seconds = _number("time_out_seconds", "after so long.")
    clock_skew_ms = _number("clock_skew_ms", "The server's clock is ahead by so much, or behind.")


class FaultsShape(Shape):
    """A key's faults."""

    on = serializers.BooleanField()
    allowed = serializers.BooleanField(help_text="Whether the operator lets keys have faults.")
    path = serializers.CharField(
        allow_null=True,
        help_text="Addresses that begin so suffer the plan without the key: market data, say.",
    )
    plan = FaultPlanShape()
