"""JSON bodies, read strictly: UTF-8, no NaN, bounded depth; floats stay text that no field accepts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, Final

import msgspec
from rest_framework.parsers import BaseParser

from markets.problems import Problem

JSON_TYPE: Final = "application/json"
MAX_DEPTH: Final = 32
"""How deep a message may nest."""
_NESTS: Final = (dict, list)


def load_json(body: bytes | str) -> Any:
    """Read one JSON value. Raises Problem `invalid_request` saying where it is wrong."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise Problem("invalid_request", f"the message is not JSON: {error}") from error
    if _too_deep(value):
        raise Problem("invalid_request", f"the message nests deeper than {MAX_DEPTH} levels")
    return value


def load_object(body: bytes) -> dict[str, Any]:
    """Read a body, which must be an object. Raises Problem `invalid_request`."""
    value = load_json(body)
    if not isinstance(value, dict):
        raise Problem("invalid_request", "the body must be a JSON object")
    return value


def _too_deep(value: Any) -> bool:
    level = [value] if type(value) in _NESTS else []
    for _ in range(MAX_DEPTH):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if type(child) in _NESTS
        ]
        if not level:
            return False
    return True


class StrictJSONParser(BaseParser):
    """Bodies of `application/json`."""

    media_type = JSON_TYPE

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Read a body; it must be an object."""
        del media_type, parser_context
        return load_object(stream.read())
