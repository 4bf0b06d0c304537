"""orders: list the account's open orders, or any others.

Rules:
- Without --all or --status it lists what may still trade.
"""

import argparse

from clients.scripts.options import account_client, add_json, whole
from clients.scripts.output import show

COLUMNS = (
    "id",
    "market",
    "side",
    "type",
    "price",
    "quantity",
    "filled_quantity",
    "status",
    "client_order_id",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the filters."""
    parser.add_argument("--market")
    parser.add_argument("--status", help="such as open, filled or canceled")
    parser.add_argument("--side", choices=["buy", "sell"])
    parser.add_argument("--all", action="store_true", help="ended orders too")
    parser.add_argument("--limit", type=whole, default=100, help="at the most (100)")
    add_json(parser)


async def main(args: argparse.Namespace) -> int:
    """List them."""
    async with account_client(args) as exchange:
        if args.all or args.status:
            found = await exchange.orders(
                args.market, status=args.status, side=args.side, limit=args.limit
            )
        else:
            found = await exchange.open_orders(args.market)
            found = [order for order in found if args.side in (None, order.side)][: args.limit]
    show(found, COLUMNS, as_json=args.json)
    return 0
