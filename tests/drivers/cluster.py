"""A cluster of one's own: database, Redis, `manage.py cluster`, load balancer; all gone afterwards."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.drivers.root import ROOT
from tests.waiting import wait_until

STARTUP_SECONDS = 90


def need_program(name: str) -> str:
    """Skip where a program is not there, saying which; in CI, fail. Returns its path."""
    path = shutil.which(name)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no {name} on this machine")
    return path


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, at the moment."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def consecutive_ports(count: int) -> int:
    """The first of so many free ports in a row."""
    for first in range(random.randrange(20_000, 30_000), 60_000, count):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + count):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise AssertionError("no free ports")


@contextlib.contextmanager
def own_redis(*arguments: str) -> Iterator[str]:
    """A new Redis; its address. (Another database number would not do: some messages cross them.)"""
    program = need_program("redis-server")
    (port,) = free_ports(1)
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: _listens(port), "Redis listens")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(20)


class ClusterProcess:
    """`manage.py cluster`, what it prints, and its processes."""

    def __init__(self, var: Path, *arguments: str, **environment: str) -> None:
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
        } | {"EXCHANGE_VAR": str(var), "PYTHONUNBUFFERED": "1", **environment}
        self.port = consecutive_ports(4)
        self.urls = [f"http://127.0.0.1:{port}" for port in (self.port, self.port + 1)]
        self.metrics = (self.port + 2, self.port + 3)
        """Ports that are free for the engines' metrics."""
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.output: list[str] = []

    def __enter__(self) -> ClusterProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.running:
            self.signal(signal.SIGTERM)
            self.wait()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; returns when the exchange is open."""
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "cluster", "--port", str(self.port), *self._arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.start()
        self.wait_for("The exchange is open")

    def _read(self, stdout: Any) -> None:
        self.output.extend(iter(stdout.readline, ""))

    def said(self, text: str) -> list[str]:
        return [line for line in list(self.output) if text in line]

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until it has said so, so often."""

        def heard() -> bool:
            assert self.running, "".join(self.output)
            return len(self.said(text)) >= times

        try:
            wait_until(heard, text, STARTUP_SECONDS)
        except AssertionError as error:
            raise AssertionError("".join(self.output)) from error

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait until it has ended; its exit code."""
        assert self._process is not None
        assert self._reader is not None
        code = self._process.wait(90)
        self._reader.join(20)
        return code

    def pids(self) -> dict[int, str]:
        """Its processes and their command lines."""
        assert self._process is not None
        return {
            child.pid: " ".join(child.cmdline())
            for child in psutil.Process(self._process.pid).children()
        }


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a management command, whatever comes of it."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextlib.contextmanager
def load_balancer(folder: Path, web: list[str]) -> Iterator[str]:
    """Caddy with the very file of compose.yaml, before these web processes; its address."""
    program = need_program("caddy")
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "EXCHANGE_HOST": url,
        "WEB": " ".join(re.sub("^http://", "", each) for each in web),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    command = [program, "run", "--adapter", "caddyfile", "--config", "deploy/Caddyfile"]
    with open(folder / "caddy.log", "w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        wait_until(lambda: _listens(port), "the load balancer listens")
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as each:
        return each.connect_ex(("127.0.0.1", port)) == 0
