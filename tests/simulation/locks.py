"""The lock service that engines share their markets out by: PostgreSQL's advisory locks, by session.

A session ends with its process, or by itself, and then whoever held it does not know until it asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import OperationalError, connection

from markets.ownership import Holders
from tests.simulation.processes import RUNNING, Process


@dataclass(eq=False)
class Session:
    """One process's session with the lock service."""

    process: Process
    held: set[int] = field(default_factory=set)
    alive: bool = True


class Locks:
    """Who holds which market."""

    def __init__(self) -> None:
        self._sessions: list[Session] = []

    def open(self) -> Session:
        """A session of the running process."""
        process = RUNNING.get()
        assert process is not None
        session = Session(process)
        self._sessions.append(session)
        process.at_death.append(lambda: self.end(session))
        return session

    def holder(self, market: int) -> Session | None:
        """Who holds a market."""
        return next((session for session in self._sessions if market in session.held), None)

    def end(self, session: Session) -> None:
        """What it held is free."""
        session.alive = False
        session.held.clear()

    def holding(self) -> list[Session]:
        """The sessions that hold something."""
        return [session for session in self._sessions if session.held]


class SimulatedOwnership:
    """`markets.ownership` over these locks: each process takes what is free."""

    shared = False

    def __init__(self, locks: Locks) -> None:
        self._locks = locks
        self._session = locks.open()

    def enter(self, process: int) -> None:
        """A session that holds nothing, if the one that there was is gone."""
        del process
        self._ask()
        if not self._session.alive:
            self._session = self._locks.open()

    def holds(self, market: int) -> bool:
        """Whether this session holds a market."""
        return market in self._session.held

    def holders(self) -> Holders:
        """Which markets are held."""
        self._ask()
        held = {market for session in self._locks.holding() for market in session.held}
        return Holders(frozenset(), dict.fromkeys(sorted(held)))

    def expel(self, process: int, token: str) -> None:
        """Nobody is expelled here."""

    def acquire(self, market_id: int) -> bool:
        """Take a market if nobody has it."""
        self._ask()
        holder = self._locks.holder(market_id)
        if holder is None:
            self._session.held.add(market_id)
        return holder is None or holder is self._session

    def release(self, market_id: int) -> None:
        """Give a market back."""
        self._ask()
        self._session.held.discard(market_id)

    def alive(self) -> bool:
        """Whether the session lives."""
        try:
            self._ask()
        except OperationalError:
            connection.close()
            self._locks.end(self._session)
        return self._session.alive

    @staticmethod
    def _ask() -> None:
        """It is the database's: out of reach when that is."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
