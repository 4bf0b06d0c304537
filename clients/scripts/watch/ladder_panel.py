"""LadderPanel: the ladder on the screen, with one row selected by keys or mouse.

Rules:
- What is selected is a price, not a line: the selection stays with its price when the book moves.
- A book that is out of step keeps its last rows on the screen, in grey, under what says so; nothing can be
  selected in it.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from clients.decimals import canonical
from clients.errors import BookOutOfStep
from clients.live_book import LiveBook
from clients.records import Market, Order, Trade
from clients.scripts.watch import drawing
from clients.scripts.watch.drawing import Picture
from clients.scripts.watch.panel import Panel
from clients.scripts.watch.rows import STEPS, Place, Row, nearest, own_quantities, rows_of


class LadderPanel(Panel, can_focus=True):
    """One market's ladder."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("home", "move(-1000)", "Top", show=False),
        Binding("end", "move(1000)", "Bottom", show=False),
        Binding("enter", "choose", "Take", show=False),
    ]

    class Chosen(Message):
        """A row was chosen, to be taken from."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.picture = Picture()
        self._market: Market | None = None
        self._ticks_a_row = STEPS[0]
        self._selected: Place | None = None
        self._in_step = False

    @property
    def step(self) -> Decimal:
        """How far two rows are apart at the least, in the quote asset."""
        tick = self._market.tick_size if self._market else Decimal(1)
        return tick * self._ticks_a_row

    @property
    def selected(self) -> Row | None:
        """The selected row; None where there is none, or the book is out of step."""
        return nearest(self.picture.rows, self._selected) if self._in_step else None

    def follow(self, market: Market) -> None:
        """Show another market, from nothing."""
        self._market = market
        self._ticks_a_row = STEPS[0]
        self._selected = None
        self.picture = Picture()

    def group(self, by: int) -> None:
        """Put more ticks into a row, or fewer."""
        place = STEPS.index(self._ticks_a_row) + by
        self._ticks_a_row = STEPS[max(0, min(len(STEPS) - 1, place))]

    def draw(self, book: LiveBook, orders: Iterable[Order], last: Trade | None) -> None:
        """Draw the book as it is now."""
        assert self._market is not None
        most = drawing.rows_a_side(self.size.height)
        try:
            levels = book.book
            own = own_quantities(orders, self.step)
            self.picture = Picture(
                asks=rows_of(levels, "asks", self.step, most, own),
                bids=rows_of(levels, "bids", self.step, most, own),
                middle=drawing.between(levels, last),
            )
            self._in_step = True
        except BookOutOfStep as error:
            self._in_step = False
            self.picture = Picture(
                asks=self.picture.asks,
                bids=self.picture.bids,
                middle=drawing.out_of_step(error.reason),
            )
        self._show()

    def action_move(self, by: int) -> None:
        """Select another row, so many further down; the first time the best ask or bid."""
        rows = self.picture.rows
        if not rows or not self._in_step:
            return
        current = self.selected
        if current is not None:
            index = rows.index(current) + by
        else:
            index = len(self.picture.asks) - (1 if by < 0 else 0)
        self._selected = rows[max(0, min(len(rows) - 1, index))].place
        self._show()

    def action_choose(self) -> None:
        """Say that the selected row was chosen."""
        if (row := self.selected) is not None:
            self.post_message(self.Chosen(row))

    def on_click(self, event: events.Click) -> None:
        """Select the row that was clicked; with a second click choose it."""
        at = event.get_content_offset(self)
        row = drawing.row_at(self.picture, self.size.height, at.y) if at else None
        if row is None or not self._in_step:
            return
        self._selected = row.place
        self._show()
        if event.chain > 1:
            self.action_choose()

    def _show(self) -> None:
        if self._market is None:
            return
        chosen = self.selected
        place = chosen.place if chosen else None
        height = self.size.height
        self.show(drawing.ladder(self.picture, self._market, self.step, height, place))
        self.border_title = f"{self._market.symbol} book" + self._grouping()

    def _grouping(self) -> str:
        return "" if self._ticks_a_row == 1 else f", rows of {canonical(self.step)}"
