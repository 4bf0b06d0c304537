"""How many instructions the core takes for a message: `python -m benchmarks.instructions`.

Rules:
- Counted by valgrind's callgrind, of `benchmarks.counted_flow` in a process of its own: a simulated processor
  has no noise and no neighbours, so that a change of a hundredth shows where seconds hide a tenth.
- Hashes are seeded, addresses are valgrind's own, no environment and no changing name is passed on. Each
  count is made several times all the same, and how far the runs are apart stands beside it.
- Which objects lie where still moves a count by some thousandths: below TELLS, two counts are the same.
- Instructions are not seconds: to wait for memory takes none. Only counts of the same Python build compare.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from benchmarks import report
from benchmarks.counted_flow import EACH, KINDS, MARK, a_flow
from benchmarks.exchange import ROOT, Failed
from benchmarks.report import Figure, Report, number, row
from benchmarks.runs import say

RUNS: Final = 3
TELLS: Final = 0.01
"""A smaller difference means nothing."""
CASE: Final = "instructions"


def counted(dump: str) -> int:
    """The instructions in one of callgrind's files. Raises Failed."""
    for line in dump.splitlines():
        name, _, value = line.partition(":")
        if name in ("summary", "totals"):
            return int(value.split()[0])
    raise Failed("a file of callgrind's has no summary")


def one_run(valgrind: str, flow: IO[bytes]) -> list[float]:
    """Instructions a message, kind by kind. Raises Failed."""
    flow.seek(0)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        out = Path(folder) / "counts"
        command = [valgrind, "--tool=callgrind", f"--callgrind-out-file={out}"]
        command += [f"--dump-before={MARK}", sys.executable, "-m", "benchmarks.counted_flow"]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={"PYTHONHASHSEED": "0"},
            stdin=flow,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise Failed(done.stderr.decode())
        # The first holds all before the first mark, the last (without a number) all after the last one.
        dumps = [out.with_name(f"{out.name}.{part}") for part in range(2, len(KINDS) + 2)]
        if missing := [dump for dump in dumps if not dump.exists()]:
            raise Failed(f"valgrind missed {len(missing)} of the calls of {MARK}")
        return [counted(dump.read_text()) / EACH for dump in dumps]


def measure(valgrind: str, runs: int) -> list[Figure]:
    """A figure for each kind. Raises Failed."""
    found = []
    with (
        tempfile.TemporaryFile() as flow
    ):  # a pipe would be read in pieces, now so and now otherwise
        a_flow().numbers.tofile(flow)
        flow.flush()
        for run in range(runs):
            found.append(one_run(valgrind, flow))
            say(f"run {run + 1}: " + ", ".join(f"{count:,.1f}" for count in found[-1]))
    return [
        Figure(
            goal=0,
            what=kind,
            unit="instructions a message",
            values=[each[place] for each in found],
            higher=False,
            case=CASE,
        )
        for place, kind in enumerate(KINDS)
    ]


def spread(figure: Figure) -> float:
    """How far the runs are apart, as a part of the figure."""
    return (max(figure.values) - min(figure.values)) / figure.median


def table(made: Report, before: Report | None = None) -> str:
    """The table, in Markdown; beside an earlier report, if there is one."""
    head = ["messages", "instructions each", "runs apart by"]
    head += ["before", "change", ""] if before else []
    lines = [row(head), row(["---", *["---:"] * (len(head) - 1)])]
    earlier = {figure.what: figure for figure in before.figures} if before else {}
    for figure in made.figures:
        cells = [figure.what, f"**{number(figure.median)}**", f"{spread(figure):.3%}"]
        if before:
            cells += _beside(figure, earlier.get(figure.what))
        lines.append(row(cells))
    lines += ["", f"{made.when}; {made.machine}; medians of {made.runs} run(s)."]
    if before:
        lines.append(f"Before: {before.when}; {before.machine}.")
    return "\n".join(lines)


def _beside(figure: Figure, earlier: Figure | None) -> list[str]:
    if earlier is None:
        return ["not counted", "", ""]
    change = figure.median / earlier.median - 1
    if abs(change) < TELLS:
        verdict = "the same"
    elif max(spread(figure), spread(earlier)) >= TELLS:
        verdict = "the runs are too far apart"
    else:
        verdict = "MORE" if change > 0 else "fewer"
    return [number(earlier.median), f"{change:+.2%}", verdict]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--save", metavar="FILE.json")
    parser.add_argument("--against", metavar="FILE.json", help="a saved run to compare with")
    options = parser.parse_args(arguments)
    before = report.load_report(options.against) if options.against else None
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        say("Not counted: valgrind is not installed (Debian: apt-get install valgrind).")
        return 1
    try:
        figures = measure(valgrind, options.runs)
    except Failed as failure:
        say(f"FAILED: {failure}")
        return 1
    made = Report(when=report.now(), machine=report.machine(), runs=options.runs, figures=figures)
    print(table(made, before))
    if options.save:
        report.save(made, options.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
