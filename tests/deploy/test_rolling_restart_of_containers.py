"""deploy/rolling-restart asks Docker for the right things in the right order, and stops where one fails."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.drivers.root import ROOT

SCRIPT = ROOT / "deploy" / "rolling-restart"


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """A `docker` that writes down what it is asked for, and fails at what stands in `fails`."""
    (tmp_path / "docker").write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\n'
        f'test ! -e {tmp_path}/fails || ! echo "$*" | grep -q "$(cat {tmp_path}/fails)"\n'
    )
    (tmp_path / "docker").chmod(0o755)
    return tmp_path


def run(docker: Path) -> int:
    path = f"{docker}:{os.environ['PATH']}"
    return subprocess.run([SCRIPT], cwd=ROOT, env={"PATH": path}, check=False).returncode


def asked(docker: Path) -> list[str]:
    return (docker / "asked").read_text().splitlines()


def test_it_builds_migrates_and_takes_engines_before_web_processes(docker: Path) -> None:
    assert run(docker) == 0

    build, migrate, *steps = asked(docker)
    assert build == "compose build"
    assert migrate == "compose run --rm migrate"
    assert [step.split()[-1] for step in steps[::2]] == ["engine-1", "engine-2", "web-1", "web-2"]
    assert all(" --wait " in step for step in steps[::2])
    assert all("rolling_restart --ready http://web-1:8000" in step for step in steps[1::2])


@pytest.mark.parametrize(("fails", "last"), [("build", 1), ("run --rm", 2), ("engine-2", 5)])
def test_it_stops_at_the_first_that_fails(docker: Path, fails: str, last: int) -> None:
    (docker / "fails").write_text(fails)

    assert run(docker) != 0
    assert len(asked(docker)) == last


def test_it_stops_where_the_exchange_is_not_ready_again(docker: Path) -> None:
    (docker / "fails").write_text("manage.py rolling_restart")

    assert run(docker) != 0
    assert len(asked(docker)) == 4
