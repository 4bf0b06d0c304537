"""Decimal numbers at the edges: read strictly, written in the one canonical way.

Rules:
- A float never gets in: it has already lost what the user meant.
- On the wire a number is a plain decimal string without exponent, leading `+` or trailing zeros.
- Nothing is rounded here, and no arithmetic context is used: every digit given is a digit kept.
"""

import re
from decimal import Decimal, InvalidOperation

_TYPE_ERROR = "{name} must be a Decimal, a str or an int, not {kind}: {value!r}"

_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def to_decimal(value: Decimal | str | int, *, name: str = "value") -> Decimal:
    """Return `value` as a finite Decimal.

    Raises TypeError for a float, a bool or another type, ValueError for text that is no plain
    decimal number and for NaN and infinities.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int):
        raise TypeError(_TYPE_ERROR.format(name=name, kind=type(value).__name__, value=value))
    if isinstance(value, str) and not _PLAIN.fullmatch(value.strip()):
        raise ValueError(f"{name} is not a plain decimal number: {value!r}")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"{name} is not a decimal number: {value!r}") from error
    if not number.is_finite():
        raise ValueError(f"{name} must be finite: {value!r}")
    return number


def to_wire(value: Decimal | str | int, *, name: str = "value") -> str:
    """Return the canonical text of a number given by the user; raises as `to_decimal` does."""
    return canonical(to_decimal(value, name=name))


def canonical(number: Decimal) -> str:
    """Return the number's one text on the wire.

    >>> canonical(Decimal("1.50")), canonical(Decimal("1E+2")), canonical(Decimal("-0.0"))
    ('1.5', '100', '0')
    """
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def from_wire(value: object, *, name: str = "value") -> Decimal:
    """Read a number that the exchange sent; raises ValueError unless it is a plain string."""
    if not isinstance(value, str) or not _PLAIN.fullmatch(value):
        raise ValueError(f"{name} is not a decimal string: {value!r}")
    return Decimal(value)


def round_to_step(value: Decimal, step: Decimal, *, up: bool = False) -> Decimal:
    """Return the multiple of `step` (> 0) next to `value`, at or under it, or at or over it."""
    steps = value // step
    if up and steps * step < value:
        steps += 1
    return steps * step
