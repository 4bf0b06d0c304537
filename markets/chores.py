"""What whoever runs a market does for it beside its engine, in a thread of its own.

Rules:
- Each second its schedules become commands; what a schedule missed while nobody ran the market is one before
  its engine takes the first order.
- Every few seconds its trades are added up, in candles and volumes; each hour fee tiers are assessed.
- What could not be done is tried again; nothing else waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from markets import fee_tiers, schedules, tallies
from markets.database import DatabaseThreads
from markets.models import Market

ADD_UP_INTERVAL: Final = 5.0
"""Seconds between looks for trades to add up; when there are too many for one go, it goes on at once."""
ASSESS_INTERVAL: Final = 3600.0
"""Seconds between assessments of accounts' fee tiers."""

logger = logging.getLogger(__name__)


class Chores:
    """The chores for the markets that `run_here` says are run here."""

    def __init__(self, run_here: Callable[[], list[int]], interval: float) -> None:
        self.threads = DatabaseThreads("chores", 1)
        self._run_here = run_here
        self._interval = interval
        self._assessed: float | None = None
        self._add_up_at = 0.0
        self._added_up: dict[int, int | None] = {}
        """The markets' sequences when all was added up: where nothing happened since, nothing is to do."""

    async def keep_up(self) -> None:
        """Fire schedules, add up trades and assess fee tiers of the markets that are run here."""
        while True:
            await asyncio.sleep(self._interval)
            markets = self._run_here()
            await self.fire_schedules(markets)
            await self._add_up(markets)
            if markets and self._must_assess() and await self._do(fee_tiers.assess, markets):
                self._assessed = time.monotonic()

    async def fire_schedules(self, markets: list[int]) -> None:
        """Turn what is due by now into commands."""
        if markets:
            await self._do(schedules.fire, frozenset(markets), timezone.now())

    async def _add_up(self, markets: list[int]) -> None:
        if markets and time.monotonic() >= self._add_up_at:
            self._add_up_at = time.monotonic() + ADD_UP_INTERVAL
            await self._do(self._add_up_now, markets)

    def _add_up_now(self, markets: list[int]) -> None:
        sequences = dict(Market.objects.values_list("pk", "last_sequence"))
        found = {market: sequences.get(market) for market in markets}
        moved = [market for market in markets if self._added_up.get(market, -1) != found[market]]
        if tallies.add_up(moved):
            self._add_up_at = 0.0
        else:
            self._added_up = found

    async def _do(self, chore: Callable[..., Any], *arguments: Any) -> bool:
        """Whether a chore could be done; what could not is tried again with the next."""
        try:
            await self.threads.run(chore, *arguments)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("schedules, fee tiers and candles must wait: %s", error)
            await self.threads.run(_close)
        except Exception:
            logger.exception("a defect of ours in schedules, fee tiers or candles")
        else:
            return True
        return False

    def _must_assess(self) -> bool:
        return self._assessed is None or time.monotonic() - self._assessed >= ASSESS_INTERVAL


def _close() -> None:
    connection.close()  # found in the thread that runs this: each has its own
