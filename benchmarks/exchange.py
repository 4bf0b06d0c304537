"""The processes that are measured: an exchange made by its own commands, and the bare server beside it.

Rules:
- The exchange is `manage.py serve` in a fresh EXCHANGE_VAR, without DEMO; markets and accounts are made
  by `create_market` and `open_account`. Nothing is switched off: fees, a price band, durable commits.
- The only settings are the documented EXCHANGE_RATE_*: a load generator is one address.
- Every process is its own session's child and is ended with it; `audit` must find the books right.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from benchmarks.migrated import copy_database

ROOT: Final = Path(__file__).resolve().parents[1]
MARKETS: Final = ("BTC-USD", "ETH-USD", "SOL-USD")
RULES: Final = (
    *("--tick-size", "0.01", "--lot-size", "0.001", "--min-notional", "1"),
    *("--maker-fee", "0.0005", "--taker-fee", "0.001", "--price-band", "0.1"),
)
MONEY: Final = ("USD=1000000000", "BTC=1000000", "ETH=1000000", "SOL=1000000")
RATE: Final = "100000000"
STOPS_WITHIN: Final = 60
_ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:\d+")


class Failed(Exception):
    """A process under test did not do what it should."""


class Server:
    """A process that says where it listens."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.url = ""
        self.more_urls: list[str] = []
        self.more_pids: list[int] = []
        self._process: subprocess.Popen[str] | None = None

    def launch(self, *command: str) -> None:
        """Start; returns when it says its address."""
        process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        self._process = process
        assert process.stdout is not None
        printed = []
        for line in process.stdout:
            printed.append(line)
            if found := _ADDRESS.search(line):
                self.url = found[0]
                return
        raise Failed(f"{command} ended: {''.join(printed)}")

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """Ctrl-C. Raises Failed unless it ends well."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            code = self._process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise Failed("the server did not stop") from None
        self._process = None
        if code:
            raise Failed(f"the server ended with {code}")


class Exchange(Server):
    """An exchange of its own."""

    def __init__(self, folder: str, environment: dict[str, str]) -> None:
        unset = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "EXCHANGE_SANDBOX")
        super().__init__(
            {name: value for name, value in os.environ.items() if name not in unset}
            | {
                "EXCHANGE_VAR": folder,
                "PYTHONUNBUFFERED": "1",
                "LOG_LEVEL": "WARNING",
                "EXCHANGE_RATE_PUBLIC": RATE,
                "EXCHANGE_RATE_ACCOUNT": RATE,
            }
            | environment
        )
        self.folder = folder
        self.keys: list[str] = []
        if "DATABASE_URL" in environment:
            self.manage("migrate", "--verbosity", "0")
        else:
            copy_database(Path(folder))

    def manage(self, *arguments: str) -> str:
        """Run a management command; what it printed. Raises Failed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"manage.py {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def furnish(self, markets: int = 1, accounts: int = 8) -> None:
        """Make markets, and accounts with money and a key each, by the commands, in one process."""
        deposits = [word for money in MONEY for word in ("--deposit", money)]
        commands: list[tuple[str, ...]] = [
            ("create_market", symbol, *RULES) for symbol in MARKETS[:markets]
        ]
        commands += [
            ("open_account", f"trader{number}", "--api-key", *deposits)
            for number in range(accounts)
        ]
        call = "from django.core.management import call_command\n"
        call += "\n".join(f"call_command(*{command!r})" for command in commands)
        for line in self.manage("shell", "--no-imports", "--command", call).splitlines():
            if line.startswith('{"account"'):
                self.keys.append(json.loads(line)["key"])
        assert len(self.keys) == accounts

    def start(self, profile: str | None = None) -> None:
        """Serve; under cProfile if the profile's name ends in .prof."""
        tool = ["-m", "cProfile", "-o", profile] if profile and profile.endswith(".prof") else []
        self.launch(sys.executable, *tool, "manage.py", "serve", "--port", "0")

    def audit(self) -> str:
        """Prove the books from the rows; the line of what was counted. Raises Failed."""
        return self.manage("audit").splitlines()[0]


class BareServer(Server):
    """The bare echo on the same server (bare.py)."""

    def __init__(self, folder: str) -> None:
        super().__init__(os.environ | {"EXCHANGE_VAR": folder})
        self.launch(sys.executable, "-m", "benchmarks.bare")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: Exception | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@contextlib.contextmanager
def exchange(
    *,
    markets: int = 1,
    accounts: int = 8,
    prepare: Callable[[Exchange], None] | None = None,
    profile: str | None = None,
    environment: dict[str, str] | None = None,
    kind: type[Exchange] | None = None,
) -> Iterator[Exchange]:
    """An exchange that serves; `prepare` is called before; audited when it has stopped."""
    with furnished(markets=markets, accounts=accounts, environment=environment, kind=kind) as made:
        if prepare is not None:
            prepare(made)
        with running(made, profile):
            yield made
        made.audit()


@contextlib.contextmanager
def furnished(
    *,
    markets: int = 1,
    accounts: int = 8,
    environment: dict[str, str] | None = None,
    kind: type[Exchange] | None = None,
) -> Iterator[Exchange]:
    """An exchange with markets and accounts, in a folder of its own, that does not serve yet."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        made = (kind or Exchange)(folder, environment or {})
        made.furnish(markets, accounts)
        yield made


@contextlib.contextmanager
def running(made: Exchange, profile: str | None = None) -> Iterator[None]:
    """Serve meanwhile; a profile whose name does not end in .prof is py-spy's (an SVG)."""
    made.start(profile)
    spies = []
    if profile and not profile.endswith(".prof"):
        tool = str(Path(sys.executable).parent / "py-spy")
        for number, pid in enumerate([made.pid, *made.more_pids]):
            file = profile if not number else f"{profile}.{number}.svg"
            command = [tool, "record", "--pid", str(pid), "-o", file, "--threads"]
            spies.append(subprocess.Popen(command))
    try:
        yield
    finally:
        for spy in spies:
            spy.send_signal(signal.SIGINT)
            spy.wait(STOPS_WITHIN)
        made.stop()


@contextlib.contextmanager
def bare_server() -> Iterator[BareServer]:
    """The bare server, meanwhile."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, BareServer(folder) as server:
        yield server
