"""How long the exchange takes to start: `python -m benchmarks.start [CASE…]`. Goal 9.

Rules:
- From the start of the process until an order is answered: Python, Django, the rows of every open order,
  the engine's book, the hub's book. The order is asked again until it is taken.
- The orders were written into the rows directly (fill.py), 20 at a price; the files are in the
  system's cache.
- The bare limit is the start of the bare server, and the same rows read by bare `sqlite3`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from functools import partial

from benchmarks.exchange import MARKETS, Exchange, bare_server, furnished, running
from benchmarks.fill import fill
from benchmarks.load import TRADING
from benchmarks.report import Figure
from benchmarks.runs import Case, Settings, say, terminal
from benchmarks.wire import SocketWire, connect

ORDERS_A_LEVEL = 20
ACCOUNTS = 20
ASK_EVERY = 0.05
WITHIN = 180.0
ROWS = (
    "SELECT * FROM markets_order WHERE status IN ('untriggered', 'open', 'partially_filled')"
    " ORDER BY priority"
)


async def first_answer(made: Exchange, name: str) -> None:
    """Ask for an order until it is taken."""
    taken = asyncio.Event()

    def received(messages: list[bytes], _: float) -> None:
        if any(json.loads(message)["success"] for message in messages):
            taken.set()

    order = {
        "market": MARKETS[0],
        "side": "buy",
        "price": "63000",
        "quantity": "0.001",
        "time_in_force": "ioc",
        "client_order_id": name,
    }
    request = json.dumps({"method": "submit_order", "params": order, "req_id": 1}).encode()
    wire = await connect(SocketWire, made.url, TRADING, received, made.keys[0])
    async with asyncio.timeout(WITHIN):
        while not taken.is_set():
            wire.send([request])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(taken.wait(), ASK_EVERY)
    wire.close()


def bare_start(made: Exchange) -> float:
    """Seconds that the bare server takes to start, and the rows to be read."""
    began = time.perf_counter()
    with bare_server():
        started = time.perf_counter() - began
    database = sqlite3.connect(f"{made.folder}/exchange.sqlite3")
    began = time.perf_counter()
    database.execute(ROWS).fetchall()
    read = time.perf_counter() - began
    database.close()
    return started + read


def start(settings: Settings, *, orders: int, wanted: float) -> Iterator[Figure]:
    """With so many resting orders."""
    count = settings.sized(orders)
    took: list[float] = []
    bare: list[float] = []
    with furnished(accounts=ACCOUNTS) as made:
        began = time.perf_counter()
        fill(made, orders=count, levels=count // ORDERS_A_LEVEL)
        say(f"  {count:,} orders were written in {time.perf_counter() - began:.1f} s")
        for number in range(settings.runs):
            if settings.bare:
                bare.append(bare_start(made))
            began = time.perf_counter()
            with running(made, settings.profile):
                asyncio.run(first_answer(made, f"start-{number}"))
                took.append(time.perf_counter() - began)
            say(f"  run {number + 1}: {took[-1]:.2f} s")
        made.audit()
    yield Figure(
        goal=9,
        what=f"start with {count:,} resting orders",
        unit="s",
        higher=False,
        values=took,
        wanted=wanted,
        bare="s for a bare start and read",
        bare_values=bare,
    )


CASES: dict[str, Case] = {
    "start": partial(start, orders=100_000, wanted=3),
    "start-1000000": partial(start, orders=1_000_000, wanted=30),
}
LONG = frozenset({"start-1000000"})
"""Measured when asked for."""

if __name__ == "__main__":
    sys.exit(terminal(CASES, when_asked=LONG))
