"""The matching core alone beside other engines: `python -m benchmarks.core` (make bench-core).

Rules:
- Everything the core really does is on: owners, funds, fees, price band, facts, states, depth of all
  levels, checksum, the way back. Commands come in batches of 100: begin, execute, finish, accept.
- All get the same seeded messages (see `benchmarks.core_flow`) in turns of some thousands, one after the
  other, since machines drift; a run's figure is its messages over its turns' time, and medians of runs are
  shown with the lowest and the highest ratio.
- Both Python engines look for garbage as seldom as the exchange's processes do.
- Bytes are what tracemalloc counts while an engine is loaded, everything in it included.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from benchmarks.complexity import order_state
from benchmarks.core_flow import MIDDLE, SPEC, Flow, an_engine, batches, deep, realistic, run
from benchmarks.peers import Peer, peers
from markets.event_loop import MADE
from markets.matching.engine import Engine
from markets.matching.types import MarketState, MarketStatus, OrderState, Side

MESSAGES: Final = 300_000
TURN: Final = 3_000
RUNS: Final = 5
LOADS: Final = (100_000, 1_000_000)


class Ours:
    """Our engine, driven like a peer."""

    name = "this exchange"

    def start(self, flow: Flow) -> None:
        """Begin with an empty book and a flow."""
        self._flow = flow
        self._place = 0
        self._engine = an_engine()

    def process(self, count: int) -> int:
        """Process the next messages; return the nanoseconds that they took."""
        commands = self._flow.commands(self._place, self._place + count)
        self._place += count
        waiting = list(batches(commands))
        engine, now = self._engine, self._place
        start = time.perf_counter_ns()
        for known, batch in waiting:
            run(engine, known, batch, now)
        return time.perf_counter_ns() - start

    def stop(self) -> None:
        """Forget the engine."""
        del self._flow, self._engine


def one_run(flow: Flow, engines: Sequence[Ours | Peer]) -> list[float]:
    """Messages a second of each engine, in lockstep."""
    spent = [0] * len(engines)
    try:
        for engine in engines:
            engine.start(flow)
            if flow.opening:
                engine.process(flow.opening)
        gc.collect()
        for start in range(flow.opening, len(flow), TURN):
            count = min(TURN, len(flow) - start)
            for index, engine in enumerate(engines):
                spent[index] += engine.process(count)
    finally:
        for engine in engines:
            engine.stop()
    return [(len(flow) - flow.opening) / nanoseconds * 1e9 for nanoseconds in spent]


def table(flows: dict[str, Flow], runs: int) -> None:
    """Print messages a second, and how many times the peers' that is."""
    engines: list[Ours | Peer] = [Ours(), *peers()]
    print("\n| flow | engine | messages/s | ours is | (lowest–highest) |")
    print("| --- | --- | ---: | ---: | ---: |")
    for name, flow in flows.items():
        rates = [one_run(flow, engines) for _ in range(runs)]
        for index, engine in enumerate(engines):
            rate = statistics.median(each[index] for each in rates)
            ratios = sorted(each[0] / each[index] for each in rates)
            beside = f"{statistics.median(ratios):.2f} ×" if index else ""
            spread = f"{ratios[0]:.2f}–{ratios[-1]:.2f}" if index else ""
            print(f"| {name} | {engine.name} | {rate:,.0f} | {beside} | {spread} |", flush=True)


def resting(size: int, away: int = 0) -> Iterator[OrderState]:
    """So many resting orders on a twentieth as many levels, every number of each its own; all more than so
    many ticks away from the middle.
    """
    levels = max(1, size // 40)
    for number in range(1, size + 1):
        distance = away + 1 + number % levels
        side = Side.SELL if number // levels % 2 else Side.BUY
        price = (MIDDLE + (distance if side is Side.SELL else -distance)) * SPEC.tick_size
        quantity, time = (1 + number % 999) * SPEC.lot_size, 10**15 + number
        yield order_state(number, side, price)._replace(
            quantity=quantity, remaining=quantity, created_at=time, updated_at=time
        )


def load(orders: Iterable[OrderState], size: int) -> Engine:
    """The engine that starts with these orders."""
    return Engine.load(SPEC, MarketState(MarketStatus.OPEN, size, None), orders)


def start_and_memory(sizes: Sequence[int]) -> None:
    """Print what an engine costs to start from so many resting orders, and its bytes for each."""
    print("\n| resting orders | Engine.load | bytes an order |")
    print("| ---: | ---: | ---: |")
    for size in sizes:
        orders = list(resting(size))
        gc.collect()
        start = time.perf_counter()
        load(orders, size)
        seconds = time.perf_counter() - start
        orders.clear()
        tracemalloc.start()
        engine = load(resting(size), size)
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        print(f"| {size:,} | {seconds:.2f} s | {used // len(engine.book.orders)} |", flush=True)


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--quick", action="store_true", help="few messages, one run, no 1,000,000")
    args = parser.parse_args()
    gc.set_threshold(*MADE)
    if args.quick:
        args.messages, args.runs = MESSAGES // 10, 1
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores; {args.messages:,} messages, "
        f"turns of {TURN:,}, medians of {args.runs}",
        flush=True,
    )
    table({"realistic": realistic(args.messages), "deep": deep(args.messages // 3)}, args.runs)
    start_and_memory(LOADS[:1] if args.quick else LOADS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
