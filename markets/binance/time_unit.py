"""Times as the dialect writes them: milliseconds, or microseconds for whoever asked for those.

The unit is of the task at hand (a request, a connection and what it began), and of all that it calls: REST
has it from a header, a socket from its address. Inside times are microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Final

from markets import clock
from markets.binance.errors import BAD_TIME_UNIT, DialectError
from markets.messages.public import EPOCH

MILLISECOND: Final = 1000
MICROSECOND: Final = 1
HEADER: Final = b"x-mbx-time-unit"
PARAMETER: Final = "timeUnit"
_NAMED: Final = {
    None: MILLISECOND,
    "MILLISECOND": MILLISECOND,
    "millisecond": MILLISECOND,
    "MICROSECOND": MICROSECOND,
    "microsecond": MICROSECOND,
}
_unit: Final[ContextVar[int]] = ContextVar("time unit", default=MILLISECOND)
unit: Final[Callable[[], int]] = _unit.get
"""How many microseconds the unit at hand is."""


def unit_named(name: str | None) -> int:
    """The unit that a client asked for. Raises DialectError."""
    if name not in _NAMED:
        raise DialectError(BAD_TIME_UNIT)
    return _NAMED[name]


@contextmanager
def in_unit(microseconds: int) -> Iterator[None]:
    """Write times in this unit here."""
    token = _unit.set(microseconds)
    try:
        yield
    finally:
        _unit.reset(token)


def time_json(microseconds: int) -> int:
    """A time of the exchange."""
    return microseconds // unit()


def now_json() -> int:
    """The server's time."""
    return clock.now() // unit()


def moment_json(moment: datetime) -> int:
    """A time that was read from the exchange's own JSON."""
    return (moment - EPOCH) // timedelta(microseconds=unit())
