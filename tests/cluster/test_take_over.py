"""Engine processes share the markets out, hand over without a refusal, take over from the dead and silent.

Whatever happens, no acknowledged order is lost, none is doubled, and the books are right.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.services import need_services, own_database
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
SLACK = 5.0
"""How many times the promised seconds a busy machine may need; the test prints what it did need."""
PAUSED_SECONDS = 12.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Four markets and a web process; engines are started by the test."""
    need_services()
    with own_database("take_over") as url:
        cluster = Cluster(tmp_path, url, markets=4)
        try:
            cluster.server.start("--web")
            yield cluster
        finally:
            cluster.end()


def report(capsys: pytest.CaptureFixture[str], what: str, seconds: float) -> None:
    """Print a figure, also when the test passes."""
    with capsys.disabled():
        print(f"\n{what}: {seconds:.2f} s")


def test_a_new_process_gets_its_share_and_one_that_stops_gives_it_back_and_no_order_is_refused(
    cluster: Cluster,
) -> None:
    first = cluster.start_engine()
    cluster.wait_for_shares(first)
    load = cluster.load()
    with load.running():
        second = cluster.start_engine()
        cluster.wait_for_shares(first, second)
        load.settle()

        assert second.stop() == 0
        cluster.wait_for_shares(first)
        load.settle()

    assert load.refused() == []
    cluster.check(load)


def test_the_markets_of_a_process_that_is_killed_are_taken_over_within_3_seconds(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = cluster.start_engine(), cluster.start_engine()
    cluster.wait_for_shares(first, second)
    load = cluster.load()
    with load.running():
        markets = cluster.runs()[first.pid]
        killed = time.monotonic()
        first.kill()

        seconds = load.taken_over(markets, killed)

    report(capsys, "take-over after kill -9", seconds)
    assert seconds < 3 * SLACK
    assert set(load.refused()) <= {"timeout"}
    cluster.wait_for_shares(second)
    cluster.check(load)


def test_a_process_that_sleeps_is_taken_over_changes_nothing_when_it_wakes_and_rejoins(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = cluster.start_engine(), cluster.start_engine()
    cluster.wait_for_shares(first, second)
    load = cluster.load()
    with load.running():
        markets = cluster.runs()[first.pid]
        paused = time.monotonic()
        first.pause()
        seconds = load.taken_over(markets, paused)
        wait_until(lambda: time.monotonic() - paused > PAUSED_SECONDS, "it slept long enough")

        first.wake()

        cluster.wait_for_shares(first, second)
        load.settle()
    report(capsys, "take-over after SIGSTOP", seconds)
    assert seconds < 15 * SLACK
    assert "others run it now" in first.log
    cluster.check(load)
