"""Orders a second: `python -m benchmarks.orders [CASE…]`. Goals 1, 2, 3 and 8.

Rules:
- The mix of orders is flow.py's, one account a connection. All that a real exchange does is on: funds,
  fees, a price band, client_order_ids, durable commits, ten followers.
- One exchange for all runs of a case, so its tables grow as they do in life; it is audited at the end.
- The bare limit is the echo of the same requests, from the same load generator, by the same server.
- Books of many levels (goal 8) are filled beyond the 5 levels a side in which the orders move.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from functools import partial

import msgspec

from benchmarks.databases import a_database
from benchmarks.exchange import MARKETS, Exchange, bare_server, exchange
from benchmarks.fill import fill
from benchmarks.load import Plan
from benchmarks.report import Figure
from benchmarks.runs import Case, LeftOut, Round, Settings, at, load, rounds, say, terminal

FOLLOWERS = 10
ECHO = "orders/s in a bare echo"
LEVELS = (10, 1_000, 100_000)
BOOK_TICKS = 5


def _figures(
    done: list[Round], *, goal: int, what: str, wanted: float, wanted_ratio: float | None
) -> Iterator[Figure]:
    yield Figure(
        goal=goal,
        what=what,
        unit="orders/s",
        values=[one.rate for one in done],
        wanted=wanted,
        bare=ECHO,
        bare_values=[one.bare_rate for one in done if one.bare],
        wanted_ratio=wanted_ratio,
        cpu=[one.cpu for one in done],
    )


def orders(
    settings: Settings,
    *,
    goal: int,
    what: str,
    plan: Plan,
    wanted: float,
    wanted_ratio: float | None = None,
    environment: dict[str, str] | None = None,
) -> Iterator[Figure]:
    """One case: this plan, closed loop, on an exchange of its own."""
    plan = msgspec.structs.replace(plan, seconds=settings.seconds, followers=FOLLOWERS)
    with (
        bare_server() as bare,
        exchange(
            markets=len(plan.markets),
            accounts=plan.connections,
            profile=settings.profile,
            environment=environment,
        ) as made,
    ):
        done = rounds(settings, made, bare, plan)
    yield from _figures(done, goal=goal, what=what, wanted=wanted, wanted_ratio=wanted_ratio)


def postgresql(settings: Settings) -> Iterator[Figure]:
    """The embedded shape on PostgreSQL."""
    if settings.database is None or not settings.database.startswith("postgres"):
        raise LeftOut("set DATABASE_URL to a PostgreSQL in which databases may be made")
    with a_database(settings.database) as url:
        yield from orders(
            settings,
            goal=1,
            what="orders on the trading socket, 8 × 64 in flight, PostgreSQL",
            plan=SOCKET,
            wanted=6_000,
            environment={"DATABASE_URL": url},
        )


def books(settings: Settings) -> Iterator[Figure]:
    """The same orders beside books of different sizes, by turns."""
    all_levels = [LEVELS[0], *(settings.sized(levels) for levels in LEVELS[1:])]
    plan = msgspec.structs.replace(SOCKET, seconds=settings.seconds, followers=1, ticks=BOOK_TICKS)
    rates: dict[int, list[float]] = {levels: [] for levels in all_levels}
    sizes: dict[int, list[float]] = {levels: [] for levels in all_levels}
    costs: dict[int, list[float]] = {levels: [] for levels in all_levels}
    with contextlib.ExitStack() as stack:
        all_made: dict[int, Exchange] = {}
        for levels in all_levels:
            more = max(0, levels - 2 * BOOK_TICKS)
            prepare = partial(fill, orders=more, levels=more) if more else None
            all_made[levels] = stack.enter_context(exchange(prepare=prepare))
        for run in range(settings.runs):
            for levels, made in all_made.items():
                outcome = load(at(made, plan, run))
                rates[levels].append(outcome.orders / outcome.seconds)
                sizes[levels].append(outcome.update_bytes / max(1, outcome.updates))
                costs[levels].append(outcome.server_cpu / max(1, outcome.orders) * 1e6)
                say(f"  run {run + 1}, {levels} levels: {rates[levels][-1]:,.0f} orders/s")
    for levels in all_levels:
        first = levels == all_levels[0]
        yield Figure(
            goal=8,
            what=f"orders beside a book of {levels:,} levels",
            unit="orders/s",
            values=rates[levels],
            bare="" if first else f"orders/s beside {LEVELS[0]} levels",
            bare_values=[] if first else rates[LEVELS[0]],
            wanted_ratio=None if first else 0.85,
            cpu=costs[levels],
        )
    for levels in all_levels:
        first = levels == all_levels[0]
        yield Figure(
            goal=8,
            what=f"an update of a book of {levels:,} levels",
            unit="bytes",
            higher=False,
            values=sizes[levels],
            bare="" if first else f"bytes with {LEVELS[0]} levels",
            bare_values=[] if first else sizes[LEVELS[0]],
            wanted_ratio=None if first else 1.15,
        )


SOCKET = Plan(url="", pid=0, talk="socket", markets=[MARKETS[0]], connections=8, in_flight=64)
_changed = msgspec.structs.replace
CASES: dict[str, Case] = {
    "socket": partial(
        orders,
        goal=1,
        what="orders on the trading socket, 8 × 64 in flight",
        plan=SOCKET,
        wanted=10_000,
        wanted_ratio=0.5,
    ),
    "socket-3-markets": partial(
        orders,
        goal=1,
        what="the same over 3 markets",
        plan=_changed(SOCKET, markets=list(MARKETS)),
        wanted=10_000,
    ),
    "socket-postgresql": postgresql,
    "batch-socket": partial(
        orders,
        goal=2,
        what="`submit_orders` of 100, 4 × 2 in flight",
        plan=_changed(SOCKET, talk="socket-batch", connections=4, in_flight=2),
        wanted=15_000,
    ),
    "batch-rest": partial(
        orders,
        goal=2,
        what="`POST orders/batch` of 100, 8 connections",
        plan=_changed(SOCKET, talk="rest-batch", connections=8, in_flight=1),
        wanted=15_000,
    ),
    "rest": partial(
        orders,
        goal=3,
        what="`POST orders`, one each, 16 connections",
        plan=_changed(SOCKET, talk="rest", connections=16, in_flight=1),
        wanted=3_000,
        wanted_ratio=0.25,
    ),
    "books": books,
}

if __name__ == "__main__":
    sys.exit(terminal(CASES))
