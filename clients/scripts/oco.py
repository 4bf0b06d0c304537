"""oco: submit a limit order, or a take profit, and a stop of which one cancels the other.

Rules:
- Any fill of one, its trigger and its end cancel the other.
- It is repeated with the first order's client_order_id until it is answered.
"""

import argparse

from clients.order_request import StopPart
from clients.scripts.options import Stop, account_client, number
from clients.scripts.order_options import VALID, add_market_and_side, add_new_order, given
from clients.scripts.output import show_group


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add both orders' fields."""
    add_market_and_side(parser)
    parser.add_argument("quantity", type=number, help="of both orders, in the base asset")
    parser.add_argument("price", type=number, help="of the limit order; or see --take-profit")
    parser.add_argument("stop_price", type=number, help="what triggers the stop")
    parser.add_argument(
        "--take-profit",
        action="store_true",
        help="PRICE triggers a take profit, in place of the limit order",
    )
    parser.add_argument(
        "--take-profit-limit",
        type=number,
        metavar="PRICE",
        help="the same, and its own limit (none: at market)",
    )
    parser.add_argument(
        "--take-profit-slippage",
        type=number,
        metavar="RATIO",
        help="of a take profit without a limit: 0.01 is 1%%",
    )
    parser.add_argument(
        "--stop-limit", type=number, metavar="PRICE", help="the stop's own limit (none: at market)"
    )
    parser.add_argument(
        "--max-slippage", type=number, metavar="RATIO", help="of the stop: 0.01 is 1%%"
    )
    parser.add_argument(
        "--stop-client-order-id", metavar="ID", help="the stop's; --client-order-id is the other's"
    )
    add_new_order(parser, times_in_force=["gtc", "gtd"])


async def main(args: argparse.Namespace) -> int:
    """Submit them."""
    stop = StopPart(args.stop_price, args.stop_limit, args.max_slippage, args.stop_client_order_id)
    wanted = args.market, args.side, args.quantity
    fields = given(args, "price")
    if args.take_profit or args.take_profit_limit is not None:
        fields["stop_price"], fields["price"] = args.price, args.take_profit_limit
        fields["max_slippage"] = args.take_profit_slippage
    elif args.take_profit_slippage is not None:
        raise Stop("--take-profit-slippage needs --take-profit", code=2)
    async with account_client(args) as exchange:
        if args.validate_only:
            await exchange.validate_oco(*wanted, stop=stop, **fields)
            print(VALID)
            return 0
        group = await exchange.submit_oco(*wanted, stop=stop, **fields)
    show_group(group, as_json=args.json)
    return 0
