"""A request's parameters, read by name and type, with the dialect's error for each thing that is wrong.

Rules:
- All are texts: of the query, of a form body, or of both (then the query's counts), or of a JSON object.
- Unknown ones are ignored: clients add their own.
- An empty one is the same as none for what must be there, and an error for what need not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from markets.binance.errors import (
    REPEATED,
    TOO_MANY_PARAMETERS,
    DialectError,
    empty,
    illegal,
    mandatory,
    not_valid,
    too_precise,
)
from markets.binance.texts import PLACES

MAX_PARAMETERS: Final = 100
MAX_SYMBOLS: Final = 1000
MAX_INTEGER: Final = 2**63 - 1
SYMBOL: Final = "^[A-Z0-9-_.]{1,20}$"
CLIENT_ORDER_ID: Final = "^[a-zA-Z0-9-_.:/]{1,36}$"
DECIMAL: Final = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"
INTEGER: Final = "^[0-9]{1,20}$"
_SYMBOL: Final = re.compile(r"[A-Z0-9\-_.]{1,20}", re.ASCII)
_CLIENT_ORDER_ID: Final = re.compile(r"[a-zA-Z0-9\-_.:/]{1,36}", re.ASCII)
_DECIMAL: Final = re.compile(r"[0-9]{1,20}(?:\.([0-9]{0,20}))?", re.ASCII)
_INTEGER: Final = re.compile(r"[0-9]{1,19}", re.ASCII)


class Parameters:
    """The parameters of one request."""

    __slots__ = ("_given",)

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    @classmethod
    def of_http(cls, query: str, body: str) -> Parameters:
        """Those of a query and of a form body. Raises DialectError."""
        return cls({**_pairs(body), **_pairs(query)})

    def __contains__(self, name: str) -> bool:
        return name in self._given

    def text(self, name: str) -> str | None:
        """A parameter that may be there."""
        value = self._given.get(name)
        if value == "":
            raise empty(name)
        return value

    def required(self, name: str) -> str:
        """A parameter that must be there."""
        value = self._given.get(name)
        if not value:
            raise mandatory(name)
        return value

    def require(self, *names: str) -> None:
        """All of these must be there."""
        for name in names:
            self.required(name)

    def symbol(self) -> str:
        """A market's name, which must be there."""
        return checked_symbol("symbol", self.required("symbol"))

    def optional_symbol(self) -> str | None:
        """A market's name, which may be there."""
        value = self.text("symbol")
        return None if value is None else checked_symbol("symbol", value)

    def symbols(self) -> list[str] | None:
        """The names of `symbols`, a JSON list."""
        value = self.text("symbols")
        if value is None:
            return None
        try:
            names = msgspec.json.decode(value, type=list[str])
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise illegal("symbols", SYMBOL_LIST) from None
        if not 1 <= len(names) <= MAX_SYMBOLS:
            raise illegal("symbols", SYMBOL_LIST)
        return [checked_symbol("symbols", name) for name in names]

    def integer(self, name: str, *, least: int = 0, most: int = MAX_INTEGER) -> int | None:
        """A whole number."""
        value = self.text(name)
        if value is None:
            return None
        if not _INTEGER.fullmatch(value):
            raise illegal(name, INTEGER)
        number = int(value)
        if not least <= number <= most:
            raise not_valid(name)
        return number

    def limit(self, default: int, most: int) -> int:
        """How many are wanted: more than there may be is as many as may be."""
        number = self.integer("limit", least=1)
        return default if number is None else min(number, most)

    def decimal(self, name: str) -> str | None:
        """A plain decimal of at most 8 places."""
        value = self.text(name)
        if value is None:
            return None
        found = _DECIMAL.fullmatch(value)
        if found is None:
            raise illegal(name, DECIMAL)
        if len((found[1] or "").rstrip("0")) > PLACES:
            raise too_precise(name)
        return value.removesuffix(".")

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        """One of some words."""
        value = self.text(name)
        if value is not None and value not in choices:
            raise not_valid(name)
        return value

    def flag(self, name: str) -> bool:
        """True or false; false if absent."""
        value = self.text(name)
        if value is None:
            return False
        if value.lower() not in ("true", "false"):
            raise not_valid(name)
        return value.lower() == "true"

    def client_order_id(self, name: str) -> str | None:
        """A name that a client gave an order."""
        value = self.text(name)
        if value is not None and not _CLIENT_ORDER_ID.fullmatch(value):
            raise illegal(name, CLIENT_ORDER_ID)
        return value


SYMBOL_LIST: Final = '^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\\]$'


def checked_symbol(name: str, value: str) -> str:
    """A text that could be a market's name."""
    if not _SYMBOL.fullmatch(value):
        raise illegal(name, SYMBOL)
    return value


def _pairs(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise DialectError(TOO_MANY_PARAMETERS) from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DialectError(REPEATED)
    return found
