"""A hundred simulated runs more. One that fails is replayed with the command that it prints."""

from __future__ import annotations

import pytest

from tests.simulation.test_seeds import simulate

FIRST, LAST, BLOCK = 1001, 1100, 25
STEPS = 60

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("first", range(FIRST, LAST, BLOCK))
def test_every_promise_is_kept(first: int) -> None:
    played = simulate("--seeds", f"{first}-{first + BLOCK - 1}", "--steps", str(STEPS))

    assert played.returncode == 0, played.stdout + played.stderr
