"""What all shapes are made of."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

DECIMAL = r"^-?[0-9]{1,40}(\.[0-9]{1,40})?$"
CLIENT_ORDER_ID = r"^[A-Za-z0-9._:\-]{1,64}$"


def decimal(**options: Any) -> serializers.RegexField:
    """A decimal string."""
    return serializers.RegexField(DECIMAL, max_length=60, **options)


def choice(kind: Any, **options: Any) -> serializers.ChoiceField:
    """One of an enumeration's words."""
    return serializers.ChoiceField([item.value for item in kind], **options)


class Shape(serializers.Serializer[Any]):
    """A JSON object of the contract."""


class ProblemShape(Shape):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]  # the contract's name for it
        child=serializers.ListField(child=serializers.CharField())
    )
    order = serializers.DictField(required=False)


class TimeShape(Shape):
    """The server's clock."""

    time = serializers.DateTimeField()
