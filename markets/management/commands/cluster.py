"""`manage.py cluster`: engines and web processes on this machine, started, watched and stopped together."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from markets.cluster.child import Child
from markets.cluster.prerequisites import missing, worrying
from markets.cluster.supervisor import Supervisor
from markets.demo import Demo, prepare_demo
from markets.greeting import greeting

MIGRATE: Final = ("manage.py", "migrate", "--verbosity", "0")


class Command(BaseCommand):
    """Run a small cluster until interrupted; SIGUSR1 restarts its processes one by one."""

    help = "Run engines and web processes on this machine, on the PostgreSQL and the Redis of the settings."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """How many, and where."""
        parser.add_argument("--web", type=_count, default=2, help="web processes")
        parser.add_argument("--engines", type=_count, default=2, help="engine processes")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000, help="the first; others follow it")
        parser.add_argument(
            "--demo",
            action="store_true",
            help="play money, demo people, and traders that move the markets",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Say what is missing; else run."""
        found = missing()
        if found:
            raise CommandError("the cluster cannot start.\n  " + "\n  ".join(found))
        for worry in worrying():
            self._say(f"WARNING: {worry}")
        host, first = options["host"], options["port"]
        ports = range(first, first + options["web"])
        _need_free(host, ports)
        if not asyncio.run(_migrate()):
            raise CommandError("the database could not be brought up to date")
        demo = prepare_demo() if options["demo"] else None
        connections.close_all()  # the children have their own
        with tempfile.TemporaryDirectory(prefix="exchange-") as folder:
            parts = _Parts(Path(folder), self._say)
            supervisor = parts.supervisor(options["engines"], host, ports, demo)
            greeted = greeting(parts.urls, demo)
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(_run(supervisor, greeted + _of_signals()))
        self._say("stopped; everything is on disk")

    def _say(self, line: str) -> None:
        # With a terminal that is gone nobody reads, and the processes must still be stopped in peace.
        with contextlib.suppress(OSError):
            self.stdout.write(line)
            self.stdout.flush()


class _Parts:
    """What a cluster is made of."""

    def __init__(self, folder: Path, say: Any) -> None:
        self._folder = folder
        self._say = say
        self.urls: list[str] = []

    def supervisor(
        self, engines: int, host: str, ports: Sequence[int], demo: Demo | None
    ) -> Supervisor:
        """The processes, none of them started."""
        sandbox = {"EXCHANGE_SANDBOX": "1"} if demo is not None else {}
        flags = ("--demo",) if demo is not None else ()
        shown = f"[{host}]" if ":" in host else host
        self.urls = [f"http://{_reached(shown)}:{port}" for port in ports]
        return Supervisor(
            [
                self._child(f"engine {n + 1}", "runengine", *_shown(n), **sandbox)
                for n in range(engines)
            ],
            [
                self._child(
                    f"web {n + 1}",
                    *("serve", "--web", "--host", host, "--port", str(port), *flags),
                    *("--metrics-port", "0"),  # they show them at /metrics
                    **sandbox,
                )
                for n, port in enumerate(ports)
            ],
            self.urls,
            [self._traders(demo)] if demo is not None else [],
            self._say,
        )

    def _traders(self, demo: Demo) -> Child:
        arguments = ("-m", "clients", "demo", "--url", self.urls[0], "--exit-with-parent")
        keys = {"EXCHANGE_DEMO_KEYS": json.dumps(demo.trader_keys)}
        return self._make("traders", arguments, keys)

    def _child(self, name: str, *arguments: str, **environment: str) -> Child:
        return self._make(name, ("manage.py", *arguments), environment)

    def _make(self, name: str, arguments: tuple[str, ...], environment: dict[str, str]) -> Child:
        return Child(name, arguments, environment=environment, folder=self._folder, say=self._say)


async def _run(supervisor: Supervisor, greeted: str) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.stop)
    loop.add_signal_handler(signal.SIGUSR1, supervisor.roll)
    await supervisor.run(_migrate, greeted)


async def _migrate() -> bool:
    """Bring the database up to date in a process of its own: after an upgrade that has the new code."""
    process = await asyncio.create_subprocess_exec(sys.executable, *MIGRATE, cwd=settings.BASE_DIR)
    return await process.wait() == 0


def _shown(number: int) -> tuple[str, str]:
    """Where an engine shows its metrics: processes of one machine cannot share a port."""
    port = settings.METRICS_PORT + number if settings.METRICS_PORT else 0
    return "--metrics-port", str(port)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _need_free(host: str, ports: Sequence[int]) -> None:
    """Say which port is taken before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in ports:
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((host, port))
            except OSError as error:
                raise CommandError(
                    f"cannot listen on {host}:{port}: {error.strerror}. "
                    f"Try others: make cluster PORT={port + 10}"
                ) from error


def _reached(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104


def _of_signals() -> str:
    return f"  Restart one by one, without losing an order: kill -USR1 {os.getpid()}\n"
