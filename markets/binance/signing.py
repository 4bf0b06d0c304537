"""Signed requests: which bytes are signed, by which key, and whether they came in time.

Rules:
- Over HTTP the query and the body, as they came on the wire, with nothing between them and without the
  `signature`; if that fails the same, percent-decoded, since some clients sign before they encode.
- On the WebSocket API the parameters by name, `name=value` joined by `&`, as they came; if that fails the
  same, each value percent-encoded, since some clients sign what they would send over HTTP.
- `timestamp` in milliseconds (or, 16 digits, microseconds) must not be a second ahead, nor older than
  `recvWindow`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from markets.binance.errors import (
    AHEAD,
    BAD_KEY,
    BAD_SIGNATURE,
    LARGE_RECV_WINDOW,
    LATE,
    REJECTED_KEY,
    DialectError,
    mandatory,
)
from markets.binance.parameters import Parameters
from markets.known_keys import Read, known_signing_keys
from markets.problems import Problem
from markets.signing_keys import SigningKey

MOST_AHEAD: Final = 1_000_000
"""Microseconds that a client's clock may be ahead."""
DEFAULT_RECV_WINDOW: Final = 5_000_000
MAX_RECV_WINDOW: Final = 60_000_000
MICROSECOND_DIGITS: Final = 16
_API_KEY: Final = re.compile(r"[A-Za-z0-9]{1,128}", re.ASCII)
_TIMESTAMP: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_RECV_WINDOW: Final = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,6}))?", re.ASCII)
_SIGNATURE: Final = b"signature="


async def key_of(api_key: str | None, address: str, read: Read) -> SigningKey:
    """The key that a request from this address names. Raises DialectError."""
    if api_key is None or not _API_KEY.fullmatch(api_key):
        raise DialectError(BAD_KEY)
    key = await known_signing_keys.signing_key(api_key, read)
    if key is None:
        raise DialectError(REJECTED_KEY)
    if key.who.limits is not None:
        try:
            key.who.limits.check(address)
        except Problem:
            raise DialectError(REJECTED_KEY) from None
    return key


def check_http(
    key: SigningKey, parameters: Parameters, query: bytes, body: bytes, now: int
) -> None:
    """Verify a request over HTTP. Raises DialectError."""
    signature = _signature(parameters)
    payload = without_signature(query) + without_signature(body)
    if not key.verify(payload, signature):
        decoded = _decoded(payload)
        if decoded == payload or not key.verify(decoded, signature):
            raise DialectError(BAD_SIGNATURE)
    check_time(parameters, now)


def check_socket(key: SigningKey, given: Mapping[str, str], now: int) -> None:
    """Verify the parameters of a request on the WebSocket API, as texts. Raises DialectError."""
    parameters = Parameters(given)
    signature = _signature(parameters)
    pairs = [(name, given[name]) for name in sorted(given) if name != "signature"]
    payload = "&".join(f"{name}={value}" for name, value in pairs)
    if not key.verify(payload.encode(), signature):
        encoded = "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)
        if encoded == payload or not key.verify(encoded.encode(), signature):
            raise DialectError(BAD_SIGNATURE)
    check_time(parameters, now)


def _signature(parameters: Parameters) -> str:
    signature = parameters.required("signature")
    parameters.require("timestamp")
    return signature.replace(" ", "+")  # base64 that was not percent-encoded


def without_signature(text: bytes) -> bytes:
    """A query or a body without its signature; everything else as it was."""
    if _SIGNATURE not in text:
        return text
    return b"&".join(pair for pair in text.split(b"&") if not pair.startswith(_SIGNATURE))


def _decoded(payload: bytes) -> bytes:
    return unquote_to_bytes(payload.replace(b"+", b" "))


def check_time(parameters: Parameters, now: int) -> None:
    """Refuse what is too old or from the future; `now` in microseconds. Raises DialectError."""
    text = parameters.required("timestamp")
    if not _TIMESTAMP.fullmatch(text):
        raise mandatory("timestamp")
    timestamp = int(text) if len(text) >= MICROSECOND_DIGITS else int(text) * 1000
    window = _recv_window(parameters)
    if timestamp >= now + MOST_AHEAD:
        raise DialectError(AHEAD)
    if timestamp < now - window:
        raise DialectError(LATE)


def _recv_window(parameters: Parameters) -> int:
    """In microseconds."""
    text = parameters.text("recvWindow")
    if text is None:
        return DEFAULT_RECV_WINDOW
    found = _RECV_WINDOW.fullmatch(text)
    if found is None:
        raise mandatory("recvWindow")
    window = int(found[1]) * 1000 + int((found[2] or "")[:3].ljust(3, "0"))
    if window > MAX_RECV_WINDOW:
        raise DialectError(LARGE_RECV_WINDOW)
    return window
