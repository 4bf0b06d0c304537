"""What `python -m tests.simulation` does, once Django is set up."""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
from pathlib import Path

from django.conf import settings

from tests.simulation import stage
from tests.simulation.flaws import plant
from tests.simulation.run import Run, run
from tests.simulation.trace import LAST


def carry_out(options: argparse.Namespace, folder: Path) -> int:
    """Play the seeds; 0 if all is well."""
    settings.DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    )
    logging.getLogger("markets").propagate = False
    if options.flaw:
        plant(options.flaw)
    file = folder / "stage.sqlite3"
    if options.database is not None:
        shutil.copy(options.database, file)
    built = stage.build(file)
    failed = 0
    for seed in options.seeds:
        played = run(seed, built, options.steps)
        failed += not played.ok
        _report(played, whole=options.trace)
        if failed and options.flaw:
            break  # it was found
    return 1 if failed else 0


def _report(played: Run, *, whole: bool) -> None:
    trace = played.trace
    if whole:
        print("\n".join(trace.lines))
    elif not played.ok:
        print("\n".join(trace.lines[-LAST:]))
    verdict = "ok" if played.ok else "FAILED"
    print(f"seed {played.seed}: {verdict}, {len(trace.lines)} events, trace {trace.hash}")
    if not played.ok:
        for violation in trace.violations:
            print(f"  {violation}")
        print(f"  replay: make simulate SEED={played.seed} STEPS={played.steps}")
    sys.stdout.flush()
