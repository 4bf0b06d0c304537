"""A request's fields, read one by one; what is wrong with them is collected and refused together.

Nothing is rounded: a number that is finer than its step is refused with the nearest ones that are not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeVar

from markets.matching.spec import MarketSpec
from markets.matching.types import format_units
from markets.messages.public import RATIO_DECIMALS, NotADecimal, TooFine, parse_time, parse_units
from markets.problems import Problem

DECIMALS: Final = (
    "price",
    "quantity",
    "stop_price",
    "display_quantity",
    "quote_quantity",
    "max_slippage",
)
"""The fields that are decimals, wherever they are."""
_CLIENT_ORDER_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
E = TypeVar("E", bound=StrEnum)


def is_client_order_id(text: str) -> bool:
    """Whether an order could have this client_order_id."""
    return _CLIENT_ORDER_ID.fullmatch(text) is not None


class Fields:
    """The fields of one JSON object; a part of a request has the part's name."""

    def __init__(self, params: Mapping[str, Any], allowed: Collection[str], name: str = "") -> None:
        self.name = name
        self._params = params
        self.errors: dict[str, list[str]] = {
            unknown: [f"unknown field; known are: {', '.join(allowed)}"]
            for unknown in params
            if unknown not in allowed
        }

    def wrong(self, name: str, message: str) -> None:
        """Note what is wrong with a field."""
        self.errors.setdefault(name, []).append(message)

    def named_errors(self) -> dict[str, list[str]]:
        """The errors, the fields of a part with its name before them."""
        if not self.name:
            return self.errors
        return {f"{self.name}.{field}": messages for field, messages in self.errors.items()}

    def get(self, name: str) -> Any:
        """A field as it came; None is the same as absent."""
        return self._params.get(name)

    def required(self, name: str) -> None:
        """The field must be there."""
        if self.get(name) is None:
            self.wrong(name, "is required")

    def part(self, name: str, allowed: Collection[str]) -> Fields:
        """The fields of a part that is an object of its own."""
        value = self.get(name)
        if value is not None and not isinstance(value, dict):
            self.wrong(name, "must be a JSON object")
        return Fields(value if isinstance(value, dict) else {}, allowed, name)

    def text(self, name: str) -> str | None:
        """A string."""
        value = self.get(name)
        if value is not None and not isinstance(value, str):
            self.wrong(name, "must be a string")
            return None
        return value

    def choice(self, name: str, kind: type[E], default: E | None) -> E | None:
        """One of some words."""
        value = self.text(name)
        if value is None:
            return default
        if value not in kind.__members__.values():
            self.wrong(name, f"must be one of: {', '.join(kind)}")
            return default
        return kind(value)

    def flag(self, name: str) -> bool:
        """True or false; false if absent."""
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            self.wrong(name, "must be true or false")
        return value is True

    def client_order_id(self) -> str | None:
        """A client_order_id."""
        value = self.text("client_order_id")
        if value is not None and not is_client_order_id(value):
            self.wrong("client_order_id", "must be 1 to 64 of A-Z a-z 0-9 . _ : -")
        return value

    def time(self, name: str) -> int | None:
        """A time in microseconds since 1970."""
        value = self.get(name)
        if value is None:
            return None
        try:
            return parse_time(value)
        except ValueError as error:
            self.wrong(name, str(error))
            return None

    def check_decimals(self) -> None:
        """Note which decimals are none; whether one is too fine is asked when the market is known."""
        for name in DECIMALS:
            value = self.get(name)
            if value is None or name in self.errors:
                continue
            try:
                parse_units(value, 0)
            except NotADecimal as error:
                self.wrong(name, str(error))
            except TooFine:
                pass

    def price(self, name: str, spec: MarketSpec) -> int | None:
        """A price in units."""
        return self._units(name, spec.quote_decimals, spec.tick_size, "tick_size")

    def quantity(self, name: str, spec: MarketSpec) -> int | None:
        """A quantity in units."""
        return self._units(name, spec.base_decimals, spec.lot_size, "lot_size")

    def amount(self, name: str, spec: MarketSpec) -> int | None:
        """An amount of the quote asset in units."""
        return self._units(name, spec.quote_decimals, 1, f"{spec.quote}'s smallest unit")

    def ratio(self, name: str) -> int | None:
        """A ratio in millionths."""
        return self._units(name, RATIO_DECIMALS, 1, "the smallest ratio")

    def _units(self, name: str, decimals: int, step: int, step_name: str) -> int | None:
        value = self.get(name)
        if value is None:
            return None
        try:
            return parse_units(value, decimals)
        except TooFine as error:
            below = max(error.below - error.below % step, 0)
            nearest = [format_units(near, decimals) for near in (below, below + step) if near]
            self.wrong(
                name,
                f"{name} {value} is not a multiple of {step_name} {format_units(step, decimals)}; "
                f"nearest: {' and '.join(nearest)}",
            )
            return None


def refuse_all(fields: Sequence[Fields], code: str) -> None:
    """Raise Problem if anything is wrong with any of the fields."""
    errors: dict[str, list[str]] = {}
    for each in fields:
        errors |= each.named_errors()
    if errors:
        name, messages = next(iter(errors.items()))
        raise Problem(code, f"{name}: {messages[0]}", errors)
