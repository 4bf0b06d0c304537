"""PostgreSQL goes away, is full, ends sessions, takes no more: `unavailable`, and then it goes on by itself.

Whatever happens, no acknowledged order is lost, none is doubled, and the books are right.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from tests.cluster.cluster import Cluster, EngineProcess
from tests.cluster.own_services import OwnPostgres
from tests.cluster.services import need_services
from tests.cluster.test_take_over import report
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
AWAY_SECONDS = 5.0
ENDED_SESSIONS = 20
END_ONE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name LIKE 'exchange-engines-%' AND state <> 'idle' LIMIT 1
"""
END_LOCKS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name LIKE 'exchange-ownership-%'
"""
FULL = """
    CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
    END $$;
    CREATE TRIGGER disk_full BEFORE INSERT ON markets_trade EXECUTE FUNCTION disk_full();
"""

Running = tuple[OwnPostgres, Cluster, list[EngineProcess]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A cluster of one web process and two engine processes on a PostgreSQL with few connections."""
    need_services()
    postgres = OwnPostgres("max_connections=60")
    try:
        cluster = Cluster(tmp_path_factory.mktemp("cluster"), postgres.url)
        try:
            cluster.server.start("--web")
            engines = [cluster.start_engine(), cluster.start_engine()]
            cluster.wait_for_shares(*engines)
            yield postgres, cluster, engines
        finally:
            cluster.end()
    finally:
        postgres.remove()


@pytest.mark.parametrize("how", [pytest.param("fast", marks=pytest.mark.long), "immediate"])
def test_postgresql_goes_away_and_comes_back(
    running: Running, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    postgres, cluster, engines = running
    load = cluster.load()
    with load.running():
        postgres.stop(how)
        gone = time.monotonic()
        wait_until(lambda: time.monotonic() - gone > AWAY_SECONDS, "it is away for long enough")
        postgres.start()
        back = time.monotonic()

        seconds = load.taken_over(cluster.markets, back)

        cluster.wait_for_shares(*engines)
    report(capsys, f"orders after PostgreSQL is back ({how})", seconds)
    assert "unavailable" in load.refused()
    cluster.check(load)


def test_an_administrator_ends_transactions(running: Running) -> None:
    postgres, cluster, _ = running
    load = cluster.load()
    with load.running(), postgres.connect(dbname="exchange") as session:
        ended = 0

        def end_one() -> bool:
            nonlocal ended
            ended += session.execute(END_ONE).rowcount
            return ended >= ENDED_SESSIONS

        wait_until(end_one, "sessions are ended in the middle of a batch", seconds=60)
    cluster.check(load)


def test_an_administrator_ends_the_sessions_that_hold_the_markets(running: Running) -> None:
    postgres, cluster, engines = running
    load = cluster.load()
    with load.running():
        with postgres.connect(dbname="exchange") as session:
            assert session.execute(END_LOCKS).rowcount == len(engines)
        load.settle()
        cluster.wait_for_shares(*engines)
    cluster.check(load)


def test_the_disk_is_full(running: Running) -> None:
    postgres, cluster, _ = running
    load = cluster.load()
    with load.running(), postgres.connect(dbname="exchange") as session:
        session.execute(FULL)
        wait_until(lambda: load.refused().count("unavailable") > 20, "orders are refused")
        session.execute("DROP FUNCTION disk_full CASCADE")
    cluster.check(load)


def test_all_connections_are_taken(running: Running) -> None:
    postgres, cluster, engines = running
    load = cluster.load()
    with load.running(), ExitStack() as taken:

        def take() -> bool:
            try:
                taken.enter_context(psycopg.connect(postgres.url))
            except psycopg.OperationalError:
                return True
            return False

        wait_until(take, "there is no connection left")
        load.settle()
        taken.close()
        cluster.wait_for_shares(*engines)
    cluster.check(load)
