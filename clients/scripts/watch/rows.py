"""The ladder's rows: price levels in groups, with what is in front of each, and one's own part of it.

Rules:
- Pure: a book and orders in, rows out, best first.
- A group's price is never better than what is in it: bids go down to a multiple of the step, asks up.
- A row's total is all that a taker would find up to and with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

from clients.book import BookSide, Level, LocalBook
from clients.decimals import round_to_step
from clients.records import Order

STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
"""How many ticks may be one row."""

NOTHING = Decimal(0)

Place = tuple[BookSide, Decimal]
"""Where a row is: its side and its price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the ladder; `own` is what of the quantity is one's own."""

    side: BookSide
    price: Decimal
    quantity: Decimal
    total: Decimal
    own: Decimal = NOTHING

    @property
    def place(self) -> Place:
        """Its side and price."""
        return self.side, self.price


def rows_of(
    book: LocalBook, side: BookSide, step: Decimal, most: int, own: Mapping[Place, Decimal]
) -> list[Row]:
    """Return the best `most` rows of a side, best first."""
    groups = _groups(book, side, step, most)
    totals = accumulate(groups.values())
    return [
        Row(side=side, price=p, quantity=q, total=total, own=own.get((side, p), NOTHING))
        for (p, q), total in zip(groups.items(), totals, strict=True)
    ]


def own_quantities(orders: Iterable[Order], step: Decimal) -> dict[Place, Decimal]:
    """Return what of each row is one's own: orders that rest, by the place of their row."""
    found: dict[Place, Decimal] = {}
    for order in orders:
        place = place_of(order, step)
        if place is not None:
            found[place] = found.get(place, NOTHING) + order.remaining_quantity
    return found


def place_of(order: Order, step: Decimal) -> Place | None:
    """Return the row that an order rests in; None where it waits, such as a stop."""
    if order.price is None or order.status not in ("open", "partially_filled"):
        return None
    side: BookSide = "bids" if order.side == "buy" else "asks"
    return side, group_price(side, order.price, step)


def group_price(side: BookSide, price: Decimal, step: Decimal) -> Decimal:
    """Return the price of the row that a level is in."""
    return round_to_step(price, step, up=side == "asks")


def nearest(rows: Iterable[Row], place: Place | None) -> Row | None:
    """Return the row at a place, or where it is gone the one of its side that is nearest to it."""
    if place is None:
        return None
    same_side = [row for row in rows if row.side == place[0]]
    return min(same_side, key=lambda row: abs(row.price - place[1]), default=None)


def _groups(book: LocalBook, side: BookSide, step: Decimal, most: int) -> dict[Decimal, Decimal]:
    """The best `most` groups; no more levels are looked at than that needs."""
    depth = max(1, most)
    while True:
        levels = _levels(book, side, depth)
        groups: dict[Decimal, Decimal] = {}
        for price, quantity in levels:
            group = group_price(side, price, step)
            if group not in groups and len(groups) == most:
                return groups
            groups[group] = groups.get(group, NOTHING) + quantity
        if len(levels) < depth:
            return groups
        depth *= 4


def _levels(book: LocalBook, side: BookSide, depth: int) -> list[Level]:
    return book.bids(depth) if side == "bids" else book.asks(depth)
