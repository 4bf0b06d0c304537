"""How a line of the log looks, and what it is about: a market at a sequence, a request.

Rules:
- Text for people or JSON for programs: the same facts in both. In text they stand behind the message,
  but for the market that it begins with.
- `about_market` and `about_request` say it once, for all that the task at hand logs from then on, and the
  tasks and threads that it starts. What a single call knows better goes in its `extra`.
- A task that outlives who started it begins with `nothing`, so that no request is blamed for it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any, Final

FORMATS: Final = ("text", "json")
FACTS: Final = ("market", "sequence", "request_id", "req_id")
"""What a line may be about; `req_id` is a client's own number of a request on a socket."""

_OWN: Final = (*vars(logging.makeLogRecord({})), "message", "asctime", "taskName")
"""What every record has."""
_PLAIN: Final = re.compile(r"[\w.:-]+", re.ASCII)

_market: Final[ContextVar[str | None]] = ContextVar("market", default=None)
_sequence: Final[ContextVar[Callable[[], int] | None]] = ContextVar("sequence", default=None)
_request_id: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)


def about_market(symbol: str, sequence: Callable[[], int] | None = None) -> None:
    """What is logged here from now on is about a market, at the sequence that it then has."""
    _market.set(symbol)
    _sequence.set(sequence)


def about_request(request_id: str) -> None:
    """What is logged here from now on is about a request."""
    _request_id.set(request_id)


@contextmanager
def during_request(request_id: str) -> Iterator[None]:
    """What is logged inside is about a request, and what comes after in this thread is not."""
    before = _request_id.get()
    _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.set(before)


def nothing() -> Context:
    """The context of a task that is about no request and no market."""
    return Context()


class About(logging.Filter):
    """Gives each line the facts that are known where it is logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass."""
        sequence = _sequence.get()
        facts = {
            "market": _market.get(),
            "sequence": None if sequence is None else sequence(),
            "request_id": _request_id.get(),
        }
        for name, value in facts.items():
            if value is not None and not hasattr(record, name):
                setattr(record, name, value)
        return True


class TextLine(logging.Formatter):
    """Time, level, logger, message, and in brackets what it is about."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line, without a traceback."""
        line = super().formatMessage(record)
        facts = {name: record.__dict__.get(name) for name in FACTS}
        if record.message.startswith(f"{facts['market']}: "):
            del facts["market"]
        said = [f"{name}={_word(value)}" for name, value in facts.items() if value is not None]
        return f"{line} [{' '.join(said)}]" if said else line


def _word(value: object) -> str:
    """A fact that came from a client may be anything; it stays on its line."""
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def logging_of(form: str, level: str) -> dict[str, Any]:
    """Django's LOGGING: everything to stderr in one of FORMATS, ours from a level on, others' warnings."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"about": {"()": "markets.logs.About"}},
        "formatters": {
            "text": {
                "()": "markets.logs.TextLine",
                "format": "%(asctime)s %(levelname)-7s %(name)s %(message)s",
            },
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": ["levelname", "name", "message"],
                "rename_fields": {"levelname": "level", "name": "logger", "exc_info": "traceback"},
                "timestamp": "time",
                # Django gives its lines the request itself.
                "reserved_attrs": [*_OWN, "request", "server_time"],
            },
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "filters": ["about"],
                "formatter": form,
            }
        },
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            "markets": {"level": level},
            "django.request": {"level": "ERROR"},
            "django.server": {"level": "WARNING"},
        },
    }
