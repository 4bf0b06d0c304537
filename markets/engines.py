"""The engines of this process: takes every market that nobody runs, and runs its engine consumer.

Rules:
- Each second it looks for markets without an engine: new ones, given back ones, those of a dead process.
- Each second it looks for operators' commands, too, and nudges the engines that have some.
- Whoever runs a market also turns its schedules (each second) and fee tiers (each hour) into commands;
  what a schedule missed while nobody did is a command before the engine takes its first order.
- And adds up its trades every few seconds, in candles and volumes.
- An engine that ends (stepped down, crashed) is started again from the rows by whoever has the lock.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from redis.exceptions import RedisError

from markets import fee_tiers, schedules, tallies
from markets.database import DatabaseThreads
from markets.messages.transport import OPERATOR, engine_channel
from markets.metrics import RESTART, START, TAKE_OVER
from markets.models import Market, OperatorCommand
from markets.ownership import Ownership, ownership

SCAN_INTERVAL: Final = 1.0
"""Seconds between looks for markets without an engine."""
ADD_UP_INTERVAL: Final = 5.0
"""Seconds between looks for trades to add up; when there are too many for one go, it goes on at once."""
ASSESS_INTERVAL: Final = 3600.0
"""Seconds between assessments of accounts' fee tiers."""

logger = logging.getLogger(__name__)
Application = Callable[..., Awaitable[None]]


class EngineHost:
    """Runs engines for the markets named, or for all that nobody runs."""

    def __init__(self, application: Application, markets: frozenset[str] | None = None) -> None:
        self._application = application
        self._markets = markets
        self._running: dict[str, tuple[int, asyncio.Task[None]]] = {}
        self._ran: set[str] = set()
        self._looked = False
        self._threads = DatabaseThreads("ownership", 1)
        self._chores = DatabaseThreads("chores", 1)
        self._assessed: float | None = None
        self._add_up_at = 0.0
        self._ownership: Ownership | None = None

    async def run(self) -> None:
        """Keep every market that can be had running, until canceled."""
        with self._threads.use(), self._chores.use():
            chores = asyncio.create_task(self._keep_up(), name="chores")
            try:
                await self._keep_running()
            finally:
                chores.cancel()
                await asyncio.gather(chores, return_exceptions=True)

    async def _keep_up(self) -> None:
        """Fire schedules, add up trades and assess fee tiers of the markets that are run here."""
        while True:
            await asyncio.sleep(SCAN_INTERVAL)
            markets = [market_id for market_id, _ in self._running.values()]
            await self._fire_schedules(markets)
            await self._add_up(markets)
            if markets and self._must_assess() and await self._do(fee_tiers.assess, markets):
                self._assessed = time.monotonic()

    async def _fire_schedules(self, markets: list[int]) -> None:
        if markets:
            await self._do(schedules.fire, markets, timezone.now())

    async def _add_up(self, markets: list[int]) -> None:
        if markets and time.monotonic() >= self._add_up_at:
            self._add_up_at = time.monotonic() + ADD_UP_INTERVAL
            await self._do(self._add_up_now, markets)

    def _add_up_now(self, markets: list[int]) -> None:
        if tallies.add_up(markets):
            self._add_up_at = 0.0

    async def _do(self, chore: Callable[..., Any], *arguments: Any) -> bool:
        """Whether a chore could be done; what could not is tried again with the next."""
        try:
            await self._chores.run(chore, *arguments)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("schedules, fee tiers and candles must wait: %s", error)
            await self._chores.run(connection.close)
        except Exception:
            logger.exception("a defect of ours in schedules, fee tiers or candles")
        else:
            return True
        return False

    def _must_assess(self) -> bool:
        return self._assessed is None or time.monotonic() - self._assessed >= ASSESS_INTERVAL

    async def _keep_running(self) -> None:
        try:
            while True:
                try:
                    await self._scan()
                except (DatabaseError, InterfaceError) as error:
                    logger.warning("engines: the database does not answer: %s", error)
                await asyncio.sleep(SCAN_INTERVAL)
        finally:
            await self._stop()
            await self._threads.run(self._give_back)

    async def _scan(self) -> None:
        if not await self._threads.run(self._alive):
            logger.warning("engines: the session that held the markets is gone; starting over")
            await self._stop()
            self._running.clear()
        for symbol, (market_id, task) in list(self._running.items()):
            if task.done():
                del self._running[symbol]
                error = None if task.cancelled() else task.exception()
                if error is not None:
                    about = {"market": symbol}
                    logger.error("%s: its engine failed", symbol, exc_info=error, extra=about)
                await self._threads.run(self._release, market_id)
        taken = await self._threads.run(self._take)
        await self._fire_schedules([market_id for market_id, _ in taken])
        for market_id, symbol in taken:
            running = self._run(symbol, self._reason(symbol))
            task = asyncio.create_task(running, name=f"engine {symbol}")
            self._running[symbol] = (market_id, task)
        self._looked = True

        for symbol in await self._threads.run(_markets_with_commands):
            if symbol in self._running:
                await self._nudge(symbol)

    async def _nudge(self, symbol: str) -> None:
        layer: Any = get_channel_layer()
        try:
            await layer.send(engine_channel(symbol), {"type": OPERATOR})
        except (ChannelFull, RedisError, OSError) as error:
            about = {"market": symbol}
            logger.warning("%s: not nudged, the next look does: %s", symbol, error, extra=about)

    async def _stop(self) -> None:
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _reason(self, symbol: str) -> str:
        """Why a market's engine starts here; see `markets.metrics`."""
        if symbol in self._ran:
            return RESTART
        self._ran.add(symbol)
        return TAKE_OVER if self._looked else START

    async def _run(self, symbol: str, reason: str) -> None:
        layer: Any = get_channel_layer()
        channel = engine_channel(symbol)

        async def receive() -> dict[str, Any]:
            message: dict[str, Any] = await layer.receive(channel)
            return message

        async def send(message: dict[str, Any]) -> None:
            raise AssertionError(f"an engine answers through the channel layer, not by {message}")

        scope = {"type": "channel", "channel": channel, "reason": reason}
        await self._application(scope, receive, send)

    # In the thread whose database session holds the locks

    def _take(self) -> list[tuple[int, str]]:
        if self._ownership is None:
            self._ownership = ownership()
        free = Market.objects.exclude(symbol__in=self._running)
        if self._markets is not None:
            free = free.filter(symbol__in=self._markets)
        return [
            (market_id, symbol)
            for market_id, symbol in free.values_list("pk", "symbol")
            if self._ownership.acquire(market_id)
        ]

    def _alive(self) -> bool:
        """Ask even when nothing is run: who asks replaces a session that is gone."""
        return self._ownership is None or self._ownership.alive() or not self._running

    def _release(self, market_id: int) -> None:
        if self._ownership is not None and self._ownership.alive():
            self._ownership.release(market_id)

    def _give_back(self) -> None:
        for market_id, _ in self._running.values():
            self._release(market_id)


def _markets_with_commands() -> list[str]:
    waiting = OperatorCommand.objects.filter(done=False)
    return list(waiting.values_list("market__symbol", flat=True).distinct().order_by())
