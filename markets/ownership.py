"""Who runs a market: a lock of the database's own, gone when its holder dies.

PostgreSQL: an advisory lock on a session that serves nothing else; the process holds one for itself, too, so
that others see which it is, and that it lives. SQLite: a locked file beside the database, for one process.
The lock makes take-over quick; what makes it safe is the sequence check in `markets.store`.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from django.db import connection

from markets.models import Market

MARKET_LOCKS: Final = 0x4D4B54  # "MKT": our own range of PostgreSQL's advisory locks
PROCESS_LOCKS: Final = 0x4D4B50  # "MKP"
EXPEL_MILLISECONDS: Final = 500
"""How long to wait for a session that was ended to be gone."""


@dataclass(frozen=True, slots=True)
class Holders:
    """What is held at one moment."""

    processes: frozenset[int]
    """Those that live, as far as the database can tell."""
    markets: dict[int, int | None]
    """Market → the process that holds it; None: a session that is no process's."""


class Ownership(Protocol):
    """The markets that this process holds. Blocking; used from one thread."""

    shared: bool
    """Whether several processes can share the markets out."""

    def enter(self, process: int) -> None:
        """Hold this process's own lock, on a session that holds nothing yet."""
        ...

    def alive(self) -> bool:
        """Whether the session that everything is held by is still there, as far as this end knows."""
        ...

    def holds(self, market: int) -> bool:
        """Whether this process took the market, and has not given it back."""
        ...

    def acquire(self, market: int) -> bool:
        """Take a market if nobody has it."""
        ...

    def release(self, market: int) -> None:
        """Give a market back, if it is held."""
        ...

    def holders(self) -> Holders:
        """Who holds what."""
        ...

    def expel(self, process: int, token: str) -> None:
        """End all sessions of another process; what it held is free."""
        ...


class PostgresOwnership:
    """Advisory locks on this thread's own database session."""

    shared = True

    def __init__(self) -> None:
        self._session: int | None = None
        self._held: set[int] = set()

    def enter(self, process: int) -> None:
        """Hold this process's own lock, on a session that holds nothing yet."""
        ghost, self._session = self._session, connection.connection.info.backend_pid
        self._held.clear()
        with connection.cursor() as cursor:
            if ghost is not None and ghost != self._session:
                # The network may have ended it for us alone.
                cursor.execute(END_SESSION, [EXPEL_MILLISECONDS, ghost])
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [PROCESS_LOCKS, process])

    def alive(self) -> bool:
        """Whether the session is the one that everything is held by; a new one would hold nothing."""
        driver = connection.connection
        return driver is not None and not driver.closed and driver.info.backend_pid == self._session

    def holds(self, market: int) -> bool:
        """Whether this process took the market, and has not given it back."""
        return market in self._held

    def acquire(self, market: int) -> bool:
        """Take a market if nobody has it."""
        if market not in self._held:  # else it would have to be given back twice
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [MARKET_LOCKS, market])
                if not cursor.fetchone()[0]:
                    return False
            self._held.add(market)
        return True

    def release(self, market: int) -> None:
        """Give a market back, if it is held."""
        if market in self._held:
            self._held.remove(market)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [MARKET_LOCKS, market])

    def holders(self) -> Holders:
        """Who holds what, as the database's own table of locks says."""
        with connection.cursor() as cursor:
            cursor.execute(LOCKS, [[PROCESS_LOCKS, MARKET_LOCKS]])
            rows = cursor.fetchall()
        processes = {session: key for range_, key, session in rows if range_ == PROCESS_LOCKS}
        return Holders(
            processes=frozenset(processes.values()),
            markets={
                key: processes.get(session)
                for range_, key, session in rows
                if range_ == MARKET_LOCKS
            },
        )

    def expel(self, process: int, token: str) -> None:
        """End all sessions of another process; what it held is free."""
        with connection.cursor() as cursor:
            cursor.execute(END_SESSIONS, [EXPEL_MILLISECONDS, PROCESS_LOCKS, process, token])


LOCKS: Final = """
    SELECT classid::bigint, objid::bigint, pid FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2 AND granted AND classid::bigint = ANY(%s)
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
END_SESSION: Final = """
    SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity
    WHERE pid = %s AND datname = current_database() AND usename = current_user
"""
END_SESSIONS: Final = """
    SELECT pg_terminate_backend(s.pid, %s) FROM pg_stat_activity s
    LEFT JOIN pg_locks l ON l.pid = s.pid AND l.locktype = 'advisory' AND l.objsubid = 2
        AND l.classid::bigint = %s AND l.objid::bigint = %s
    WHERE s.datname = current_database() AND s.usename = current_user AND s.pid <> pg_backend_pid()
    AND (l.pid IS NOT NULL OR strpos(s.application_name, %s) > 0)
"""


class FileOwnership:
    """Locked files beside the SQLite database."""

    shared = False

    def __init__(self) -> None:
        self._files: dict[int, int] = {}
        self._database = Path(str(connection.settings_dict["NAME"]))

    def enter(self, process: int) -> None:
        """Nothing else has these files."""

    def alive(self) -> bool:
        """A locked file stays locked."""
        return True

    def holds(self, market: int) -> bool:
        """Whether this process took the market, and has not given it back."""
        return market in self._files

    def acquire(self, market: int) -> bool:
        """Take a market if nobody has it."""
        if market in self._files:
            return True
        descriptor = os.open(self._path(market), os.O_RDWR | os.O_CREAT, 0o600)
        if not _lock(descriptor, fcntl.LOCK_EX):
            return False
        self._files[market] = descriptor
        return True

    def release(self, market: int) -> None:
        """Give a market back, if it is held."""
        descriptor = self._files.pop(market, None)
        if descriptor is not None:
            os.close(descriptor)

    def holders(self) -> Holders:
        """Which markets are held; by whom, files do not say."""
        markets = Market.objects.order_by("pk").values_list("pk", flat=True)
        return Holders(frozenset(), {market: None for market in markets if self._is_held(market)})

    def _is_held(self, market: int) -> bool:
        if market in self._files:
            return True
        try:
            descriptor = os.open(self._path(market), os.O_RDWR)
        except FileNotFoundError:
            return False
        if _lock(descriptor, fcntl.LOCK_SH):
            os.close(descriptor)
            return False
        return True

    def expel(self, process: int, token: str) -> None:
        """Nobody is to be expelled: a file's lock goes with its process."""

    def _path(self, market: int) -> Path:
        return self._database.with_name(f"{self._database.name}-engine-{market}.lock")


def _lock(descriptor: int, kind: int) -> bool:
    """Whether the file could be locked; else it is closed."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    return True


def ownership() -> Ownership:
    """The locks of the database in use."""
    return PostgresOwnership() if connection.vendor == "postgresql" else FileOwnership()
