"""submit: submit one order and print what became of it.

Rules:
- It is repeated with one client_order_id until it is answered; where it is not, the id is printed
  so that the very same command may be given again.
"""

import argparse

from clients.scripts.options import account_client, add_json, number
from clients.scripts.output import show_order


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the order's fields."""
    parser.add_argument("market", help="such as BTC-USD")
    parser.add_argument("side", choices=["buy", "sell"])
    parser.add_argument("quantity", type=number, help="in the base asset")
    parser.add_argument("price", type=number, nargs="?", help="none: a market order")
    parser.add_argument("--time-in-force", choices=["gtc", "ioc", "fok", "gtd"])
    parser.add_argument("--type", choices=["limit", "market", "stop", "stop_limit"])
    parser.add_argument("--post-only", action="store_true", default=None)
    parser.add_argument("--stop-price", type=number)
    parser.add_argument("--display-quantity", type=number)
    parser.add_argument("--expires-at", metavar="TIME", help="ISO 8601, for gtd")
    parser.add_argument("--max-slippage", type=number, metavar="RATIO")
    parser.add_argument(
        "--self-trade-prevention",
        choices=["cancel_newest", "cancel_oldest", "cancel_both", "decrement"],
    )
    parser.add_argument("--client-order-id", metavar="ID", help="makes it safe to repeat by hand")
    add_json(parser)


async def main(args: argparse.Namespace) -> int:
    """Submit it; 0 also when it was accepted and then canceled, as an ioc's rest is."""
    async with account_client(args) as exchange:
        order = await exchange.submit_order(
            args.market,
            args.side,
            args.quantity,
            price=args.price,
            type=args.type,
            time_in_force=args.time_in_force,
            client_order_id=args.client_order_id,
            post_only=args.post_only,
            display_quantity=args.display_quantity,
            stop_price=args.stop_price,
            expires_at=args.expires_at,
            self_trade_prevention=args.self_trade_prevention,
            max_slippage=args.max_slippage,
        )
    show_order(order, as_json=args.json)
    return 0
