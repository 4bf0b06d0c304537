"""Who should run which market, as every process works it out for itself from the same rows.

Rules:
- A market that nobody runs goes to whoever runs fewest; among equals, to whoever came first.
- One that is run moves only if that makes the shares more even: from whoever runs most to whoever runs
  fewest, when they are two or more apart. So nothing moves to and fro.
- A process gets only markets that it may run.
"""

from __future__ import annotations

from collections.abc import Mapping

May = Mapping[int, frozenset[int] | None]
"""Process → the markets that it may run; None: all."""


def plan(runs: Mapping[int, int | None], may: May) -> dict[int, int]:
    """Market → the process that should run it.

    `runs`: market → the process that runs it now, or None; of one process's markets those that come first
    move first. Processes that are not in `may` keep nothing.
    """
    holds: dict[int, list[int]] = {process: [] for process in may}
    free: list[int] = []
    for market, process in runs.items():
        (free if process is None else holds.get(process, free)).append(market)
    for market in free:
        able = [process for process in holds if _allowed(may, process, market)]
        if able:
            holds[min(able, key=lambda process: (len(holds[process]), process))].append(market)
    while (move := _next_move(holds, may)) is not None:
        market, giver, receiver = move
        holds[giver].remove(market)
        holds[receiver].append(market)
    return {market: process for process, markets in holds.items() for market in markets}


def _next_move(holds: Mapping[int, list[int]], may: May) -> tuple[int, int, int] | None:
    """A market, who runs too many with it, and who runs too few without it."""
    fewest = sorted(holds, key=lambda process: (len(holds[process]), process))
    for giver in sorted(holds, key=lambda process: (-len(holds[process]), process)):
        for receiver in fewest:
            if len(holds[giver]) - len(holds[receiver]) < 2:
                break
            for market in holds[giver]:
                if _allowed(may, receiver, market):
                    return market, giver, receiver
    return None


def _allowed(may: May, process: int, market: int) -> bool:
    only = may[process]
    return only is None or market in only
