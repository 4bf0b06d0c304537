"""An engine process has no HTTP of its own: it shows its figures at a port, and a take-over is among them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cluster.services import REDIS_URL, own_database
from tests.drivers.figures import Figures
from tests.drivers.ports import free_port
from tests.drivers.root import ROOT
from tests.drivers.server import ServerProcess
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
MARKET = f"M{os.getpid()}-USD"  # Redis is shared, so the market's channel must be this test's own


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A database of its own with a market, and what is needed to start processes on it."""
    with own_database("metrics") as url:
        server = ServerProcess(tmp_path, DATABASE_URL=url, REDIS_URL=REDIS_URL)
        server.manage("create_market", MARKET, "--tick-size", "1", "--lot-size", "1")
        yield server
        if server.running:
            server.kill()


class EngineProcess:
    """A `runengine` that shows its figures."""

    def __init__(self, server: ServerProcess) -> None:
        port = str(free_port())
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "runengine", "--metrics-port", port],
            cwd=ROOT,
            env=server.environment,
        )
        wait_until(self._shows, f"{self.url} shows figures", 60)

    def _shows(self) -> bool:
        assert self.process.poll() is None, "it ended"
        try:
            self.figures()
        except httpx.TransportError:
            return False
        return True

    def figures(self) -> Figures:
        """What it shows now."""
        return Figures(self.url)

    def runs(self) -> bool:
        """Whether it runs the market."""
        return self.figures()("exchange_engine_running", market=MARKET) == 1


@pytest.mark.long
def test_an_engine_that_takes_over_says_so_at_its_own_port(server: ServerProcess) -> None:
    key = server.open_account("alice", "--deposit", "USD=1000")
    first = EngineProcess(server)
    second = None
    try:
        wait_until(first.runs, "the first engine runs the market")
        server.start("--web")
        headers = {"Authorization": f"Bearer {key}"}
        order = {"market": MARKET, "side": "buy", "quantity": "1", "price": "100"}
        answer = httpx.post(f"{server.url}/api/v1/orders", json=order, headers=headers, timeout=30)
        assert answer.status_code == 201
        second = EngineProcess(server)
        # Others may have been given markets meanwhile: whoever runs it is killed.
        runner, other = (first, second) if first.runs() else (second, first)
        runner.process.kill()
        runner.process.wait(10)

        wait_until(other.runs, "the other engine runs the market")

        figures, web = other.figures(), Figures(server.url)
        assert figures("exchange_takeovers_total", market=MARKET, reason="take_over") >= 1
        assert figures("exchange_engine_sequence", market=MARKET) == 1
        assert web("exchange_commands_total", market=MARKET, outcome="done") == 1
        assert web("exchange_market_sequence", market=MARKET) == 1
        assert web("exchange_engine_running", market=MARKET) == 0, "engines run elsewhere"
        assert server.stop() == 0
    finally:
        for engine in (first, second):
            if engine is not None and engine.process.poll() is None:
                engine.process.terminate()
                assert engine.process.wait(20) == 0
