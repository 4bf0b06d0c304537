"""The simulation can fail: each of these flaws, planted in the real code, is found, and for what it is."""

from __future__ import annotations

import pytest

from tests.simulation.__main__ import FLAWS
from tests.simulation.test_seeds import simulate

WITHIN = 40
"""Seeds in which a flaw must show."""
SHOWS = {
    "answer_before_commit": "told of an order that is not durable",
    "no_sequence_check": "audit: ",
    "gateway_repeats": "doubled",
    "hub_believes_anything": "has another book",
    "undone_by_half": "its engine failed",
    "doubt_is_failure": "there is an order all the same",
    "feed_skips": "is missing",
    "repeats_are_taken": "doubled",
    "doubt_does_not_wait": "there is an order all the same",
    "doubt_gives_up": "there is an order all the same",
    "stale_engines_refuse": "it is open",
    "late_orders_stay": "an order outlives its connection",
}

pytestmark = pytest.mark.slow


def test_every_flaw_is_looked_for() -> None:
    assert tuple(SHOWS) == FLAWS


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_is_found(flaw: str) -> None:
    played = simulate("--flaw", flaw, "--seeds", f"1-{WITHIN}")

    assert played.returncode == 1, f"{flaw} was not found in {WITHIN} runs"
    assert SHOWS[flaw] in played.stdout
