"""The way back: how to undo what a batch did, last change first.

Whoever changes what a market remembers notes the opposite change here first, so that undoing a batch
costs what the batch did, whatever the size of the market.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Journal:
    """The steps back to where the batch began."""

    __slots__ = ("steps",)

    def __init__(self) -> None:
        self.steps: list[tuple[Any, ...]] = []
        """Calls, (callable, *arguments), that each take one change back, the first change first."""

    def __len__(self) -> int:
        return len(self.steps)

    def note(self, step: Callable[..., object], *args: object) -> None:
        """Remember the call that takes the next change back."""
        self.steps.append((step, *args))

    def undo(self) -> None:
        """Take everything back."""
        steps = self.steps
        while steps:
            step, *args = steps.pop()
            step(*args)

    def forget(self) -> None:
        """Make everything up to now final."""
        self.steps.clear()
