"""How commands become durable: executed in memory, committed in one transaction, published; or undone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from markets import clock, event_loop
from markets.database import DatabaseThreads
from markets.gateway import failed
from markets.matching.commands import (
    CancelLost,
    Command,
    ConfigureMarket,
    FireTimers,
    SetFeeRates,
    SetFrozen,
    SetMarketStatus,
)
from markets.matching.engine import Engine
from markets.matching.events import Batch
from markets.matching.recall import Known
from markets.matching.types import SECOND, FeeRates, MarketStatus
from markets.messages import transport
from markets.messages.orders import Telling
from markets.messages.transport import Answer, Failure
from markets.metrics import EngineFigures
from markets.publisher import Publisher
from markets.store import (
    Committed,
    Outdated,
    PendingCommand,
    SequenceTaken,
    Store,
    StoreUnavailable,
)

MAX_ATTEMPTS: Final = 5
"""Times that a batch is executed again because money was spent in another market."""
SETTLE_INTERVAL: Final = 0.5
"""Seconds between attempts to find out whether a commit took place."""
MAX_THREADS: Final = 8
"""Database threads (and connections) that all engines of a process share."""

logger = logging.getLogger(__name__)
threads = DatabaseThreads("engines", MAX_THREADS, guarded=True)


class Defect(StoreUnavailable):
    """A batch could not be executed, by a defect of ours; nothing was done."""


class StatusWish(msgspec.Struct):
    """An operator's `set_status`."""

    status: MarketStatus
    seconds: int | None = None


class RatesWish(msgspec.Struct):
    """A `set_fee_rates`, by account."""

    rates: dict[int, FeeRates | None]


class FreezeWish(msgspec.Struct):
    """An operator's `set_frozen`."""

    account: int
    frozen: bool


@dataclass(slots=True)
class Decided:
    """What a batch came to, and (unless it changed nothing) what became durable beside it."""

    batch: Batch
    telling: Telling
    committed: Committed | None = None


class InDoubt(StoreUnavailable):
    """The database did not say whether it took a batch."""

    def __init__(self, decided: Decided, error: StoreUnavailable) -> None:
        super().__init__(str(error))
        self.decided = decided


class SteppedDown(Exception):
    """Another engine writes this market; this one changed nothing since and must not go on."""


class Batches:
    """One market's engine with its store and its voice.

    `refuse_waiting` answers what waits, while it is not known whether a batch was committed.
    """

    engine: Engine

    def __init__(self, symbol: str, refuse_waiting: Callable[[], Awaitable[None]]) -> None:
        self.symbol = symbol
        self.undecided = False
        self.sequence = 0
        """What is known to be durable."""
        self._refuse_waiting = refuse_waiting
        self._store = Store(symbol)
        self._publisher = Publisher(symbol)
        self._figures = EngineFigures(symbol)
        self._now = 0
        self._unpublished: list[tuple[Batch, Committed]] = []

    async def load(self) -> None:
        """Start from the rows, as soon as they can be read."""
        while True:
            try:
                loaded = await threads.run(self._store.load)
            except StoreUnavailable as error:
                logger.warning("%s: cannot load: %s", self.symbol, error)
                await asyncio.sleep(SETTLE_INTERVAL)
            else:
                self.engine = loaded.engine()
                self.sequence = loaded.state.sequence
                self._now = max(self._now, loaded.timestamp)
                event_loop.keep_loaded()
                return

    def seconds_to_next_due(self) -> float | None:
        """When something is due next by the clock; None: nothing is."""
        due = self.engine.next_due
        return None if due is None else max(0, due - clock.now()) / SECOND

    async def pulse(self) -> None:
        """Say where the engine stands, when it is known and everybody was told how it came there."""
        if not self.undecided and not self._unpublished:
            state = self.engine.state
            await self._publisher.pulse(state.sequence, self.engine.book.checksum, self._tick())

    # Commands

    async def carry_out(self, commands: list[Command]) -> list[Answer]:
        """Make the commands durable together; return their answers in order. Then `publish`.

        Raises StoreUnavailable (nothing was done) and SteppedDown.
        """
        busy: frozenset[int] = frozenset()
        attempt = 0
        while True:
            wanted = [command for command in commands if _account(command) not in busy]
            try:
                answers = iter(await self._attempt(wanted))
            except Outdated as outdated:
                attempt += 1
                if attempt >= MAX_ATTEMPTS:
                    # Their money moves faster than we can follow: nothing was done for them.
                    busy |= outdated.accounts or frozenset(
                        account for command in wanted if (account := _account(command)) is not None
                    )
                if attempt >= 2 * MAX_ATTEMPTS:
                    raise StoreUnavailable("the batch does not agree with the rows") from outdated
                continue
            return [
                failed(Failure.BUSY) if _account(command) in busy else next(answers)
                for command in commands
            ]

    async def cancel_lost(self, gateway: str) -> None:
        """Cancel the orders of a gateway's connections. Raises StoreUnavailable, SteppedDown."""
        await self.carry_out([CancelLost(gateway)])

    async def fire_timers(self) -> None:
        """Do what is due by now. Raises StoreUnavailable, SteppedDown."""
        await self._fire_timers(self._tick())

    def _tick(self) -> int:
        """The time; it never goes back."""
        self._now = max(self._now, clock.now())
        return self._now

    async def _fire_timers(self, now: int) -> None:
        for _ in range(MAX_ATTEMPTS):
            try:
                while self.engine.next_due is not None and self.engine.next_due <= now:
                    await self._run([FireTimers()], now)
            except Outdated:
                continue
            return
        raise StoreUnavailable("what is due could not be done")

    async def _attempt(
        self,
        commands: list[Command],
        command_id: int | None = None,
        configuration: dict[str, Any] | None = None,
    ) -> list[Answer]:
        now = self._tick()
        await self._fire_timers(now)
        return await self._run(commands, now, command_id, configuration)

    async def _run(
        self,
        commands: list[Command],
        now: int,
        command_id: int | None = None,
        configuration: dict[str, Any] | None = None,
    ) -> list[Answer]:
        self.undecided = True
        try:
            decided = await threads.run(self._decide, commands, now, command_id, configuration)
        except SequenceTaken as error:
            raise SteppedDown from error
        except Defect:
            await self.load()
            raise
        except InDoubt as doubt:
            decided = await self._settle(doubt)
        finally:
            self.undecided = False
        if decided.committed is not None:
            self._unpublished.append((decided.batch, decided.committed))
            batch = decided.batch
            self.sequence = batch.sequence
            self._figures.durable(batch.sequence, len(batch.trades), len(self.engine.book.orders))
            logger.debug("%s: a batch of %d commands", self.symbol, len(commands))
        telling = decided.telling
        return [transport.answer_of(outcome, telling) for outcome in decided.batch.outcomes]

    async def publish(self) -> None:
        """Tell everybody what became durable, in its order."""
        unpublished, self._unpublished = self._unpublished, []
        for batch, committed in unpublished:
            await self._publisher.publish(batch, committed)

    def _decide(
        self,
        commands: list[Command],
        now: int,
        command_id: int | None,
        configuration: dict[str, Any] | None,
    ) -> Decided:
        """Prefetch, execute, commit, in a database thread: one way there and back for a batch.

        Raises Outdated, SequenceTaken, StoreUnavailable, Defect (nothing was done) and InDoubt.
        """
        known = self._store.prefetch(self.engine.needs(commands))
        decided = self._execute(known, commands, now)
        batch = decided.batch
        if batch.sequence != batch.prev_sequence:
            try:
                with self._figures.commit():
                    decided.committed = self._store.commit(
                        batch, decided.telling, command_id, configuration
                    )
            except (Outdated, SequenceTaken):
                self.engine.undo()
                raise
            except StoreUnavailable as error:
                raise InDoubt(decided, error) from error
        else:
            self._still_writes(batch)
        self.engine.accept()
        return decided

    def _still_writes(self, batch: Batch) -> None:
        """A refusal, too, is said only by whoever writes the market: it could be out of date."""
        try:
            self._store.check(batch.sequence)
        except (SequenceTaken, StoreUnavailable):
            self.engine.undo()
            raise

    def _execute(self, known: Known, commands: list[Command], now: int) -> Decided:
        """Execute in memory; a defect of ours costs the batch, never the market."""
        try:
            self.engine.begin(known, now)
            for command in commands:
                self.engine.execute(command)
            batch = self.engine.finish()
            return Decided(batch, Telling(batch))
        except Exception as error:
            logger.exception("%s: a batch could not be executed; reloading", self.symbol)
            raise Defect("a batch could not be executed") from error

    async def _settle(self, doubt: InDoubt) -> Decided:
        """Find out whether a batch was written. Raises StoreUnavailable: it was not; SteppedDown."""
        decided = doubt.decided
        self._figures.in_doubt()
        if not await self._was_written(decided.batch):
            self.engine.undo()
            raise StoreUnavailable(str(doubt)) from doubt
        self.engine.accept()
        # Whoever serves the accounts finds their events in the rows.
        decided.committed = Committed({})
        return decided

    async def _was_written(self, batch: Batch) -> bool:
        """Settle a commit whose outcome is unknown; until it is known, nothing else is taken."""
        while True:
            try:
                return await threads.run(self._store.was_written, batch)
            except SequenceTaken as error:
                raise SteppedDown from error
            except StoreUnavailable:
                await self._refuse_waiting()
                await asyncio.sleep(SETTLE_INTERVAL)

    # Operators' commands, each a batch of its own

    async def obey_operators(self) -> None:
        """Carry out what operators asked for. Raises StoreUnavailable, SteppedDown."""
        for pending in await threads.run(self._store.pending_commands):
            await self._obey(pending)

    async def _obey(self, pending: PendingCommand) -> None:
        try:
            command, configuration = await self._command_of(pending)
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            await threads.run(self._store.close_command, pending.id, str(error))
            return
        try:
            (answer,) = await self._attempt([command], pending.id, configuration)
        except Outdated:
            return  # it still waits; the next look finds it
        except Defect as error:
            await threads.run(self._store.close_command, pending.id, f"{error}: see the log")
            return
        await threads.run(self._store.close_command, pending.id, answer.message)

    async def _command_of(self, pending: PendingCommand) -> tuple[Command, dict[str, Any] | None]:
        """What an operator's row asks for. Raises ValueError and the like for nonsense."""
        params = pending.params
        match pending.kind:
            case "configure":
                spec, configuration = await threads.run(self._store.configured, params)
                return ConfigureMarket(spec), configuration
            case "set_fee_rates":
                return SetFeeRates(msgspec.convert(params, RatesWish, str_keys=True).rates), None
            case "set_frozen":
                freeze = msgspec.convert(params, FreezeWish)
                return SetFrozen(freeze.account, freeze.frozen), None
            case _:
                wish = msgspec.convert(params, StatusWish)
                return SetMarketStatus(wish.status, wish.seconds), None


def _account(command: Command) -> int | None:
    return getattr(command, "account", None)
