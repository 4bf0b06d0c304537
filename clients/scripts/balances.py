"""balances: list what the account has, asset by asset."""

import argparse

from clients.scripts.options import account_client, add_json
from clients.scripts.output import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    add_json(parser)


async def main(args: argparse.Namespace) -> int:
    """List them."""
    async with account_client(args) as exchange:
        found = await exchange.balances()
    show(found, ("asset", "total", "held", "available"), as_json=args.json)
    return 0
