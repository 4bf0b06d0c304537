"""Record: one JSON object of the exchange as a frozen record, each field read by its type.

Rules:
- Made by `from_json` alone. A field that must be there and is not, or cannot be read, raises
  UnexpectedAnswer; a field that may be None may also be missing.
- A field's type says how it is read: text, whole number, truth, Decimal, time, levels of a book,
  another record, or a tuple of records.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Self, get_args, get_origin, get_type_hints

from clients.book import Level, read_levels
from clients.decimals import from_wire
from clients.errors import UnexpectedAnswer

Json = Mapping[str, Any]

Reader = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One JSON object of the exchange; `raw` is that object as it came."""

    raw: Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, raw: object) -> Self:
        """Read a record; raises UnexpectedAnswer."""
        if not isinstance(raw, Mapping):
            raise UnexpectedAnswer(f"expected {_article(cls)}, got {raw!r}")
        values: dict[str, Any] = {}
        record_type: Any = cls
        for name, read, optional in _readers(record_type):
            value = raw.get(name)
            if value is None and not optional:
                raise UnexpectedAnswer(f"{_article(cls)} without {name}: {dict(raw)!r}")
            try:
                values[name] = None if value is None else read(value)
            except (TypeError, ValueError) as error:
                raise UnexpectedAnswer(f"{name} of {_article(cls)}: {error}") from error
        return cls(raw=raw, **values)


def _article(kind: type) -> str:
    """`OrderGroup` as "an order group"."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def _read_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(f"not a text: {value!r}")
    return str(value)


def _read_whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"not a whole number: {value!r}")
    return value


def _read_truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"neither true nor false: {value!r}")
    return value


def _read_time(value: object) -> datetime:
    if not isinstance(value, str):
        raise TypeError(f"not a time: {value!r}")
    return datetime.fromisoformat(value)


def _read_levels(value: object) -> tuple[Level, ...]:
    return tuple(read_levels(value))


_READERS: dict[Any, Reader] = {
    str: _read_text,
    int: _read_whole,
    bool: _read_truth,
    Decimal: from_wire,
    datetime: _read_time,
    tuple[Level, ...]: _read_levels,
}


@cache
def _readers(kind: Any) -> list[tuple[str, Reader, bool]]:
    """The name of each field, how it is read, and whether it may be None."""
    hints = get_type_hints(kind)
    found = []
    for name in (each.name for each in fields(kind) if each.name != "raw"):
        parts = [part for part in get_args(hints[name]) if part is not type(None)]
        optional = type(None) in get_args(hints[name])
        found.append((name, _reader(parts[0] if optional else hints[name]), optional))
    return found


def _reader(wanted: Any) -> Reader:
    if wanted in _READERS:
        return _READERS[wanted]
    if get_origin(wanted) is tuple:
        return _reader_of_many(_reader(get_args(wanted)[0]))
    read: Reader = wanted.from_json
    return read


def _reader_of_many(read: Reader) -> Reader:
    def read_all(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise TypeError(f"not a list: {value!r}")
        return tuple(read(each) for each in value)

    return read_all
