"""Time as the code reads it: in a run what the world says, outside of one the real time.

Put in the place of the standard library's before anything is imported that might keep a function of it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, tzinfo
from typing import Final, Protocol

from django.db.models.functions import Now
from django.utils import timezone

EPOCH: Final = 1_767_225_600_000_000
"""When every run begins: 2026-01-01, in microseconds since 1970."""
_monotonic, _time_ns = time.monotonic, time.time_ns


class Source(Protocol):
    """Whose time it is."""

    def seconds(self) -> float:
        """On a clock that never goes back."""
        ...

    def wall_micros(self) -> int:
        """Microseconds since 1970, as the running process believes."""
        ...

    def true_micros(self) -> int:
        """The same, as the database's clock has it, which is right."""
        ...


class Clocks:
    """The run's, if there is one."""

    source: Source | None = None


def _seconds() -> float:
    return _monotonic() if Clocks.source is None else Clocks.source.seconds()


def _micros() -> int:
    return _time_ns() // 1000 if Clocks.source is None else Clocks.source.wall_micros()


def _now(tz: tzinfo | None = None) -> datetime:
    return datetime.fromtimestamp(_micros() / 1_000_000, tz or UTC)


def _database_now(*_: object, **__: object) -> tuple[str, tuple[()]]:
    """SQL for the moment of a statement."""
    micros = _micros() if Clocks.source is None else Clocks.source.true_micros()
    moment = datetime.fromtimestamp(micros / 1_000_000, UTC)
    return f"'{moment:%Y-%m-%d %H:%M:%S.%f}'", ()


def install() -> None:
    """Replace the standard library's clocks, Django's and SQLite's."""
    vars(time).update(
        monotonic=_seconds,
        monotonic_ns=lambda: round(_seconds() * 1e9),
        clock_gettime=lambda clock: _seconds(),
        time=lambda: _micros() / 1_000_000,
        time_ns=lambda: _micros() * 1000,
    )
    vars(timezone)["now"] = _now
    Now.as_sqlite = _database_now  # type: ignore[method-assign]  # it asks the machine
