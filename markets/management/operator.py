"""Who runs a management command, and why: what is kept with what was asked of the engines."""

from __future__ import annotations

import getpass
from typing import Final

from markets.models import OperatorCommand

WAITING: Final = 3
"""The exit code when no engine has carried it out yet."""
MAX_NAME: Final = OperatorCommand._meta.get_field("requested_by").max_length
MAX_NOTE: Final = OperatorCommand._meta.get_field("note").max_length or 0


def whoever_asks() -> str:
    """The user of the operating system, if it knows one."""
    try:
        return getpass.getuser()[:MAX_NAME]
    except (OSError, KeyError, ImportError):
        return "operator"
