"""Bulk statements, as fast as each database takes them: `executemany` for SQLite, COPY and unnest
for PostgreSQL. Column names are constants of this package, values always parameters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Any, Protocol

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

Row = Sequence[Any]
Columns = Sequence[tuple[str, str]]
"""Names with their PostgreSQL types."""


class Dialect(Protocol):
    """What the store needs of a database beyond the ORM."""

    def writing(self) -> AbstractContextManager[Any]:
        """Taken around a transaction that writes."""
        ...

    def insert(
        self, cursor: CursorWrapper, table: str, columns: Columns, rows: Sequence[Row]
    ) -> None:
        """Insert rows."""
        ...

    def update(
        self, cursor: CursorWrapper, table: str, columns: Columns, rows: Sequence[Row]
    ) -> None:
        """Update rows; the first column is the key."""
        ...

    def lock(
        self,
        cursor: CursorWrapper,
        table: str,
        columns: Sequence[str],
        keys: Iterable[int],
        by: str,
    ) -> list[tuple[Any, ...]]:
        """Read and lock the rows whose `by` is among the keys, in the order of `by`, then id."""
        ...


class SqliteDialect:
    """SQLite: one writer at a time, so engines of one process queue here and not in its busy loop."""

    _writer = Lock()

    def writing(self) -> AbstractContextManager[Any]:
        """The process's own queue of writers."""
        return self._writer

    def insert(
        self, cursor: CursorWrapper, table: str, columns: Columns, rows: Sequence[Row]
    ) -> None:
        """`executemany` of one prepared statement."""
        if rows:
            names = ", ".join(name for name, _ in columns)
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608

    def update(
        self, cursor: CursorWrapper, table: str, columns: Columns, rows: Sequence[Row]
    ) -> None:
        """`executemany` of one prepared statement."""
        if rows:
            (key, _), *others = columns
            sets = ", ".join(f"{name} = %s" for name, _ in others)
            cursor.executemany(
                f"UPDATE {table} SET {sets} WHERE {key} = %s",  # noqa: S608
                [(*row[1:], row[0]) for row in rows],
            )

    def lock(
        self,
        cursor: CursorWrapper,
        table: str,
        columns: Sequence[str],
        keys: Iterable[int],
        by: str,
    ) -> list[tuple[Any, ...]]:
        """A plain read: an immediate transaction has locked everything already."""
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM {table} "  # noqa: S608
            f"WHERE {by} IN (SELECT value FROM json_each(%s)) ORDER BY {by}, id",
            [json.dumps(sorted(keys))],
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


class PostgresDialect:
    """PostgreSQL: COPY in, UPDATE … FROM unnest, SELECT … FOR UPDATE."""

    def writing(self) -> AbstractContextManager[Any]:
        """Nothing to wait for: the database arbitrates."""
        return nullcontext()

    def insert(
        self, cursor: CursorWrapper, table: str, columns: Columns, rows: Sequence[Row]
    ) -> None:
        """COPY."""
        if rows:
            names = ", ".join(name for name, _ in columns)
            # Django does not know COPY, so its errors are translated here.
            with (
                cursor.db.wrap_database_errors,
                cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row(row)

    def update(
        self, cursor: CursorWrapper, table: str, columns: Columns, rows: Sequence[Row]
    ) -> None:
        """One statement, a parameter a column."""
        if rows:
            (key, _), *others = columns
            names = ", ".join(name for name, _ in columns)
            sets = ", ".join(f"{name} = new.{name}" for name, _ in others)
            arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
            cursor.execute(
                f"UPDATE {table} AS old SET {sets} "  # noqa: S608
                f"FROM unnest({arrays}) AS new ({names}) WHERE old.{key} = new.{key}",
                [list(column) for column in zip(*rows, strict=True)],
            )

    def lock(
        self,
        cursor: CursorWrapper,
        table: str,
        columns: Sequence[str],
        keys: Iterable[int],
        by: str,
    ) -> list[tuple[Any, ...]]:
        """Rows are locked as they come out of the sort."""
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM {table} "  # noqa: S608
            f"WHERE {by} = ANY(%s) ORDER BY {by}, id FOR UPDATE",
            [sorted(keys)],
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def dialect_of(connection: BaseDatabaseWrapper) -> Dialect:
    """The dialect of a Django connection."""
    return PostgresDialect() if connection.vendor == "postgresql" else SqliteDialect()
