"""What the stand-in's parts share: JSON rows, problems, canonical numbers."""

from decimal import Decimal
from typing import Any

NOW = "2026-11-22T07:00:00.000000Z"

Row = dict[str, Any]

HIDDEN = ("account", "place", "connection")
"""What a row has for the stand-in only."""


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
    return {name: value for name, value in row.items() if name not in HIDDEN}


def key_of(scope: Row) -> str | None:
    value: bytes = dict(scope["headers"]).get(b"authorization", b"")
    return value.decode().removeprefix("Bearer ") or None


def new_order(id: str, place: int, account: str, connection: str | None, params: Row) -> Row:
    """An order as it is before anything happened to it."""
    stop = params.get("stop_price")
    return {
        "id": id,
        "account": account,
        "connection": connection,
        "place": place,
        "client_order_id": params.get("client_order_id"),
        "market": params["market"],
        "side": params["side"],
        "type": params.get("type", "limit"),
        "time_in_force": params.get("time_in_force", "gtc"),
        "post_only": params.get("post_only", False),
        "price": params.get("price"),
        "stop_price": stop,
        "quantity": params["quantity"],
        "quote_quantity": params.get("quote_quantity"),
        "display_quantity": params.get("display_quantity"),
        "expires_at": params.get("expires_at"),
        "max_slippage": params.get("max_slippage"),
        "remaining_quantity": params["quantity"],
        "filled_quantity": "0",
        "canceled_quantity": "0",
        "prevented_quantity": "0",
        "average_price": None,
        "fee": "0",
        "status": "open" if stop is None else "untriggered",
        "reason": None,
        "cancel_on_disconnect": connection is not None,
        "group_id": None,
        "group_role": None,
        "created_at": NOW,
        "updated_at": NOW,
        "fills": [],
    }
