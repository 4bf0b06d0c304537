"""How long an order takes: `python -m benchmarks.latency [CASE…]`. Goals 4 and 5.

Rules:
- One in flight: two connections (a maker's and a taker's) ask by turns, each when the other was answered.
  Its bare limit is the same with a bare echo, plus a bare one-row durable commit on the same disk.
- At an offered rate: open loop. A latency counts from the time at which the order was due, so that a
  server that stalls cannot hide behind a client that waits for it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator

from benchmarks.bare import commits
from benchmarks.exchange import MARKETS, bare_server, exchange
from benchmarks.load import Plan
from benchmarks.orders import FOLLOWERS
from benchmarks.report import Figure
from benchmarks.runs import Case, Settings, at, bare_plan, load, quantile, rounds, say, terminal

OFFERED = 2_000


def one_in_flight(settings: Settings) -> Iterator[Figure]:
    """One order at a time."""
    plan = Plan(
        url="",
        pid=0,
        talk="socket",
        markets=[MARKETS[0]],
        connections=2,
        in_flight=1,
        in_turns=True,
        seconds=settings.seconds,
        followers=FOLLOWERS,
    )
    medians: list[float] = []
    tails: list[float] = []
    limits: list[float] = []
    costs: list[float] = []
    with (
        bare_server() as bare,
        exchange(accounts=2, profile=settings.profile) as made,
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
    ):
        for number in range(settings.runs):
            echo = quantile(load(at(bare, bare_plan(plan), number)).latencies, 0.5)
            commit = quantile(commits(folder, settings.seconds / 4), 0.5)
            outcome = load(at(made, plan, number))
            medians.append(quantile(outcome.latencies, 0.5) * 1e3)
            tails.append(quantile(outcome.latencies, 0.99) * 1e3)
            limits.append((echo + commit) * 1e3)
            costs.append(outcome.server_cpu / max(1, outcome.orders) * 1e6)
            say(
                f"  run {number + 1}: {medians[-1]:.2f} ms, 99 % within {tails[-1]:.2f} ms; "
                f"bare echo {echo * 1e3:.3f} ms, bare commit {commit * 1e3:.3f} ms"
            )
    yield Figure(
        goal=4,
        what="one order, one in flight, median",
        unit="ms",
        higher=False,
        values=medians,
        bare="ms for a bare echo and a bare commit",
        bare_values=limits,
        wanted_ratio=2,
        cpu=costs,
    )
    yield Figure(
        goal=4,
        what="one order, one in flight, 99 % within",
        unit="ms",
        higher=False,
        values=tails,
        bare="ms, its median",
        bare_values=medians,
        wanted_ratio=5,
    )


def offered(settings: Settings) -> Iterator[Figure]:
    """Orders at a rate, whatever the exchange does."""
    plan = Plan(
        url="",
        pid=0,
        talk="socket",
        markets=[MARKETS[0]],
        connections=8,
        rate=OFFERED,
        seconds=settings.seconds,
        followers=FOLLOWERS,
    )
    with bare_server() as bare, exchange(profile=settings.profile) as made:
        done = rounds(settings, made, bare, plan)
    for name, share, wanted in (("median", 0.5, 8.0), ("99 % within", 0.99, 40.0)):
        yield Figure(
            goal=5,
            what=f"an order at {OFFERED:,} orders/s offered, {name}",
            unit="ms",
            higher=False,
            values=[quantile(one.full.latencies, share) * 1e3 for one in done],
            wanted=wanted,
            bare="ms for a bare echo at that rate",
            bare_values=[
                quantile(one.bare.latencies, share) * 1e3 for one in done if one.bare is not None
            ],
            cpu=[one.cpu for one in done],
        )


CASES: dict[str, Case] = {"one-in-flight": one_in_flight, "offered": offered}

if __name__ == "__main__":
    sys.exit(terminal(CASES))
