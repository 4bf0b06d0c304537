"""compose.yaml, read as `docker compose config` reads it: variables put in, what is shared merged."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.drivers.root import ROOT

FILE = ROOT / "compose.yaml"
EXAMPLE = ROOT / ".env.example"
_VARIABLE = re.compile(r"\$(\$|\{(?P<name>[A-Z_]+)(?::(?P<how>[?-])(?P<other>[^}]*))?\})")


class Missing(Exception):
    """A variable that has to be set is not."""


def load(variables: dict[str, str]) -> dict[str, Any]:
    """The file with the variables put in. Raises Missing."""
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())
    filled: dict[str, Any] = _fill(loaded, variables)
    return filled


def variables() -> dict[str, str]:
    """The variables that the file uses, and how: `?` is required, `-` has a default."""
    return {
        found["name"]: found["how"] or ""
        for found in _VARIABLE.finditer(FILE.read_text())
        if found["name"]
    }


def _fill(value: Any, variables: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _fill(each, variables) for key, each in value.items()}
    if isinstance(value, list):
        return [_fill(each, variables) for each in value]
    if not isinstance(value, str):
        return value

    def put_in(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return "$"
        there = variables.get(name, "")
        if not there and found["how"] == "?":
            raise Missing(f"{name}: {found['other']}")
        return there or (found["other"] if found["how"] == "-" else "")

    return _VARIABLE.sub(put_in, value)
