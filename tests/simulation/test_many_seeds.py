"""A hundred short simulated runs more, five hundred with --long. One that fails is replayed as it says."""

from __future__ import annotations

import pytest

from tests.simulation.test_seeds import simulate

BLOCK = 25
STEPS = 20
FIRST = [
    *range(1001, 1101, BLOCK),
    *(pytest.param(first, marks=pytest.mark.long) for first in range(1101, 1501, BLOCK)),
]

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("first", FIRST)
def test_every_promise_is_kept(first: int) -> None:
    played = simulate("--seeds", f"{first}-{first + BLOCK - 1}", "--steps", str(STEPS))

    assert played.returncode == 0, played.stdout + played.stderr
