"""A dozen simulated runs, and those that once found something: whatever fails, every promise is kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.seeds import NAMED

ROOT = Path(__file__).resolve().parents[2]


def simulate(*options: str) -> subprocess.CompletedProcess[str]:
    """A process of its own: a simulation has the clock, the database and the channel layer to itself."""
    command = [sys.executable, "-m", "tests.simulation", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_dozen_runs_keep_every_promise() -> None:
    played = simulate("--seeds", "1-12")

    assert played.returncode == 0, played.stdout + played.stderr


def test_runs_that_found_something_keep_every_promise() -> None:
    played = simulate("--seeds", ",".join(str(seed) for seed in NAMED.values()))

    assert played.returncode == 0, played.stdout + played.stderr


def test_the_same_seed_is_the_same_run_event_by_event() -> None:
    alone, among_others = simulate("--seed", "7"), simulate("--seeds", "6-7")

    assert "seed 7: ok" in alone.stdout
    assert alone.stdout.splitlines()[-1] == among_others.stdout.splitlines()[-1]


def test_a_failed_run_says_what_was_broken_and_how_to_play_it_again() -> None:
    played = simulate("--flaw", "answer_before_commit", "--seeds", "1-20")

    assert played.returncode == 1
    assert "VIOLATION" in played.stdout
    assert "replay: make simulate SEED=" in played.stdout


@pytest.mark.parametrize("option", [("--flaw", "nonsense"), ("--seeds", "many"), ("--steps", "0")])
def test_nonsense_is_refused_in_one_line(option: tuple[str, str]) -> None:
    played = simulate(*option)

    assert played.returncode == 2
    assert "error: argument" in played.stderr.splitlines()[-1]
