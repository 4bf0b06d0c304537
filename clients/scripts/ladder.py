"""The ladder: a local book as a person sees it, asks above bids, in words or in colour.

Rules:
- Pure: a book in, something to print out.
- "verified" is only said of a book in step; a book that is not is not drawn at all.
"""

from decimal import Decimal
from itertools import accumulate

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from clients.book import Level, LocalBook
from clients.decimals import canonical
from clients.records import Trade

BAR = 24
"""Characters of the longest bar of cumulative quantity."""


def one_line(book: LocalBook) -> str:
    """Return the top of a book in step on one line."""
    return (
        f"{book.market} #{book.sequence} bid {_level(book.best_bid)} ask {_level(book.best_ask)} "
        f"spread {_number(book.spread)} checksum {book.checksum} verified"
    )


def plain(book: LocalBook, depth: int) -> str:
    """Return a book in step as a ladder of text."""
    head = f"{book.market} #{book.sequence} checksum {book.checksum} verified"
    asks = [f"  ask {canonical(p):>14} x {canonical(q)}" for p, q in reversed(book.asks(depth))]
    bids = [f"  bid {canonical(p):>14} x {canonical(q)}" for p, q in book.bids(depth)]
    return "\n".join([head, *asks, f"  --- spread {_number(book.spread)}", *bids])


def live(book: LocalBook, depth: int, last: Trade | None) -> RenderableType:
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
    table.add_row(Text(f"spread {_number(book.spread)}", style="dim"), "", "", _last_trade(last))
    for level, total in zip(bids, _running(bids), strict=True):
        _add(table, level, total, deepest, "green")
    state = Text(f"sequence {book.sequence}  checksum {book.checksum}  ")
    state.append("verified", style="bold green")
    return Panel(Group(table, Text(), state), title=book.market, expand=False)


def out_of_step(market: str, reason: str) -> RenderableType:
    """Return what is shown in place of a book that cannot be vouched for."""
    said = Text("OUT OF STEP", style="bold red")
    said.append(f"  {reason}", style="default not bold")
    return Panel(said, title=market, expand=False)


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
