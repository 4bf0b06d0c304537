"""cancel-after: have all orders canceled unless told so again in time, or show when they are.

Rules:
- The time is the exchange's. 0 disarms it; without seconds nothing is changed.
"""

import argparse
import json

from clients.scripts.options import account_client, add_json
from clients.scripts.output import text

LONGEST = 86_400
"""Seconds at the most."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the seconds."""
    parser.add_argument(
        "seconds", type=seconds, nargs="?", help=f"0 to {LONGEST}; 0: never; none: show it"
    )
    add_json(parser)


async def main(args: argparse.Namespace) -> int:
    """Set it or look at it."""
    async with account_client(args) as exchange:
        if args.seconds is None:
            switch = await exchange.cancel_after()
        else:
            switch = await exchange.cancel_all_after(args.seconds)
    if args.json:
        print(json.dumps(dict(switch.raw), indent=2))
    elif switch.cancel_at is None:
        print("the orders stay: no switch is set")
    else:
        print(f"all orders are canceled at {text(switch.cancel_at)} UTC unless this is said again")
    return 0


def seconds(text: str) -> int:
    """Read a number of seconds."""
    if not (text.isascii() and text.isdigit() and int(text) <= LONGEST):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {LONGEST}")
    return int(text)
