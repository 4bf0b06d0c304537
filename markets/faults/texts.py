"""How messages look, the exchange's own and the dialect's: which are of books, and how they are changed.

Pure: texts in, texts out. A text that looks like nothing known is left as it is.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from markets.messages.public import JSON, parse_time, time_text
from markets.problems import Problem

_CHECKSUM: Final = re.compile(r'"checksum":([0-9]+)')
_BOOK: Final = '{"channel":"book"'
_BOOK_SNAPSHOT: Final = '{"channel":"book","type":"snapshot"'
_DEPTH: Final = ('{"e":"depthUpdate"', '{"lastUpdateId":')
_STREAM: Final = re.compile(r'\{"stream":"[^"@]*@depth')
MODULUS: Final = 2**32
FIELD: Final = ',"faults":"on"}'
"""What every message of the dialect says: a foreign message among its events would break its clients."""


def is_book(text: str) -> bool:
    """Whether a message tells of a book."""
    return text.startswith((_BOOK, *_DEPTH)) or _STREAM.match(text) is not None


def may_be_dropped(text: str) -> bool:
    """Whether a book message may be left out: a snapshot that was asked for may not."""
    return not text.startswith(_BOOK_SNAPSHOT)


def with_wrong_checksum(text: str) -> str:
    """The message with another checksum than the book's."""
    return _CHECKSUM.sub(lambda found: f'"checksum":{(int(found[1]) + 1) % MODULUS}', text, count=1)


def with_field(text: str) -> str:
    """A message of the dialect that says that faults are on; lists cannot say it."""
    return text[:-1] + FIELD if text.endswith("}") and len(text) > 2 else text


def with_skewed_time(text: str, milliseconds: int) -> str:
    """An answer that says what time it is, as a clock says it that is wrong by so much."""
    if '"serverTime"' not in text and '"time"' not in text:
        return text
    message = _object(text)
    result = message.get("result")
    said: JSON = result if isinstance(result, dict) else message
    if isinstance(said.get("serverTime"), int):
        said["serverTime"] += milliseconds
    elif message.get("method") == "pong" or message.keys() == {"time"}:
        said["time"] = _skewed(said["time"], milliseconds)
    else:
        return text
    return msgspec.json.encode(message).decode()


def _skewed(time: str, milliseconds: int) -> str:
    try:
        return time_text(parse_time(time) + 1000 * milliseconds)
    except (ValueError, OverflowError):
        return time


def answered(text: str, field: str) -> tuple[Any, bool] | None:
    """Which request a message answers, by the field of its id, and whether it was done; None: no answer."""
    message = _object(text)
    if field not in message:
        return None
    return message[field], message.get("success") is True or message.get("status") == 200


def _object(text: str) -> JSON:
    message = msgspec.json.decode(text)
    return message if isinstance(message, dict) else {}


INJECTED: Final = "injected by the fault plan of this API key"
PROBLEMS: Final = {
    "rate_limited": Problem("rate_limited", f"too many requests ({INJECTED})"),
    "unavailable": Problem("unavailable", f"nothing was done ({INJECTED})"),
    "time_out": Problem("timeout", f"the outcome is unknown ({INJECTED})"),
}
"""What a request is answered with, by its fate."""
