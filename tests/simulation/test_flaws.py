"""The simulation can fail: each of these flaws, planted in the real code, is found within some seeds."""

from __future__ import annotations

import pytest

from tests.simulation.__main__ import FLAWS
from tests.simulation.test_seeds import simulate

WITHIN = 40
"""Seeds in which a flaw must show."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_is_found(flaw: str) -> None:
    played = simulate("--flaw", flaw, "--seeds", f"1-{WITHIN}")

    assert played.returncode == 1, f"{flaw} was not found in {WITHIN} runs"
    assert "VIOLATION" in played.stdout
