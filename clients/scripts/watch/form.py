"""Form: a small window with fields, whose errors stand at their fields in words.

Rules:
- What is surely wrong is said before anything is sent; what the exchange refuses is said by it.
- Enter sends, Esc closes. What comes of a form that was closed while its answer was awaited is said too.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label

from clients.decimals import to_decimal
from clients.errors import ExchangeError, Refused
from clients.records import Order
from clients.scripts.output import sentence
from clients.scripts.watch.session import Session

FIELD_OF_CODE = {
    "price_out_of_band": "price",
    "post_only_would_take": "post_only",
    "insufficient_funds": "quantity",
}
"""Where a refusal belongs that names no field."""


class Field(Vertical):
    """A field for a number, its unit, and what is wrong with it."""

    def __init__(self, name: str, label: str, unit: str, value: str = "") -> None:
        super().__init__(id=f"field-{name}", classes="field")
        self.field_name = name
        self.label = label
        self.unit = unit
        self.input = Input(value, compact=True, id=name)
        self._error = Label("", classes="error", markup=False)

    def compose(self) -> ComposeResult:
        """Make its parts."""
        yield Horizontal(
            Label(self.label, classes="name"), self.input, Label(self.unit, classes="unit")
        )
        yield self._error

    @property
    def error(self) -> str:
        """What is wrong with it; empty for nothing."""
        return str(self._error.content)

    @error.setter
    def error(self, words: str) -> None:
        self._error.update(words)
        self._error.display = bool(words)

    def number(self) -> Decimal | None:
        """Return the number in it, or None and say what is wrong."""
        text = self.input.value.strip()
        if not text:
            self.error = f"Give a {self.label.lower()}."
            return None
        try:
            return to_decimal(text)
        except ValueError:
            self.error = f"{text} is not a plain decimal number."
            return None


class Form(ModalScreen[None]):
    """A form that sends one command about an order."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close")]

    def __init__(self, session: Session, *, heading: str, send: str, role: str = "") -> None:
        super().__init__()
        self.session = session
        self._heading = heading
        self._send = send
        self._role = role
        self._general = Label("", classes="error", id="general", markup=False)
        self._note = Label("", id="note", markup=False)
        self._sending = False

    def compose(self) -> ComposeResult:
        """Make the window."""
        with Vertical(classes="window"):
            yield Label(self._heading, classes=f"heading {self._role}")
            yield from self.parts()
            yield self._note
            yield self._general
            with Horizontal(classes="buttons"):
                yield Button(self._send, id="send", variant="primary", compact=True)
                yield Button("Close", id="close", compact=True)

    def on_mount(self) -> None:
        """Begin with the first field that is empty."""
        self.refresh_note()
        shown = [field for field in self.fields() if field.display]
        empty = [field for field in shown if not field.input.value]
        (empty or shown)[0].input.focus()

    def fields(self) -> Iterator[Field]:
        """Every field, in order."""
        yield from self.query(Field)

    @abstractmethod
    def parts(self) -> ComposeResult:
        """Make its fields."""

    @abstractmethod
    def read(self) -> Mapping[str, Any] | None:
        """Return what to send; None, said at the fields, where something is wrong."""

    @abstractmethod
    async def submit(self, wanted: Mapping[str, Any]) -> Order:
        """Send it and return the order; raises ExchangeError."""

    def note(self) -> str:
        """Return what to know before sending."""
        return ""

    def refresh_note(self) -> None:
        """Say anew what to know before sending."""
        self._note.update(self.note())

    def say(self, name: str, words: str) -> None:
        """Say what is wrong, at its field where there is one on the screen."""
        for field in self.fields():
            if field.field_name == name and field.display:
                field.error = words
                return
        said = str(self._general.content)
        self._general.update(f"{said} {words}".strip())
        self._general.display = True

    @on(Input.Changed)
    def _typed(self) -> None:
        self.refresh_note()

    @on(Input.Submitted)
    @on(Button.Pressed, "#send")
    def _sent(self) -> None:
        if self._sending:
            return
        for field in self.fields():
            field.error = ""
        self._general.update("")
        self._general.display = False
        wanted = self.read()
        if wanted is not None:
            self._sending = True
            self.query_one("#send", Button).label = "Sending…"
            self.app.run_worker(self._run(wanted), name="form")

    async def _run(self, wanted: Mapping[str, Any]) -> None:
        try:
            order = await self.submit(wanted)
        except ExchangeError as error:
            self._refused(error)
        else:
            self.session.put(order)
            self.app.notify(sentence(order), markup=False)
            self.action_close()
        finally:
            self._sending = False

    def _refused(self, error: ExchangeError) -> None:
        if not self.is_attached:
            self.app.notify(str(error), severity="error", markup=False)
            return
        self.query_one("#send", Button).label = self._send
        for name, words in placed(error):
            self.say(name, words)

    @on(Button.Pressed, "#close")
    def action_close(self) -> None:
        """Close it."""
        if self.is_attached and self.app.screen is self:
            self.dismiss()


def placed(error: ExchangeError) -> Iterator[tuple[str, str]]:
    """Yield a refusal's words with the field that each belongs to; empty for none.

    >>> problem = {"code": "price_out_of_band", "detail": "More than 10 % from 100."}
    >>> list(placed(Refused(problem)))
    [('price', 'More than 10 % from 100.')]
    """
    if not isinstance(error, Refused):
        yield "", str(error)
        return
    for name, words in error.errors.items():
        many = words if isinstance(words, list | tuple) else [words]
        yield str(name), " ".join(str(each) for each in many)
    if not error.errors:
        yield FIELD_OF_CODE.get(error.code, ""), error.detail or error.code
