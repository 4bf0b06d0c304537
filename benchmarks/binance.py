"""What followers of the dialect's streams cost the order path: `python -m benchmarks.binance [CASE…]`.

Rules:
- The same orders, with nobody on the dialect's streams and with a crowd of clients on them, by turns on one
  exchange: `full` at full speed, `steady` at 500 orders a second.
- Each client follows `audience.STREAMS`. They are a process of their own, and one keeps a local book that
  must equal REST's at the same update id in the end.
- At full speed the clients take processor time from whoever sends the orders, which an exchange's own machine
  would not see: so what the exchange itself spends on an order is a figure of its own.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

import msgspec

from benchmarks.audience import Audience
from benchmarks.exchange import MARKETS, ROOT, Exchange, Failed, exchange
from benchmarks.load import Outcome, Plan
from benchmarks.report import Figure
from benchmarks.runs import Case, Settings, at, load, quantile, say, terminal

CROWD = 100
STEADY = 500.0
"""Orders a second."""
WITHIN = 0.9
"""Of what it is without them."""
MOST = 1.1
"""Times what an order costs, and its reply takes, without them."""
SOCKET = Plan(url="", pid=0, talk="socket", markets=[MARKETS[0]], connections=8, in_flight=64)
SPACED = msgspec.structs.replace(SOCKET, rate=STEADY)


@contextlib.contextmanager
def audience(made: Exchange, market: str, clients: int) -> Iterator[None]:
    """Clients that follow a market meanwhile. Raises Failed if they were sent anything wrong."""
    symbol = market.replace("-", "")
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.audience", made.url, symbol, str(clients)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "READY":
            raise Failed("the audience did not come")
        yield
        said, _ = process.communicate("")
    if process.returncode:
        raise Failed("the audience failed")
    outcome = msgspec.json.decode(said, type=Audience)
    if outcome.wrong:
        raise Failed("\n".join(outcome.wrong))
    say(f"    each of {clients} was sent {outcome.events:,} events, all {outcome.megabytes:.0f} MB")


def _by_turns(settings: Settings, plan: Plan) -> tuple[list[Outcome], list[Outcome]]:
    """The outcomes without and with the crowd."""
    plan = msgspec.structs.replace(plan, seconds=settings.seconds)
    clients = settings.sized(CROWD)
    alone: list[Outcome] = []
    followed: list[Outcome] = []
    with exchange(accounts=plan.connections, profile=settings.profile) as made:
        for number in range(settings.runs):
            alone.append(load(at(made, plan, 2 * number)))
            with audience(made, MARKETS[0], clients):
                followed.append(load(at(made, plan, 2 * number + 1)))
            say(
                f"  run {number + 1}: {_rate(alone[-1]):,.0f} orders/s alone, "
                f"{_rate(followed[-1]):,.0f} with {clients} clients; median reply "
                f"{_median(alone[-1]):.2f} and {_median(followed[-1]):.2f} ms; server CPU an order "
                f"{_cpu(alone[-1]):.0f} and {_cpu(followed[-1]):.0f} µs"
            )
    return alone, followed


def _rate(outcome: Outcome) -> float:
    return outcome.orders / outcome.seconds


def _median(outcome: Outcome) -> float:
    return quantile(outcome.latencies, 0.5) * 1e3


def _cpu(outcome: Outcome) -> float:
    return outcome.server_cpu / max(1, outcome.orders) * 1e6


def full(settings: Settings) -> Iterator[Figure]:
    """Orders at full speed."""
    alone, followed = _by_turns(settings, SOCKET)
    yield Figure(
        goal=0,
        what=f"orders with {settings.sized(CROWD)} clients on the dialect's streams",
        unit="orders/s",
        values=[_rate(outcome) for outcome in followed],
        bare="orders/s without them",
        bare_values=[_rate(outcome) for outcome in alone],
        wanted_ratio=WITHIN,
        cpu=[_cpu(outcome) for outcome in followed],
    )
    yield Figure(
        goal=0,
        what=f"what an order costs the exchange with {settings.sized(CROWD)} clients at full speed",
        unit="µs of CPU",
        higher=False,
        values=[_cpu(outcome) for outcome in followed],
        bare="µs without them",
        bare_values=[_cpu(outcome) for outcome in alone],
        wanted_ratio=MOST,
    )


def steady(settings: Settings) -> Iterator[Figure]:
    """Orders at a rate."""
    alone, followed = _by_turns(settings, SPACED)
    yield Figure(
        goal=0,
        what=f"the reply at {STEADY:.0f} orders/s with {settings.sized(CROWD)} clients, median",
        unit="ms",
        higher=False,
        values=[_median(outcome) for outcome in followed],
        bare="ms without them",
        bare_values=[_median(outcome) for outcome in alone],
        wanted_ratio=MOST,
        cpu=[_cpu(outcome) for outcome in followed],
    )


CASES: dict[str, Case] = {"binance-full": full, "binance-steady": steady}

if __name__ == "__main__":
    sys.exit(terminal(CASES))
