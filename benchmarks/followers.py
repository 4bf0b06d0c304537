"""What followers of the market data cost: `python -m benchmarks.followers [CASE…]`. Goals 6, 7 and 10.

Rules:
- The bare limit is a plain loop that sends one ready frame to as many sockets, on the same server, to the
  same load generator. Reading a thousand sockets takes the load generator's time in both alike.
- A lag is from the reply to an order until a follower has read the update that tells of it. It may be
  below 0: then followers knew before the one who asked. So the reply's own time stands beside it.
- Idle sockets follow a book that nobody trades: heartbeats and pings are all that comes. Memory and CPU
  are the whole server process's; each run is a fresh process, since memory that was used once stays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial

import msgspec

from benchmarks.exchange import MARKETS, bare_server, exchange, furnished, running
from benchmarks.load import Plan
from benchmarks.report import Figure
from benchmarks.runs import (
    Case,
    Settings,
    at,
    bare_plan,
    load,
    quantile,
    rounds,
    say,
    terminal,
)

CROWD = 1_000
LAGS = ((10, 5.0), (100, 10.0), (1_000, 60.0))
"""Followers, and the milliseconds within which half of them should be told."""
ORDERS_A_SECOND = 10
IDLE_SECONDS = 10.0
"""Long enough for a ping to every socket."""
MIB = 2**20


def lag(settings: Settings, *, followers: int, wanted: float) -> Iterator[Figure]:
    """How long after the reply followers are told."""
    plan = Plan(
        url="",
        pid=0,
        talk="socket",
        markets=[MARKETS[0]],
        connections=2,
        rate=ORDERS_A_SECOND,
        seconds=settings.seconds,
        followers=settings.sized(followers),
    )
    limit = bare_plan(plan, talk="fan-out", connections=1, followers=plan.followers)
    with bare_server() as bare, exchange(accounts=2, profile=settings.profile) as made:
        done = rounds(settings, made, bare, plan, limit)
    bares = [one.bare for one in done if one.bare is not None]
    yield Figure(
        goal=6,
        what=f"a book update at {plan.followers:,} followers after the reply, median",
        unit="ms",
        higher=False,
        values=[quantile(one.full.lags, 0.5) * 1e3 for one in done],
        wanted=wanted,
    )
    yield Figure(
        goal=6,
        what=f"the same from the order on, {plan.followers:,} followers",
        unit="ms",
        higher=False,
        values=[quantile(one.full.told, 0.5) * 1e3 for one in done],
        bare="ms in a bare loop",
        bare_values=[quantile(bare.told, 0.5) * 1e3 for bare in bares],
    )
    yield Figure(
        goal=6,
        what=f"the reply to that order beside {plan.followers:,} followers",
        unit="ms",
        higher=False,
        values=[quantile(one.full.latencies, 0.5) * 1e3 for one in done],
        bare="ms in a bare loop",
        bare_values=[quantile(bare.latencies, 0.5) * 1e3 for bare in bares],
    )


def fan_out(settings: Settings) -> Iterator[Figure]:
    """Frames a second to a crowd."""
    plan = Plan(
        url="",
        pid=0,
        talk="socket",
        markets=[MARKETS[0]],
        connections=2,
        in_flight=2,
        seconds=settings.seconds,
        followers=settings.sized(CROWD),
    )
    limit = bare_plan(plan, talk="fan-out", connections=1, in_flight=4, followers=plan.followers)
    with bare_server() as bare, exchange(accounts=2, profile=settings.profile) as made:
        done = rounds(settings, made, bare, plan, limit)
    yield Figure(
        goal=7,
        what=f"updates to {plan.followers:,} sockets of one process",
        unit="frames/s",
        values=[one.full.delivered / one.full.seconds for one in done],
        bare="frames/s in a bare loop",
        bare_values=[one.bare.delivered / one.bare.seconds for one in done if one.bare is not None],
        wanted_ratio=0.7,
    )


def idle(settings: Settings) -> Iterator[Figure]:
    """Sockets to which nothing happens."""
    seconds = IDLE_SECONDS if settings.size == 1 else settings.seconds
    none = Plan(
        url="",
        pid=0,
        talk="socket",
        markets=[MARKETS[0]],
        connections=0,
        seconds=settings.seconds,
    )
    crowd = msgspec.structs.replace(none, followers=settings.sized(CROWD), seconds=seconds)
    memory: list[float] = []
    busy: list[float] = []
    without: list[float] = []
    with furnished(accounts=1) as made:
        for number in range(settings.runs):
            with running(made):
                alone = load(at(made, none, number))
                outcome = load(at(made, crowd, number))
            memory.append(outcome.rss / MIB)
            busy.append(outcome.server_cpu / outcome.seconds * 100)
            without.append(alone.server_cpu / alone.seconds * 100)
            say(
                f"  run {number + 1}: {memory[-1]:.1f} MiB more, {busy[-1]:.2f} % of a core; "
                f"without sockets {without[-1]:.2f} %"
            )
    yield Figure(
        goal=10,
        what=f"memory of {crowd.followers:,} idle sockets",
        unit="MiB",
        higher=False,
        values=memory,
        wanted=60,
    )
    yield Figure(
        goal=10,
        what=f"CPU with {crowd.followers:,} idle sockets",
        unit="% of a core",
        higher=False,
        values=busy,
        wanted=2,
        bare="% without sockets",
        bare_values=without,
    )


CASES: dict[str, Case] = {
    **{
        f"lag-{followers}": partial(lag, followers=followers, wanted=wanted)
        for followers, wanted in LAGS
    },
    "fan-out": fan_out,
    "idle": idle,
}

if __name__ == "__main__":
    sys.exit(terminal(CASES))
