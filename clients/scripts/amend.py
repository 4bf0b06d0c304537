"""amend: change an order's price or its total quantity.

Rules:
- Less quantity at the same price keeps the order's place in the queue; anything else loses it.
"""

import argparse

from clients.scripts.options import Stop, account_client, add_json, add_order_id, number
from clients.scripts.output import show_order


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the order and its changes."""
    add_order_id(parser)
    parser.add_argument("--price", type=number)
    parser.add_argument("--quantity", type=number, help="the new total, filled part included")
    add_json(parser)


async def main(args: argparse.Namespace) -> int:
    """Amend it and print it."""
    if args.price is None and args.quantity is None:
        raise Stop("give --price, --quantity or both", code=2)
    if (args.id is None) == (args.client_order_id is None):
        raise Stop("give the order's id or --client-order-id", code=2)
    async with account_client(args) as exchange:
        id = args.id or (await exchange.order(client_order_id=args.client_order_id)).id
        order = await exchange.amend_order(id, price=args.price, quantity=args.quantity)
    show_order(order, as_json=args.json)
    return 0
