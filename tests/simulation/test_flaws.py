"""The simulation can fail: each of these flaws, planted in the real code, is found, and for what it is.

The last four are defects that it found when it was new. Each names the seed that shows it; a seed means what
it did for as long as the code draws the same chances in the same order, so the next ones are tried after it.
"""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.simulation.__main__ import FLAWS
from tests.simulation.test_seeds import simulate

WITHIN: Final = 40
"""Seeds in which a flaw must show."""
SHOWS: Final = {
    "answer_before_commit": (2, "told of an order that is not durable"),
    "no_sequence_check": (10, "audit: |its engine failed|would hold"),
    "gateway_repeats": (1, "doubled"),
    "hub_believes_anything": (1, "has another book"),
    "undone_by_half": (1, "its engine failed|could not be executed"),
    "doubt_is_failure": (2, "there is an order all the same|doubled"),
    "feed_skips": (1, "is missing"),
    "repeats_are_taken": (12, "doubled"),
    "doubt_does_not_wait": (8, "there is an order all the same|doubled"),
    "doubt_gives_up": (2, "there is an order all the same|doubled"),
    "late_orders_stay": (29978, "an order outlives its connection"),
}
SOON: Final = ("answer_before_commit", "feed_skips")
"""Those whose seed shows them soonest; the others with --long."""

pytestmark = pytest.mark.slow


def test_every_flaw_is_looked_for() -> None:
    assert tuple(SHOWS) == FLAWS


@pytest.mark.parametrize(
    "flaw",
    [flaw if flaw in SOON else pytest.param(flaw, marks=pytest.mark.long) for flaw in FLAWS],
)
def test_a_flaw_is_found(flaw: str) -> None:
    first, words = SHOWS[flaw]

    played = simulate("--flaw", flaw, "--seeds", f"{first}-{first + WITHIN - 1}")

    assert played.returncode == 1, f"{flaw} was not found in {WITHIN} runs"
    assert re.search(words, played.stdout)
