"""A PostgreSQL of a test's own, to be stopped, filled up and cut off."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

import psycopg

SECONDS: Final = 60
OWNER: Final = "postgres"
"""PostgreSQL does not run as root; this user runs it then."""


class OwnPostgres:
    """A server in a folder of its own; its superuser is `postgres`, exchanges connect as `exchange`."""

    def __init__(self, *settings: str, address: str = "127.0.0.1") -> None:
        self.address = address
        self.port = free_port(address)
        self._settings = settings
        self._folder = Path(tempfile.mkdtemp(prefix="exchange-postgres-"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self._folder, OWNER, OWNER)
            self._as = {"user": OWNER, "group": OWNER, "extra_groups": []}
        self._data = self._folder / "data"
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "--no-sync")
        self.start()
        with self.connect() as connection:
            connection.execute("CREATE ROLE exchange LOGIN")
            connection.execute("CREATE DATABASE exchange OWNER exchange")

    @property
    def url(self) -> str:
        """Where an exchange finds its database."""
        return f"postgres://exchange@{self.address}:{self.port}/exchange"

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """A superuser's session."""
        return psycopg.connect(
            host=self.address, port=self.port, user="postgres", autocommit=True, **options
        )

    def start(self) -> None:
        """Start; returns when it takes connections."""
        settings = " ".join(
            f"-c {setting}"
            for setting in (
                f"port={self.port}",
                f"listen_addresses={self.address}",
                f"unix_socket_directories={self._folder}",
                *self._settings,
            )
        )
        log = self._folder / "log"
        self._run("pg_ctl", "-D", self._data, "-w", "-l", log, "-o", settings, "start")

    def stop(self, how: str = "fast") -> None:
        """Stop: `fast`, or `immediate`, as a crash."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", how, "stop")

    def remove(self) -> None:
        """Stop it and delete everything."""
        if (self._data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: object) -> None:
        found = [
            shutil.which(program),
            *sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}")),
        ]
        path = next(str(path) for path in found if path is not None)
        done = subprocess.run(
            [path, *map(str, arguments)],
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=SECONDS,
            check=False,
            **self._as,
        )
        assert done.returncode == 0, done.stdout


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens on."""
    with socket.create_server((address, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
