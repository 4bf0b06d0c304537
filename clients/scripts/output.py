"""What the commands print: tables for people, JSON for programs.

Rules:
- Numbers are printed canonically, as the exchange writes them.
- Colours and frames only on a terminal; elsewhere plain columns, one row a line.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from clients.decimals import canonical
from clients.records import Order, Record

COLOURS = {"buy": "green", "sell": "red"}


def show(records: Sequence[Record], columns: Sequence[str], *, as_json: bool) -> None:
    """Print records as a table of `columns`, or as the JSON that came."""
    if as_json:
        print(json.dumps([dict(record.raw) for record in records], indent=2))
        return
    rows = [[text(getattr(record, name)) for name in columns] for record in records]
    if not sys.stdout.isatty():
        print_plain([list(columns), *rows])
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*row, style=next((COLOURS[cell] for cell in row if cell in COLOURS), None))
    Console().print(table)


def show_order(order: Order, *, as_json: bool) -> None:
    """Print one order in a sentence, or as the JSON that came."""
    if as_json:
        print(json.dumps(dict(order.raw), indent=2))
        return
    price = "at market" if order.price is None else f"@ {text(order.price)}"
    print(
        f"{order.id}: {order.side} {text(order.quantity)} {order.market} {price}: {order.status}"
        + (f" ({order.reason})" if order.reason else "")
        + f", filled {text(order.filled_quantity)}"
        + (f" at {text(order.average_price)} on average" if order.average_price else "")
    )


def print_plain(rows: Sequence[Sequence[str]]) -> None:
    """Print columns of one width each, without colours."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells: Iterable[str] = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def text(value: object) -> str:
    """Return a field as a person reads it; a dash for none."""
    match value:
        case None:
            return "-"
        case Decimal():
            return canonical(value)
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case _:
            return str(value)
