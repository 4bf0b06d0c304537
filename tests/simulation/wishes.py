"""What a trader asked for, and what it was told of it, attempt by attempt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

JSON = dict[str, Any]

NOTHING_DONE: Final = frozenset({"busy", "rate_limited", "unavailable"})
"""Answers that say: nothing was done, try again."""
NOBODY_KNOWS: Final = frozenset({"timeout", "internal_error", "lost"})
"""Answers that leave it open; `lost` is ours: none came."""


@dataclass(eq=False)
class Wish:
    """A request that is repeated until its answer is definite."""

    number: int
    method: str
    params: JSON
    asked_at: float
    patient: bool
    """Asks again when told that nothing was done."""
    told: list[str] = field(default_factory=list)
    """What came of each attempt: `ok`, or an error's code."""
    results: list[JSON] = field(default_factory=list)
    """What success brought, also late."""
    settled: bool = False
    refused: str | None = None
    """The code of a definite refusal."""

    @property
    def client_order_id(self) -> str | None:
        """Its order's name, or the name of the order that it is about."""
        name: str | None = self.params.get("client_order_id")
        return name

    @property
    def repeatable(self) -> bool:
        """Whether asking again cannot do it twice."""
        return self.method != "submit_order" or self.client_order_id is not None

    @property
    def nothing_was_done(self) -> bool:
        """Every attempt was answered, and so that no order may exist.

        An attempt that was not answered may still be on its way, held by a process that sleeps: a refusal of
        a later attempt says nothing of that one. (A `deadline` would.)
        """
        return all(code not in NOBODY_KNOWS and code != "ok" for code in self.told)

    def take(self, result: JSON | None, code: str | None) -> None:
        """An answer, or (`lost`) that there is none."""
        if result is not None:
            self.told.append("ok")
            self.results.append(result)
            self.settled = True
            return
        assert code is not None
        self.told.append(code)
        if code not in NOTHING_DONE and code not in NOBODY_KNOWS:
            self.refused = code
            self.settled = True
        elif (not self.repeatable and code in NOBODY_KNOWS) or (
            not self.patient and self.nothing_was_done
        ):
            self.settled = True

    def __str__(self) -> str:
        return f"wish {self.number} {self.method} {self.params}"
