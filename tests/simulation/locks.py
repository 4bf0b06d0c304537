"""The lock service that engines share their markets out by: PostgreSQL's advisory locks, by session.

A session ends with its process, or by itself, and then whoever held it does not know until it asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import connection

from markets.ownership import Holders
from tests.simulation.database import FaultyConnection
from tests.simulation.processes import RUNNING, Process


@dataclass(eq=False)
class Session:
    """One process's session with the lock service: a connection to the database."""

    key: int
    process: Process
    driver: FaultyConnection
    held: set[int] = field(default_factory=set)


class Locks:
    """Who holds which market."""

    def __init__(self) -> None:
        self._sessions: list[Session] = []

    def open(self, key: int) -> Session:
        """A session of the running process."""
        process = RUNNING.get()
        assert process is not None
        session = Session(key, process, connection.connection)
        self._sessions.append(session)
        return session

    def sessions(self) -> list[Session]:
        """Those that live."""
        self._sessions = [session for session in self._sessions if not session.driver.broken]
        return self._sessions

    def holder(self, market: int) -> Session | None:
        """Who holds a market."""
        return next((session for session in self.sessions() if market in session.held), None)

    def holding(self) -> list[Session]:
        """The sessions that hold something."""
        return [session for session in self.sessions() if session.held]


class SimulatedOwnership:
    """`markets.ownership` over these locks."""

    shared = True

    def __init__(self, locks: Locks) -> None:
        self._locks = locks
        self._session: Session | None = None
        self._held: set[int] = set()
        """What this end believes to hold."""

    def enter(self, process: int) -> None:
        """Hold this process's own lock, on a session that holds nothing yet."""
        if self._session is not None:
            self._session.driver.drop()
        self._held.clear()
        self._ask()
        self._session = self._locks.open(process)

    def alive(self) -> bool:
        """Whether the session is the one that everything is held by, as far as this end knows."""
        return self._session is not None and connection.connection is self._session.driver

    def holds(self, market: int) -> bool:
        """Whether this process took the market, and has not given it back."""
        return market in self._held

    def acquire(self, market: int) -> bool:
        """Take a market if nobody has it."""
        if market not in self._held:
            self._ask()
            assert self._session is not None
            if self._locks.holder(market) is not None:
                return False
            self._session.held.add(market)
            self._held.add(market)
        return True

    def release(self, market: int) -> None:
        """Give a market back, if it is held."""
        if market in self._held:
            self._held.remove(market)
            self._ask()
            assert self._session is not None
            self._session.held.discard(market)

    def holders(self) -> Holders:
        """Who holds what."""
        self._ask()
        sessions = self._locks.sessions()
        return Holders(
            processes=frozenset(session.key for session in sessions),
            markets={market: session.key for session in sessions for market in session.held},
        )

    def expel(self, process: int, token: str) -> None:
        """End all sessions of another process; what it held is free."""
        self._ask()
        for session in self._locks.sessions():
            if session.key == process:
                for wrapper in session.process.connections:
                    if wrapper.connection is not None:
                        wrapper.connection.drop()

    @staticmethod
    def _ask() -> None:
        """It is the database's: out of reach when that is."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
