"""A frame of the WebSocket API: `{"id","method","params"}`, and how it is answered.

Rules:
- An id is a whole number (0 is one), a text, or null, and comes back with its type.
- Parameters are read as texts, each as it was written: that is what is signed. Null is none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from markets.binance.errors import DialectError, Said, not_valid
from markets.binance.parameters import MAX_PARAMETERS
from markets.binance.streams.requests import Id, is_id
from markets.parsers import load_json
from markets.problems import Problem

BAD_JSON: Final = Said(-1135, "Invalid JSON Request.")
OLD_PREFIX: Final = "v3/"
NO_LIMITS: Final = "returnRateLimits"


class Unreadable(DialectError):
    """A frame that is no request; its id, as far as it could be read."""

    def __init__(self, said: Said, request_id: Id = None) -> None:
        super().__init__(said)
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request, its shape checked."""

    id: Id
    method: str
    texts: dict[str, str]
    """The parameters."""

    @property
    def wants_limits(self) -> bool | None:
        """Whether the answer should say the rate limits, if the request says so."""
        text = self.texts.get(NO_LIMITS)
        return None if text is None else text != "false"


def read_api_request(text: str) -> ApiRequest:
    """Read a frame. Raises Unreadable."""
    try:
        message = load_json(text)
    except Problem:
        raise Unreadable(BAD_JSON) from None
    if not isinstance(message, dict):
        raise Unreadable(BAD_JSON)
    request_id = message.get("id")
    if not is_id(request_id):
        raise Unreadable(not_valid("id").said)
    method, params = message.get("method"), message.get("params")
    if not isinstance(method, str) or not method:
        raise Unreadable(not_valid("method").said, request_id)
    if params is None:
        params = {}
    if not isinstance(params, dict) or len(params) > MAX_PARAMETERS:
        raise Unreadable(not_valid("params").said, request_id)
    if any(isinstance(value, float) for value in params.values()):
        params = json.loads(text, parse_float=str, parse_int=str)["params"]
    return ApiRequest(request_id, method.removeprefix(OLD_PREFIX), _texts(params))


def _texts(params: dict[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in params.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | list | dict):
        return msgspec.json.encode(value).decode()
    return str(value)
