"""Figures of a run: a table in Markdown, a file, and the comparison of two files.

Rules:
- A figure is the median of its runs. Its ratio is the median of the runs' own ratios to the bare limit
  that was measured in the same run, since machines are noisy and each run has its own noise.
- A goal is reached when the figure and the ratio both are where they are wanted.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import psutil

FEWEST_RUNS = 3
"""Below, a comparison tells nothing."""


class Figure(msgspec.Struct, kw_only=True):
    """One measured thing; values are one a run."""

    goal: int
    what: str
    unit: str
    values: list[float]
    wanted: float | None = None
    higher: bool = True
    """Whether more is better."""
    bare: str = ""
    """What the ratio is to."""
    bare_values: list[float] = []
    wanted_ratio: float | None = None
    cpu: list[float] = []
    """Microseconds of the server's CPU for each order."""
    case: str = ""
    """What it is called on the command line."""

    @property
    def median(self) -> float:
        """The figure."""
        return statistics.median(self.values)

    @property
    def ratio(self) -> float | None:
        """To the bare limit."""
        if not self.bare_values:
            return None
        pairs = zip(self.values, self.bare_values, strict=True)
        return statistics.median(value / bare if bare else float("inf") for value, bare in pairs)

    @property
    def reached(self) -> bool:
        """Whether the goal is."""
        return all(
            (found >= wanted) if self.higher else (found <= wanted)
            for found, wanted in ((self.median, self.wanted), (self.ratio, self.wanted_ratio))
            if wanted is not None and found is not None
        )


class Report(msgspec.Struct, kw_only=True):
    """A run, as it is saved."""

    when: str
    machine: str
    runs: int
    figures: list[Figure]
    size: float = 1.0
    """Of crowds and books: below 1 no goal is judged."""
    left_out: list[str] = []


def machine() -> str:
    """What it ran on, without names."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        model = next((x.partition(": ")[2] for x in lines if x.startswith("model name")), model)
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def now() -> str:
    """The time of a run."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def number(value: float | None) -> str:
    """With as many digits as mean something."""
    if value is None:
        return ""
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def sign(figure: Figure, wanted: float | None) -> str:
    """A goal as it is written."""
    return "" if wanted is None else f"{'≥' if figure.higher else '≤'} {number(wanted)}"


def row(cells: Iterable[str]) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def table(report: Report) -> str:
    """The table of a run, in Markdown."""
    head = ("goal", "what", "wanted", "measured", "bare limit", "ratio", "CPU an order", "reached")
    lines = [row(head), row(["---"] * len(head))]
    for figure in report.figures:
        spread = f"{number(min(figure.values))} to {number(max(figure.values))}"
        bare = number(statistics.median(figure.bare_values)) if figure.bare_values else ""
        wanted = sign(figure, figure.wanted) + (f" {figure.unit}" if figure.wanted else "")
        if figure.wanted_ratio is not None:
            wanted += f"{', ' if wanted else ''}{sign(figure, figure.wanted_ratio)} ×"
        goal = figure.wanted is not None or figure.wanted_ratio is not None
        judged = goal and report.size == 1 and not (figure.wanted_ratio and figure.ratio is None)
        lines.append(
            row(
                (
                    str(figure.goal),
                    f"{figure.what} (`{figure.case}`)",
                    wanted,
                    f"**{number(figure.median)}** {figure.unit} ({spread})",
                    f"{bare} {figure.bare}".strip(),
                    number(figure.ratio),
                    f"{number(statistics.median(figure.cpu))} µs" if figure.cpu else "",
                    ("yes" if figure.reached else "**no**") if judged else "",
                )
            )
        )
    lines += ["", f"{report.when}; {report.machine}; medians of {report.runs} run(s)."]
    if report.size != 1:
        lines.append(
            f"A look at {report.size} of the sizes of crowds and books: no goal is judged."
        )
    return "\n".join([*lines, *(f"Left out: {what}" for what in report.left_out)])


def save(report: Report, path: str) -> None:
    """Keep a run."""
    Path(path).write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))


def load_report(path: str) -> Report:
    """A run that was kept."""
    return msgspec.json.decode(Path(path).read_bytes(), type=Report)


def comparison(a: Report, b: Report) -> str:
    """Two runs side by side: B's figures, ratios and CPU as multiples of A's."""
    head = ("what", "A", "B", "B / A", "ratio A", "ratio B", "CPU B / A", "")
    lines = [row(head), row(["---"] * len(head))]
    others = {(figure.case, figure.what): figure for figure in b.figures}
    for one in a.figures:
        other = others.pop((one.case, one.what), None)
        if other is None:
            lines.append(row((one.what, number(one.median), "not measured", *[""] * 5)))
            continue
        change = other.median / one.median if one.median else float("inf")
        cpu = statistics.median(other.cpu) / statistics.median(one.cpu) if one.cpu else None
        lines.append(
            row(
                (
                    f"{one.what}, {one.unit}",
                    number(one.median),
                    number(other.median),
                    number(change),
                    number(one.ratio),
                    number(other.ratio),
                    number(cpu),
                    verdict(one, other),
                )
            )
        )
    lines += [
        row((new.what, "not measured", number(new.median), *[""] * 5)) for new in others.values()
    ]
    return "\n".join([*lines, "", f"A: {a.when}; {a.machine}", f"B: {b.when}; {b.machine}"])


def verdict(one: Figure, other: Figure) -> str:
    """Whether the second is better, if the runs are enough to tell."""
    if min(len(one.values), len(other.values)) < FEWEST_RUNS:
        return "too few runs"
    if min(other.values) <= max(one.values) and max(other.values) >= min(one.values):
        return "within the runs' spread"
    return "better" if (other.median > one.median) == one.higher else "WORSE"


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m benchmarks.report A.json [B.json]`: one run's table, or two runs compared."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=main.__doc__)
    parser.add_argument("a", metavar="A.json")
    parser.add_argument("b", metavar="B.json", nargs="?")
    paths = parser.parse_args(arguments)
    a = load_report(paths.a)
    print(comparison(a, load_report(paths.b)) if paths.b else table(a))
    return 0


if __name__ == "__main__":
    sys.exit(main())
