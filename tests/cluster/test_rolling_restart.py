"""An upgrade loses no order: one process after the other is restarted under load, all at their time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.services import own_database
from tests.drivers.cluster import (
    ClusterProcess,
    free_ports,
    load_balancer,
    manage,
    own_redis,
)
from tests.drivers.load import Load
from tests.drivers.root import ROOT
from tests.drivers.server import ServerProcess
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
MARKETS = ["ONE-USD", "TWO-USD"]
PEOPLE = ["alice", "bob", "carol"]
ORDERS_BEFORE = 100
ORDERS_AFTER = 100


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[ClusterProcess]:
    with (
        own_database("rolling") as database,
        own_redis() as address,
        ClusterProcess(tmp_path, DATABASE_URL=database, REDIS_URL=address) as cluster,
    ):
        yield cluster


def prepare(var: Path, environment: dict[str, str]) -> list[str]:
    """Two markets and three accounts with money; their keys."""
    exchange = ServerProcess(var, **{n: environment[n] for n in ("DATABASE_URL", "REDIS_URL")})
    for market in MARKETS:
        exchange.manage("create_market", market, "--tick-size", "1", "--lot-size", "1")
    money = [f"--deposit={asset}=1000000000" for asset in ("USD", "ONE", "TWO")]
    return [exchange.open_account(name, *money) for name in PEOPLE]


def test_a_rolling_restart_under_load_loses_and_doubles_nothing(
    cluster: ClusterProcess, tmp_path: Path
) -> None:
    keys = prepare(tmp_path, cluster.environment)
    cluster.start()
    before = cluster.pids()
    with load_balancer(tmp_path, cluster.urls) as balanced:
        # As many come by the load balancer as go to the web processes themselves.
        load = Load([balanced, cluster.urls[0], balanced, cluster.urls[1]], keys, MARKETS, seed=5)
        load.start()
        wait_until(lambda: len(load.acknowledged) > ORDERS_BEFORE, "orders are answered")

        cluster.signal(signal.SIGUSR1)
        cluster.wait_for("rolling restart: done")

        count = len(load.acknowledged)
        wait_until(lambda: len(load.acknowledged) > count + ORDERS_AFTER, "they still are")
        load.stop()
        assert not set(before) & set(cluster.pids()), "a process was not restarted"
        assert len(cluster.pids()) == len(before) == 4
        load.check(balanced)

    cluster.signal(signal.SIGTERM)
    assert cluster.wait() == 0
    assert not cluster.said("is killed")
    audited = manage(cluster.environment, "audit")
    assert audited.returncode == 0, audited.stderr


@pytest.mark.long
def test_a_rolling_restart_ends_where_something_does_not_come_back(
    cluster: ClusterProcess, tmp_path: Path
) -> None:
    """A version that cannot start takes one process down, not the exchange."""
    prepare(tmp_path, cluster.environment)
    cluster.start()
    before = cluster.pids()
    web = [pid for pid, command in before.items() if "serve" in command]

    done = manage(
        cluster.environment,
        "rolling_restart",
        *("--ready", cluster.urls[0], "--ready", cluster.urls[1], "--seconds", "2"),
        *(f"kill -STOP {web[0]}", "echo the next one"),
    )

    os.kill(web[0], signal.SIGCONT)
    assert done.returncode == 1
    assert f"after kill -STOP {web[0]}: not ready within 2 s: {cluster.urls[0]}" in done.stderr
    assert "Not done: echo the next one" in done.stderr
    assert "the next one\n" not in done.stdout
    assert cluster.pids() == before


def test_it_waits_for_nothing_that_is_not_there() -> None:
    (port,) = free_ports(1)
    command = [sys.executable, "manage.py", "rolling_restart", "true"]
    command += ["--ready", f"http://127.0.0.1:{port}", "--seconds", "1"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "nothing was restarted: not ready within 1 s" in done.stderr
    assert "no answer (ConnectError)" in done.stderr
