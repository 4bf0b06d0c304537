"""Drawing: what is known, as lines of the screen.

Rules:
- Pure. Nothing depends on colour alone: asks are above bids, a taker's side is an arrow, one's own is marked.
- Only a book in step is called verified. The last prices of one that is not may stand there, under what
  says so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from clients.book import LocalBook
from clients.decimals import canonical
from clients.live_book import LiveBook
from clients.records import Balance, Market, MarketStatus, Ticker, Trade
from clients.scripts.ladder import auction, spread
from clients.scripts.watch.line import (
    BAR_STEPS,
    Line,
    Piece,
    decimals_of,
    line,
    padded,
    spread_out,
)
from clients.scripts.watch.rows import Place, Row

UP, DOWN = "▲", "▼"
OWN = "●"
SELECTED = "▸"
HEADINGS = ("own", "price", "quantity", "total")
EMPTY = Line()

GAP = 2
"""Spaces between two columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The ladder at one moment: rows best first, and what stands between the sides."""

    asks: Sequence[Row] = ()
    bids: Sequence[Row] = ()
    middle: Line = EMPTY

    @property
    def rows(self) -> list[Row]:
        """From the top of the screen to its bottom."""
        return [*reversed(self.asks), *self.bids]


def ladder(
    picture: Picture, market: Market, step: Decimal, height: int, selected: Place | None
) -> list[Line]:
    """Return `height` lines: headings, asks, what is between, bids; the best prices in the middle."""
    room = rows_a_side(height)
    cells = {row.place: _cells(row, market, step) for row in picture.rows}
    widths = [
        max(len(column) for column in columns)
        for columns in zip(HEADINGS, *cells.values(), strict=True)
    ]
    deepest = max((row.total for row in picture.rows), default=Decimal(0))

    def drawn(row: Row) -> Line:
        return _row(row, _aligned(cells[row.place], widths), deepest, row.place == selected)

    above = [drawn(row) for row in reversed(picture.asks[:room])]
    return [
        line(Piece(" " + _aligned(HEADINGS, widths), "faint")),
        *[Line()] * (room - len(above)),
        *above,
        picture.middle,
        *[drawn(row) for row in picture.bids[:room]],
    ]


def rows_a_side(height: int) -> int:
    """Return how many rows of a side there is room for."""
    return max(0, (height - 2) // 2)


def row_at(picture: Picture, height: int, y: int) -> Row | None:
    """Return the row that is drawn in a line, or None."""
    room = rows_a_side(height)
    middle = room + 1
    side, index = (picture.asks, middle - y - 1) if y < middle else (picture.bids, y - middle - 1)
    return side[index] if 0 <= index < min(room, len(side)) else None


def between(book: LocalBook, last: Trade | None) -> Line:
    """Return what stands between the sides of a book in step."""
    pieces = [Piece(f" {spread(book)}", "faint")]
    if last is not None:
        pieces += [Piece("   last "), _by_taker(last, canonical(last.price))]
    return line(*pieces)


def out_of_step(reason: str) -> Line:
    """Return what stands between the sides of a book that cannot be vouched for."""
    return line(Piece(f" OUT OF STEP: {reason}", "bad"))


def trades(latest: Sequence[Trade], market: Market) -> list[Line]:
    """Return the last trades, newest first."""
    prices = [padded(trade.price, decimals_of(market.tick_size)) for trade in latest]
    quantities = [padded(trade.quantity, decimals_of(market.lot_size)) for trade in latest]
    price_width, quantity_width = (max(map(len, each), default=0) for each in (prices, quantities))
    return [
        line(
            Piece(f"{trade.timestamp:%H:%M:%S} ", "faint"),
            _by_taker(trade, f"{price:>{price_width}}"),
            f"  {quantity:>{quantity_width}}",
        )
        for trade, price, quantity in zip(latest, prices, quantities, strict=True)
    ]


def headline(market: Market, ticker: Ticker | None, status: MarketStatus | None) -> Line:
    """Return the market, what it does, its last price and its 24 hours."""
    doing = market.status if status is None else status.status
    pieces = [
        Piece(market.symbol, "strong"),
        Piece(f" {doing}", "" if doing == "open" else "warning"),
    ]
    if status is not None and status.auction is not None:
        return line(*pieces, Piece(f"  {auction(status.auction)}", "warning"))
    if ticker is None or ticker.last is None:
        return line(*pieces, Piece("  no trade yet", "faint"))
    pieces += [Piece(f"  {canonical(ticker.last)}", "strong"), *_change(ticker)]
    for name in ("high", "low", "volume"):
        value = getattr(ticker, name)
        if value is not None:
            pieces += [Piece(f"  {name} ", "faint"), Piece(canonical(value))]
    return line(*pieces)


def market_choice(market: Market, ticker: Ticker | None) -> str:
    """Return a market in the list to choose from."""
    last = "-" if ticker is None or ticker.last is None else canonical(ticker.last)
    change = "".join(piece.text for piece in _change(ticker)) if ticker else ""
    return f"{market.symbol:<12}{last:>16} {change}"


def balances(of: Iterable[tuple[str, Balance | None]]) -> list[Line]:
    """Return what there is of each asset: available, and held by open orders."""
    found = []
    for asset, balance in of:
        available = "0" if balance is None else canonical(balance.available)
        held = Decimal(0) if balance is None else balance.held
        found.append(line(Piece(f"{asset:<6}", "strong"), f"{available:>20}"))
        found.append(line(Piece(f"{'held':<6}{canonical(held):>20}", "faint" if not held else "")))
    return found


def state(book: LiveBook | None, url: str, account: str, width: int) -> Line:
    """Return whether the book is verified, or why it is not; where from, and for whom."""
    if book is None or not book.in_step:
        reason = "not connected" if book is None else book.reason
        said = [Piece("○ OUT OF STEP ", "bad"), Piece(reason)]
    else:
        said = [
            Piece("● verified ", "good"),
            Piece(f" sequence {book.sequence}  checksum {book.checksum}"),
        ]
    if book is not None and book.resyncs:
        said.append(Piece(f"  healed {book.resyncs}×", "faint"))
    where = url.partition("://")[2]
    return spread_out(width, said, [Piece(f" {where}  ", "faint"), Piece(account, "strong")])


def _cells(row: Row, market: Market, step: Decimal) -> tuple[str, ...]:
    lots = decimals_of(market.lot_size)
    own = f"{OWN} {canonical(row.own)}" if row.own else ""
    price = padded(row.price, decimals_of(step))
    return own, price, padded(row.quantity, lots), padded(row.total, lots)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    columns = (f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return (" " * GAP).join(columns)


def _row(row: Row, text: str, deepest: Decimal, selected: bool) -> Line:
    role = "bid" if row.side == "bids" else "ask"
    length = int(row.total * BAR_STEPS / deepest) if deepest else 0
    own, rest = _split_own(text, bool(row.own))
    pieces = (Piece(SELECTED if selected else " "), Piece(own, "own"), Piece(rest, role))
    return Line(pieces, bar=max(1, length), bar_role=f"{role}-bar", selected=selected)


def _split_own(text: str, has_own: bool) -> tuple[str, str]:
    """The first column apart from the others."""
    if not has_own:
        return "", text
    end = text.index(" ", text.index(OWN) + len(OWN) + 1)
    return text[:end], text[end:]


def _by_taker(trade: Trade, text: str) -> Piece:
    if trade.taker_side == "buy":
        return Piece(f"{UP} {text}", "bid")
    return Piece(f"{DOWN} {text}", "ask")


def _change(ticker: Ticker) -> list[Piece]:
    if ticker.change is None or not ticker.open:
        return []
    percent = ticker.change * 100 / ticker.open
    if not ticker.change:
        return [Piece("  0.00 %", "faint")]
    arrow, role = (UP, "bid") if percent > 0 else (DOWN, "ask")
    return [Piece(f"  {arrow} {percent:+.2f} %", role)]
