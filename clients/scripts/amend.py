"""amend: change an order's price, its stop price or its total quantity.

Rules:
- Less quantity at the same prices keeps the order's place in the queue; anything else loses it.
"""

import argparse

from clients.scripts.options import Stop, account_client, add_json, add_order_id, number
from clients.scripts.order_options import VALID, add_deadline, add_validate_only
from clients.scripts.output import show_order

CHANGES = ("price", "quantity", "stop_price")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the order and its changes."""
    add_order_id(parser)
    parser.add_argument("--price", type=number)
    parser.add_argument("--quantity", type=number, help="the new total, filled part included")
    parser.add_argument(
        "--stop-price", type=number, metavar="PRICE", help="of a stop that still waits"
    )
    add_deadline(parser)
    add_validate_only(parser)
    add_json(parser)


async def main(args: argparse.Namespace) -> int:
    """Amend it and print it."""
    changes = {name: getattr(args, name) for name in CHANGES}
    if all(value is None for value in changes.values()):
        raise Stop("give --price, --quantity, --stop-price or several of them", code=2)
    if (args.id is None) == (args.client_order_id is None):
        raise Stop("give the order's id or --client-order-id", code=2)
    named = {"client_order_id": args.client_order_id, "deadline": args.deadline}
    async with account_client(args) as exchange:
        if args.validate_only:
            await exchange.validate_amend(args.id, **changes, **named)
            print(VALID)
            return 0
        order = await exchange.amend_order(args.id, **changes, **named)
    show_order(order, as_json=args.json)
    return 0
