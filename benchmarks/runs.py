"""What all runners share: the command line, the load generator as a process, a case's rounds.

Rules:
- A case is a function of the Settings that yields Figures. A round is one measurement of the bare limit
  and one of the exchange, one after the other; a case has `runs` rounds.
- Anything wrong (a reply, a book, the audit, a process that ends badly) raises Failed: the run's exit code
  is 1 then, and no table is printed. A goal that is not reached is no failure.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from benchmarks import report
from benchmarks.exchange import ROOT, Exchange, Failed, Server
from benchmarks.load import Outcome, Plan
from benchmarks.report import Figure

SOCKETS = 4096
"""Open files that the processes need."""
BARE_SHARE = 0.5
"""The bare limit is measured for so much of the time."""


@dataclass(frozen=True)
class Settings:
    """How to measure."""

    runs: int = 5
    seconds: float = 3.0
    database: str | None = None
    profile: str | None = None
    bare: bool = True
    size: float = 1.0
    """Of crowds and books, for a quick look: 0.01 is a hundredth."""

    def sized(self, count: int) -> int:
        """So many, or fewer for a quick look."""
        return max(2, int(count * self.size))


class LeftOut(Exception):
    """A case cannot be measured here; says why."""


Case = Callable[[Settings], Iterator[Figure]]


def load(plan: Plan) -> Outcome:
    """Run the load generator. Raises Failed if anything was wrong."""
    with tempfile.NamedTemporaryFile(prefix="bench-") as answer:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.load", answer.name],
            input=msgspec.json.encode(plan),
            cwd=ROOT,
            check=False,
        )
        if done.returncode:
            raise Failed("the load generator failed")
        outcome = msgspec.json.decode(answer.read(), type=Outcome)
    if outcome.wrong:
        raise Failed("\n".join(outcome.wrong))
    return outcome


def at(server: Server, plan: Plan, number: int) -> Plan:
    """The plan for a server, as its run of that number."""
    return msgspec.structs.replace(
        plan,
        url=server.url,
        pid=server.pid,
        more_urls=server.more_urls,
        more_pids=server.more_pids,
        bare=not isinstance(server, Exchange),
        keys=server.keys if isinstance(server, Exchange) else [],
        tag=f"r{number}.{os.getpid()}",
    )


def bare_plan(plan: Plan, **changes: object) -> Plan:
    """The same for the bare server: shorter, and without followers unless they are its crowd."""
    return msgspec.structs.replace(
        plan, **{"seconds": plan.seconds * BARE_SHARE, "followers": 0} | changes
    )


@dataclass(frozen=True)
class Round:
    """One run's two measurements."""

    bare: Outcome | None
    full: Outcome

    @property
    def rate(self) -> float:
        """Orders a second."""
        return self.full.orders / self.full.seconds

    @property
    def bare_rate(self) -> float:
        """The bare limit's."""
        assert self.bare is not None
        return self.bare.orders / self.bare.seconds

    @property
    def cpu(self) -> float:
        """Microseconds of the server's CPU an order."""
        return self.full.server_cpu / max(1, self.full.orders) * 1e6


def rounds(
    settings: Settings, made: Exchange, bare: Server, plan: Plan, bare_is: Plan | None = None
) -> list[Round]:
    """Measure the bare limit and the exchange by turns."""
    done = []
    for number in range(settings.runs):
        limit = load(at(bare, bare_is or bare_plan(plan), number)) if settings.bare else None
        one = Round(limit, load(at(made, plan, number)))
        done.append(one)
        say(
            f"  run {number + 1}: {one.rate:,.0f} orders/s, {one.cpu:.0f} µs of server CPU an order; "
            f"server {one.full.server_cpu / one.full.seconds:.2f} cores, load generator "
            f"{one.full.load_cpu / one.full.seconds:.2f}; {one.full.traded:.0%} traded at once; "
            f"{one.full.orders / max(1, one.full.updates):.0f} orders an update"
            + (f"; bare {one.bare_rate:,.0f}/s" if limit else "")
        )
    return done


def quantile(values: list[float], share: float) -> float:
    """Of sorted values."""
    return values[min(len(values) - 1, int(len(values) * share))]


def say(line: str) -> None:
    """Progress."""
    print(line, file=sys.stderr, flush=True)


def terminal(
    cases: dict[str, Case],
    arguments: Sequence[str] | None = None,
    *,
    when_asked: frozenset[str] = frozenset(),
) -> int:
    """The command line of a runner; the exit code. Some cases are measured only when asked for."""
    parser = argparse.ArgumentParser(description=f"Measures: {', '.join(cases)}.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="default: all but the long ones")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument(
        "--size", type=float, default=1.0, help="of crowds and books: 0.01 for a look"
    )
    parser.add_argument("--no-bare", action="store_true", help="leave the bare limits out")
    parser.add_argument(
        "--profile", metavar="FILE", help="of the server: .prof cProfile, .svg py-spy"
    )
    parser.add_argument("--save", metavar="FILE.json")
    parser.add_argument("--markdown", metavar="FILE.md", help="write the table there, too")
    options = parser.parse_args(arguments)
    if unknown := set(options.cases) - set(cases):
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are: {', '.join(cases)}")
    settings = Settings(
        runs=options.runs,
        seconds=options.seconds,
        database=os.environ.get("DATABASE_URL"),
        profile=options.profile,
        bare=not options.no_bare,
        size=options.size,
    )
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (SOCKETS, most))
    made = report.Report(
        when=report.now(),
        machine=report.machine(),
        runs=settings.runs,
        size=settings.size,
        figures=[],
    )
    try:
        names = options.cases or [name for name in cases if name not in when_asked]
        measure(made, {name: cases[name] for name in names}, settings)
    except Failed as failure:
        say(f"FAILED: {failure}")
        return 1
    print(text := report.table(made))
    if options.markdown:
        with open(options.markdown, "w") as file:
            file.write(f"{text}\n")
    if options.save:
        report.save(made, options.save)
    return 0


def measure(made: report.Report, cases: dict[str, Case], settings: Settings) -> None:
    """Measure cases one after the other. Raises Failed."""
    for name, case in cases.items():
        say(f"{name}:")
        try:
            for figure in case(settings):
                figure.case = name
                if not settings.bare:
                    figure.bare, figure.bare_values = "", []
                made.figures.append(figure)
        except LeftOut as reason:
            made.left_out.append(f"`{name}`: {reason}")
