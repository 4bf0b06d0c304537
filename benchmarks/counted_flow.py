"""What `benchmarks.instructions` counts: some thousand seeded messages of each kind, for our engine alone.

Rules:
- `python -m benchmarks.counted_flow` runs the flow that it is given on stdin: first what is not counted, a
  book and some of every kind, so that Python has adapted its code; then the kinds, in batches of 100.
- Between them stands MARK, a call into the C library that nothing else makes: where the counter writes
  down what it has, and begins again. So neither start-up nor the making of messages is in any figure.
- Garbage is not collected: a look at it would come after other messages in every version.
"""

from __future__ import annotations

import gc
import os
import sys
from array import array
from collections.abc import Callable
from typing import Final

from benchmarks.core_flow import MIDDLE, SPREAD, Flow, Maker, an_engine, batches, run
from markets.matching.events import Done

MARK: Final = "getppid"
"""The C library's function that `mark` calls."""
mark: Final[Callable[[], object]] = os.getppid
SEED: Final = 1
BOOK: Final = 2_000
"""Orders that rest before anything else."""
EACH: Final = 1_000
"""Messages of each kind."""


class _Kinds(Maker):
    """Messages of one kind each."""

    def _away(self) -> int:
        return 1 + int(self.random.expovariate(1 / SPREAD))

    def limit(self) -> None:
        """An order that rests."""
        self.rest(self._away(), MIDDLE)

    def mix(self) -> None:
        """One of the mix of `realistic`."""
        self.mixed(self._away(), MIDDLE)


KINDS: Final[dict[str, Callable[[_Kinds], None]]] = {
    "limit, rests": _Kinds.limit,
    "cancel": _Kinds.cancel,
    "limit, takes": _Kinds.take,
    "the mix: 50 % rest, 40 % cancel, 10 % take": _Kinds.mix,
}


def a_flow() -> Flow:
    """The book, some of every kind, and then so many of each."""
    maker = _Kinds(SEED)
    for _ in range(BOOK):
        maker.limit()
    for _ in range(EACH):
        maker.mix()
    maker.flow.opening = len(maker.flow)
    for make in KINDS.values():
        for _ in range(EACH):
            make(maker)
    return maker.flow


def main() -> None:
    """Run a flow with a mark before, between and after its kinds."""
    flow = Flow(opening=BOOK + EACH, numbers=array("q", sys.stdin.buffer.read()))
    engine = an_engine()
    opening = list(batches(flow.commands(0, flow.opening)))
    parts = [
        list(batches(flow.commands(start, start + EACH)))
        for start in range(flow.opening, len(flow), EACH)
    ]
    outcomes = [run(engine, known, commands, 0).outcomes for known, commands in opening]
    gc.freeze()
    gc.disable()
    for part in parts:
        mark()
        for known, commands in part:
            outcomes.append(run(engine, known, commands, 0).outcomes)
    mark()
    assert all(isinstance(outcome, Done) for batch in outcomes for outcome in batch)


if __name__ == "__main__":
    main()
