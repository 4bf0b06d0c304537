"""The benchmarks of parts tell the truth: what they count, what they compare, and what they say is missing.

Figures of this machine are not looked at.
"""

from __future__ import annotations

import gc
import shutil
from pathlib import Path

import pytest

from benchmarks import counted_flow, instructions, pauses, servers
from benchmarks.core_flow import an_engine, batches, realistic, run
from benchmarks.exchange import Failed
from benchmarks.load import Outcome
from benchmarks.report import Figure, Report, save
from markets.matching.events import Done

# Instructions


DUMP = """# callgrind format
version: 1
creator: callgrind-3.19.0
part: 2

desc: Trigger: --dump-before=getppid

positions: line
events: Ir
summary: 389846

fn=(1) run
0 1043

totals: 389846
"""


def test_the_instructions_of_a_dump_are_its_summary() -> None:
    assert instructions.counted(DUMP) == 389_846
    with pytest.raises(Failed, match="no summary"):
        instructions.counted("# callgrind format\n")


def counts(what: str, *values: float) -> Figure:
    return Figure(goal=0, what=what, unit="", values=list(values), higher=False)


def a_report(*figures: Figure) -> Report:
    return Report(when="", machine="", runs=2, figures=list(figures))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((1000.0, 1000.0), (1020.0, 1020.0), "| 1,000 | +2.00% | MORE |"),
        ((1000.0, 1000.0), (980.0, 980.0), "| 1,000 | -2.00% | fewer |"),
        ((1000.0, 1000.0), (1004.0, 1004.0), "| 1,000 | +0.40% | the same |"),
        ((1000.0, 1000.0), (1000.0, 1040.0), "| 1,000 | +2.00% | the runs are too far apart |"),
    ],
)
def test_two_hundredths_show_and_less_than_a_run_repeats_does_not(
    before: tuple[float, ...], after: tuple[float, ...], said: str
) -> None:
    table = instructions.table(a_report(counts("a", *after)), a_report(counts("a", *before)))

    assert said in table


def test_what_was_not_counted_before_is_said_to_be_new() -> None:
    table = instructions.table(a_report(counts("new", 10.0)), a_report(counts("old", 10.0)))

    assert "| new | **10.0** | 0.000% | not counted |" in table


def test_without_valgrind_nothing_is_counted_and_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = str(tmp_path / "before.json")
    save(a_report(counts("a", 1.0)), saved)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert instructions.main(["--against", saved]) == 1
    assert "valgrind is not installed" in capsys.readouterr().err


def test_the_counted_flow_is_the_same_each_time_and_all_of_it_is_done() -> None:
    flow = counted_flow.a_flow()
    engine = an_engine()

    assert flow == counted_flow.a_flow()
    assert len(flow) - flow.opening == counted_flow.EACH * len(counted_flow.KINDS)
    for known, commands in batches(flow.commands(0, len(flow))):
        assert all(isinstance(done, Done) for done in run(engine, known, commands, 0).outcomes)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_a_count_is_of_the_kind_of_message() -> None:
    valgrind = shutil.which("valgrind")
    assert valgrind is not None

    counted = instructions.measure(valgrind, runs=1)

    cancel = next(figure for figure in counted if figure.what == "cancel")
    assert all(figure.median > 0 for figure in counted)
    assert cancel.median == min(figure.median for figure in counted), "the least to do"


# Pauses


def test_every_collection_is_timed_with_its_generation() -> None:
    seen = pauses.Pauses()

    gc.callbacks.append(seen)
    try:
        gc.collect(0)
        gc.collect()
    finally:
        gc.callbacks.remove(seen)

    asked = [generation for generation, _ in seen.seen if generation in (0, 2)]
    assert asked[0] == 0
    assert asked[-1] == 2
    assert all(seconds > 0 for _, seconds in seen.seen)


def test_the_row_of_a_collector_has_counts_and_pauses_by_generation() -> None:
    runs = [
        pauses.Outcome(100_000.0, [(0, 0.001), (0, 0.002), (2, 0.1)], 0.2),
        pauses.Outcome(120_000.0, [(0, 0.001), (0, 0.003), (2, 0.12)], 0.3),
    ]

    (quiet,) = pauses.rows(10, {"never": [pauses.Outcome(1.0, [], 0.01)]})
    (row,) = pauses.rows(1000, {"Python's own": runs})

    assert row == (
        "| 1,000 | Python's own | 110,000 (100,000 to 120,000) | 2 / 0 / 1 | 2.50 ms "
        "| 3.00 ms / none / 120 ms | 250 ms (200 ms to 300 ms) |"
    )
    assert "| 0 / 0 / 0 | none | none / none / none | 10.0 ms" in quiet


def test_a_loaded_book_changes_nothing_for_the_flow() -> None:
    collector = pauses.Collector(None, keeps=False)

    outcome = pauses.one_run(collector, size=200, flow=realistic(500))

    assert outcome.rate > 0


# Servers


def an_outcome(orders: int, cpu: float) -> Outcome:
    return Outcome(
        orders=orders,
        seconds=2.0,
        server_cpu=cpu,
        load_cpu=1.0,
        latencies=[],
        traded=0.0,
        updates=0,
        update_bytes=0,
        delivered=0,
        lags=[],
        told=[],
        rss=0,
        wrong=[],
    )


def test_a_server_is_compared_with_ours_run_by_run() -> None:
    ours, other = servers.Measured("ours"), servers.Measured("other 1.0")
    for orders in (20_000, 40_000, 60_000):
        ours.add("HTTP", an_outcome(orders, 2.0))
        other.add("HTTP", an_outcome(orders // 4, 2.0))

    lines = servers.table([ours, other]).splitlines()

    assert lines[2] == "| ours | **20,000** (10,000 to 30,000) |  | 50.0 µs |  |"
    assert lines[3] == (
        "| other 1.0 | **5,000** (2,500 to 7,500) | 0.25 × (0.25 to 0.25) | 200 µs | 4.00 × |"
    )


def test_a_server_that_is_not_installed_is_missing_and_not_required() -> None:
    other = servers.Other("no_such_server", "", ("no_such_server",))

    assert other.missing == ["no_such_server"]


@pytest.mark.slow
@pytest.mark.long
def test_other_servers_echo() -> None:
    others = list(servers.OTHERS.values())
    if missing := [name for other in others for name in other.missing]:
        pytest.skip(f"{missing} not installed")

    for measured in servers.measure(others, runs=1, seconds=0.2):
        assert set(measured.rates) == set(servers.PLANS)
        assert all(rate > 0 for rates in measured.rates.values() for rate in rates)
