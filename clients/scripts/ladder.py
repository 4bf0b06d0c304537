"""The ladder: a local book as a person sees it, asks above bids, in words or in colour.

Rules:
- Pure: a book in, something to print out.
- "verified" is only said of a book in step; a book that is not is not drawn at all.
- In an auction bids and asks may overlap; what it would come to is said, and that it is an auction.
  Of a market that is open nothing is said where room is short.
"""

from decimal import Decimal
from itertools import accumulate

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from clients.book import Level, LocalBook
from clients.decimals import canonical
from clients.records import Auction, MarketStatus, Trade

BAR = 24
"""Characters of the longest bar of cumulative quantity."""


def one_line(book: LocalBook, status: MarketStatus | None = None) -> str:
    """Return the top of a book in step on one line."""
    return (
        f"{book.market} #{book.sequence} bid {_level(book.best_bid)} ask {_level(book.best_ask)} "
        f"{_spread(book)} checksum {book.checksum} verified{_unless_open(status)}"
    )


def plain(book: LocalBook, depth: int, status: MarketStatus | None = None) -> str:
    """Return a book in step as a ladder of text."""
    head = f"{book.market} #{book.sequence} checksum {book.checksum} verified{_unless_open(status)}"
    asks = [f"  ask {canonical(p):>14} x {canonical(q)}" for p, q in reversed(book.asks(depth))]
    bids = [f"  bid {canonical(p):>14} x {canonical(q)}" for p, q in book.bids(depth)]
    return "\n".join([head, *asks, f"  --- {_spread(book)}", *bids])


def live(
    book: LocalBook, depth: int, last: Trade | None, status: MarketStatus | None = None
) -> RenderableType:
    """Return a book in step in colour, with bars of the cumulative quantity."""
    asks, bids = book.asks(depth), book.bids(depth)
    deepest = max(_total(asks), _total(bids), Decimal(1).scaleb(-18))
    table = Table(box=None, pad_edge=False)
    for heading in ("price", "quantity", "total"):
        table.add_column(heading, justify="right")
    table.add_column("", min_width=BAR)
    rows = list(zip(asks, _running(asks), strict=True))
    for level, total in reversed(rows):
        _add(table, level, total, deepest, "red")
    table.add_row(Text(_spread(book), style="dim"), "", "", _last_trade(last))
    for level, total in zip(bids, _running(bids), strict=True):
        _add(table, level, total, deepest, "green")
    state = Text(f"sequence {book.sequence}  checksum {book.checksum}  ")
    state.append("verified", style="bold green")
    rows_below = [Text(), state]
    if status is not None and status.auction is not None:
        rows_below.append(Text(f"auction  {auction(status.auction)}", style="yellow"))
    title = book.market if status is None else f"{book.market} {status.status}"
    return Panel(Group(table, *rows_below), title=title, expand=False)


def out_of_step(market: str, reason: str) -> RenderableType:
    """Return what is shown in place of a book that cannot be vouched for."""
    said = Text("OUT OF STEP", style="bold red")
    said.append(f"  {reason}", style="default not bold")
    return Panel(said, title=market, expand=False)


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


def _spread(book: LocalBook) -> str:
    spread = book.spread
    if spread is not None and spread < 0:
        return f"overlap {canonical(-spread)}"
    return f"spread {_number(spread)}"


def _add(table: Table, level: Level, total: Decimal, deepest: Decimal, colour: str) -> None:
    bar = "█" * max(1, int(total * BAR / deepest))
    cells = (canonical(level.price), canonical(level.quantity), canonical(total))
    table.add_row(Text(cells[0], style=colour), *cells[1:], Text(bar, style=colour))


def _last_trade(trade: Trade | None) -> Text:
    if trade is None:
        return Text("no trade yet", style="dim")
    colour = "green" if trade.taker_side == "buy" else "red"
    return Text(f"last {canonical(trade.price)} x {canonical(trade.quantity)}", style=colour)


def _running(levels: list[Level]) -> list[Decimal]:
    return list(accumulate(level.quantity for level in levels))


def _total(levels: list[Level]) -> Decimal:
    return sum((level.quantity for level in levels), Decimal(0))


def _level(level: Level | None) -> str:
    return "-" if level is None else f"{canonical(level.price)} x {canonical(level.quantity)}"


def _number(value: Decimal | None) -> str:
    return "-" if value is None else canonical(value)
