"""Databases that are made once and copied: what `migrate` does takes seconds, and is the same each time."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

import psycopg

ROOT: Final = Path(__file__).resolve().parents[1]


def migrate(**environment: str) -> None:
    """Run `manage.py migrate` on the database of that environment."""
    others = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    }
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env=others | environment,
        timeout=120,
        check=True,
    )


def copy_database(folder: Path) -> None:
    """Put a migrated SQLite database into an EXCHANGE_VAR that has none."""
    database = folder / "exchange.sqlite3"
    if not database.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(migrated_sqlite(), database)


@cache
def migrated_sqlite() -> Path:
    """A migrated SQLite database, to be copied; gone when the program ends."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    migrate(EXCHANGE_VAR=folder)
    return Path(folder, "exchange.sqlite3")


@cache
def template_of(server: str) -> str:
    """The name of a migrated database on a PostgreSQL, to be a TEMPLATE; dropped when the tests end."""
    name = f"exchange_template_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    atexit.register(drop_database, server, name)
    with tempfile.TemporaryDirectory() as folder:
        migrate(EXCHANGE_VAR=folder, DATABASE_URL=url_of(server, name))
    return name


def url_of(server: str, name: str) -> str:
    """The address of a database on the same PostgreSQL."""
    return f"{server.rpartition('/')[0]}/{name}"


def drop_database(server: str, name: str) -> None:
    """End a database, whoever still uses it."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
