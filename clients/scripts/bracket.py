"""bracket: submit an order with a take profit, a stop loss or both, which its fills arm.

Rules:
- The exits are on the other side and want what the entry has brought so far; when one of them has
  ended, the other one and the rest of the entry are canceled.
- It is repeated with the entry's client_order_id until it is answered.
"""

import argparse

from clients.order_request import StopPart, TakeProfitPart
from clients.scripts.options import Stop, account_client, number
from clients.scripts.order_options import VALID, add_market_and_side, add_new_order, add_type, given
from clients.scripts.output import show_group


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the entry's fields and the exits'."""
    add_market_and_side(parser)
    parser.add_argument("quantity", type=number, help="of the entry, in the base asset")
    parser.add_argument("price", type=number, nargs="?", help="of the entry; none: at market")
    parser.add_argument("--take-profit", type=number, metavar="PRICE", help="a limit order")
    parser.add_argument(
        "--take-profit-stop-price",
        type=number,
        metavar="PRICE",
        help="the take profit waits until then; --take-profit is its own limit (none: at market)",
    )
    parser.add_argument(
        "--take-profit-slippage", type=number, metavar="RATIO", help="of one without a limit"
    )
    parser.add_argument(
        "--stop-loss", type=number, metavar="PRICE", help="a stop, triggered at this price"
    )
    parser.add_argument(
        "--stop-loss-limit", type=number, metavar="PRICE", help="its own limit (none: at market)"
    )
    parser.add_argument(
        "--stop-loss-slippage", type=number, metavar="RATIO", help="of the stop loss: 0.01 is 1%%"
    )
    parser.add_argument(
        "--stop-price", type=number, metavar="PRICE", help="of the entry: it waits until then"
    )
    add_type(parser, sentence="of the entry: what its prices say, unless given")
    parser.add_argument(
        "--max-slippage", type=number, metavar="RATIO", help="of the entry: 0.01 is 1%%"
    )
    parser.add_argument("--take-profit-client-order-id", metavar="ID")
    parser.add_argument("--stop-loss-client-order-id", metavar="ID")
    add_new_order(parser, times_in_force=["gtc", "ioc", "fok", "gtd"])


async def main(args: argparse.Namespace) -> int:
    """Submit them."""
    profit, loss = _take_profit(args), _stop_loss(args)
    if profit is None and loss is None:
        raise Stop("give --take-profit, --stop-loss or both", code=2)
    wanted = args.market, args.side, args.quantity
    fields = given(args, "price", "type", "stop_price", "must_wait", "max_slippage")
    async with account_client(args) as exchange:
        if args.validate_only:
            await exchange.validate_bracket(*wanted, take_profit=profit, stop_loss=loss, **fields)
            print(VALID)
            return 0
        group = await exchange.submit_bracket(*wanted, take_profit=profit, stop_loss=loss, **fields)
    show_group(group, as_json=args.json)
    return 0


def _take_profit(args: argparse.Namespace) -> TakeProfitPart | None:
    name, slippage = args.take_profit_client_order_id, args.take_profit_slippage
    if args.take_profit is not None or args.take_profit_stop_price is not None:
        return TakeProfitPart(args.take_profit, name, args.take_profit_stop_price, slippage)
    if name is not None or slippage is not None:
        raise Stop("--take-profit-client-order-id and -slippage need --take-profit", code=2)
    return None


def _stop_loss(args: argparse.Namespace) -> StopPart | None:
    more = (args.stop_loss_limit, args.stop_loss_slippage, args.stop_loss_client_order_id)
    if args.stop_loss is not None:
        return StopPart(args.stop_loss, *more)
    if any(each is not None for each in more):
        raise Stop("--stop-loss-limit, -slippage and -client-order-id need --stop-loss", code=2)
    return None
