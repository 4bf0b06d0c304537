"""Feeds lightmatchingengine with a flow, some thousand messages at a time, as `benchmarks.core` asks.

The flow is a file of 64-bit integers, four a message: buys, ticks, lots (0: cancel), number. Each line of
the standard input is how many messages are next; the answer is the nanoseconds that they took. A process
of its own, so that neither engine's garbage is collected at the other's expense.
"""

from __future__ import annotations

import gc
import sys
import time
from array import array
from importlib import import_module
from pathlib import Path


def main(package_folder: str, thresholds: str, flow_file: str) -> None:
    """Process messages as asked until the input ends."""
    gc.set_threshold(*map(int, thresholds.split(",")))
    sys.path.append(package_folder)
    engine = import_module("lightmatchingengine.lightmatchingengine").LightMatchingEngine()
    add, cancel = engine.add_order, engine.cancel_order
    flow = array("q")
    flow.frombytes(Path(flow_file).read_bytes())
    place = 0
    for line in sys.stdin:
        end = place + 4 * int(line)
        messages = [tuple(flow[at : at + 4]) for at in range(place, end, 4)]
        place = end
        start = time.perf_counter_ns()
        for buys, price, quantity, number in messages:
            if quantity:
                add("BTC-USD", price, quantity, 1 if buys else 2)
            else:
                cancel(number, "BTC-USD")
        print(time.perf_counter_ns() - start, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
