"""Small windows that ask or tell something: yes or no, which market, what the keys do."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Label, OptionList, Static
from textual.widgets.option_list import Option

HELP = (
    ("↑ ↓ Home End", "select a row of the ladder, or an order"),
    ("Tab", "go from the ladder to the orders and back"),
    ("b  s", "buy, sell: at the price of the selected row"),
    ("Enter", "on a row of the ladder: take from it"),
    ("a", "amend the selected order, or yours in the selected row"),
    ("c", "cancel it"),
    ("X", "cancel all open orders in this market"),
    ("+  -", "more ticks a row, or fewer"),
    ("m", "another market"),
    ("t", "dark or light"),
    ("q  Ctrl-C", "quit"),
)

MARKS = (
    "● your own orders   ▸ the selected row   ▲ ▼ the taker bought, sold\n"
    "verified: the sum over all levels, computed here, is the exchange's.\n"
    "OUT OF STEP, in grey: these prices may be old. It heals by itself."
)


class Question(ModalScreen[bool]):
    """Asks for a yes or a no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Make the window."""
        with Vertical(classes="window"):
            yield Label(self._question, classes="heading")
            with Horizontal(classes="buttons"):
                yield Button("No (n)", id="no", compact=True)
                yield Button("Yes (y)", id="yes", variant="error", compact=True)

    def action_answer(self, yes: bool) -> None:
        """Answer."""
        self.dismiss(yes)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


class MarketChoice(ModalScreen[str | None]):
    """Asks for a market."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close")]

    def __init__(self, choices: Sequence[tuple[str, str]], current: str) -> None:
        super().__init__()
        self._choices = choices
        self._current = current

    def compose(self) -> ComposeResult:
        """Make the window."""
        with Vertical(classes="window"):
            yield Label("Which market?", classes="heading")
            yield OptionList(*(Option(words, id=symbol) for symbol, words in self._choices))

    def on_mount(self) -> None:
        """Begin with the market at hand."""
        options = self.query_one(OptionList)
        options.highlighted = options.get_option_index(self._current)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_close(self) -> None:
        """Stay with the market at hand."""
        self.dismiss(None)


class Help(ModalScreen[None]):
    """Tells what the keys do and what the marks mean."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "close", "Close")
    ]

    def compose(self) -> ComposeResult:
        """Make the window."""
        keys = "\n".join(f"{key:<14}{words}" for key, words in HELP)
        with Vertical(classes="window wide"):
            yield Label("Keys", classes="heading")
            yield Static(keys, markup=False)
            yield Static(f"\n{MARKS}", markup=False)

    def action_close(self) -> None:
        """Close it."""
        self.dismiss(None)
