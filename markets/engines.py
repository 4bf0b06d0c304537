"""The engines of this process: runs its share of the markets, and gives back what others should run.

Rules:
- Each second, and when another process says so, it looks for what changed (`markets.roster`).
- A market is given back cleanly: its engine carries out what had arrived, what comes later waits for the
  successor. That begins with a message to the engine itself, so nothing is lost on the way and nothing turns
  round.
- An engine whose market others run now is stopped at once; what it had not begun is answered `unavailable`.
- While the database does not answer, engines stay, and answer for themselves.
- It looks for operators' commands, too, and nudges the engines that have some.
- An engine that ends (stepped down, crashed) is started again from the rows by whoever has the lock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from django.db import DatabaseError, InterfaceError, connection
from redis.exceptions import RedisError

from markets import tenure
from markets.chores import Chores
from markets.database import DatabaseThreads
from markets.messages.public import datetime_text
from markets.messages.transport import DRAIN, LOOK, OPERATOR, SUPERSEDED, engine_channel
from markets.metrics import RESTART, START, TAKE_OVER
from markets.models import OperatorCommand
from markets.roster import Look, Roster
from markets.tenure import Lease, Tenure

SCAN_INTERVAL: Final = 1.0
"""Seconds between looks for markets without an engine."""
RETRY_INTERVAL: Final = 0.25
"""Seconds to the next look, when the database did not answer."""
DRAIN_SECONDS: Final = 5.0
"""Seconds that an engine has to carry out what arrived, before it is stopped."""
FULL_INTERVAL: Final = 0.05
"""Seconds after which an engine's full channel is tried again."""
DATABASE_ERRORS: Final = (DatabaseError, InterfaceError)
LAYER_ERRORS: Final = (ChannelFull, RedisError, OSError)

logger = logging.getLogger(__name__)
Application = Callable[..., Awaitable[None]]
T = TypeVar("T")


@dataclass(slots=True)
class Running:
    """An engine of this process."""

    market: int
    tenure: Tenure
    task: asyncio.Task[None]
    leaving: bool = False
    done_before: int = 0
    """Commands carried out at the last look."""

    def report(self) -> dict[str, Any]:
        """How it goes, for whoever asks the rows."""
        since = {"since": datetime_text(self.tenure.since)}
        if self.tenure.standing is None:
            return since
        standing = self.tenure.standing()
        return since | {
            "sequence": standing.sequence,
            "waiting": standing.waiting,
            "behind_ms": round(1000 * standing.behind),
        }

    def traffic(self) -> int:
        """Commands carried out since this was asked last."""
        done = 0 if self.tenure.standing is None else self.tenure.standing().done
        before, self.done_before = self.done_before, done
        return done - before


class EngineHost:
    """Runs engines: its share of the markets named, or of all."""

    def __init__(self, application: Application, markets: frozenset[str] | None = None) -> None:
        self._application = application
        self._markets = markets
        self._shared = connection.vendor == "postgresql"
        """Others may run markets, too."""
        self._running: dict[str, Running] = {}
        self._ended: list[int] = []
        self._threads = DatabaseThreads("ownership", 1, guarded=True)
        self._chores = Chores(self._run_here, SCAN_INTERVAL)
        self._lease = Lease()
        self._nudged = asyncio.Event()
        self._giving: asyncio.Task[None] | None = None
        self._others: list[str] = []
        self._failing = False
        self._ran: set[str] = set()
        self._looked = False
        self._layer: Any = get_channel_layer()
        self._channel = ""

    async def run(self) -> None:
        """Keep its share of the markets running, until canceled; then give them back."""
        self._channel = await self._layer.new_channel()
        self._roster = Roster(self._channel, self._markets)
        with self._threads.use(), self._chores.threads.use():
            beside = [asyncio.create_task(self._chores.keep_up(), name="chores")]
            if self._shared:
                beside.append(asyncio.create_task(self._listen(), name="engines"))
            try:
                while True:
                    await self._look()
            finally:
                await self._stop()
                for task in beside:
                    task.cancel()
                await asyncio.wait(beside, timeout=DRAIN_SECONDS)

    def nudge(self) -> None:
        """Look for markets to run at once."""
        self._nudged.set()

    def _run_here(self) -> list[int]:
        return [running.market for running in self._running.values()]

    # Looking around

    async def _look(self) -> None:
        """Look once, then wait for the next time."""
        self._nudged.clear()
        try:
            look = await self._ask_roster()
            await self._act_on(look)
            waiting = await self._ask(_markets_with_commands)
        except DATABASE_ERRORS as error:
            if not self._failing:
                logger.warning("engines: the database does not answer: %s", error)
            self._failing = True
            await asyncio.sleep(RETRY_INTERVAL)
            return
        if self._failing:
            logger.warning("engines: the database answers again")
        self._failing = False
        for symbol in waiting:
            if symbol in self._running:
                await self._tell(engine_channel(symbol), {"type": OPERATOR})
        with suppress(TimeoutError):
            async with asyncio.timeout(SCAN_INTERVAL):
                await self._nudged.wait()

    async def _ask_roster(self) -> Look:
        """One look. When the database says nothing for long, this process's sessions are cut."""
        self._reap()
        staying = {
            symbol: running for symbol, running in self._running.items() if not running.leaving
        }
        traffic = {running.market: running.traffic() for running in staying.values()}
        report = {symbol: running.report() for symbol, running in self._running.items()}
        quietest_first = sorted(traffic, key=traffic.__getitem__)
        leaving = [running.market for running in self._running.values() if running.leaving]
        ended, self._ended = self._ended, []
        try:
            return await self._ask(self._roster.look, [*quietest_first, *leaving], ended, report)
        except DATABASE_ERRORS:
            self._ended += ended
            raise

    async def _ask(self, call: Callable[..., T], *arguments: object) -> T:
        """Do something with the locks; if that takes too long, all that was asked the database fails."""
        asked = asyncio.ensure_future(self._threads.run(call, *arguments))
        if not (await asyncio.wait({asked}, timeout=tenure.CERTAIN))[0]:
            logger.warning("engines: the database is silent; this process's sessions are cut")
            self._threads.cut_all()
        return await asked

    def _reap(self) -> None:
        """Note the engines that ended by themselves."""
        for symbol, running in list(self._running.items()):
            if running.task.done() and not running.leaving:
                del self._running[symbol]
                self._ended.append(running.market)
                _say_why(symbol, running.task)

    async def _act_on(self, look: Look) -> None:
        for symbol, running in list(self._running.items()):
            if running.market in look.lost:
                self._stop_at_once(symbol)
        if self._shared:
            self._lease.renew(look.began)
        self._others = look.others
        for market, symbol in look.taken:
            self._start(market, symbol)
        self._looked = True
        for channel, symbols in look.superseded:
            await self._tell(channel, {"type": SUPERSEDED, "markets": symbols})
        if look.surplus and (self._giving is None or self._giving.done()):
            for symbol, running in self._running.items():
                if running.market == look.surplus[0] and not running.leaving:
                    self._giving = asyncio.create_task(self._give(symbol, running))

    async def _listen(self) -> None:
        """Hear what other processes say."""
        while True:
            try:
                message = await self._layer.receive(self._channel)
            except LAYER_ERRORS:
                await asyncio.sleep(SCAN_INTERVAL)
                continue
            if message["type"] == SUPERSEDED:
                for symbol in message["markets"]:
                    if symbol in self._running:
                        self._stop_at_once(symbol)
            self._nudged.set()

    async def _tell(self, channel: str, message: dict[str, Any]) -> bool:
        """Whether it could be said; what was not is found out by looking."""
        try:
            await self._layer.send(channel, message)
        except LAYER_ERRORS as error:
            logger.warning("engines: could not send %s: %s", message["type"], error)
            return False
        return True

    # Starting and stopping engines

    def _start(self, market: int, symbol: str) -> None:
        own = Tenure(self._lease)
        running = self._run(market, symbol, own, self._reason(symbol))
        task = asyncio.create_task(running, name=f"engine {symbol}")
        self._running[symbol] = Running(market, own, task)

    def _reason(self, symbol: str) -> str:
        """Why a market's engine starts here; see `markets.metrics`."""
        if symbol in self._ran:
            return RESTART
        self._ran.add(symbol)
        return TAKE_OVER if self._looked else START

    async def _run(self, market: int, symbol: str, own: Tenure, reason: str) -> None:
        await self._chores.fire_schedules([market])
        channel = engine_channel(symbol)

        async def receive() -> dict[str, Any]:
            message: dict[str, Any] = await self._layer.receive(channel)
            return message

        async def send(message: dict[str, Any]) -> None:
            raise AssertionError(f"an engine answers through the channel layer, not by {message}")

        scope = {"type": "channel", "channel": channel, "tenure": own, "reason": reason}
        await self._application(scope, receive, send)

    def _stop_at_once(self, symbol: str) -> None:
        logger.warning("%s: others run it now", symbol, extra={"market": symbol})
        self._running[symbol].task.cancel()

    async def _give(self, symbol: str, running: Running) -> None:
        """Let an engine finish, give its market back, and say so to those who may take it."""
        running.leaving = True
        await self._drain(symbol, running)
        try:
            await self._ask(self._roster.release, running.market)
        except DATABASE_ERRORS as error:
            about = {"market": symbol}
            logger.warning("%s: could not be given back: %s", symbol, error, extra=about)
        if self._running.get(symbol) is running:
            del self._running[symbol]
        self._ran.discard(symbol)  # when it comes back, another had it
        for channel in self._others:
            await self._tell(channel, {"type": LOOK})
        self._nudged.set()

    async def _drain(self, symbol: str, running: Running) -> None:
        """Let an engine carry out what has arrived, and take nothing that comes later."""
        if running.tenure.standing is None:  # it has taken nothing yet
            running.task.cancel()
        last = {"type": DRAIN, "token": running.tenure.token}
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while not running.task.done() and not await self._tell(
                    engine_channel(symbol), last
                ):
                    await asyncio.sleep(FULL_INTERVAL)
                await asyncio.wait({running.task})
        if not running.task.done():
            about = {"market": symbol}
            logger.warning(
                "%s: did not finish in %s s; stopped", symbol, DRAIN_SECONDS, extra=about
            )
            running.task.cancel()
            await asyncio.wait({running.task})
        _say_why(symbol, running.task)

    async def _stop(self) -> None:
        """Give every market back, all at the same time."""
        await self._note(self._roster.leave)
        signing = asyncio.create_task(self._keep_signing())
        if self._giving is not None:
            await asyncio.wait({self._giving})
        await asyncio.gather(
            *(self._give(symbol, running) for symbol, running in list(self._running.items()))
        )
        signing.cancel()
        await asyncio.gather(signing, return_exceptions=True)
        await self._note(self._roster.left)

    async def _keep_signing(self) -> None:
        """Be certain of what is not given back yet."""
        while True:
            await asyncio.sleep(SCAN_INTERVAL)
            with suppress(*DATABASE_ERRORS):
                await self._act_on(await self._ask_roster())

    async def _note(self, call: Callable[[], None]) -> None:
        try:
            await self._ask(call)
        except DATABASE_ERRORS as error:
            logger.warning("engines: the others must find out by themselves: %s", error)


def _say_why(symbol: str, task: asyncio.Task[None]) -> None:
    """An engine ended; if it failed, say so."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        about = {"market": symbol}
        logger.error("%s: its engine failed", symbol, exc_info=error, extra=about)


def _markets_with_commands() -> list[str]:
    waiting = OperatorCommand.objects.filter(done=False)
    return list(waiting.values_list("market__symbol", flat=True).distinct().order_by())
