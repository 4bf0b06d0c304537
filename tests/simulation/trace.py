"""What happened in a run, line by line: equal for equal seeds, and what is shown when a check fails."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

LAST: Final = 50
"""Lines shown of a run that failed."""


class Trace:
    """The lines of one run, and the promises that were seen broken in it."""

    def __init__(self, time: Callable[[], float]) -> None:
        self.lines: list[str] = []
        self.violations: list[str] = []
        self.step = 0
        self._time = time

    def end(self) -> None:
        """Let go of the run; the lines stay."""
        self._time = float

    def note(self, text: str) -> None:
        """Something happened."""
        self.lines.append(f"{self._time():.6f} {text}")

    def violate(self, text: str) -> None:
        """A promise was broken: the run goes on, so that all that is wrong comes out."""
        self.note(f"VIOLATION {text}")
        self.violations.append(f"step {self.step}: {text}")

    def expect(self, true: object, text: str) -> None:
        """Note a broken promise unless it is kept."""
        if not true:
            self.violate(text)

    @property
    def hash(self) -> str:
        """One number for the whole trace."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()[:16]
