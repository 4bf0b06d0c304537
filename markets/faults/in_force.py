"""The plans that this process knows: all of those that there are, in memory.

Rules:
- A plan that is changed in this process holds from the commit on, one that another process changed within
  REFRESH_SECONDS.
- A plan's counts (which request is it, which connection) are this process's, and begin anew when it changes.
- A key that is revoked has none. Where faults are not allowed nobody has one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from markets.accounts import hash_of_key
from markets.faults.plan import BadPlan, Plan, read_plan
from markets.models import FaultPlan

REFRESH_SECONDS: Final = 2.0
MAX_PLANS: Final = 10_000
"""Keys that may have one; the newest are known."""

SCOPE: Final = "exchange.faults"
"""Where a request or a connection finds the KeyFaults that it suffers."""

logger = logging.getLogger(__name__)


def allowed() -> bool:
    """Whether the operator lets keys have faults."""
    return bool(settings.SANDBOX if settings.FAULTS is None else settings.FAULTS)


class KeyFaults:
    """A key's faults, and how far they have come."""

    def __init__(self, hashed: str, token: str) -> None:
        self.hashed = hashed
        self.token = token
        self.plan: Plan | None = None
        """None: they are turned off."""
        self._requests = self._connections = 0
        self.held = 0
        """Answers over HTTP that are held back."""

    def change(self, plan: Plan | None) -> None:
        """Go by another plan from now on, counting anew."""
        if plan != self.plan:
            self.plan = plan
            self._requests = self._connections = 0

    def next_request(self) -> int:
        """The number of a request over HTTP."""
        self._requests += 1
        return self._requests

    def next_connection(self) -> int:
        """The number of a connection."""
        self._connections += 1
        return self._connections


def clock_skew(scope: dict[str, Any]) -> int:
    """How far the clock is ahead for whoever asks, in microseconds."""
    faults: KeyFaults | None = scope.get(SCOPE)
    return 0 if faults is None or faults.plan is None else 1000 * faults.plan.clock_skew_ms


class InForce:
    """All plans of this process. Empty where nobody has one, which is what hot paths look at."""

    def __init__(self) -> None:
        self._by_key: dict[str, KeyFaults] = {}
        self._by_token: dict[str, KeyFaults] = {}
        self._refreshing: asyncio.Task[None] | None = None

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def of_key(self, key: str) -> KeyFaults | None:
        """The faults of a key, as programs send it."""
        return self._by_key.get(hash_of_key(key)) if self._by_key else None

    def of_token(self, token: str) -> KeyFaults | None:
        """The faults that a token names."""
        return self._by_token.get(token)

    def reload(self) -> None:
        """Read all plans. Blocking; from any thread. What has not changed keeps its counts."""
        found: dict[str, KeyFaults] = {}
        for row in _rows() if allowed() else ():
            hashed = row.api_key.hashed
            known = self._by_key.get(hashed) or KeyFaults(hashed, row.token)
            known.change(_plan_of(row))
            found[hashed] = known
        for hashed, gone in self._by_key.items():
            if hashed not in found:
                gone.change(None)
        self._by_token = {known.token: known for known in found.values()}
        self._by_key = found

    async def start(self, read: Callable[..., Awaitable[Any]]) -> None:
        """Know the plans from now on, where there may be any; `read` calls in a thread of the database."""
        if allowed():
            await self._reload(read)
            self._refreshing = asyncio.create_task(self._refresh(read), name="fault plans")

    async def _refresh(self, read: Callable[..., Awaitable[Any]]) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            await self._reload(read)

    async def _reload(self, read: Callable[..., Awaitable[Any]]) -> None:
        try:
            await read(self.reload)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("fault plans: %s", error)

    async def stop(self) -> None:
        """Know none any more."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)
            self._refreshing = None
        self._by_key, self._by_token = {}, {}


def _rows() -> list[FaultPlan]:
    rows = FaultPlan.objects.filter(api_key__revoked_at=None).select_related("api_key")
    return list(rows.order_by("-changed_at")[:MAX_PLANS])


def _plan_of(row: FaultPlan) -> Plan | None:
    if not row.is_on:
        return None
    try:
        return read_plan(row.plan)
    except BadPlan as error:
        logger.warning("%s: not a plan any more: %s", row, error)
        return None


in_force: Final = InForce()
"""This process's."""
