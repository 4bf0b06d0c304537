"""The database from an event loop, and several tables as they were at one moment.

Rules:
- Blocking calls run in a bounded number of threads, each with one connection, closed when they end.
- Engines' sessions are guarded: neither end waits long for one that vanished, and no transaction stays open
  or waits for a lock for long.
- When the database says nothing at all, all threads' sessions can be cut from here.
- What must agree is read inside `one_moment`.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import Any, Final, TypeVar
from weakref import WeakSet

import psycopg
from django.core.management.base import CommandError
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

T = TypeVar("T")

PROCESS_TOKEN: Final = secrets.token_hex(6)
"""Names this process in its sessions, for whoever must end them because it cannot any more."""
GUARDED_HERE: Final = {
    "connect_timeout": 3,
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 4000,
}
"""What our end of a guarded session does about a database that vanished (seconds; the last, milliseconds)."""
GUARDED_THERE: Final = {
    "idle_in_transaction_session_timeout": 5000,
    "lock_timeout": 5000,
    "tcp_keepalives_idle": 3,
    "tcp_keepalives_interval": 1,
    "tcp_keepalives_count": 5,
    "tcp_user_timeout": 8000,
}
"""What PostgreSQL's end does about a process that vanished or sleeps (milliseconds; keepalives, seconds)."""


class DatabaseThreads:
    """At most `count` threads, each with a connection of its own, shared by whoever is inside `use`."""

    _all: WeakSet[DatabaseThreads] = WeakSet()

    def __init__(self, name: str, count: int, *, guarded: bool = False) -> None:
        self._name = name
        self._count = count
        self._guarded = guarded
        self._all.add(self)
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
                initializer=self._begin,
            )
        loop, about = asyncio.get_running_loop(), copy_context()
        return await loop.run_in_executor(self._pool, about.run, call, *args)

    def _begin(self) -> None:
        own = connections["default"]
        if self._guarded and own.vendor == "postgresql":
            options = _guarded(f"{self._name}-{PROCESS_TOKEN}", own.settings_dict["OPTIONS"])
            own.settings_dict = own.settings_dict | {"OPTIONS": options}
        self._connections.append(own)

    @classmethod
    def cut_all(cls) -> None:
        """Shut the sockets of PostgreSQL's sessions: whoever waits for an answer gets an error now."""
        for threads in tuple(cls._all):
            threads.cut()

    def cut(self) -> None:
        """The same for these threads."""
        for wrapper in tuple(self._connections):
            if isinstance(wrapper.connection, psycopg.Connection):
                _cut(wrapper.connection)

    def _close_connections(self) -> None:
        while self._connections:
            ended = self._connections.pop()
            ended.inc_thread_sharing()
            ended.close()


def _guarded(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """A connection's options with the guards."""
    there = " ".join(f"-c {setting}={value}" for setting, value in GUARDED_THERE.items())
    theirs = options.get("options", "")  # given last, so it goes before ours
    return {
        **options,
        **GUARDED_HERE,
        "application_name": f"exchange-{name}",
        "options": f"{there} {theirs}".strip(),
    }


def _cut(driver: psycopg.Connection[Any]) -> None:
    with (
        suppress(psycopg.Error, OSError),  # it is closed already
        socket.socket(fileno=os.dup(driver.fileno())) as end,
    ):
        end.shutdown(socket.SHUT_RDWR)


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
    if connection.in_atomic_block or _in_a_moment():
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


def _in_a_moment() -> bool:
    driver: Any = connection.connection
    return connection.vendor == "sqlite" and driver is not None and bool(driver.in_transaction)
