"""RunningExchange: the real thing, `manage.py serve`, in a process and a directory of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import httpx

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0


class Person(NamedTuple):
    """Somebody with an account: a password for the page, a key for programs."""

    name: str
    password: str
    key: str


class RunningExchange:
    """Starts, stops, and is operated by its management commands."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"
        self._environment = {
            **os.environ,
            "EXCHANGE_VAR": str(directory),
            "EXCHANGE_SANDBOX": "1",
            "EXCHANGE_RATE_LOGIN": "30",
        }
        for name in ("DATABASE_URL", "REDIS_URL"):
            self._environment.pop(name, None)
        self.manage("migrate", "--verbosity", "0")

    def manage(self, *arguments: str) -> str:
        """Run a management command; returns what it printed."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self) -> None:
        """Serve, and return when it answers."""
        with (self._directory / "serve.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(self._port)],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not self._answers():
            assert self._process.poll() is None, f"it ended:\n{self.log()}"
            assert time.monotonic() < deadline, f"it does not answer:\n{self.log()}"
            time.sleep(0.05)  # between two looks, not instead of one

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise
            finally:
                self._process = None

    def log(self) -> str:
        """The end of what it wrote."""
        return (self._directory / "serve.log").read_text()[-4000:]

    def create_market(self, symbol: str, **options: str) -> str:
        """Make a market and wait until it is served; options such as `taker_fee`."""
        rules = {"tick_size": "0.01", "lot_size": "0.00001", **options}
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in rules.items()]
        self.manage("create_market", symbol, *flags)
        deadline = time.monotonic() + START_TIMEOUT
        while httpx.get(f"{self.url}/api/v1/markets/{symbol}/book").status_code != 200:
            assert time.monotonic() < deadline, f"{symbol} is not served:\n{self.log()}"
            time.sleep(0.05)
        return symbol

    def open_account(self, name: str, **deposits: str) -> Person:
        """Make somebody who can log in and has a key."""
        flags = [f"--deposit={asset}={amount}" for asset, amount in deposits.items()]
        password = f"{name}-has-a-secret"
        told = json.loads(
            self.manage("open_account", name, f"--password={password}", "--api-key", *flags)
        )
        return Person(name, password, told["key"])

    def submit(self, who: Person, market: str, side: str, quantity: str, price: str) -> Any:
        """Place a limit order over REST; returns the order."""
        order = {"market": market, "side": side, "quantity": quantity, "price": price}
        answer = httpx.post(
            f"{self.url}/api/v1/orders",
            json=order,
            headers={"Authorization": f"Bearer {who.key}"},
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    def book(self, market: str) -> Any:
        """The whole book over REST."""
        return httpx.get(f"{self.url}/api/v1/markets/{market}/book").json()

    def balance(self, who: Person, asset: str) -> Decimal:
        """What somebody has in total of an asset, over REST."""
        answer = httpx.get(
            f"{self.url}/api/v1/balances", headers={"Authorization": f"Bearer {who.key}"}
        )
        return next(Decimal(row["total"]) for row in answer.json() if row["asset"] == asset)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz").status_code == 200
        except httpx.TransportError:
            return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
