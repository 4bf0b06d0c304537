"""What clients called the cancels they sent through this process, for the reports of those orders' ends.

The exchange has no names for cancels. A name that was given in another process is not known here: the report
says a new one then, as it does of a cancel that nobody named.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MAX_NAMES: Final = 10_000
"""The oldest are forgotten first."""

_names: OrderedDict[tuple[int, str], str] = OrderedDict()


def note(account: int, order: tuple[int | None, str | None], name: str) -> None:
    """A cancel of this name is sent for an account's order, by its id or by what it is called."""
    order_id, order_name = order
    _names[account, order_name or str(order_id)] = name
    if len(_names) > MAX_NAMES:
        _names.popitem(last=False)


def name_of(account: int, order_id: str, order_name: str) -> str | None:
    """What the cancel of an order was called, if that is known here."""
    return _names.get((account, order_id)) or _names.get((account, order_name))
