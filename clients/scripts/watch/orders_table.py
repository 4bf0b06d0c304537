"""OrdersTable: one's own open orders in the market, one of them selected.

Rules:
- A row is changed only where its order did; the selection stays with its order.
"""

from collections.abc import Iterable

from rich.text import Text
from textual.widgets import DataTable

from clients.decimals import canonical
from clients.records import Order
from clients.scripts.output import text
from clients.scripts.watch.drawing import DOWN, UP

COLUMNS = ("side", "price", "quantity", "filled", "status", "type")
RIGHT = {"price", "quantity", "filled"}
"""The columns of numbers."""


class OrdersTable(DataTable[Text]):
    """A table of open orders, newest first."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=False)
        self._shown: dict[str, tuple[str, ...]] = {}
        self._orders: dict[str, Order] = {}

    def on_mount(self) -> None:
        """Make the columns."""
        for name in COLUMNS:
            self.add_column(name, key=name)

    @property
    def selected(self) -> Order | None:
        """The selected order, or None."""
        if not self.is_valid_row_index(self.cursor_row):
            return None
        key = self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value
        return self._orders.get(key or "")

    def draw(self, orders: Iterable[Order]) -> None:
        """Show these orders, newest first."""
        self._orders = {order.id: order for order in orders}
        wanted = {order.id: _cells(order) for order in self._orders.values()}
        self.border_title = f"open orders ({len(wanted)})"
        if wanted == self._shown:
            return
        if list(wanted) == list(self._shown):
            self._update(wanted)
        else:
            self._rebuild(wanted)
        self._shown = wanted

    def _update(self, wanted: dict[str, tuple[str, ...]]) -> None:
        for id, cells in wanted.items():
            for name, cell, old in zip(COLUMNS, cells, self._shown[id], strict=True):
                if cell != old:
                    self.update_cell(id, name, _styled(name, cell), update_width=True)

    def _rebuild(self, wanted: dict[str, tuple[str, ...]]) -> None:
        kept = self.selected_id
        row = self.cursor_row
        self.clear()
        for id, cells in wanted.items():
            styled = (_styled(name, cell) for name, cell in zip(COLUMNS, cells, strict=True))
            self.add_row(*styled, key=id)
        if wanted:
            ids = list(wanted)
            self.move_cursor(row=ids.index(kept) if kept in wanted else min(row, len(ids) - 1))

    @property
    def selected_id(self) -> str:
        """The id of the order that the cursor is on, also of one that has just ended."""
        if not self.is_valid_row_index(self.cursor_row):
            return ""
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value or ""


def _cells(order: Order) -> tuple[str, ...]:
    price = "market" if order.price is None else canonical(order.price)
    if order.stop_price is not None:
        price = f"{price}, stop {canonical(order.stop_price)}"
    kind = f"{order.type}, post-only" if order.post_only else order.type
    arrow = UP if order.side == "buy" else DOWN
    return (
        f"{arrow} {order.side}",
        price,
        text(order.quantity),
        text(order.filled_quantity),
        order.status.replace("_", " "),
        kind.replace("_", "-"),
    )


def _styled(name: str, cell: str) -> Text:
    return Text(cell, justify="right" if name in RIGHT else "left")
