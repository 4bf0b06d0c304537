"""What `freeze_account` and `unfreeze_account` share: ask every engine, and say what each did."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from markets import operators
from markets.database import need_migrated
from markets.management.operator import MAX_NOTE, WAITING, whoever_asks
from markets.models import Account, OperatorCommand
from markets.operators import FreezeRefused


class FreezingCommand(BaseCommand):
    """One of the two: `change` is what it does, `verb` what the account is then."""

    verb: str
    change: Callable[[Account, str, str], Sequence[OperatorCommand]]

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which account, and why."""
        parser.add_argument("name", help="the account's name")
        parser.add_argument(
            "--reason", required=True, metavar="TEXT", help="why; kept with the commands"
        )
        parser.add_argument(
            "--wait",
            type=float,
            default=5.0,
            metavar="SECONDS",
            help="how long to wait for the engines; default: 5",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Ask, wait, tell."""
        need_migrated()
        name, reason = options["name"], options["reason"].strip()
        account = Account.objects.filter(name=name).first()
        if account is None:
            raise CommandError(f"there is no account {name!r}")
        if len(reason) > MAX_NOTE:
            raise CommandError(f"--reason is at most {MAX_NOTE} characters long")
        try:
            commands = self.change(account, whoever_asks(), reason)
        except FreezeRefused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{account} is {self.verb}")
        deadline = time.monotonic() + options["wait"]
        for command in commands:
            operators.wait_for(command, max(0.0, deadline - time.monotonic()))
            self.stdout.write(f"{command.market}: {operators.outcome_of(command)}")
        if not all(command.done for command in commands):
            sys.exit(WAITING)
