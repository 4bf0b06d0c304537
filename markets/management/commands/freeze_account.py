"""`manage.py freeze_account NAME --reason TEXT`: cancel an account's orders and take no more of it."""

from __future__ import annotations

from markets import operators
from markets.management.freezing import FreezingCommand


class Command(FreezingCommand):
    """Freeze an account in every market, and say what came of it."""

    help = (
        "Freeze an account: its orders are canceled in every market, new orders and amends are refused, "
        "cancels and reading stay allowed. Exit code 0: it is so everywhere; 1: a mistake in the command; "
        "3: at least one market has no engine that did it yet, it is done as soon as one runs."
    )
    verb = "frozen"
    change = staticmethod(operators.freeze_account)
