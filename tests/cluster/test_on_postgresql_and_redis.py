"""The same tests on PostgreSQL with the Redis layer: nothing changes but two settings."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.cluster.services import DATABASE_URL, REDIS_URL, need_services
from tests.drivers.root import ROOT

MINUTES = 10
CHAPTERS = (
    *(
        f"tests/engine/test_{name}.py"
        for name in (*("faults", "leases", "plans", "shares", "single_writer", "who_runs_what"),)
    ),
    "tests/api/test_private_channels.py",
)
"""What a database or a layer could change; what is refused before they are asked is alike on any."""
MORE = (
    *(f"tests/engine/test_{name}.py" for name in ("frozen_accounts", "operators", "tallies")),
    "tests/api/rules/test_groups.py",
    *(f"tests/api/test_{name}.py" for name in ("orders", "statement")),
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "chapters", [CHAPTERS, pytest.param(MORE, marks=pytest.mark.long)], ids=["most", "more"]
)
def test_the_store_the_api_and_the_sockets_hold_in_the_cluster_shape(
    chapters: tuple[str, ...],
) -> None:
    need_services()
    environment = {**os.environ, "DATABASE_URL": DATABASE_URL, "REDIS_URL": REDIS_URL}
    for name in [name for name in environment if name.startswith("PYTEST_")]:
        del environment[name]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", *chapters),
            *("-q", "-m", "not slow", "-k", "not django"),
            *("-p", "no:cacheprovider"),
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
