"""Bulk statements, as fast as each database takes them: rows of many values for SQLite, COPY and unnest
for PostgreSQL. Column names are constants of this package, values always parameters.

Rules:
- Few statements a batch, each over many rows: a thread gives Python's lock away at every step of a
  statement, and gets it back late while the event loop is busy.
- SQLite's statements come in sizes of powers of two, so that the prepared ones are used again.
- These work on the driver's own connection; whoever calls translates its errors.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from itertools import chain
from threading import Lock
from typing import Any, Final, Protocol

import msgspec
import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

Row = Sequence[Any]
Columns = tuple[tuple[str, str], ...]
"""Names with their PostgreSQL types."""
MOST_ROWS: Final = 512
"""Rows of one SQLite statement; fewer where they have more columns than MOST_VALUES allows."""
MOST_VALUES: Final = 32_766
"""What SQLite takes in one statement."""


class Dialect(Protocol):
    """What the store needs of a database beyond the ORM."""

    def writing(self) -> AbstractContextManager[Any]:
        """Taken around a transaction that writes."""
        ...

    def execute(self, sql: str, values: Row) -> int:
        """Carry out a statement with `?` for its values; how many rows it changed."""
        ...

    def insert(self, table: str, columns: Columns, rows: Sequence[Row]) -> None:
        """Insert rows."""
        ...

    def update(self, table: str, columns: Columns, rows: Sequence[Row]) -> None:
        """Update rows; the first column is the key."""
        ...

    def read(
        self, table: str, columns: tuple[str, ...], keys: Iterable[int], by: str, *, lock: bool
    ) -> list[tuple[Any, ...]]:
        """Read the rows whose `by` is among the keys; lock them in the order of `by`, then id."""
        ...

    def named_orders(
        self, columns: tuple[str, ...], names: Iterable[tuple[int, str]]
    ) -> list[tuple[Any, ...]]:
        """Read the orders of these accounts by client_order_id."""
        ...


class SqliteDialect:
    """SQLite: one writer at a time, so engines of one process queue here and not in its busy loop."""

    _writer = Lock()

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def writing(self) -> AbstractContextManager[Any]:
        """The process's own queue of writers."""
        return self._writer

    def execute(self, sql: str, values: Row) -> int:
        """One statement."""
        return self._connection.execute(sql, values).rowcount

    def insert(self, table: str, columns: Columns, rows: Sequence[Row]) -> None:
        """INSERT … VALUES (…), (…), …"""
        for part in _parts(rows, len(columns)):
            self.execute(_sqlite_insert(table, columns, len(part)), _flat(part))

    def update(self, table: str, columns: Columns, rows: Sequence[Row]) -> None:
        """UPDATE … FROM (VALUES (…), (…), …)."""
        for part in _parts(rows, len(columns)):
            self.execute(_sqlite_update(table, columns, len(part)), _flat(part))

    def read(
        self, table: str, columns: tuple[str, ...], keys: Iterable[int], by: str, *, lock: bool
    ) -> list[tuple[Any, ...]]:
        """Nothing to lock: an immediate transaction has locked everything already."""
        del lock
        return self._read(_sqlite_read(table, columns, by), list(keys))

    def named_orders(
        self, columns: tuple[str, ...], names: Iterable[tuple[int, str]]
    ) -> list[tuple[Any, ...]]:
        """A probe of the index for each name."""
        return self._read(_sqlite_named_orders(columns), list(names))

    def _read(self, sql: str, wanted: list[Any]) -> list[tuple[Any, ...]]:
        """All rows in one step, as JSON."""
        cursor = self._connection.execute(sql, [msgspec.json.encode(wanted).decode()])
        return msgspec.json.decode(cursor.fetchone()[0], type=list[tuple[Any, ...]])


class PostgresDialect:
    """PostgreSQL: COPY in, UPDATE … FROM unnest, SELECT … FOR UPDATE."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def writing(self) -> AbstractContextManager[Any]:
        """Nothing to wait for: the database arbitrates."""
        return nullcontext()

    def execute(self, sql: str, values: Row) -> int:
        """One statement."""
        with self._cursor() as cursor:
            return cursor.execute(sql.replace("?", "%s").encode(), values).rowcount

    def insert(self, table: str, columns: Columns, rows: Sequence[Row]) -> None:
        """COPY."""
        if rows:
            names = ", ".join(name for name, _ in columns)
            with (
                self._cursor() as cursor,
                cursor.copy(f"COPY {table} ({names}) FROM STDIN".encode()) as copy,
            ):
                for row in rows:
                    copy.write_row(row)

    def update(self, table: str, columns: Columns, rows: Sequence[Row]) -> None:
        """One statement, a parameter a column."""
        if rows:
            with self._cursor() as cursor:
                cursor.execute(
                    _postgres_update(table, columns),
                    [list(column) for column in zip(*rows, strict=True)],
                )

    def read(
        self, table: str, columns: tuple[str, ...], keys: Iterable[int], by: str, *, lock: bool
    ) -> list[tuple[Any, ...]]:
        """Rows are locked as they come out of the sort."""
        sql = (
            f"SELECT {', '.join(columns)} FROM {table} "  # noqa: S608
            f"WHERE {by} = ANY(%s) ORDER BY {by}, id {'FOR UPDATE' if lock else ''}"
        )
        with self._cursor() as cursor:
            return cursor.execute(sql.encode(), [sorted(keys)]).fetchall()

    def named_orders(
        self, columns: tuple[str, ...], names: Iterable[tuple[int, str]]
    ) -> list[tuple[Any, ...]]:
        """A join with what is wanted."""
        sql = (
            f"SELECT {', '.join(f'o.{name}' for name in columns)} "  # noqa: S608
            "FROM unnest(%s::bigint[], %s::varchar[]) AS wanted (account, name) "
            "JOIN markets_order o ON o.account_id = wanted.account AND o.client_order_id = wanted.name"
        )
        accounts, texts = zip(*names, strict=True)
        with self._cursor() as cursor:
            return cursor.execute(sql.encode(), [list(accounts), list(texts)]).fetchall()

    def _cursor(self) -> psycopg.Cursor[tuple[Any, ...]]:
        """The driver's own, not Django's, which binds values into the text."""
        return psycopg.Cursor(self._connection)


def dialect_of(connection: BaseDatabaseWrapper) -> Dialect:
    """The dialect of a Django connection that is open."""
    connection.ensure_connection()
    driver = connection.connection
    return PostgresDialect(driver) if connection.vendor == "postgresql" else SqliteDialect(driver)


def _parts(rows: Sequence[Row], columns: int) -> list[Sequence[Row]]:
    """The rows in runs of powers of two."""
    if len(rows) <= 1:
        return [rows] if rows else []
    most = MOST_ROWS
    while most * columns > MOST_VALUES:
        most //= 2
    parts = []
    start = 0
    while start < len(rows):
        size = min(most, 1 << (len(rows) - start).bit_length() - 1)
        parts.append(rows[start : start + size])
        start += size
    return parts


def _flat(rows: Sequence[Row]) -> list[Any]:
    return list(chain.from_iterable(rows))


def _marks(columns: int, rows: int) -> str:
    return ", ".join([f"({', '.join('?' * columns)})"] * rows)


@lru_cache(128)
def _sqlite_insert(table: str, columns: Columns, rows: int) -> str:
    names = ", ".join(name for name, _ in columns)
    return f"INSERT INTO {table} ({names}) VALUES {_marks(len(columns), rows)}"  # noqa: S608


@lru_cache(128)
def _sqlite_update(table: str, columns: Columns, rows: int) -> str:
    (key, _), *others = columns
    sets = ", ".join(
        f"{name} = new.column{place}" for place, (name, _) in enumerate(others, start=2)
    )
    return (
        f"UPDATE {table} SET {sets} FROM (VALUES {_marks(len(columns), rows)}) AS new "  # noqa: S608
        f"WHERE {table}.{key} = new.column1"
    )


@lru_cache
def _sqlite_read(table: str, columns: tuple[str, ...], by: str) -> str:
    return (
        f"SELECT json_group_array(json_array({', '.join(columns)})) FROM {table} "  # noqa: S608
        f"WHERE {by} IN (SELECT value FROM json_each(?))"
    )


@lru_cache
def _sqlite_named_orders(columns: tuple[str, ...]) -> str:
    return (
        f"SELECT json_group_array(json_array({', '.join(f'o.{name}' for name in columns)})) "  # noqa: S608
        "FROM json_each(?) AS wanted CROSS JOIN markets_order AS o "
        "WHERE o.account_id = json_extract(wanted.value, '$[0]') "
        "AND o.client_order_id = json_extract(wanted.value, '$[1]')"
    )


@lru_cache
def _postgres_update(table: str, columns: Columns) -> bytes:
    (key, _), *others = columns
    names = ", ".join(name for name, _ in columns)
    sets = ", ".join(f"{name} = new.{name}" for name, _ in others)
    arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
    return (
        f"UPDATE {table} AS old SET {sets} "  # noqa: S608
        f"FROM unnest({arrays}) AS new ({names}) WHERE old.{key} = new.{key}"
    ).encode()
