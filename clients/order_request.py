"""OrderRequest: a wish for an order, checked for what is surely wrong and put in wire form.

Rules:
- Every request has a client_order_id: without one it could not be repeated safely.
- Numbers are Decimal, str or int; a float raises TypeError.
- Only what was given is sent: the exchange's own defaults hold for the rest.
"""

import uuid
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from clients.decimals import to_wire

Number = Decimal | str | int

_NUMBERS = ("quantity", "price", "display_quantity", "stop_price", "max_slippage")


def new_client_order_id() -> str:
    """Return an id that no other order has: 32 hexadecimal digits."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """One order to submit.

    `quantity` in the base asset, `price` and `stop_price` in the quote asset. `type` is by default
    `limit` with a price and `market` without. `max_slippage` is a ratio. Other fields as in the
    exchange's contract.
    """

    market: str
    side: str
    quantity: Number
    price: Number | None = None
    type: str | None = None
    time_in_force: str | None = None
    client_order_id: str = field(default_factory=new_client_order_id)
    post_only: bool | None = None
    display_quantity: Number | None = None
    stop_price: Number | None = None
    expires_at: datetime | str | None = None
    self_trade_prevention: str | None = None
    max_slippage: Number | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the request's params; raises TypeError and ValueError for an unfit number."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        given["type"] = self.type or ("market" if self.price is None else "limit")
        if isinstance(self.expires_at, datetime):
            given["expires_at"] = self.expires_at.isoformat()
        params = {n: v for n, v in given.items() if v is not None or n == "quantity"}
        for name in _NUMBERS:
            if name in params:
                params[name] = to_wire(params[name], name=name)
        return params
