"""The ladder in words: a local book as lines of text, asks above bids.

Rules:
- Pure: a book in, something to print out.
- "verified" is only said of a book in step; a book that is not is not drawn at all.
- In an auction bids and asks may overlap; what it would come to is said, and that it is an auction.
  Of a market that is open nothing is said where room is short.
"""

from decimal import Decimal

from clients.book import Level, LocalBook
from clients.decimals import canonical
from clients.records import Auction, MarketStatus


def one_line(book: LocalBook, status: MarketStatus | None = None) -> str:
    """Return the top of a book in step on one line."""
    return (
        f"{book.market} #{book.sequence} bid {_level(book.best_bid)} ask {_level(book.best_ask)} "
        f"{spread(book)} checksum {book.checksum} verified{_unless_open(status)}"
    )


def plain(book: LocalBook, depth: int, status: MarketStatus | None = None) -> str:
    """Return a book in step as a ladder of text."""
    head = f"{book.market} #{book.sequence} checksum {book.checksum} verified{_unless_open(status)}"
    asks = [f"  ask {canonical(p):>14} x {canonical(q)}" for p, q in reversed(book.asks(depth))]
    bids = [f"  bid {canonical(p):>14} x {canonical(q)}" for p, q in book.bids(depth)]
    return "\n".join([head, *asks, f"  --- {spread(book)}", *bids])


def auction(now: Auction) -> str:
    """Return what an auction would come to, and when it ends, in words."""
    if now.indicative_price is None:
        said = "no orders meet"
    else:
        price, volume = canonical(now.indicative_price), canonical(now.indicative_volume)
        said = f"indicative {price} x {volume}"
    if now.surplus_side is not None:
        said += f", surplus {canonical(now.surplus)} to {now.surplus_side}"
    if now.ends_at is not None:
        said += f", opens at {now.ends_at:%H:%M:%S} UTC"
    return said


def _unless_open(status: MarketStatus | None) -> str:
    if status is None or status.is_open:
        return ""
    return f", {status.status}" + (f": {auction(status.auction)}" if status.auction else "")


def spread(book: LocalBook) -> str:
    """Return how far the sides are apart, or by how much they overlap, in words."""
    apart = book.spread
    if apart is not None and apart < 0:
        return f"overlap {canonical(-apart)}"
    return f"spread {_number(apart)}"


def _level(level: Level | None) -> str:
    return "-" if level is None else f"{canonical(level.price)} x {canonical(level.quantity)}"


def _number(value: Decimal | None) -> str:
    return "-" if value is None else canonical(value)
