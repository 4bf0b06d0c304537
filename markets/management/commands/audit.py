"""`manage.py audit`: prove the books from the rows; exit 0 only if they are right."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from markets.auditing import audit
from markets.database import need_migrated
from markets.models import Market

MAX_SHOWN = 50


class Command(BaseCommand):
    """Count everything, and say what disagrees."""

    help = "Prove from the rows that money is conserved and nothing is missing; exit 0 only if so."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """All, or one market."""
        parser.add_argument("--market", help="only this market's orders, trades and sequences")

    def handle(self, *_: Any, **options: Any) -> None:
        """Audit."""
        need_migrated()
        symbol = options["market"]
        if symbol is not None and not Market.objects.filter(symbol=symbol).exists():
            raise CommandError(f"there is no market {symbol!r}")
        result = audit(symbol)
        counted = ", ".join(f"{count} {what}" for what, count in sorted(result.counted.items()))
        self.stdout.write(f"counted {counted}")
        for finding in result.findings[:MAX_SHOWN]:
            self.stderr.write(f"WRONG {finding}")
        if result.findings:
            self.stderr.write(f"{len(result.findings)} disagreement(s)")
            sys.exit(1)
        self.stdout.write("the books are right")
