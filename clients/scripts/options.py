"""Options that the commands share, and the clients made of them.

Rules:
- A key comes from `--key` or, better, from EXCHANGE_KEY: other users of a machine can read a
  command line.
- A person waits at the other end: few attempts, then a clear word.
"""

import argparse
import os
from decimal import Decimal

from clients.client import ExchangeClient
from clients.decimals import to_decimal
from clients.nodes import Nodes
from clients.public_client import DEFAULT_URL, PublicClient

ATTEMPTS = 3
"""How often a question is asked on behalf of a person who waits."""


class Stop(Exception):
    """Ends the command with one sentence for the user and an exit code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add --url and --key."""
    parser.add_argument(
        "--url",
        type=url,
        default=os.environ.get("EXCHANGE_URL", DEFAULT_URL),
        help=f"the exchange, or its web processes with commas (EXCHANGE_URL, else {DEFAULT_URL})",
    )
    parser.add_argument(
        "--key", default=os.environ.get("EXCHANGE_KEY"), help="an API key (EXCHANGE_KEY)"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print the exchange's own JSON")


def add_order_id(parser: argparse.ArgumentParser) -> None:
    """Add the order's id, or --client-order-id instead."""
    parser.add_argument("id", nargs="?", help="the order's id")
    parser.add_argument("--client-order-id", metavar="ID", help="the id that you gave it")


def url(text: str) -> str:
    """Read an http(s) address, or several with commas between."""
    try:
        Nodes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def number(text: str) -> Decimal:
    """Read a plain decimal number above 0."""
    try:
        value = to_decimal(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a plain decimal number") from error
    if value <= 0:
        raise argparse.ArgumentTypeError("it must be above 0")
    return value


def whole(text: str) -> int:
    """Read a whole number, 1 or more."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def public_client(args: argparse.Namespace) -> PublicClient:
    """Return a client that needs no key."""
    return PublicClient(args.url, attempts=ATTEMPTS)


def account_client(args: argparse.Namespace) -> ExchangeClient:
    """Return the account's client for a single question or command; raises Stop without a key."""
    return ExchangeClient(args.url, need_key(args), orders_by="rest", attempts=ATTEMPTS)


def need_key(args: argparse.Namespace) -> str:
    """Return the key; raises Stop without one."""
    if not args.key:
        raise Stop(
            "this needs an API key: give --key or set EXCHANGE_KEY. The operator makes one with "
            "`.venv/bin/python manage.py open_account NAME --api-key`.",
            code=2,
        )
    key: str = args.key
    return key
