"""How long Python's garbage collector stops the core: `python -m benchmarks.pauses` (make bench-pauses).

Rules:
- An engine is loaded with resting orders; then it gets the realistic flow of `benchmarks.core_flow`, whose
  prices never reach them, as `benchmarks.core` drives it. Every collection meanwhile is timed by
  `gc.callbacks`; the time in which commands are made counts, too, since they are garbage as well.
- Time is the processor's time of the thread: a collection waits for nothing, so that is how long it lasts
  where nobody else works, and a neighbour's work is in no figure.
- Each run has a process of its own; the ways to collect take turns. Messages a second and the counts are
  medians of runs, pauses are those of all runs together.
- Python looks at everything when a quarter of it is new. A flow of some seconds may not come to that; so
  one such look is asked for at the end of each run, and shown by itself.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, Final, NamedTuple

from benchmarks.core import MESSAGES, load, resting
from benchmarks.core_flow import Flow, batches, realistic, run
from benchmarks.report import machine, now, number, row
from benchmarks.runs import say
from markets import event_loop
from markets.matching.events import Done

SIZES: Final = (100_000, 1_000_000)
RUNS: Final = 3
AWAY: Final = 20_000
"""Ticks from the middle, more than the flow ever goes."""
TURN: Final = 3_000
"""Messages that are made commands at once."""
GENERATIONS: Final = 3


class Collector(NamedTuple):
    """A way to look for garbage."""

    thresholds: tuple[int, int, int] | None
    """None: Python's own."""
    keeps: bool
    """Whether what was loaded is frozen."""


COLLECTORS: Final = {
    "Python's own": Collector(None, keeps=False),
    "our thresholds": Collector(event_loop.MADE, keeps=False),
    "ours, and what was loaded is frozen": Collector(event_loop.MADE, keeps=True),
}


class Outcome(NamedTuple):
    """What a run came to."""

    rate: float
    """Messages a second of the processor's."""
    pauses: list[tuple[int, float]]
    """Of each collection: the generation, and seconds."""
    everything: float
    """Seconds of a look at everything, after the flow."""


class Pauses:
    """Times collections; one of `gc.callbacks`."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, float]] = []
        self._began = 0.0

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        """Called by Python when a collection starts, and when it stops."""
        if phase == "start":
            self._began = time.thread_time()
        else:
            self.seen.append((info["generation"], time.thread_time() - self._began))


def one_run(collector: Collector, size: int, flow: Flow) -> Outcome:
    """Load, run the flow, look at everything: in a process of its own."""
    if collector.thresholds:
        gc.set_threshold(*collector.thresholds)
    engine = load(resting(size, AWAY), size)
    flow.loaded = size
    if collector.keeps:
        event_loop.keep_loaded()
    pauses = Pauses()
    gc.callbacks.append(pauses)
    began = time.thread_time()
    for start in range(0, len(flow), TURN):
        for known, commands in batches(flow.commands(start, min(start + TURN, len(flow)))):
            batch = run(engine, known, commands, start)
            assert all(isinstance(outcome, Done) for outcome in batch.outcomes)
    seconds = time.thread_time() - began
    seen = list(pauses.seen)
    gc.collect()
    gc.callbacks.remove(pauses)
    return Outcome(len(flow) / seconds, seen, pauses.seen[-1][1])


def measure(size: int, flow: Flow, runs: int) -> dict[str, list[Outcome]]:
    """All ways to collect, in turns."""
    found: dict[str, list[Outcome]] = {name: [] for name in COLLECTORS}
    for number_of_run in range(runs):
        for name, collector in COLLECTORS.items():
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
                outcome = fresh.submit(one_run, collector, size, flow).result()
            found[name].append(outcome)
            say(f"{size:,} orders, run {number_of_run + 1}, {name}: {outcome.rate:,.0f} messages/s")
    return found


def rows(size: int, found: dict[str, list[Outcome]]) -> list[str]:
    """A row of the table for each way to collect."""
    return [
        row(
            (
                f"{size:,}",
                name,
                _spread([outcome.rate for outcome in outcomes], number),
                " / ".join(_counts(outcomes)),
                _median(outcomes),
                " / ".join(_longest(outcomes)),
                _spread([outcome.everything for outcome in outcomes], _milliseconds),
            )
        )
        for name, outcomes in found.items()
    ]


def _counts(outcomes: Sequence[Outcome]) -> list[str]:
    return [
        f"{statistics.median(sum(of == generation for of, _ in o.pauses) for o in outcomes):.0f}"
        for generation in range(GENERATIONS)
    ]


def _median(outcomes: Sequence[Outcome]) -> str:
    pauses = [seconds for outcome in outcomes for _, seconds in outcome.pauses]
    return _milliseconds(statistics.median(pauses)) if pauses else "none"


def _longest(outcomes: Sequence[Outcome]) -> list[str]:
    """Of each generation."""
    pauses = [pause for outcome in outcomes for pause in outcome.pauses]
    longest = [
        max((seconds for of, seconds in pauses if of == generation), default=None)
        for generation in range(GENERATIONS)
    ]
    return ["none" if seconds is None else _milliseconds(seconds) for seconds in longest]


def _milliseconds(seconds: float) -> str:
    return f"{number(seconds * 1000)} ms"


def _spread(values: Sequence[float], text: Callable[[float], str]) -> str:
    return f"{text(statistics.median(values))} ({text(min(values))} to {text(max(values))})"


HEAD: Final = (
    "resting orders",
    "collector",
    "messages/s",
    "collections: young / middle / all",
    "median pause",
    "longest pause: young / middle / all",
    "a look at everything",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sizes", nargs="*", type=int, metavar="ORDERS", help="default: both sizes")
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args(arguments)
    flow = realistic(options.messages)
    lines = [row(HEAD), row(("---:", "---", *["---:"] * (len(HEAD) - 2)))]
    for size in options.sizes or SIZES:
        lines += rows(size, measure(size, flow, options.runs))
    print("\n".join(lines))
    print(
        f"\n{now()}; {machine()}; {options.messages:,} messages, medians of {options.runs} run(s)."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
