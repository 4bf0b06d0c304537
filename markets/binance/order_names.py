"""What clients call their orders here, and how the exchange keeps it.

Rules:
- The exchange never takes a client_order_id twice, the dialect takes one again when its order has ended: the
  second order of a name is kept as `NAME::2`, and so on. Who asks for a name means the last one.
- A slash, which the exchange's names do not have, is kept as `.:.`.
- An order without a name is called `id-` and its id; nothing is stored for it.
"""

from __future__ import annotations

import re
from typing import Final

from markets import models
from markets.binance.errors import illegal
from markets.binance.parameters import CLIENT_ORDER_ID

SLASH: Final = ".:."
AGAIN: Final = "::"
MAX_KEPT: Final = 52
"""Characters of a name as it is kept, without its number."""
MOST_DOUBLINGS: Final = 24
_NUMBERED: Final = re.compile(r"(.+)::[1-9][0-9]*", re.ASCII)
_BY_ID: Final = re.compile(r"id-([0-9]{1,18})", re.ASCII)


def kept(name: str, number: int = 1) -> str:
    """How the exchange keeps a name that a client gave. Raises DialectError if it is too long to be kept."""
    text = name.replace("/", SLASH)
    if len(text) > MAX_KEPT:
        raise illegal("newClientOrderId", CLIENT_ORDER_ID)
    return text if number == 1 else f"{text}{AGAIN}{number}"


def shown(client_order_id: str | None, order_id: int | str) -> str:
    """What a client called an order."""
    if client_order_id is None:
        return f"id-{order_id}"
    numbered = _NUMBERED.fullmatch(client_order_id) if AGAIN in client_order_id else None
    return (numbered[1] if numbered else client_order_id).replace(SLASH, "/")


def id_in(name: str) -> int | None:
    """The id of an order without a name, by what it is called."""
    found = _BY_ID.fullmatch(name)
    return None if found is None else int(found[1])


def count(account: int, name: str) -> int:
    """How many orders an account has had of this name; they are numbered without a gap. Blocking."""

    def there(numbers: list[int]) -> set[int]:
        names = {kept(name, number): number for number in numbers}
        rows = models.Order.objects.filter(account=account, client_order_id__in=list(names))
        return {names[found or ""] for found in rows.values_list("client_order_id", flat=True)}

    doubled = there([2**n for n in range(MOST_DOUBLINGS)])
    if 1 not in doubled:
        return 0
    low = max(doubled)
    high = 2 * low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if there([middle]) else (low, middle)
    return low


def last_id(account: int, name: str) -> int | None:
    """The id of the last order of a name; None: there is none. Blocking."""
    number = count(account, name)
    if number:
        rows = models.Order.objects.filter(account=account, client_order_id=kept(name, number))
        return next(iter(rows.values_list("pk", flat=True)), None)
    return id_in(name)
