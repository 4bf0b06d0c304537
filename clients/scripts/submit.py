"""submit: submit one order and print what became of it.

Rules:
- It is repeated with one client_order_id until it is answered; where it is not, the id is printed
  so that the very same command may be given again.
- A market order has a quantity or, with --quote-quantity, what it spends or receives.
"""

import argparse

from clients.scripts.options import Stop, account_client, number
from clients.scripts.order_options import VALID, add_market_and_side, add_new_order, add_type, given
from clients.scripts.output import show_order


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the order's fields."""
    add_market_and_side(parser)
    parser.add_argument(
        "quantity", type=number, nargs="?", help="in the base asset; none with --quote-quantity"
    )
    parser.add_argument("price", type=number, nargs="?", help="none: a market order")
    parser.add_argument(
        "--quote-quantity",
        type=number,
        metavar="AMOUNT",
        help="a market order that spends (buy) or receives (sell) this much of the quote asset",
    )
    parser.add_argument(
        "--stop-price",
        type=number,
        metavar="PRICE",
        help="wait until the last price reaches it; then trade at the market or, with a price, up to that",
    )
    add_type(parser, sentence="what the prices say, unless given")
    parser.add_argument(
        "--max-slippage",
        type=number,
        metavar="RATIO",
        help="of market and stop orders: 0.01 is 1%% from the best (or stop) price",
    )
    add_new_order(parser, times_in_force=["gtc", "ioc", "fok", "gtd"])


async def main(args: argparse.Namespace) -> int:
    """Submit it; 0 also when it was accepted and then canceled, as an ioc's rest is."""
    if (args.quantity is None) == (args.quote_quantity is None):
        raise Stop("give either a quantity or --quote-quantity", code=2)
    fields = given(
        args, "price", "type", "stop_price", "must_wait", "max_slippage", "quote_quantity"
    )
    async with account_client(args) as exchange:
        if args.validate_only:
            await exchange.validate_order(args.market, args.side, args.quantity, **fields)
            print(VALID)
            return 0
        order = await exchange.submit_order(args.market, args.side, args.quantity, **fields)
    show_order(order, as_json=args.json)
    return 0
