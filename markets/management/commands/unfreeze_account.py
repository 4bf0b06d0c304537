"""`manage.py unfreeze_account NAME --reason TEXT`: take an account's orders again."""

from __future__ import annotations

from markets import operators
from markets.management.freezing import FreezingCommand


class Command(FreezingCommand):
    """Unfreeze an account in every market, and say what came of it."""

    help = (
        "Unfreeze an account: orders that were canceled do not come back. Exit code 0: it is so everywhere; "
        "1: it is not frozen, or a mistake in the command; 3: at least one market has no engine that did it "
        "yet, it is done as soon as one runs."
    )
    verb = "unfrozen"
    change = staticmethod(operators.unfreeze_account)
