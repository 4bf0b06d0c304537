"""All chance of a simulation: one generator, and what kinds of faults a run has, and how many."""

from __future__ import annotations

from dataclasses import dataclass, fields
from random import Random
from typing import Final

NONE_OF: Final = 4
"""One in so many kinds of faults does not happen in a run."""
FOCUSED: Final = 3
"""One in so many runs has a few kinds of faults only, and plenty of those."""
FOCUS: Final = 4
"""How many kinds, and how many times more of them."""


@dataclass
class Rates:
    """Chances of faults, by the occasion."""

    # of each message
    message_lost: float = 0.0
    message_repeated: float = 0.0
    message_late: float = 0.0
    # of each statement, commit or call
    statement_fails: float = 0.0
    commit_fails: float = 0.0
    commit_unheard: float = 0.0
    commit_late: float = 0.0
    dies_at_statement: float = 0.0
    interrupted: float = 0.0
    # of each step
    crash: float = 0.0
    pause: float = 0.0
    session_lost: float = 0.0
    second_engine: float = 0.0
    database_away: float = 0.0
    layer_away: float = 0.0
    layer_restarts: float = 0.0
    cut_off: float = 0.0
    clock_jumps: float = 0.0
    wire_cut: float = 0.0


MOST: Final = Rates(
    message_lost=0.08,
    message_repeated=0.15,
    message_late=0.15,
    statement_fails=0.01,
    commit_fails=0.05,
    commit_unheard=0.15,
    commit_late=0.05,
    dies_at_statement=0.002,
    interrupted=0.2,
    crash=0.03,
    pause=0.03,
    session_lost=0.03,
    second_engine=0.03,
    database_away=0.01,
    layer_away=0.01,
    layer_restarts=0.01,
    cut_off=0.01,
    clock_jumps=0.02,
    wire_cut=0.03,
)
"""What a run's rates are drawn below."""


class Dice:
    """Chance, and whether there are faults at the moment."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.rates = _draw_rates(self.random)
        self.faults = False

    def happens(self, chance: float) -> bool:
        """Whether a fault happens on this occasion."""
        return self.faults and chance > 0 and self.random.random() < chance

    def delay(self, mean: float) -> float:
        """Seconds: mostly short, sometimes long."""
        return self.random.expovariate(1 / mean)


def _draw_rates(random: Random) -> Rates:
    """Runs differ in what goes wrong: what always happens hides what it happens with."""
    kinds = [field.name for field in fields(Rates)]
    if random.randrange(FOCUSED):
        chosen = [kind for kind in kinds if random.randrange(NONE_OF)]
        return Rates(**{kind: getattr(MOST, kind) * random.random() for kind in chosen})
    return Rates(**{kind: getattr(MOST, kind) * FOCUS for kind in random.sample(kinds, FOCUS)})
