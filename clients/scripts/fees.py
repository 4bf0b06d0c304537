"""fees: list what the account pays, market by market.

Rules:
- Rates are ratios (0.001 is 0.1 %) of what a trade brings; below 0 they are rebates.
"""

import argparse

from clients.scripts.options import account_client, add_json
from clients.scripts.output import show

COLUMNS = ("market", "maker_fee_rate", "taker_fee_rate", "volume_30d", "volume_asset")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    add_json(parser)


async def main(args: argparse.Namespace) -> int:
    """List them."""
    async with account_client(args) as exchange:
        found = await exchange.fees()
    show(found, COLUMNS, as_json=args.json)
    return 0
