"""`manage.py set_market_status BTC-USD halted`: open, halt, close or auction a market while it runs."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from markets import operators
from markets.database import need_migrated
from markets.management.operator import MAX_NOTE, WAITING, whoever_asks
from markets.matching.types import MarketStatus
from markets.models import Market

STATUSES: Final = [status.value for status in MarketStatus]


class Command(BaseCommand):
    """Ask a market's engine for another status, and say what came of it."""

    help = (
        "Open, halt or close a market (closing cancels every open order), or collect orders in an "
        "auction. Exit code 0: it is so; 1: refused, or a mistake in the command; "
        f"{WAITING}: no engine has done it yet, it is done as soon as one runs."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which market, what it shall be, and why."""
        parser.add_argument("symbol", help="such as BTC-USD")
        parser.add_argument("status", help=f"one of: {', '.join(STATUSES)}")
        parser.add_argument(
            "--seconds",
            type=int,
            metavar="N",
            help="of an auction: it opens the market by itself after so long; default: stays one",
        )
        parser.add_argument("--note", default="", metavar="TEXT", help="why; kept with the command")
        parser.add_argument(
            "--wait",
            type=float,
            default=5.0,
            metavar="SECONDS",
            help="how long to wait for the engine; default: 5",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Ask, wait, tell."""
        need_migrated()
        symbol, wanted = options["symbol"].upper(), options["status"].lower()
        market = Market.objects.filter(symbol=symbol).first()
        if market is None:
            raise CommandError(f"there is no market {symbol!r}")
        if wanted not in STATUSES:
            raise CommandError(f"{wanted!r} is no status; there are: {', '.join(STATUSES)}")
        if len(options["note"]) > MAX_NOTE:
            raise CommandError(f"--note is at most {MAX_NOTE} characters long")
        status, seconds = MarketStatus(wanted), options["seconds"]
        try:
            command = operators.set_market_status(
                market, status, whoever_asks(), options["note"], seconds
            )
        except ValueError as error:
            raise CommandError(f"--seconds: {error}") from error
        operators.wait_for(command, options["wait"])
        outcome = f"{symbol} {status.value}: {operators.outcome_of(command)}"
        if command.refusal:
            raise CommandError(outcome)
        self.stdout.write(outcome)
        if not command.done:
            sys.exit(WAITING)
