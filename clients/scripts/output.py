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
from clients.records import Order, OrderGroup, Record

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
    print(sentence(order))


def show_group(group: OrderGroup, *, as_json: bool) -> None:
    """Print a group's orders, a sentence each, or as the JSON that came."""
    if as_json:
        print(json.dumps(dict(group.raw), indent=2))
        return
    print(f"{group.type} {group.id}:")
    for order in group.orders:
        print(f"  {order.group_role} {sentence(order)}")


def sentence(order: Order) -> str:
    """Return an order as a person reads it: what it is, how it stands, and why."""
    price = "at market" if order.price is None else f"@ {text(order.price)}"
    if order.stop_price is not None:
        waits = "take profit" if order.type.startswith("take_profit") else "stop"
        price = f"{waits} {text(order.stop_price)}, then {price}"
    said = [f"{order.id}: {order.side} {text(order.quantity)} {order.market} {price}"]
    if order.display_quantity is not None:
        said.append(f" showing {text(order.display_quantity)}")
    if order.expires_at is not None:
        said.append(f" until {text(order.expires_at)}")
    said.append(f": {order.status}")
    if order.is_open and not order.quantity:
        said.append(" (waits for its entry's fills)")
    if order.reason:
        said.append(f" ({order.reason})")
    said.append(f", filled {text(order.filled_quantity)}")
    if order.average_price:
        said.append(f" at {text(order.average_price)} on average")
    return "".join(said)


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
