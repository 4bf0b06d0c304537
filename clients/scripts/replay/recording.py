"""Recording: a trading contest's log of its matching engine, read into steps.

Rules:
- Columns Time (seconds), Competitor, Operation, OrderId, Instrument, Side (A sell, B buy), Volume,
  Price, Lifespan (G gtc, F ioc), Fee. Prices and volumes are whole numbers.
- Insert, Cancel and Amend are what was done; a Cancel's and an Amend's Volume is the change, below
  0. Trade rows are what a competitor's order got, one a price level; Hedge rows are left out.
- Rows of other instruments than those chosen are left out, with the orders they belong to. A Trade
  row stands right after the Insert that caused it.
- Pure: text in, steps out. A file of another form raises ValueError with the line's number.
"""

import csv
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

COLUMNS = (
    "Time",
    "Competitor",
    "Operation",
    "OrderId",
    "Instrument",
    "Side",
    "Volume",
    "Price",
    "Lifespan",
)

SIDES = {"A": "sell", "B": "buy"}

OrderKey = tuple[str, str]
"""A competitor ("" for the anonymous flow) and an OrderId: what names an order in a recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """A new order; `line` is where it stands in the file, `time` in seconds."""

    line: int
    time: float
    order: OrderKey
    instrument: int
    side: str
    quantity: int
    price: int
    ioc: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """An order's end: `quantity` (above 0) is what was open."""

    line: int
    time: float
    order: OrderKey
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend:
    """An order's quantity becomes less by `quantity` (above 0)."""

    line: int
    time: float
    order: OrderKey
    quantity: int


Step = Insert | Cancel | Amend


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeRow:
    """What a competitor's order traded at one price level."""

    order: OrderKey
    instrument: int
    side: str
    quantity: int
    price: int

    def __str__(self) -> str:
        competitor, id = self.order
        return (
            f"{competitor} order {id} {self.side} {self.quantity} @ {self.price} "
            f"(instrument {self.instrument})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Steps in file order, the trades that must come out, and the instruments left out."""

    steps: tuple[Step, ...]
    trades: tuple[TradeRow, ...]
    left_out: tuple[int, ...]

    @property
    def instruments(self) -> list[int]:
        """The instruments that the steps trade in, in order."""
        return sorted({step.instrument for step in self.steps if isinstance(step, Insert)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Funds that surely suffice: the most that was open or filled at any time.

    `quote` covers the buys of all instruments, `base` the sells, by instrument.
    """

    quote: int
    base: dict[int, int]


def instruments_of(lines: Iterable[str]) -> list[int]:
    """Return the instruments that appear in a file, in order."""
    return sorted({int(row["Instrument"]) for _, row in _rows(lines) if row["Instrument"]})


def read(lines: Iterable[str], instruments: Collection[int]) -> Recording:
    """Read the rows of the chosen instruments; raises ValueError."""
    steps: list[Step] = []
    trades: list[TradeRow] = []
    placed: dict[OrderKey, int] = {}
    for line, row in _rows(lines):
        try:
            order = (row["Competitor"], row["OrderId"])
            if row["Operation"] == "Insert":
                placed[order] = int(row["Instrument"])
            if row["Operation"] == "Hedge" or placed.get(order) not in instruments:
                continue
            step = _step(line, row, order)
        except (KeyError, ValueError) as error:
            raise ValueError(f"line {line} cannot be read: {error!r}") from error
        if isinstance(step, TradeRow):
            trades.append(step)
        else:
            steps.append(step)
    left_out = sorted(set(placed.values()) - set(instruments))
    return Recording(steps=tuple(steps), trades=tuple(trades), left_out=tuple(left_out))


def needs(recording: Recording) -> Needs:
    """Return funds with which every order of the recording can be placed."""
    inserts: dict[OrderKey, Insert] = {}
    spent: Counter[tuple[str, int]] = Counter()
    most: Counter[tuple[str, int]] = Counter()
    for step in recording.steps:
        if isinstance(step, Insert):
            inserts[step.order] = step
        first = inserts[step.order]
        place = ("buy", -1) if first.side == "buy" else ("sell", first.instrument)
        worth = step.quantity * (first.price if first.side == "buy" else 1)
        spent[place] += worth if isinstance(step, Insert) else -worth
        most[place] = max(most[place], spent[place])
    base = {number: most["sell", number] for number in recording.instruments}
    return Needs(quote=most["buy", -1], base=base)


def _rows(lines: Iterable[str]) -> Iterable[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(lines)
    missing = set(COLUMNS) - set(reader.fieldnames or ())
    if missing:
        raise ValueError(f"this is no recording: it has no column {', '.join(sorted(missing))}")
    for row in reader:
        yield reader.line_num, row


def _step(line: int, row: dict[str, str], order: OrderKey) -> Step | TradeRow:
    quantity = abs(int(row["Volume"]))
    time = float(row["Time"])
    match row["Operation"]:
        case "Insert":
            return Insert(
                line=line,
                time=time,
                order=order,
                instrument=int(row["Instrument"]),
                side=SIDES[row["Side"]],
                quantity=quantity,
                price=int(row["Price"]),
                ioc={"G": False, "F": True}[row["Lifespan"]],
            )
        case "Cancel":
            return Cancel(line=line, time=time, order=order, quantity=quantity)
        case "Amend":
            return Amend(line=line, time=time, order=order, quantity=quantity)
        case "Trade":
            return TradeRow(
                order=order,
                instrument=int(row["Instrument"]),
                side=SIDES[row["Side"]],
                quantity=quantity,
                price=int(row["Price"]),
            )
        case operation:
            raise ValueError(f"unknown operation {operation!r}")
