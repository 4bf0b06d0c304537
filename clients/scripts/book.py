"""book: print one verified book, and whether the market is open, and exit.

Rules:
- In an auction it says what the auction would come to.
- Without --depth the whole book is printed. What is printed has been verified by its checksum.
"""

import argparse
import json

from clients.decimals import canonical
from clients.records import MarketStatus
from clients.scripts import ladder
from clients.scripts.options import add_json, public_client, whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the market and the depth."""
    parser.add_argument("market", help="such as BTC-USD")
    parser.add_argument("--depth", type=whole, help="levels a side (all)")
    add_json(parser)


async def main(args: argparse.Namespace) -> int:
    """Print it."""
    async with public_client(args) as exchange:
        market = await exchange.market(args.market)
        book = (await exchange.book(args.market)).verified()
    head = {
        "market": book.market,
        "sequence": book.sequence,
        "status": market.status,
        "auction": market.raw.get("auction"),
    }
    status = MarketStatus.from_json(head)
    if not args.json:
        print(ladder.plain(book, args.depth or len(book.bids()) + len(book.asks()), status))
        return 0
    sides = {
        "bids": [[canonical(p), canonical(q)] for p, q in book.bids(args.depth)],
        "asks": [[canonical(p), canonical(q)] for p, q in book.asks(args.depth)],
    }
    print(json.dumps({**head, **sides, "checksum": book.checksum}, indent=2))
    return 0
