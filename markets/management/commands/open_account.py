"""`manage.py open_account NAME`: a user and its account, deposits, an API key; prints one JSON object."""

from __future__ import annotations

import argparse
import json
import re
from getpass import getpass
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from markets import accounts
from markets.database import need_migrated
from markets.models import ASSET_SYMBOL, Asset, KeyKind
from markets.new_keys import NewKey, make_key

ASK: Final = object()
"""For `--password` alone: a password that is typed unseen stays out of the shell's history."""


class Command(BaseCommand):
    """Open an account, or add to one."""

    help = "Open an account (or add deposits and a key to it). Prints {'account', 'key'} as JSON."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Who, and with what."""
        parser.add_argument("name")
        parser.add_argument(
            "--password",
            nargs="?",
            const=ASK,
            help="for the page; without a word after it you are asked; without one nobody can log in",
        )
        parser.add_argument("--deposit", action="append", default=[], metavar="USD=1000000")
        parser.add_argument("--api-key", action="store_true", help="make an API key and print it")
        parser.add_argument(
            "--key-kind",
            choices=KeyKind.values,
            default=KeyKind.BEARER,
            help="of the API key: hmac prints a secret, too",
        )
        parser.add_argument("--public-key", default="", help="of kind ed25519: base64, or PEM")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do all of it or nothing."""
        need_migrated()
        password = _ask(options["name"]) if options["password"] is ASK else options["password"]
        try:
            with transaction.atomic():
                account = accounts.open_account(options["name"], password)
                for wish in options["deposit"]:
                    self._deposit(account, wish)
                wanted = NewKey(kind=options["key_kind"], public_key=options["public_key"])
                made = make_key(account, wanted) if options["api_key"] else None
        except ValueError as error:
            raise CommandError(str(error)) from error
        printed = {"account": account.name, "key": None if made is None else made.key}
        if made is not None and made.secret is not None:
            printed["secret"] = made.secret
        self.stdout.write(json.dumps(printed))

    def _deposit(self, account: Any, wish: str) -> None:
        symbol, separator, amount = wish.partition("=")
        if not separator or re.fullmatch(ASSET_SYMBOL, symbol) is None:
            raise ValueError(f"--deposit must be ASSET=AMOUNT, such as USD=1000000, not {wish!r}")
        asset, made = Asset.objects.get_or_create(symbol=symbol)
        if made:
            accounts.open_fee_balances([asset])
        accounts.deposit(account, asset, accounts.parse_amount(amount, asset), note="operator")


def _ask(name: str) -> str:
    try:
        password = getpass(f"Password for {name}: ")
        again = getpass("Again: ")
    except EOFError as error:
        raise CommandError("no password was typed; nothing was done") from error
    if not password or password != again:
        raise CommandError(
            "the two passwords differ; nothing was done" if password else "a password is empty"
        )
    return password
