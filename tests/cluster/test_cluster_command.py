"""`make cluster`: what is missing is said with what to type; what runs is watched, and ends cleanly."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import httpx
import pytest

from markets.cluster import prerequisites
from tests.cluster.services import DATABASE_URL, REDIS_URL, need_services, own_database
from tests.drivers.cluster import (
    ClusterProcess,
    free_ports,
    manage,
    own_redis,
)
from tests.drivers.root import ROOT
from tests.waiting import wait_until

SERVER = DATABASE_URL.rpartition("/")[0]


def cannot_start(var: Path, *arguments: str, **environment: str) -> str:
    """What it says when it does not start."""
    unset = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    there = {name: value for name, value in os.environ.items() if name not in unset}
    done = manage({**there, "EXCHANGE_VAR": str(var), **environment}, "cluster", *arguments)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def test_without_settings_it_says_which_and_what_to_type(tmp_path: Path) -> None:
    said = cannot_start(tmp_path)

    assert "DATABASE_URL does not name a PostgreSQL database." in said
    assert "REDIS_URL is not set." in said
    assert "DATABASE_URL=postgres://" in said
    assert " make cluster" in said


def test_servers_that_do_not_run_are_named_both_at_once(tmp_path: Path) -> None:
    one, other = free_ports(2)

    said = cannot_start(
        tmp_path,
        DATABASE_URL=f"postgres://exchange:secret@127.0.0.1:{one}/exchange",
        REDIS_URL=f"redis://:secret@127.0.0.1:{other}/0",
    )

    assert f"PostgreSQL at 127.0.0.1:{one} does not answer: Connection refused." in said
    assert f"Redis at 127.0.0.1:{other} does not answer: " in said
    assert "secret" not in said


def test_a_database_that_is_not_there_comes_with_the_line_that_makes_it(tmp_path: Path) -> None:
    need_services()

    said = cannot_start(tmp_path, DATABASE_URL=f"{SERVER}/nonesuch", REDIS_URL=REDIS_URL)

    assert "has no database 'nonesuch'. Make it: createdb -h " in said
    assert said.rstrip().endswith(" nonesuch")


def test_a_user_that_is_not_let_in_is_told_so(tmp_path: Path) -> None:
    need_services()
    stranger = SERVER.replace("://postgres", "://nobody_here", 1)

    said = cannot_start(tmp_path, DATABASE_URL=f"{stranger}/postgres", REDIS_URL=REDIS_URL)

    assert "does not let user 'nobody_here' in: FATAL: " in said
    assert "Look at DATABASE_URL." in said


def test_a_redis_with_a_password_says_where_it_belongs(tmp_path: Path) -> None:
    with own_redis("--requirepass", "right") as address:
        without = cannot_start(tmp_path, DATABASE_URL=DATABASE_URL, REDIS_URL=address)
        wrong = cannot_start(
            tmp_path,
            DATABASE_URL=DATABASE_URL,
            REDIS_URL=address.replace("redis://", "redis://:guessed@"),
        )

    for said in (without, wrong):
        assert "does not let us in: " in said
        assert "redis://:PASSWORD@HOST:PORT/0" in said
    assert "guessed" not in wrong


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path) -> None:
    need_services()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        said = cannot_start(
            tmp_path,
            *("--port", str(port), "--web", "1"),
            DATABASE_URL=DATABASE_URL,
            REDIS_URL=REDIS_URL,
        )

    assert f"cannot listen on 127.0.0.1:{port}: Address already in use." in said


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("15.2 (Debian 15.2-1)", (15, 2)), ("17beta1", (17,)), ("7.0.15", (7, 0, 15))],
)
def test_versions_compare_as_numbers(version: str, numbers: tuple[int, ...]) -> None:
    assert prerequisites._numbers(version) == numbers


def test_a_redis_that_is_too_old_is_named_with_what_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prerequisites, "OLDEST_REDIS", (999, 1))

    with own_redis() as address:
        (said,) = prerequisites._redis(address)

    assert said.startswith("Redis at 127.0.0.1:")
    assert said.endswith("; 999.1 or newer is needed.")


@pytest.mark.slow
def test_a_cluster_serves_at_both_addresses_and_outlives_its_processes(tmp_path: Path) -> None:
    with own_database("cluster", empty=True) as database, own_redis() as address:
        cluster = ClusterProcess(tmp_path, "--demo", DATABASE_URL=database, REDIS_URL=address)
        cluster.environment["EXCHANGE_METRICS_PORT"] = str(cluster.metrics[0])
        with cluster:
            cluster.start()

            key = json.loads((tmp_path / "demo_keys.json").read_text())["alice"]
            headers = {"Authorization": f"Bearer {key}"}
            for number, url in enumerate(cluster.urls):
                assert any(url in line for line in cluster.output)
                order = {"market": "BTC-USD", "side": "buy", "quantity": "0.01", "price": "60000"}
                order["client_order_id"] = str(number)
                answer = httpx.post(f"{url}/api/v1/orders", json=order, headers=headers)
                assert answer.status_code in (200, 201), answer.text
                assert "alice-demo" in httpx.get(f"{url}/login/").text
            assert len(cluster.pids()) == 5
            for port in cluster.metrics:
                shown = httpx.get(f"http://127.0.0.1:{port}/metrics").text
                assert "exchange_" in shown, "each engine shows its own"

            victims = [pid for pid, command in cluster.pids().items() if "runengine" in command]
            os.kill(victims[0], signal.SIGKILL)
            cluster.wait_for("ended by itself with SIGKILL; it is started again")
            wait_until(lambda: len(cluster.pids()) == 5, "it was started again")

            pids = list(cluster.pids())
            cluster.signal(signal.SIGINT)
            assert cluster.wait() == 0
            assert "stopped; everything is on disk" in cluster.output[-1]
            assert not cluster.said("is killed")
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
        audited = manage(cluster.environment, "audit")
        assert audited.returncode == 0, audited.stderr


def test_the_makefile_starts_it() -> None:
    makefile = (ROOT / "Makefile").read_text()

    assert "manage.py cluster --host $(HOST) --port $(PORT) --web $(WEB)" in makefile
