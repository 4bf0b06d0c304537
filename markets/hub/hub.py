"""This process's hub: one subscription a market, one local book each, and the accounts it serves."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from typing import Any, Final, TypeVar

from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from django.db import DatabaseError, InterfaceError, connection
from redis.exceptions import RedisError

from markets.database import DatabaseThreads
from markets.history import market_moment
from markets.hub.market import MarketView
from markets.messages import transport
from markets.messages.transport import PrivatePart
from markets.models import Account, Market

READERS: Final = 2
"""Threads that read the database for this process's followers."""
TICK: Final = 0.1
SCAN_INTERVAL: Final = 1.0
"""Seconds between looks for new markets, changed settings, and private events that were not heard of."""
JOIN_INTERVAL: Final = 3600.0
"""Seconds after which the hub joins its groups again; sooner when an engine is silent, since a Redis
that restarted empty forgot who listens."""

logger = logging.getLogger(__name__)
T = TypeVar("T")
AccountListener = Callable[[PrivatePart | None], None]
"""Told of an account's private events; None: there are some that were not heard of."""


class Hub:
    """All markets of this process, by symbol."""

    def __init__(self) -> None:
        self._layer: Any = get_channel_layer()
        self._channel = ""
        self._threads = DatabaseThreads("hub", READERS)
        self._open = ExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._listeners: dict[int, set[AccountListener]] = {}
        self._told: dict[int, int] = {}
        self._joined = 0.0
        self._nudged = asyncio.Event()
        self.markets: dict[str, MarketView] = {}
        self.names_changed = 0
        """How often a market was added, or got another dialect symbol."""

    async def start(self) -> None:
        """Load every market and follow its engine."""
        self._open.enter_context(self._threads.use())
        self._channel = await self._layer.new_channel()
        await self._scan()
        self._tasks = [
            asyncio.create_task(self._keep_going(step), name=f"hub {step.__name__}")
            for step in (self._listen, self._look_around, self._tick)
        ]

    async def stop(self) -> None:
        """Follow no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._open.close()

    async def read(self, call: Callable[..., T], *args: object) -> T:
        """Read the database in one of the hub's threads."""
        return await self._threads.run(_read, call, args)

    @staticmethod
    async def _keep_going(step: Callable[[], Awaitable[None]]) -> None:
        """Repeat a step for ever; what goes wrong is logged, and the books heal by their sequences."""
        while True:
            try:
                await step()
            except (DatabaseError, InterfaceError, RedisError, OSError, ChannelFull) as error:
                logger.warning("hub: %s", error)
                await asyncio.sleep(SCAN_INTERVAL)
            except Exception:
                logger.exception("hub: a defect of ours in %s", step.__name__)
                await asyncio.sleep(SCAN_INTERVAL)

    # Following

    async def _listen(self) -> None:
        try:
            message = await self._layer.receive(self._channel)
        except (RedisError, OSError):
            self._joined = 0.0
            raise
        view = self.markets.get(message["market"])
        if view is None:
            return
        if message["type"] == transport.PULSE:
            view.hear_pulse(transport.unpack_pulse(message["payload"]))
        elif message["type"] == transport.BATCH:
            notice = transport.unpack_batch(message["payload"])
            view.hear_batch(notice)
            for part in notice.private:
                self._tell(part.account, part)

    def nudge(self) -> None:
        """Look for new markets at once."""
        self._nudged.set()

    async def _look_around(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(SCAN_INTERVAL):
                await self._nudged.wait()
        self._nudged.clear()
        await self._scan()
        await self._look_after_accounts()

    async def _scan(self) -> None:
        again = time.monotonic() - self._joined > JOIN_INTERVAL
        for symbol, update_ms, snapshot_s, dialect_symbol in await self.read(_market_settings):
            view = self.markets.get(symbol)
            if view is None or again or not view.engine_alive:
                await self._layer.group_add(transport.market_group(symbol), self._channel)
            if view is None:
                moment = await self.read(market_moment, symbol)
                self.markets[symbol] = MarketView(moment, self.read, update_ms / 1000, snapshot_s)
            else:
                view.update_interval = update_ms / 1000
                view.snapshot_interval = snapshot_s
            known = self.markets[symbol]
            if view is None or known.dialect_symbol != dialect_symbol:
                known.dialect_symbol = dialect_symbol
                self.names_changed += 1
        if again:
            self._joined = time.monotonic()

    async def _tick(self) -> None:
        await asyncio.sleep(TICK)
        for view in self.markets.values():
            view.tick()

    # Accounts

    def listen(self, account: int, listener: AccountListener) -> None:
        """Tell the listener of the account's private events from now on."""
        self._listeners.setdefault(account, set()).add(listener)

    def unlisten(self, account: int, listener: AccountListener) -> None:
        """Tell it no more."""
        listeners = self._listeners.get(account, set())
        listeners.discard(listener)
        if not listeners:
            self._listeners.pop(account, None)
            self._told.pop(account, None)

    def _tell(self, account: int, part: PrivatePart | None) -> None:
        if part is not None and account in self._listeners:
            self._told[account] = max(part.last, self._told.get(account, 0))
        for listener in tuple(self._listeners.get(account, ())):
            listener(part)

    async def _look_after_accounts(self) -> None:
        """Find events that nobody told us of: deposits of another process, lost messages."""
        if self._listeners:
            for account, sequence in await self.read(_event_sequences, list(self._listeners)):
                if sequence > self._told.get(account, 0):
                    self._told[account] = sequence
                    self._tell(account, None)


def _read(call: Callable[..., T], args: tuple[object, ...]) -> T:
    try:
        return call(*args)
    except (DatabaseError, InterfaceError):
        connection.close()
        raise


def _market_settings() -> list[tuple[str, int, int, str | None]]:
    columns = ("symbol", "update_interval_ms", "snapshot_interval_s", "dialect_symbol")
    return list(Market.objects.values_list(*columns))


def _event_sequences(accounts: list[int]) -> list[tuple[int, int]]:
    return list(Account.objects.filter(pk__in=accounts).values_list("pk", "event_sequence"))
