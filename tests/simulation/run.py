"""One run from its seed: the world is made, things happen, everything is checked."""

from __future__ import annotations

import gc
import logging
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.simulation.checks import check
from tests.simulation.director import Director
from tests.simulation.stage import Stage
from tests.simulation.trace import Trace
from tests.simulation.world import Ears, World


@dataclass(frozen=True)
class Run:
    """What came of a run."""

    seed: int
    steps: int
    trace: Trace

    @property
    def ok(self) -> bool:
        """Whether every promise was kept."""
        return not self.trace.violations


def run(seed: int, stage: Stage, steps: int) -> Run:
    """Play a run to its end."""
    gc.disable()  # what is thrown away is nobody's business until the run is over
    gc.freeze()  # and what was there before it, nobody's after it
    with TemporaryDirectory(dir=stage.file.parent) as folder:
        world = World(seed, stage, Path(folder) / "run.sqlite3")
        ears = Ears(world.trace)
        logger = logging.getLogger("markets")
        logger.addHandler(ears)
        try:
            world.loop.run_until_complete(Director(world).run(steps))
            check(world)
        except Exception as error:  # noqa: BLE001 - a check of the code's own, or of ours
            world.trace.violate(repr(error))
            world.trace.note("".join(traceback.format_exception(error)))
        finally:
            logger.removeHandler(ears)
        ended = Run(seed, steps, world.trace)
        # The tasks of the dead are thrown away; their last words nobody needs.
        hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
        world.leave()
        del world
        gc.collect()
        sys.unraisablehook = hook
        gc.enable()
    return ended
