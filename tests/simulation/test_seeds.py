"""Eight simulated runs: whatever fails, every promise is kept, and a run can be played again."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.migrated import migrated_sqlite
from tests.drivers.root import ROOT


def simulate(*options: str) -> subprocess.CompletedProcess[str]:
    """A process of its own: a simulation has the clock, the database and the channel layer to itself."""
    database = ("--database", str(migrated_sqlite()))
    command = [sys.executable, "-m", "tests.simulation", *database, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def eight() -> subprocess.CompletedProcess[str]:
    """What they printed."""
    return simulate("--seeds", "1-8")


def test_all_keep_every_promise(eight: subprocess.CompletedProcess[str]) -> None:
    assert eight.returncode == 0, eight.stdout + eight.stderr


def test_the_same_seed_is_the_same_run_event_by_event(
    eight: subprocess.CompletedProcess[str],
) -> None:
    alone = simulate("--seed", "7").stdout.splitlines()[-1]

    assert alone.startswith("seed 7: ok")
    assert alone in eight.stdout.splitlines()


def test_a_run_that_fails_says_what_was_broken_and_how_to_play_it_again() -> None:
    played = simulate("--flaw", "undone_by_half", "--seeds", "1-20")

    assert played.returncode == 1
    assert "VIOLATION" in played.stdout
    assert "replay: make simulate SEED=" in played.stdout


@pytest.mark.parametrize("option", [("--flaw", "nonsense"), ("--seeds", "many"), ("--steps", "0")])
def test_nonsense_is_refused_in_one_line(option: tuple[str, str]) -> None:
    played = simulate(*option)

    assert played.returncode == 2
    assert "error: argument" in played.stderr.splitlines()[-1]
