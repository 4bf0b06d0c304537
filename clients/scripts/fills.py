"""fills: list the account's fills, newest first."""

import argparse

from clients.scripts.options import account_client, add_json, whole
from clients.scripts.output import show

COLUMNS = (
    "timestamp",
    "market",
    "side",
    "quantity",
    "price",
    "fee",
    "fee_asset",
    "fee_rate",
    "liquidity",
    "order_id",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the filters."""
    parser.add_argument("--market")
    parser.add_argument("--order", metavar="ID", help="of this order only")
    parser.add_argument("--limit", type=whole, default=100, help="at the most (100)")
    add_json(parser)


async def main(args: argparse.Namespace) -> int:
    """List them."""
    async with account_client(args) as exchange:
        found = await exchange.fills(args.market, order=args.order, limit=args.limit)
    show(found, COLUMNS, as_json=args.json)
    return 0
