"""Orders a second: `python -m benchmarks.orders`.

Rules:
- Each figure is the median of its runs; before each run the bare echo is measured on the same server, with
  the same load generator, and the ratio is the median of the runs' own ratios.
- The mix of orders is flow.py's. One account a connection. Ten followers. One exchange for all runs of a
  figure, so its tables grow as they do in life; it is audited at the end.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys

import msgspec

from benchmarks.exchange import MARKETS, ROOT, Exchange, Failed, Server, bare_server, exchange
from benchmarks.load import Outcome, Plan


def load(plan: Plan) -> Outcome:
    """Run the load generator. Raises Failed if a reply was wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=msgspec.json.encode(plan),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise Failed("the load generator failed")
    outcome = msgspec.json.decode(done.stdout, type=Outcome)
    if outcome.wrong:
        raise Failed("\n".join(outcome.wrong))
    return outcome


def plan_of(server: Server, talk: str, tag: str, arguments: argparse.Namespace) -> Plan:
    """The closed loop of the arguments."""
    return Plan(
        url=server.url,
        pid=server.pid,
        talk=talk,
        keys=server.keys if isinstance(server, Exchange) else [],
        markets=list(MARKETS[: arguments.markets]),
        tag=tag,
        connections=arguments.connections,
        in_flight=arguments.in_flight,
        seconds=arguments.seconds,
        followers=arguments.followers if isinstance(server, Exchange) else 0,
    )


def main() -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--markets", type=int, default=1, choices=(1, 2, 3))
    parser.add_argument("--followers", type=int, default=10)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-bare", action="store_true", help="leave the echo out")
    parser.add_argument("--database", help="a DATABASE_URL instead of SQLite; it must be empty")
    parser.add_argument("--profile", metavar="FILE", help="FILE.prof: cProfile; FILE.svg: py-spy")
    arguments = parser.parse_args()
    environment = {"DATABASE_URL": arguments.database} if arguments.database else {}
    rates, ratios, costs = [], [], []
    with (
        bare_server() as bare,
        exchange(
            markets=arguments.markets,
            accounts=arguments.connections,
            profile=arguments.profile,
            **environment,
        ) as made,
    ):
        for run in range(arguments.runs):
            tag = f"r{run}-{os.getpid()}"
            echo = None
            if not arguments.no_bare:
                outcome = load(plan_of(bare, "echo-socket", tag, arguments))
                echo = outcome.orders / outcome.seconds
            outcome = load(plan_of(made, "socket", tag, arguments))
            rate = outcome.orders / outcome.seconds
            rates.append(rate)
            costs.append(outcome.server_cpu / max(1, outcome.orders) * 1e6)
            if echo:
                ratios.append(rate / echo)
            print(
                f"run {run + 1}: {rate:,.0f} orders/s"
                + (f", {rate / echo:.2f} of the echo's {echo:,.0f}/s" if echo else "")
                + f"; {costs[-1]:.1f} µs of server CPU an order"
                f"; server {outcome.server_cpu / outcome.seconds:.2f} cores"
                f", load generator {outcome.load_cpu / outcome.seconds:.2f}"
                f"; p50 {outcome.latencies[len(outcome.latencies) // 2] * 1e3:.1f} ms"
                f"; {outcome.traded:.0%} traded at once"
                f"; {outcome.orders / max(1, outcome.updates):.0f} orders an update",
                flush=True,
            )
    print(
        f"median: {statistics.median(rates):,.0f} orders/s"
        + (f", {statistics.median(ratios):.2f} of the bare echo" if ratios else "")
        + f"; {statistics.median(costs):.1f} µs of server CPU an order; the books are right"
    )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        sys.exit(f"FAILED: {failure}")
