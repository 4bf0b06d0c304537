"""A plan: what goes wrong for a key, how often, and which request or message it hits.

Rules:
- Pure: no clock, no I/O, no state. The same plan decides the same for the n-th request (or message) of a
  lane, so that a run can be repeated: chance is a hash of seed, lane and number.
- A request has one fate, and so has a message: ratios that exclude each other add up to 1 at most, and each
  of them is met exactly.
- Ratios are millionths, times milliseconds or seconds; on the wire ratios are decimal strings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from markets.matching.types import MILLION
from markets.messages.public import RATIO_DECIMALS, NotADecimal, TooFine, parse_units, ratio_text

MAX_DELAY_MS: Final = 30_000
MAX_JITTER_MS: Final = 30_000
MAX_CUT_SECONDS: Final = 86_400
MAX_TIME_OUT_SECONDS: Final = 60
DEFAULT_TIME_OUT_SECONDS: Final = 5
MAX_CLOCK_SKEW_MS: Final = 3_600_000
"""An hour, either way."""
MAX_SEED: Final = 2**32 - 1

RATIOS: Final = (
    "drop",
    "duplicate",
    "reorder",
    "corrupt_checksum",
    "rate_limited",
    "unavailable",
    "time_out",
)
NUMBERS: Final = {
    "delay_ms": (0, MAX_DELAY_MS),
    "jitter_ms": (0, MAX_JITTER_MS),
    "cut_seconds": (0, MAX_CUT_SECONDS),
    "time_out_seconds": (1, MAX_TIME_OUT_SECONDS),
    "clock_skew_ms": (-MAX_CLOCK_SKEW_MS, MAX_CLOCK_SKEW_MS),
    "seed": (0, MAX_SEED),
}
"""Least and most of each whole number."""
OF_MESSAGES: Final = ("drop", "duplicate", "reorder")
OF_REQUESTS: Final = ("rate_limited", "unavailable", "time_out")
"""Ratios of which only one can befall the same message, the same request."""


class MessageFate(StrEnum):
    """What becomes of a book message."""

    SENT = "sent"
    DROP = "drop"
    DUPLICATE = "duplicate"
    REORDER = "reorder"


class RequestFate(StrEnum):
    """What becomes of a request."""

    ANSWERED = "answered"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    TIME_OUT = "time_out"


class BadPlan(ValueError):
    """What was asked for is no plan; `errors`: by field, what would be right."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        field, messages = next(iter(errors.items()))
        super().__init__(f"{field}: {messages[0]}")
        self.errors = errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What goes wrong. The default is: nothing."""

    seed: int = 0
    delay_ms: int = 0
    jitter_ms: int = 0
    drop: int = 0
    duplicate: int = 0
    reorder: int = 0
    corrupt_checksum: int = 0
    cut_seconds: int = 0
    """0: never."""
    rate_limited: int = 0
    unavailable: int = 0
    time_out: int = 0
    time_out_seconds: int = DEFAULT_TIME_OUT_SECONDS
    clock_skew_ms: int = 0

    @property
    def active(self) -> dict[str, int]:
        """What goes wrong, by field."""
        quiet = ("seed", "time_out_seconds")
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value and name not in quiet}

    def as_json(self) -> dict[str, Any]:
        """The plan on the wire."""
        return {field.name: _shown(field.name, getattr(self, field.name)) for field in fields(self)}

    def in_words(self) -> str:
        """What goes wrong, in one line of plain ASCII."""
        parts = [f"{name}={_shown(name, value)}" for name, value in self.active.items()]
        if self.time_out:
            parts.append(f"time_out_seconds={self.time_out_seconds}")
        return ", ".join([*parts, f"seed={self.seed}"])

    # What it decides

    def fate_of_message(self, lane: str, number: int) -> MessageFate:
        """Of a book message of a lane (a connection)."""
        name = self._one_of(OF_MESSAGES, lane, number)
        return MessageFate.SENT if name is None else MessageFate(name)

    def fate_of_request(self, lane: str, number: int) -> RequestFate:
        """Of a request of a lane (a connection, or all of HTTP)."""
        name = self._one_of(OF_REQUESTS, lane, number)
        return RequestFate.ANSWERED if name is None else RequestFate(name)

    def corrupts(self, lane: str, number: int) -> bool:
        """Whether the checksum of a message is wrong."""
        return self.corrupt_checksum > _roll(self.seed, lane, number, "checksum")

    def delay_of(self, lane: str, number: int) -> int:
        """How long a message or an answer is held back, in milliseconds."""
        jitter = _roll(self.seed, lane, number, "jitter") * (self.jitter_ms + 1) // MILLION
        return self.delay_ms + jitter

    def _one_of(self, names: tuple[str, ...], lane: str, number: int) -> str | None:
        rolled = _roll(self.seed, lane, number, names[0])
        for name in names:
            rolled -= getattr(self, name)
            if rolled < 0:
                return name
        return None


def _roll(seed: int, lane: str, number: int, what: str) -> int:
    """0 to 999,999, each as likely."""
    text = f"{seed}:{lane}:{number}:{what}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) % MILLION


def _shown(name: str, value: int) -> int | str:
    return ratio_text(value) if name in RATIOS else value


# Reading one


def read_plan(given: Mapping[str, Any]) -> Plan:
    """What was asked for; what is not named, or null, does not go wrong. Raises BadPlan."""
    errors: dict[str, list[str]] = {}
    values: dict[str, int] = {}
    known = [field.name for field in fields(Plan)]
    for name, value in given.items():
        if name not in known:
            errors[str(name)[:64]] = [f"unknown field; known are: {', '.join(known)}"]
        elif value is not None:
            try:
                values[name] = _ratio(value) if name in RATIOS else _number(name, value)
            except ValueError as error:
                errors[name] = [str(error)]
    for group in (OF_MESSAGES, OF_REQUESTS):
        if sum(values.get(name, 0) for name in group) > MILLION:
            errors.setdefault(group[0], []).append(f"{', '.join(group)} add up to more than 1")
    if errors:
        raise BadPlan(errors)
    return Plan(**values)


def _ratio(value: object) -> int:
    try:
        units = parse_units(value, RATIO_DECIMALS)
    except NotADecimal:
        raise ValueError('must be a ratio as a decimal string, such as "0.05"') from None
    except TooFine:
        raise ValueError(f"must have at most {RATIO_DECIMALS} decimals") from None
    if not 0 <= units <= MILLION:
        raise ValueError("must be a ratio from 0 to 1")
    return units


def _number(name: str, value: object) -> int:
    least, most = NUMBERS[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"must be a whole number from {least} to {most}")
    return value
