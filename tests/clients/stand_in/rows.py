"""What the stand-in's parts share: JSON rows, problems, canonical numbers."""

from decimal import Decimal
from typing import Any

NOW = "2026-11-22T07:00:00.000000Z"

Row = dict[str, Any]


def text(number: Decimal) -> str:
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def problem(code: str, detail: str = "", **more: Any) -> Row:
    return {"code": code, "detail": detail or code, "message": detail or code, "errors": {}, **more}


class Problem(Exception):
    def __init__(self, status: int, body: Row) -> None:
        self.status = status
        self.body = body


def public(row: Row) -> Row:
    """A copy of a row as the outside sees it."""
    return {name: value for name, value in row.items() if name not in ("account", "place")}


def key_of(scope: Row) -> str | None:
    value: bytes = dict(scope["headers"]).get(b"authorization", b"")
    return value.decode().removeprefix("Bearer ") or None
