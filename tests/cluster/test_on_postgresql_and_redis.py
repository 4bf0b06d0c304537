"""The same tests on PostgreSQL with the Redis layer: nothing changes but two settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

ROOT = Path(__file__).resolve().parents[2]
DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
MINUTES = 10

pytestmark = pytest.mark.slow


def missing() -> str | None:
    """What is not there, in words; None if both answer."""
    try:
        psycopg.connect(DATABASE_URL, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return f"no PostgreSQL at {DATABASE_URL} (TEST_DATABASE_URL): {str(error).splitlines()[0]}"
    try:
        redis.Redis.from_url(REDIS_URL, socket_timeout=3).ping()
    except redis.RedisError as error:
        return f"no Redis at {REDIS_URL} (TEST_REDIS_URL): {error}"
    return None


@pytest.mark.parametrize("chapter", ["engine", "api"])
def test_the_store_the_api_and_the_sockets_hold_in_the_cluster_shape(chapter: str) -> None:
    what = missing()
    if what is not None:
        if os.environ.get("CI"):
            pytest.fail(what)
        pytest.skip(what)

    environment = {**os.environ, "DATABASE_URL": DATABASE_URL, "REDIS_URL": REDIS_URL}
    for name in [name for name in environment if name.startswith("PYTEST_")]:
        del environment[name]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            f"tests/{chapter}",
            "-q",
            "-m",
            "not slow",
            "-p",
            "no:cacheprovider",
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=MINUTES * 60,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-6000:]
    assert " skipped" not in done.stdout.splitlines()[-1]
