"""orders: list the account's open orders, or any others.

Rules:
- Without --all or --status it lists what may still trade.
- Columns that not every order needs are shown where one of those listed does: the stop price, what
  an iceberg shows, when it expires, its part in a group, and why it ended.
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
    "stop_price",
    "quantity",
    "display_quantity",
    "filled_quantity",
    "status",
    "reason",
    "expires_at",
    "group_id",
    "group_role",
    "client_order_id",
)

OPTIONAL = ("stop_price", "display_quantity", "reason", "expires_at", "group_id", "group_role")
"""Columns that are left out where no order has them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the filters."""
    parser.add_argument("--market")
    parser.add_argument("--status", help="such as open, untriggered, filled, canceled or expired")
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
    columns = [
        name
        for name in COLUMNS
        if name not in OPTIONAL or any(getattr(order, name) is not None for order in found)
    ]
    show(found, columns, as_json=args.json)
    return 0
