"""Who runs a market: a lock of the database's own, gone when its holder dies.

PostgreSQL: an advisory lock on a session that serves nothing else. SQLite: a locked file beside the
database. The lock makes take-over quick; what makes it safe is the sequence check in `markets.store`.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final, Protocol

from django.db import DatabaseError, InterfaceError, connection

LOCK_CLASS: Final = 0x4D4B54  # "MKT": our own range of PostgreSQL's advisory locks


class Ownership(Protocol):
    """The markets that this process holds. Blocking; used from one thread."""

    def acquire(self, market_id: int) -> bool:
        """Take a market if nobody has it."""
        ...

    def release(self, market_id: int) -> None:
        """Give a market back."""
        ...

    def alive(self) -> bool:
        """Whether what was taken is still held."""
        ...


class PostgresOwnership:
    """Advisory locks on this thread's own database session."""

    def acquire(self, market_id: int) -> bool:
        """Take a market if nobody has it."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, market_id])
            return bool(cursor.fetchone()[0])

    def release(self, market_id: int) -> None:
        """Give a market back."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, market_id])

    def alive(self) -> bool:
        """Whether the session lives; a new one would hold nothing."""
        if connection.connection is None:
            return False
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except (DatabaseError, InterfaceError):
            connection.close()
            return False
        return True


class FileOwnership:
    """Locked files beside the SQLite database."""

    def __init__(self) -> None:
        self._files: dict[int, int] = {}
        self._database = Path(str(connection.settings_dict["NAME"]))

    def acquire(self, market_id: int) -> bool:
        """Take a market if nobody has it."""
        path = self._database.with_name(f"{self._database.name}-engine-{market_id}.lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._files[market_id] = descriptor
        return True

    def release(self, market_id: int) -> None:
        """Give a market back."""
        os.close(self._files.pop(market_id))

    def alive(self) -> bool:
        """A locked file stays locked."""
        return True


def ownership() -> Ownership:
    """The locks of the database in use."""
    return PostgresOwnership() if connection.vendor == "postgresql" else FileOwnership()
