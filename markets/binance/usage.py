"""How much a caller has asked: weight by address and minute, orders by account; what the headers say.

Rules:
- The limits are the exchange's own rates (EXCHANGE_RATE_PUBLIC, EXCHANGE_RATE_ACCOUNT) over the dialect's
  windows, which begin anew each minute, ten seconds, day. Behind them the same buckets refuse what comes
  at once.
- What is refused is not counted as used; who goes on regardless is answered 418 until the window ends.
- Per process, as all rates are.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from markets import limits
from markets.accounts import Principal
from markets.binance.errors import BANNED, TOO_MANY_ORDERS, TOO_MANY_REQUESTS, DialectError, Said

MAX_CALLERS: Final = 10_000
"""Callers remembered; the one that has been quiet longest is forgotten first."""
BAN_AFTER: Final = 100
"""Refusals in one window after which the answer is 418."""


@dataclass(slots=True)
class _Count:
    window: int
    used: int = 0
    refused: int = 0


class Window:
    """A limit over a fixed time, and what each caller has used of it."""

    def __init__(self, kind: str, interval: str, number: int, seconds: int, limit: int) -> None:
        self.limit = limit
        self.header = f"{number}{interval[0]}"
        self._kind, self._interval, self._number, self._seconds = kind, interval, number, seconds
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    def _count(self, caller: str) -> _Count:
        window = int(time.time()) // self._seconds
        count = self._counts.pop(caller, None)
        if count is None or count.window != window:
            count = _Count(window)
        self._counts[caller] = count
        if len(self._counts) > MAX_CALLERS:
            self._counts.popitem(last=False)
        return count

    def used(self, caller: str) -> int:
        """What a caller has used of the window at hand."""
        return self._count(caller).used

    def take(self, caller: str, cost: int, refusal: Said) -> None:
        """Use so much of it. Raises DialectError with the seconds until the window ends."""
        count = self._count(caller)
        if count.used + cost <= self.limit:
            count.used += cost
            return
        count.refused += 1
        seconds = math.ceil((count.window + 1) * self._seconds - time.time())
        said = BANNED if count.refused > BAN_AFTER else refusal
        raise DialectError(said, retry_after=max(1, seconds))

    def as_json(self, caller: str | None = None) -> dict[str, Any]:
        """The limit as `exchangeInfo` has it; of a caller, with what it has used."""
        body: dict[str, Any] = {
            "rateLimitType": self._kind,
            "interval": self._interval,
            "intervalNum": self._number,
            "limit": self.limit,
        }
        return body if caller is None else {**body, "count": self.used(caller)}


weight: Final = Window("REQUEST_WEIGHT", "MINUTE", 1, 60, 60 * settings.RATE_PUBLIC)
"""By address."""
orders: Final = (
    Window("ORDERS", "SECOND", 10, 10, 10 * settings.RATE_ACCOUNT),
    Window("ORDERS", "DAY", 1, 86_400, 86_400 * settings.RATE_ACCOUNT),
)
"""By account."""


def spend(address: str, who: Principal | None, cost: int) -> None:
    """A request of so much weight. Raises DialectError."""
    weight.take(address, cost, TOO_MANY_REQUESTS)
    seconds = (
        limits.public_rate.wait(address, max(cost, 1))
        if who is None
        else limits.wait_of_request(who)
    )
    if seconds:
        raise DialectError(TOO_MANY_REQUESTS, retry_after=max(1, math.ceil(seconds)))


def spend_orders(who: Principal, count: int) -> None:
    """So many new orders. Raises DialectError."""
    for window in orders:
        window.take(str(who.account.pk), count, TOO_MANY_ORDERS)


def weight_headers(address: str) -> list[tuple[bytes, bytes]]:
    """What every answer says."""
    used = b"%d" % weight.used(address)
    return [(b"x-mbx-used-weight", used), (b"x-mbx-used-weight-1m", used)]


def order_headers(who: Principal) -> list[tuple[bytes, bytes]]:
    """What the answers to orders say."""
    caller = str(who.account.pk)
    return [
        (b"x-mbx-order-count-" + window.header.lower().encode(), b"%d" % window.used(caller))
        for window in orders
    ]


def limits_json(address: str, who: Principal | None = None, *, orders_too: bool) -> list[Any]:
    """The limits with what was used of them, as the WebSocket API's answers have them."""
    found = [weight.as_json(address)]
    if who is not None and orders_too:
        found = [window.as_json(str(who.account.pk)) for window in orders] + found
    return found
