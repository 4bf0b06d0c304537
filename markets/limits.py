"""Rates: how much one caller may ask of this process.

A bucket holds a second's allowance twice over and refills steadily; who finds it empty is told when to
come back (`rate_limited`). Per process: behind a load balancer the sum is the number of processes more.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from markets.accounts import Principal

if TYPE_CHECKING:
    from rest_framework.views import APIView

MAX_BUCKETS: Final = 10_000
"""Callers remembered; the one that has been quiet longest is forgotten first."""


class RateLimit:
    """Token buckets by caller."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str, cost: float = 1.0) -> float:
        """Spend and return 0, or spend nothing and return the seconds to wait."""
        now = time.monotonic()
        tokens, then = self._buckets.pop(caller, (self._burst, now))
        tokens = min(self._burst, tokens + (now - then) * self._per_second)
        # What costs more than a full bucket is let through when the bucket is full, and owed for.
        enough = tokens >= min(cost, self._burst)
        self._buckets[caller] = (tokens - cost if enough else tokens, now)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return 0.0 if enough else (min(cost, self._burst) - tokens) / self._per_second


public_rate = RateLimit(settings.RATE_PUBLIC, 2 * settings.RATE_PUBLIC)
"""Public requests, by address."""
account_rate = RateLimit(settings.RATE_ACCOUNT, 2 * settings.RATE_ACCOUNT)
"""Private requests and orders, by account."""


def wait_of_request(who: Principal) -> float:
    """A key's request costs one of its account's tokens: 0, or the seconds to wait."""
    return account_rate.wait(str(who.account.pk))


class RequestThrottle(BaseThrottle):
    """Every REST request costs one of its caller's tokens."""

    _seconds = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Spend a token."""
        del view
        if isinstance(request.auth, Principal):
            self._seconds = wait_of_request(request.auth)
        elif request.user and request.user.is_authenticated:
            self._seconds = account_rate.wait(f"user {request.user.pk}")
        else:
            self._seconds = public_rate.wait(str(request.META.get("REMOTE_ADDR")))
        return self._seconds == 0.0

    def wait(self) -> float | None:
        """Seconds to come back in."""
        return self._seconds or None
