"""A redis-server of a test's own: to be stopped, killed, paused, emptied and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest
import redis

from tests.drivers.ports import free_port
from tests.waiting import wait_until

PROGRAM: Final = "redis-server"


def need_redis_server() -> None:
    """Skip where there is no redis-server to start; in CI, fail."""
    if shutil.which(PROGRAM) is None:
        what = f"{PROGRAM} is not installed"
        if os.environ.get("CI"):
            pytest.fail(what)
        pytest.skip(what)


class RedisServer:
    """One redis-server without persistence: started again, it is empty."""

    def __init__(self, folder: Path, *arguments: str, port: int | None = None) -> None:
        need_redis_server()
        self.port = port or free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start; returns when it answers."""
        fixed = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        self._process = subprocess.Popen(
            [PROGRAM, *self._arguments, *fixed, str(self._folder)], stdout=subprocess.DEVNULL
        )
        wait_until(self.answers, "redis-server answers")

    def answers(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def client(self, **options: Any) -> redis.Redis:
        """A client of it."""
        return redis.Redis(port=self.port, socket_timeout=5, **options)

    def kill(self) -> None:
        """Gone at once, with all that it held."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def pause(self) -> None:
        """It stops in the middle of whatever it does; connections stay."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


class SentinelServer(RedisServer):
    """One Sentinel that watches a master, and makes its replica the master soon after it died."""

    def __init__(self, folder: Path, name: str, master: RedisServer) -> None:
        super().__init__(folder)
        self._name = name
        self._file = folder / "sentinel.conf"
        self._file.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {folder}\n"
            f"sentinel monitor {name} 127.0.0.1 {master.port} 1\n"
            f"sentinel down-after-milliseconds {name} 1000\n"
            f"sentinel failover-timeout {name} 5000\n"
        )

    def start(self) -> None:
        """Start; returns when it answers."""
        command = [PROGRAM, str(self._file), "--sentinel"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(self.answers, "the Sentinel answers")

    def wait_for_replicas(self, count: int) -> None:
        """Wait until it knows so many replicas."""
        with self.client() as client:
            wait_until(
                lambda: len(client.sentinel_slaves(self._name)) == count, f"{count} replica(s)"
            )

    def master_port(self) -> int:
        """Who is the master at the moment."""
        with self.client() as client:
            return int(client.sentinel_get_master_addr_by_name(self._name)[1])
