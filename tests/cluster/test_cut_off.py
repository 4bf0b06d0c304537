"""An engine process that the network cuts off is taken over, says nothing wrong meanwhile, and rejoins.

Whatever happens, no acknowledged order is lost, none is doubled, and the books are right.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster, EngineProcess
from tests.cluster.own_services import Namespace, OwnPostgres, OwnRedis, Proxy
from tests.cluster.services import need_services
from tests.cluster.test_take_over import SLACK, report
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
PROMISED_SECONDS = 15
CUT_SECONDS = 15.0

Way = tuple[Cluster, EngineProcess, Namespace | Proxy]


@contextmanager
def from_everything(folder: Path) -> Iterator[Way]:
    """The process is on a machine of its own: a network namespace, where that is allowed."""
    if not Namespace.allowed():
        with from_the_database(folder) as way:
            yield way
        return
    namespace = Namespace()
    postgres, redis = OwnPostgres(address=namespace.address), OwnRedis(namespace.address)
    try:
        cluster = Cluster(folder, postgres.url, redis.url)
        try:
            yield cluster, cluster.start_engine(*namespace.command), namespace
        finally:
            namespace.join()
            cluster.end()
    finally:
        redis.remove()
        postgres.remove()
        namespace.remove()


@contextmanager
def from_the_database(folder: Path) -> Iterator[Way]:
    """The process goes to PostgreSQL, and not to Redis, by a proxy."""
    postgres = OwnPostgres()
    try:
        with Proxy(postgres.address, postgres.port) as proxy:
            cluster = Cluster(folder, postgres.url)
            try:
                url = postgres.url.replace(str(postgres.port), str(proxy.port))
                yield cluster, cluster.start_engine(DATABASE_URL=url), proxy
            finally:
                proxy.join()
                cluster.end()
    finally:
        postgres.remove()


@pytest.mark.parametrize(
    "cut_off", [from_everything, pytest.param(from_the_database, marks=pytest.mark.long)]
)
def test_a_process_that_is_cut_off_is_taken_over_within_15_seconds_and_rejoins(
    cut_off: Callable[[Path], AbstractContextManager[Way]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    need_services()
    with cut_off(tmp_path) as (cluster, first, way):
        cluster.server.start("--web")
        second = cluster.start_engine()
        cluster.wait_for_shares(first, second)
        load = cluster.load()
        with load.running():
            markets = cluster.runs()[first.pid]
            cut = time.monotonic()
            way.cut()

            seconds = load.taken_over(markets, cut)
            wait_until(lambda: time.monotonic() - cut > CUT_SECONDS, "it is cut off long enough")
            load.settle()
            way.join()

            cluster.wait_for_shares(first, second)
            load.settle()
        report(capsys, f"take-over of a process cut off {cut_off.__name__}", seconds)
        assert seconds < PROMISED_SECONDS * SLACK
        cluster.check(load)
