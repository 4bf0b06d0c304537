"""cancel: cancel one order, or all of them.

Rules:
- An order that had ended before is shown as it ended, with exit code 1: its fills are not hidden.
"""

import argparse

from clients.errors import OrderNotOpen
from clients.records import Order
from clients.scripts.options import Stop, account_client, add_json, add_order_id
from clients.scripts.output import show_order


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the order, or --all."""
    add_order_id(parser)
    parser.add_argument("--all", action="store_true", help="all of the account's orders")
    parser.add_argument("--market", help="with --all: of this market only")
    parser.add_argument("--side", choices=["buy", "sell"], help="with --all: of this side only")
    add_json(parser)


async def main(args: argparse.Namespace) -> int:
    """Cancel what was named."""
    if sum([args.id is not None, args.client_order_id is not None, args.all]) != 1:
        raise Stop("give the order's id, --client-order-id or --all", code=2)
    if not args.all and (args.market or args.side):
        raise Stop("--market and --side go with --all", code=2)
    async with account_client(args) as exchange:
        if args.all:
            canceled = await exchange.cancel_all(args.market, side=args.side)
            print(f"canceled {len(canceled)} orders")
            return 0
        try:
            order = await exchange.cancel_order(args.id, client_order_id=args.client_order_id)
        except OrderNotOpen as error:
            if error.order is not None:
                show_order(Order.from_json(error.order), as_json=args.json)
            raise
    show_order(order, as_json=args.json)
    return 0
