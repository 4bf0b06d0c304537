"""RunningExchange: the real thing, `manage.py serve`, in a process and a directory of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from benchmarks.migrated import copy_database
from tests.drivers.operator import Operator
from tests.drivers.ports import free_port
from tests.drivers.root import ROOT

START_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0


class Person(NamedTuple):
    """Somebody with an account: a password for the page (perhaps), a key for programs."""

    name: str
    password: str
    key: str


class RunningExchange:
    """Starts, stops, and is operated by its management commands."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"
        self._environment = {
            **os.environ,
            "EXCHANGE_VAR": str(directory),
            "EXCHANGE_SANDBOX": "1",
            "EXCHANGE_RATE_LOGIN": "10",
        }
        for name in ("DATABASE_URL", "REDIS_URL"):
            self._environment.pop(name, None)
        self.manage = Operator(self._environment).manage
        copy_database(directory)

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
        return self.create_markets([symbol], **options)[0]

    def create_markets(self, symbols: list[str], **options: str) -> list[str]:
        """Make markets of the same rules and wait until all are served."""
        rules = {"tick_size": "0.01", "lot_size": "0.00001", **options}
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in rules.items()]
        for symbol in symbols:
            self.manage("create_market", symbol, *flags)
        deadline = time.monotonic() + START_TIMEOUT
        for symbol in symbols:
            while httpx.get(f"{self.url}/api/v1/markets/{symbol}/book").status_code != 200:
                assert time.monotonic() < deadline, f"{symbol} is not served:\n{self.log()}"
                time.sleep(0.05)  # between two looks, not instead of one
        return symbols

    def open_account(self, name: str, *, password: str = "", **deposits: str) -> Person:
        """Make somebody who has a key, and a password if they shall log in by one."""
        flags = [f"--deposit={asset}={amount}" for asset, amount in deposits.items()]
        if password:
            flags.append(f"--password={password}")
        told = json.loads(self.manage("open_account", name, "--api-key", *flags))
        return Person(name, password, told["key"])

    def session_of(self, who: Person) -> str:
        """A session in which somebody is logged in: the cookie's value."""
        script = (
            "from django.contrib.auth.models import User; from django.test import Client; "
            f"client = Client(); client.force_login(User.objects.get(username={who.name!r})); "
            "print(client.cookies['sessionid'].value)"
        )
        return self.manage("shell", "--verbosity=0", "-c", script).strip()

    def set_status(self, market: str, status: str, *, seconds: int | None = None) -> None:
        """Open, halt or close a market, or begin an auction; returns when it is so."""
        flags = [] if seconds is None else [f"--seconds={seconds}"]
        self.manage("set_market_status", market, status, *flags)

    def configure(self, market: str, **rules: str) -> None:
        """Give a market other rules; returns when it has them."""
        script = (
            "from decimal import Decimal; from markets import models, operators; "
            f"market = models.Market.objects.get(symbol={market!r}); "
            f"rules = {{name: Decimal(text) for name, text in {rules!r}.items()}}; "
            "command = operators.configure_market(market, rules, 'a test'); "
            "assert operators.wait_for(command, 10); print(command.refusal or '')"
        )
        refusal = self.manage("shell", "--verbosity=0", "-c", script).strip()
        assert refusal == "", refusal

    def submit(self, who: Person, market: str, side: str, quantity: str, price: str) -> Any:
        """Place a limit order over REST; returns the order."""
        order = {"market": market, "side": side, "quantity": quantity, "price": price}
        return self.post(who, "orders", order)

    def post(self, who: Person, path: str, body: Any) -> Any:
        """POST somebody's request over REST; returns what it made."""
        return self._ask(who, "POST", path, body)

    def amend(self, who: Person, order_id: str, changes: Any) -> Any:
        """Amend somebody's order over REST; returns the order."""
        return self._ask(who, "PATCH", f"orders/{order_id}", changes)

    def get(self, who: Person, path: str) -> Any:
        """GET what somebody may see over REST."""
        return self._ask(who, "GET", path)

    def orders(self, who: Person) -> dict[str, Any]:
        """Somebody's orders over REST, by id."""
        return {order["id"]: order for order in self.get(who, "orders")["results"]}

    def book(self, market: str) -> Any:
        """The whole book over REST."""
        return httpx.get(f"{self.url}/api/v1/markets/{market}/book").json()

    def balance(self, who: Person, asset: str) -> Decimal:
        """What somebody has in total of an asset, over REST."""
        balances = self.get(who, "balances")
        return next(Decimal(row["total"]) for row in balances if row["asset"] == asset)

    def _ask(self, who: Person, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(
            method,
            f"{self.url}/api/v1/{path}",
            json=body,
            headers={"Authorization": f"Bearer {who.key}"},
        )
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz").status_code == 200
        except httpx.TransportError:
            return False
