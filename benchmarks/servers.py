"""A bare echo behind other ASGI servers: `python -m benchmarks.servers [NAME…]` (make bench-servers).

Rules:
- The application is bare.py's echo, the requests are those of the exchange's goals 1 and 3, and every
  reply is checked (load.py): what is compared is the servers. Each serves by one process, without access log.
- All servers run at the same time and are measured in turns, since machines drift. A figure is the median
  of the runs; a ratio is the median of the runs' own ratios to the server of `serve` in the same run.
- A server that is not installed is named, and not measured. One that does not end well after Ctrl-C, or
  leaves a process behind, is a failure, as a wrong reply is.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import importlib.util
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import psutil

from benchmarks.exchange import ROOT, Failed, Server, bare_server
from benchmarks.load import Outcome
from benchmarks.orders import SOCKET
from benchmarks.report import machine, now, number, row
from benchmarks.runs import at, load, say

APPLICATION: Final = "benchmarks.bare:application"
OURS: Final = "uvicorn as `serve` runs it: websockets-sansio, httptools, uvloop"
STARTS_WITHIN: Final = 20.0
STOPS_WITHIN: Final = 10.0
PLANS: Final = {
    "HTTP, 16 × 1 in flight": msgspec.structs.replace(
        SOCKET, talk="rest", connections=16, in_flight=1
    ),
    "WebSocket, 8 × 64 in flight": SOCKET,
}
"""What is asked; the columns of the table."""


@dataclass(frozen=True)
class Other:
    """Another way to serve; `{port}` in the command is where."""

    package: str
    how: str
    command: tuple[str, ...]
    also: tuple[str, ...] = ()
    """Packages that it needs besides."""

    @property
    def missing(self) -> list[str]:
        """Packages that are not installed."""
        return [
            name for name in (self.package, *self.also) if importlib.util.find_spec(name) is None
        ]

    @property
    def name(self) -> str:
        """With its version."""
        return f"{self.package} {importlib.metadata.version(self.package)}{self.how}"


def _uvicorn(http: str, ws: str, loop: str, *also: str) -> Other:
    options = f"--http {http} --ws {ws} --loop {loop} --lifespan off --backlog 2048"
    quiet = "--log-level warning --no-access-log --no-server-header"
    return Other(
        "uvicorn",
        f": {ws}, {http}, {loop}",
        ("uvicorn", APPLICATION, "--port", "{port}", *options.split(), *quiet.split()),
        also,
    )


OTHERS: Final = {
    "wsproto": _uvicorn("httptools", "wsproto", "uvloop", "wsproto", "httptools", "uvloop"),
    "asyncio": _uvicorn("httptools", "websockets-sansio", "asyncio", "httptools"),
    "h11": _uvicorn("h11", "websockets-sansio", "asyncio", "h11"),
    "granian": Other(
        "granian",
        ": uvloop",
        (
            *("granian", APPLICATION, "--port", "{port}", "--interface", "asginl"),
            *("--http", "1", "--loop", "uvloop", "--log-level", "warning"),
        ),
        ("uvloop",),
    ),
    "hypercorn": Other(
        "hypercorn",
        ": uvloop",
        (
            *("hypercorn", APPLICATION, "--bind", "127.0.0.1:{port}", "--worker-class", "uvloop"),
            *("--workers", "0", "--log-level", "error"),
        ),
        ("uvloop",),
    ),
    "daphne": Other("daphne", "", ("daphne", APPLICATION, "--port", "{port}", "-v", "0")),
}


class OtherServer(Server):
    """Another server with the echo; on a port that was free, since not all of them say where they listen."""

    def __init__(self, other: Other) -> None:
        super().__init__(dict(os.environ))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        module, *options = other.command
        command = [sys.executable, "-m", module, *(word.format(port=port) for word in options)]
        self._name = other.name
        self._process = subprocess.Popen(command, cwd=ROOT, text=True)
        self.url = f"http://127.0.0.1:{port}"
        try:
            self._await(port)
        except Failed:
            self._process.kill()
            self._process.wait()
            raise

    @property
    def pid(self) -> int:
        """The process that serves: the one worker of a server that has workers."""
        workers = psutil.Process(super().pid).children()
        return workers[0].pid if workers else super().pid

    def _await(self, port: int) -> None:
        assert self._process is not None
        end = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                return
            time.sleep(0.05)
        raise Failed(f"{self._name} did not start")

    def stop(self) -> None:
        """Ctrl-C; what that does not end is killed: how others stop is not measured here."""
        assert self._process is not None
        family = psutil.Process(super().pid).children(recursive=True)
        self._process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOPS_WITHIN)
        self._process.kill()
        self._process.wait()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


@contextlib.contextmanager
def other_server(other: Other) -> Iterator[OtherServer]:
    """That server, meanwhile."""
    server = OtherServer(other)
    try:
        yield server
    finally:
        server.stop()


@dataclass
class Measured:
    """What a server did, by plan: one outcome a run."""

    name: str
    rates: dict[str, list[float]] = field(default_factory=dict)
    """Echoes a second."""
    costs: dict[str, list[float]] = field(default_factory=dict)
    """Microseconds of the server's CPU for each echo."""

    def add(self, column: str, outcome: Outcome) -> None:
        """Another run's."""
        self.rates.setdefault(column, []).append(outcome.orders / outcome.seconds)
        cost = outcome.server_cpu / max(1, outcome.orders) * 1e6
        self.costs.setdefault(column, []).append(cost)
        say(
            f"  {column}: {self.rates[column][-1]:,.0f}/s; server {outcome.server_cpu / outcome.seconds:.2f} "
            f"cores, load generator {outcome.load_cpu / outcome.seconds:.2f}; {self.name}"
        )


def measure(others: Sequence[Other], runs: int, seconds: float) -> list[Measured]:
    """Ours first. Raises Failed."""
    with contextlib.ExitStack() as stack:
        servers: list[tuple[Measured, Server]] = [
            (Measured(OURS), stack.enter_context(bare_server()))
        ]
        servers.extend(
            (Measured(other.name), stack.enter_context(other_server(other))) for other in others
        )
        for run in range(runs):
            say(f"run {run + 1}:")
            for column, plan in PLANS.items():
                timed = msgspec.structs.replace(plan, seconds=seconds)
                for measured, server in servers:
                    measured.add(column, load(at(server, timed, run)))
    return [measured for measured, _ in servers]


def table(measured: Sequence[Measured]) -> str:
    """The table, in Markdown; the first is what the others are compared with."""
    columns = list(measured[0].rates)
    head = ["server"]
    for column in columns:
        head += [f"{column}: echoes/s", "of ours", "CPU an echo", "of ours"]
    lines = [row(head), row(["---", *["---:"] * (len(head) - 1)])]
    for one in measured:
        cells = [one.name]
        for column in columns:
            rates, ours = one.rates[column], measured[0].rates[column]
            costs = measured[0].costs[column]
            spread = f"{number(min(rates))} to {number(max(rates))}"
            cells += [
                f"**{number(statistics.median(rates))}** ({spread})",
                "" if one is measured[0] else _beside(rates, ours),
                f"{number(cost := statistics.median(one.costs[column]))} µs",
                "" if one is measured[0] else f"{cost / statistics.median(costs):.2f} ×",
            ]
        lines.append(row(cells))
    return "\n".join(lines)


def _beside(rates: list[float], ours: list[float]) -> str:
    ratios = sorted(rate / our for rate, our in zip(rates, ours, strict=True))
    return f"{statistics.median(ratios):.2f} × ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"beside ours, of: {', '.join(OTHERS)}"
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(OTHERS):
        parser.error(
            f"no such server: {', '.join(sorted(unknown))}; there are: {', '.join(OTHERS)}"
        )
    wanted = {name: OTHERS[name] for name in options.names or OTHERS}
    missing = {name: other.missing for name, other in wanted.items() if other.missing}
    try:
        found = [other for name, other in wanted.items() if name not in missing]
        measured = measure(found, options.runs, options.seconds)
    except Failed as failure:
        say(f"FAILED: {failure}")
        return 1
    print(table(measured))
    print(f"\n{now()}; {machine()}; medians of {options.runs} run(s) of {options.seconds} s.")
    for name, packages in missing.items():
        print(f"Not measured: `{name}`, {' and '.join(packages)} not installed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
