"""What clients ask on `/ws` and `/stream`: `{"method","params","id"}`, answered by the same `id`.

Rules:
- An id is a whole number (0 is one), a text, or null, and comes back with its type.
- Whatever is wrong is answered with `{"error":{"code","msg"},"id"}`, and the connection stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from markets.parsers import load_json
from markets.problems import Problem

METHODS: Final = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
MAX_ID_LENGTH: Final = 128
MAX_NAME_LENGTH: Final = 128
PROPERTY: Final = "combined"
UNKNOWN_PROPERTY: Final = 0
BAD_VALUE: Final = 1
BAD_REQUEST: Final = 2
BAD_JSON: Final = 3
TOO_MANY: Final = -1003
Id = int | str | None


class Refused(Exception):
    """A request that is not carried out."""

    def __init__(self, code: int, message: str, request_id: Id = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """A request, its shape checked."""

    method: str
    params: list[Any]
    id: Id

    def refused(self, code: int, message: str) -> Refused:
        """The request is not carried out."""
        return Refused(code, message, self.id)

    def names(self) -> list[str]:
        """The streams of a SUBSCRIBE or UNSUBSCRIBE. Raises Refused."""
        if not all(isinstance(name, str) for name in self.params):
            raise self.refused(BAD_REQUEST, "Invalid request: stream names must be strings")
        if any(not 0 < len(name) <= MAX_NAME_LENGTH for name in self.params):
            raise self.refused(BAD_REQUEST, "Invalid request: a stream name is empty or too long")
        return self.params

    def property(self, count: int) -> list[Any]:
        """The params of SET_PROPERTY or GET_PROPERTY. Raises Refused."""
        if len(self.params) > count:
            raise self.refused(BAD_REQUEST, "Invalid request: too many parameters")
        if len(self.params) < count or not isinstance(self.params[0], str):
            raise self.refused(BAD_REQUEST, "Invalid request: property name must be a string")
        if self.params[0] != PROPERTY:
            raise self.refused(UNKNOWN_PROPERTY, "Unknown property")
        if count == 2 and not isinstance(self.params[1], bool):
            raise self.refused(BAD_VALUE, "Invalid value type: expected Boolean")
        return self.params


def read_stream_request(text: str) -> StreamRequest:
    """Read a frame. Raises Refused."""
    try:
        message = load_json(text)
    except Problem as problem:
        raise Refused(BAD_JSON, f"Invalid JSON: {problem.detail}") from problem
    if not isinstance(message, dict):
        raise Refused(BAD_REQUEST, "Invalid request: must be an object")
    request_id = message.get("id")
    if not is_id(request_id):
        raise Refused(
            BAD_REQUEST, "Invalid request: request ID must be an integer, a string or null"
        )
    method = message.get("method")
    if method is None:
        raise Refused(BAD_REQUEST, "Invalid request: missing field `method`", request_id)
    if not isinstance(method, str) or method not in METHODS:
        shown = msgspec.json.encode(method).decode()[:64]
        raise Refused(
            BAD_REQUEST,
            f"Invalid request: unknown variant {shown}, expected one of {', '.join(METHODS)}",
            request_id,
        )
    params = message.get("params", [])
    if params is None:
        params = []
    if not isinstance(params, list):
        raise Refused(BAD_REQUEST, "Invalid request: params must be a list", request_id)
    return StreamRequest(method, params, request_id)


def is_id(value: object) -> bool:
    """Whether it may be a request's id: what is answered can be written again."""
    if value is None:
        return True
    if isinstance(value, str):
        return len(value) <= MAX_ID_LENGTH
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**64
