"""The database from an event loop, and several tables as they were at one moment.

Rules:
- Blocking calls run in a bounded number of threads, each with one connection, closed when they end.
- What must agree is read inside `one_moment`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import TypeVar

from django.core.management.base import CommandError
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

T = TypeVar("T")


class DatabaseThreads:
    """At most `count` threads, each with a connection of its own, shared by whoever is inside `use`."""

    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._count = count
        self._users = 0
        self._connections: list[BaseDatabaseWrapper] = []
        self._pool: ThreadPoolExecutor | None = None

    @contextmanager
    def use(self) -> Iterator[None]:
        """Keep the threads; the last user waits for them and closes their connections."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users and self._pool is not None:
                pool, self._pool = self._pool, None
                pool.shutdown(wait=True, cancel_futures=True)
                with ThreadPoolExecutor(1) as closer:  # an event loop's thread may not
                    closer.submit(self._close_connections).result()

    async def run(self, call: Callable[..., T], *args: object) -> T:
        """Run a blocking call in one of the threads."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(
                self._count,
                self._name,
                initializer=lambda: self._connections.append(connections["default"]),
            )
        loop, about = asyncio.get_running_loop(), copy_context()
        return await loop.run_in_executor(self._pool, about.run, call, *args)

    def _close_connections(self) -> None:
        while self._connections:
            ended = self._connections.pop()
            ended.inc_thread_sharing()
            ended.close()


def need_migrated() -> None:
    """Stop a command with one line when the database's tables are not those of this version."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError(
            "the database is not set up for this version: run manage.py migrate first"
        )


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything read inside is of one moment; nothing may be written. It blocks no writer.

    (Django's `atomic` would take SQLite's write lock, and on PostgreSQL see each statement's moment.)
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
