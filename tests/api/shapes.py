"""What the schema says of a shape, held against what was really answered: field by field, to the letter."""

from __future__ import annotations

import re
from typing import Any, Final

import httpx
from rest_framework import serializers

from markets import serializers as shapes

CANONICAL: Final = re.compile(r"(?!-0$)-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
JSON = dict[str, Any]


def check(value: Any, shape: Any, path: str = "answer") -> None:
    """Assert that an answer has exactly a shape's fields, each of its kind."""
    if value is None:
        assert shape.allow_null, f"{path} is null"
        return
    match shape:
        case serializers.ListSerializer() | serializers.ListField():
            assert isinstance(value, list), path
            for index, item in enumerate(value):
                check(item, shape.child, f"{path}.{index}")
        case serializers.Serializer():
            required = {name for name, field in shape.fields.items() if field.required}
            assert required <= value.keys() <= shape.fields.keys(), path
            for name, item in value.items():
                check(item, shape.fields[name], f"{path}.{name}")
        case serializers.DictField():
            assert isinstance(value, dict), path
            for name, item in value.items():
                check(item, shape.child, f"{path}.{name}")
        case _:
            check_plain(value, shape, path)


def check_plain(value: Any, field: Any, path: str) -> None:
    """Assert that a number, string or flag is of its field's kind."""
    match field:
        case serializers.BooleanField():
            assert isinstance(value, bool), path
        case serializers.IntegerField():
            assert type(value) is int, path
        case serializers.ChoiceField():
            assert value in field.choices, path
        case serializers.RegexField():
            assert isinstance(value, str), path
            assert CANONICAL.fullmatch(value), f"{path}: {value} is not canonical"
        case serializers.DateTimeField():
            assert isinstance(value, str), path
            assert TIME.fullmatch(value), f"{path}: {value} is no time of the contract"
        case serializers.CharField():
            assert isinstance(value, str), path
        case _:
            assert path.startswith("answer.order."), f"{path}: {field!r} is unknown"


def refusal(response: httpx.Response) -> tuple[int, str, list[str]]:
    """(status, code, fields) of an answer that must be a problem, whole and of the right media type."""
    body = response.json()
    assert response.headers["Content-Type"] == "application/problem+json", response.text
    check(body, shapes.ProblemShape())
    assert body["status"] == response.status_code
    assert body["detail"]
    assert all(body["errors"].values())
    assert response.headers["X-Request-ID"]
    return response.status_code, body["code"], list(body["errors"])


def message(response: httpx.Response, field: str) -> str:
    """What a problem says of a field."""
    messages: list[str] = response.json()["errors"][field]
    return "; ".join(messages)
