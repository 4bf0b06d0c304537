"""OrderForm: a new order, and AmendForm: another price or quantity for one that is open.

Rules:
- An order that may have arrived is sent again with the same client_order_id as long as the form is the same,
  so it is never doubled. Another content is another order.
- An amend sends what was changed, and nothing else.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Checkbox, Label, Select

from clients.decimals import canonical, to_decimal
from clients.order_request import new_client_order_id
from clients.records import Order
from clients.scripts.output import text
from clients.scripts.watch.form import Field, Form
from clients.scripts.watch.rows import Row
from clients.scripts.watch.session import Session

NUMBERS = {
    "limit": ("price", "quantity"),
    "market": ("quantity",),
    "stop": ("stop_price", "quantity"),
    "stop_limit": ("stop_price", "price", "quantity"),
}
"""The numbers that each type of order needs."""

POST_ONLY = {"limit"}
"""The types of order that may be post-only."""


class Tick(Checkbox):
    """A check box that is empty when it is off: not by its colour alone."""

    BUTTON_LEFT = ""
    BUTTON_RIGHT = ""
    BUTTON_INNER = "[ ]"

    def watch_value(self) -> None:
        """Show how it stands."""
        self.BUTTON_INNER = "[x]" if self.value else "[ ]"
        super().watch_value()


class OrderForm(Form):
    """A new order of one side, with the price of a row of the ladder where one was selected."""

    def __init__(self, session: Session, side: str, row: Row | None = None) -> None:
        self._market = session.market
        symbol = self._market.symbol
        super().__init__(
            session, heading=f"{side.capitalize()} {symbol}", send=side.capitalize(), role=side
        )
        self._side = side
        self._price = "" if row is None else canonical(row.price)
        self._last_sent: tuple[Any, ...] = ()
        self._client_order_id = ""

    def parts(self) -> ComposeResult:
        """Make its fields."""
        quote, base = self._market.quote, self._market.base
        types = [(name.replace("_", "-"), name) for name in NUMBERS]
        kind: Select[str] = Select(types, value="limit", allow_blank=False, compact=True, id="type")
        yield Horizontal(Label("Type", classes="name"), kind, classes="choice")
        yield Field("stop_price", "Stop price", quote)
        yield Field("price", "Price", quote, self._price)
        yield Field("quantity", "Quantity", base)
        yield Tick("post-only: never a taker", id="post_only", compact=True)

    def on_mount(self) -> None:
        """Show what a limit order needs."""
        self._choose("limit")
        super().on_mount()

    @property
    def type(self) -> str:
        """The chosen type of order."""
        return str(self.query_one("#type", Select).value)

    @on(Select.Changed, "#type")
    def _chosen(self) -> None:
        self._choose(self.type)

    def _choose(self, type: str) -> None:
        for field in self.fields():
            field.display = field.field_name in NUMBERS[type]
        self.query_one("#post_only").display = type in POST_ONLY
        self.refresh_note()

    def note(self) -> str:
        """Return what the order comes to, and what there is to pay it with."""
        values = {field.field_name: _number(field.input.value) for field in self.fields()}
        quantity, price = values["quantity"], values["price"]
        asset = self._market.quote if self._side == "buy" else self._market.base
        balance = self.session.balances.get(asset)
        said = f"available {text(balance.available)} {asset}" if balance else ""
        if quantity and price and "price" in NUMBERS[self.type]:
            said = f"{canonical(quantity * price)} {self._market.quote}   {said}"
        return said

    def read(self) -> Mapping[str, Any] | None:
        """Return the order's fields."""
        names = NUMBERS[self.type]
        found = {f.field_name: f.number() for f in self.fields() if f.field_name in names}
        if None in found.values():
            return None
        wanted: dict[str, Any] = {**found, "type": self.type}
        if self.type in POST_ONLY and self.query_one("#post_only", Tick).value:
            wanted["post_only"] = True
        return wanted

    async def submit(self, wanted: Mapping[str, Any]) -> Order:
        """Send the order; the same content again is the same order."""
        content = tuple(sorted(wanted.items()))
        if content != self._last_sent:
            self._last_sent, self._client_order_id = content, new_client_order_id()
        return await self.session.exchange.submit_order(
            self._market.symbol, self._side, client_order_id=self._client_order_id, **wanted
        )


class AmendForm(Form):
    """Another price, stop price or total quantity for an open order."""

    def __init__(self, session: Session, order: Order) -> None:
        heading = f"Amend: {order.side} {text(order.quantity)} {order.market}"
        super().__init__(session, heading=heading, send="Amend", role=order.side)
        self._order = order

    def parts(self) -> ComposeResult:
        """Make its fields: those that the order has."""
        market = self.session.markets[self._order.market]
        if self._order.stop_price is not None:
            yield Field("stop_price", "Stop price", market.quote, text(self._order.stop_price))
        if self._order.price is not None:
            yield Field("price", "Price", market.quote, text(self._order.price))
        yield Field("quantity", "Quantity", market.base, text(self._order.quantity))

    def note(self) -> str:
        """Return what a change costs."""
        return "less quantity keeps the place in the queue; anything else goes to the back"

    def read(self) -> Mapping[str, Any] | None:
        """Return what was changed."""
        found = {field.field_name: field.number() for field in self.fields()}
        if None in found.values():
            return None
        changed = {name: v for name, v in found.items() if v != getattr(self._order, name)}
        if not changed:
            self.say("", "Nothing is changed.")
            return None
        return changed

    async def submit(self, wanted: Mapping[str, Any]) -> Order:
        """Send the amend."""
        return await self.session.exchange.amend_order(self._order.id, **wanted)


def _number(words: str) -> Decimal | None:
    try:
        return to_decimal(words.strip())
    except ValueError:
        return None
