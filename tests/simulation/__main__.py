"""`python -m tests.simulation --seed 7 --steps 250`: replay a run; `--seeds 1-100` or `--seeds 3,7`: many.

Exit 0 only if every promise was kept. What was broken is printed, with the end of its trace and how to play
it again.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

STEPS: Final = 250
FLAWS: Final = (
    "answer_before_commit",
    "no_sequence_check",
    "gateway_repeats",
    "hub_believes_anything",
    "undone_by_half",
    "doubt_is_failure",
    "feed_skips",
    "repeats_are_taken",
    "doubt_does_not_wait",
    "doubt_gives_up",
    "late_orders_stay",
)
"""See `flaws`, which cannot be imported before Django is set up."""


def main() -> int:
    """Run what the command line asks for."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"  # sets of words have an order, too
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])
    options = _options()
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        os.environ["EXCHANGE_VAR"] = folder
        os.environ.pop("DATABASE_URL", None)
        os.environ.pop("REDIS_URL", None)
        os.environ["DJANGO_SETTINGS_MODULE"] = "exchange_site.settings"
        import django

        from tests.simulation import clocks

        clocks.install()
        django.setup()
        from tests.simulation import command

        return command.carry_out(options, Path(folder))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=_seeds, dest="seeds", help="replay one run")
    parser.add_argument("--seeds", type=_seeds, default=_seeds("1-20"), metavar="FIRST-LAST")
    parser.add_argument("--steps", type=_steps, default=STEPS)
    parser.add_argument("--trace", action="store_true", help="print the whole trace")
    parser.add_argument("--database", type=Path, help="a migrated SQLite file to start from")
    parser.add_argument("--flaw", choices=FLAWS, help="plant a flaw: some seed must find it")
    return parser.parse_args()


def _seeds(text: str) -> list[int]:
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds.extend(range(int(first), int(last or first) + 1))
    return seeds


def _steps(text: str) -> int:
    steps = int(text)
    if steps < 1:
        raise ValueError("a run has at least one step")
    return steps


if __name__ == "__main__":
    sys.exit(main())
