"""The same tests on PostgreSQL with the Redis layer: nothing changes but two settings."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.cluster.services import DATABASE_URL, REDIS_URL, need_services
from tests.drivers.server import ROOT

MINUTES = 10
ALIKE = (
    "tests/api/test_any_input.py",
    "tests/api/test_bad_frames.py",
    "tests/api/test_bad_requests.py",
    "tests/api/test_lean_lane.py",
    "tests/api/test_schema_for_real.py",
)
"""What is refused before a database is asked, or compares two ways in: alike on any database."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("chapter", ["engine", "api"])
def test_the_store_the_api_and_the_sockets_hold_in_the_cluster_shape(chapter: str) -> None:
    need_services()
    environment = {**os.environ, "DATABASE_URL": DATABASE_URL, "REDIS_URL": REDIS_URL}
    for name in [name for name in environment if name.startswith("PYTEST_")]:
        del environment[name]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", f"tests/{chapter}"),
            *("-q", "-m", "not slow", "-k", "not django", *(f"--ignore={name}" for name in ALIKE)),
            *("-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile"),
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=MINUTES * 60,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-6000:]
    assert " skipped" not in done.stdout.splitlines()[-1]
