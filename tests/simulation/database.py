"""A real SQLite file behind connections that fail: before a statement, at a commit, after it, or all of them.

Rules:
- What is committed is there; nothing else is. A connection that is dropped rolls back, as a database does
  with a client that is gone.
- An error does not say whether the commit took place: it did when it was the answer that got lost; or it
  will, a moment after its client was cut off. Until then its rows are locked.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from typing import Any, Final

from markets.store.dialects import SqliteDialect
from tests.simulation.dice import Dice
from tests.simulation.loop import VirtualLoop
from tests.simulation.processes import RUNNING, Process, ProcessDied
from tests.simulation.threads import Threads
from tests.simulation.trace import Trace

COMMIT_LATE: Final = 0.05
"""Seconds that a database takes to come to a commit whose client is gone, on average."""
_isolation_level: Any = sqlite3.Connection.isolation_level


class Database:
    """What may go wrong with every connection of a run."""

    current: Database
    """The one that new connections belong to."""

    def __init__(self, loop: VirtualLoop, dice: Dice, threads: Threads, trace: Trace) -> None:
        self.away = False
        """Nobody can reach it."""
        self._loop = loop
        self._dice = dice
        self._threads = threads
        self._trace = trace
        self._left_alone: list[FaultyConnection] = []

    def finish_commits(self) -> None:
        """Come to what was left alone."""
        for connection in self._left_alone:
            connection.commit_alone()

    def before(self, connection: FaultyConnection, sql: str) -> None:
        """A statement is about to be carried out."""
        process = RUNNING.get()
        if process is None:
            return
        rates = self._dice.rates
        locked = connection.writing or SqliteDialect._writer.locked()
        if not locked and self._dice.happens(rates.interrupted):
            self._threads.interrupt()
        self._fail_if_dead(process)
        if self._dice.happens(rates.dies_at_statement):
            self._die(process, _short(sql))
        if self.away or connection.broken or self._dice.happens(rates.statement_fails):
            self._break(connection, f"{process} cannot {_short(sql)}")
        if sql.startswith("BEGIN IMMEDIATE"):
            connection.writing = True

    def before_commit(self, connection: FaultyConnection) -> None:
        """A transaction is about to become durable, or not."""
        process = RUNNING.get()
        if process is None:
            return
        if self._dice.happens(self._dice.rates.commit_fails):
            self._break(connection, f"{process} cannot COMMIT")
        if self._dice.happens(self._dice.rates.commit_late):
            seconds = self._dice.delay(COMMIT_LATE)
            self._trace.note(f"{process} is cut off from its COMMIT, which takes {seconds:.3f} s")
            connection.left_alone = connection.broken = True
            self._left_alone.append(connection)
            self._loop.later(seconds, connection.commit_alone)
            raise _gone()

    def after_commit(self, connection: FaultyConnection) -> None:
        """A transaction is durable; who wrote it may not hear of it."""
        process = RUNNING.get()
        if process is None:
            return
        if self._dice.happens(self._dice.rates.dies_at_statement):
            self._die(process, "the end of its COMMIT")
        if self._dice.happens(self._dice.rates.commit_unheard):
            self._break(connection, f"{process} does not hear of its COMMIT")

    def _die(self, process: Process, where: str) -> None:
        self._trace.note(f"{process} dies at {where}")
        process.die()
        raise ProcessDied

    def _fail_if_dead(self, process: Process) -> None:
        if not process.alive:
            raise ProcessDied

    def _break(self, connection: FaultyConnection, what: str) -> None:
        self._trace.note(what)
        connection.drop()
        raise _gone()


class FaultyConnection(sqlite3.Connection):
    """A connection of the driver's own."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.database = Database.current
        self.broken = False
        self.writing = False
        """In a transaction that locked the database."""
        self.left_alone = False
        """The database commits without its client."""

    def drop(self) -> None:
        """The connection is lost, and with it what was not committed."""
        if not self.broken:
            self.broken = True
            self.rollback()

    def commit_alone(self) -> None:
        """The database has come to the COMMIT of a client that is gone."""
        if self.left_alone:
            super().commit()
            self.left_alone = False
            super().close()

    @property
    def isolation_level(self) -> Any:
        """The driver's; to set it would commit."""
        return _isolation_level.__get__(self)

    @isolation_level.setter
    def isolation_level(self, level: Any) -> None:
        if not self.left_alone:
            _isolation_level.__set__(self, level)

    def close(self) -> None:
        """Close; what is being committed is the database's."""
        self.broken = True
        if not self.left_alone:
            super().close()

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        """A cursor whose statements may fail."""
        return super().cursor(_faulty(factory))

    def execute(self, sql: str, *parameters: Any) -> Any:
        """Carry out a statement, perhaps."""
        return self.cursor().execute(sql, *parameters)

    def commit(self) -> None:
        """Commit, perhaps."""
        if not self.in_transaction:
            super().commit()
            return
        self.database.before_commit(self)
        super().commit()
        self.writing = False
        self.database.after_commit(self)

    def rollback(self) -> None:
        """Give up."""
        self.writing = False
        if not self.left_alone:
            super().rollback()


def _gone() -> sqlite3.OperationalError:
    return sqlite3.OperationalError("simulated: the connection is gone")


def _short(sql: str) -> str:
    """A statement in a trace; savepoints are named after threads."""
    return sql[:40] if "SAVEPOINT" not in sql else "SAVEPOINT"


@lru_cache
def _faulty(factory: Any) -> Any:
    class FaultyCursor(factory):  # type: ignore[misc]  # Django's, or the driver's
        connection: FaultyConnection

        def execute(self, sql: str, *parameters: Any) -> Any:
            self.connection.database.before(self.connection, sql)
            return super().execute(sql, *parameters)

        def executemany(self, sql: str, rows: Any) -> Any:
            self.connection.database.before(self.connection, sql)
            return super().executemany(sql, rows)

    return FaultyCursor
