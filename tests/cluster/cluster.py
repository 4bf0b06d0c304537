"""A small cluster of real processes on a database of its own, and what must be true of it after any fault."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg

from markets.ownership import MARKET_LOCKS, PROCESS_LOCKS
from tests.cluster.load import Load
from tests.cluster.services import REDIS_URL
from tests.drivers.root import ROOT
from tests.drivers.server import ServerProcess
from tests.waiting import wait_until

START_SECONDS: Final = 60.0
SET_UP: Final = """
import json
from io import StringIO
from django.core.management import call_command

def key(name, base):
    out = StringIO()
    money = ["--deposit=USD=1000000000", f"--deposit={{base}}=1000000000"]
    call_command("open_account", f"{{name}}-{{base}}", "--api-key", *money, stdout=out)
    return json.loads(out.getvalue())["key"]

keys = {{}}
for market in {markets}:
    call_command("create_market", market, "--tick-size=1", "--lot-size=1", stdout=StringIO())
    keys[market] = [key(name, market.removesuffix("-USD")) for name in ("alice", "bob")]
print(json.dumps(keys))
"""
"""One process makes what would take ten: each market, and two accounts that trade it."""
LOCKS: Final = f"""
    SELECT market.symbol, process.pid
    FROM pg_locks held
    JOIN markets_market market ON market.id = held.objid::bigint
    JOIN pg_locks living ON living.pid = held.pid AND living.classid::bigint = {PROCESS_LOCKS}
    JOIN markets_engineprocess process ON process.id = living.objid::bigint
    WHERE held.locktype = 'advisory' AND held.classid::bigint = {MARKET_LOCKS}
    AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND living.database = held.database
"""


class EngineProcess:
    """A real `manage.py runengine`."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def log(self) -> str:
        """What it has said."""
        return self._log.read_text()

    def kill(self) -> None:
        """kill -9: no warning, no clean-up."""
        self.process.kill()
        self.process.wait(30)

    def pause(self) -> None:
        """Stop it without its noticing."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        return self.process.wait(30)


class Cluster:
    """One web process, and as many engine processes as are started."""

    def __init__(
        self, folder: Path, database_url: str, redis_url: str = REDIS_URL, markets: int = 2
    ) -> None:
        self.database_url = database_url
        self._folder = folder
        self.server = ServerProcess(folder, DATABASE_URL=database_url, REDIS_URL=redis_url)
        self.engines: list[EngineProcess] = []
        # Redis is shared, so the markets' channels must be this test's own.
        self.markets = [f"{name}{os.getpid()}-USD" for name in "ABCDEFGH"[:markets]]
        made = self.server.manage("shell", "-v", "0", "-c", SET_UP.format(markets=self.markets))
        self.keys: dict[str, list[str]] = json.loads(made.splitlines()[-1])

    def start_engine(self, *command: str, **environment: str) -> EngineProcess:
        """Start an engine process; `command` goes before Python, to run it elsewhere."""
        log = self._folder / f"engine-{len(self.engines)}.log"
        engine = EngineProcess(
            [*command, sys.executable, "manage.py", "runengine"],
            self.server.environment | environment,
            log,
        )
        self.engines.append(engine)
        return engine

    def load(self) -> Load:
        """Traders on every market."""
        return Load(self.server.url, self.keys)

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection[Any]]:
        """A session on its database."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            yield connection

    def runs(self) -> dict[int, list[str]]:
        """Process id → the markets that it holds."""
        with self.session() as session:
            found: dict[int, list[str]] = {}
            for market, pid in session.execute(LOCKS).fetchall():
                found.setdefault(pid, []).append(market)
        return found

    def wait_for_shares(self, *engines: EngineProcess) -> None:
        """Wait until all markets are run, by these processes, evenly."""

        def shared() -> bool:
            runs = self.runs()
            counts = [len(runs.get(engine.pid, [])) for engine in engines]
            return sum(counts) == len(self.markets) and max(counts) - min(counts) <= 1

        wait_until(shared, "the markets are shared out evenly", seconds=START_SECONDS)

    def check(self, load: Load) -> None:
        """No acknowledged order is lost, none is doubled, and the books are right."""
        told = {name: order.id for name, order in load.orders.items()}
        with self.session() as session:
            rows = session.execute(
                "SELECT client_order_id, id FROM markets_order WHERE client_order_id IS NOT NULL"
            ).fetchall()
        assert len(rows) == len(dict(rows)), "an order is doubled"
        stored = {name: str(order_id) for name, order_id in rows}
        assert {name: stored.get(name) for name in told} == told
        self.server.manage("audit")

    def end(self) -> None:
        """Stop what still runs; whoever can, must stop cleanly."""
        for engine in self.engines:
            if engine.process.poll() is None:
                engine.wake()
                assert engine.stop() == 0, engine.log
        if self.server.running:
            self.server.kill()
