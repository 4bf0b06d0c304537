"""The cluster shape: a web process and an engine process, PostgreSQL and Redis between them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cluster.services import REDIS_URL, own_database
from tests.drivers.root import ROOT
from tests.drivers.server import ServerProcess
from tests.drivers.sockets import Socket
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A database of its own, and what is needed to start processes on it."""
    with own_database("processes") as url:
        server = ServerProcess(tmp_path, DATABASE_URL=url, REDIS_URL=REDIS_URL)
        yield server
        if server.running:
            server.kill()


@pytest.mark.long
def test_orders_cross_processes_and_an_engine_that_dies_is_replaced(server: ServerProcess) -> None:
    market = (
        f"P{os.getpid()}-USD"  # Redis is shared, so the market's channel must be this test's own
    )
    server.manage("create_market", market, "--tick-size", "1", "--lot-size", "1")
    key = server.open_account("alice", "--deposit", "USD=1000")
    engine_command = [sys.executable, "manage.py", "runengine"]
    engine = subprocess.Popen(engine_command, cwd=ROOT, env=server.environment)
    second = None
    try:
        server.start("--web")
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=f"{server.url}/api/v1/", headers=headers, timeout=30) as http:

            def submit(price: str, client_order_id: str) -> httpx.Response:
                order = {"market": market, "side": "buy", "quantity": "1", "price": price}
                for _ in range(20):
                    answer = http.post("orders", json={**order, "client_order_id": client_order_id})
                    if answer.status_code not in (503, 504):
                        break
                return answer

            assert submit("100", "before").status_code in (200, 201)
            engine.kill()
            engine.wait(10)
            second = subprocess.Popen(engine_command, cwd=ROOT, env=server.environment)

            assert submit("101", "after").status_code in (200, 201)

            orders = http.get("orders").json()["results"]
            assert sorted(order["client_order_id"] for order in orders) == ["after", "before"]
        server.stop()
        server.manage("audit")
    finally:
        for process in (engine, second):
            if process is not None and process.poll() is None:
                process.terminate()
                assert process.wait(20) == 0


def test_the_orders_of_a_web_process_that_dies_are_canceled_where_that_was_asked_for(
    server: ServerProcess,
) -> None:
    market = f"W{os.getpid()}-USD"
    server.manage("create_market", market, "--tick-size", "1", "--lot-size", "1")
    key = server.open_account("alice", "--deposit", "USD=1000")
    engine_command = [sys.executable, "manage.py", "runengine"]
    engine = subprocess.Popen(engine_command, cwd=ROOT, env=server.environment)
    try:
        server.start("--web")
        order = {"market": market, "side": "buy", "quantity": "1", "price": "100"}
        with Socket(f"{server.url.replace('http', 'ws')}/ws/v1/trading", key) as socket:
            stays = socket.ask("submit_order", **order)
            socket.ask("login", cancel_on_disconnect=True)
            ends = socket.ask("submit_order", **order)
            server.kill()
            server.start("--web")

        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=f"{server.url}/api/v1/", headers=headers, timeout=30) as http:

            def reason(placed: dict[str, Any]) -> Any:
                return http.get(f"orders/{placed['id']}").json()["reason"]

            wait_until(lambda: reason(ends) == "cancel_on_disconnect", "the engine noticed")
            assert reason(stays) is None
        server.stop()
        server.manage("audit")
    finally:
        engine.terminate()
        assert engine.wait(20) == 0
