"""PostgreSQL and Redis of a test's own, to be stopped, filled up and cut off, and ways to cut them off."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psycopg
import redis

from benchmarks.migrated import migrate
from tests.drivers.ports import free_port
from tests.waiting import wait_until

SECONDS: Final = 60
OWNER: Final = "postgres"
"""PostgreSQL does not run as root; this user runs it then."""


class OwnPostgres:
    """A server in a folder of its own: superuser `postgres`, role and database `exchange`, migrated."""

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
        with (self._data / "pg_hba.conf").open("a") as access:
            access.write(f"host all all {address}/24 trust\n")
        self.start()
        with self.connect() as connection:
            connection.execute("CREATE ROLE exchange LOGIN")
            connection.execute("CREATE DATABASE exchange OWNER exchange")
        with tempfile.TemporaryDirectory() as var:
            migrate(EXCHANGE_VAR=var, DATABASE_URL=self.url)

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


class OwnRedis:
    """A Redis that keeps nothing."""

    def __init__(self, address: str) -> None:
        port = free_port(address)
        self.url = f"redis://{address}:{port}/0"
        command = ["redis-server", "--bind", address, "--port", str(port), "--save", ""]
        self._process = subprocess.Popen(
            [*command, "--appendonly", "no", "--protected-mode", "no"], stdout=subprocess.DEVNULL
        )
        wait_until(self._answers, "Redis answers")

    def _answers(self) -> bool:
        try:
            return bool(redis.Redis.from_url(self.url).ping())
        except redis.ConnectionError:
            return False

    def remove(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait(SECONDS)


class Namespace:
    """A network namespace: a machine of its own, as far as the network goes. `address` is this side's."""

    def __init__(self) -> None:
        number = os.getpid() % 250
        self.name = f"exchange-{os.getpid()}"
        self.address = f"10.213.{number}.1"
        self._here, self._there = f"xh{os.getpid()}", f"xt{os.getpid()}"
        _ip("netns", "add", self.name)
        peer = ("peer", "name", self._there, "netns", self.name)
        _ip("link", "add", self._here, "type", "veth", *peer)
        _ip("addr", "add", f"{self.address}/24", "dev", self._here)
        _ip("link", "set", self._here, "up")
        _ip("-n", self.name, "addr", "add", f"10.213.{number}.2/24", "dev", self._there)
        _ip("-n", self.name, "link", "set", "lo", "up")
        self.join()

    @staticmethod
    def allowed() -> bool:
        """Whether this machine lets us make one."""
        name = f"exchange-try-{os.getpid()}"
        try:
            _ip("netns", "add", name)
        except (OSError, AssertionError):
            return False
        _ip("netns", "del", name)
        return True

    @property
    def command(self) -> list[str]:
        """What runs a program in it."""
        return ["ip", "netns", "exec", self.name]

    def cut(self) -> None:
        """Nothing gets through any more, and nobody is told."""
        _ip("-n", self.name, "link", "set", self._there, "down")

    def join(self) -> None:
        """Everything gets through."""
        _ip("-n", self.name, "link", "set", self._there, "up")

    def remove(self) -> None:
        """Delete it."""
        _ip("netns", "del", self.name)


def _ip(*arguments: str) -> None:
    done = subprocess.run(
        ["ip", *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, f"ip {arguments}: {done.stderr}"


class Proxy:
    """A way to a TCP server that can be cut: it stays open, and carries nothing."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self.port = free_port()
        self._open = asyncio.Event()
        self._open.set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        serving = asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)

    def cut(self) -> None:
        """Carry nothing any more, and tell nobody."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def join(self) -> None:
        """Carry everything, also what waits."""
        self._loop.call_soon_threadsafe(self._open.set)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(*self._to)
        await asyncio.gather(self._pump(reader, there[1]), self._pump(there[0], writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass  # the other pump ends, too
        finally:
            writer.close()
