"""PostgreSQL and Redis for the tests that need them: where they are, and what to do when they are not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import redis

from benchmarks.migrated import drop_database, template_of, url_of

DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")


def need_services() -> None:
    """Skip where a service is not there, saying which; in CI, fail."""
    what = _missing()
    if what is not None:
        if os.environ.get("CI"):
            pytest.fail(what)
        pytest.skip(what)


@contextmanager
def own_database(name: str, *, empty: bool = False) -> Iterator[str]:
    """The address of a database of a test's own, migrated unless it is to be empty."""
    need_services()
    name = f"exchange_{name}_{os.getpid()}"
    template = "" if empty else f"TEMPLATE {template_of(DATABASE_URL)}"
    with psycopg.connect(DATABASE_URL, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} {template}")
    try:
        yield url_of(DATABASE_URL, name)
    finally:
        drop_database(DATABASE_URL, name)


def _missing() -> str | None:
    try:
        psycopg.connect(DATABASE_URL, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return f"no PostgreSQL at {DATABASE_URL} (TEST_DATABASE_URL): {str(error).splitlines()[0]}"
    try:
        redis.Redis.from_url(REDIS_URL, socket_timeout=3).ping()
    except redis.RedisError as error:
        return f"no Redis at {REDIS_URL} (TEST_REDIS_URL): {error}"
    return None
