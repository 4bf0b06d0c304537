"""The watching screen: what a person sees of a market, and does with a few keys.

Orders are placed, amended and canceled from it; what is wrong stands at its field; a book that is out of
step is grey, says why, and heals; without a key one watches.
"""

import asyncio
import os
import pty
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.widgets import Input, Select

from clients import Backoff, ExchangeClient
from clients.__main__ import main
from clients.scripts.watch.app import DARK, LIGHT, WatchApp
from clients.scripts.watch.form import Field, Form
from clients.scripts.watch.ladder_panel import LadderPanel
from clients.scripts.watch.order_form import AmendForm, OrderForm, Tick
from clients.scripts.watch.panel import Panel
from clients.scripts.watch.questions import Help, MarketChoice, Question
from clients.scripts.watch.session import Session
from tests.clients.conftest import PATIENCE
from tests.clients.stand_in import StandIn
from tests.clients.stand_in.rows import Row, problem

NEEDED = {
    "limit": {"price": "90", "quantity": "0.5"},
    "market": {"quantity": "0.5"},
    "stop": {"stop_price": "103", "quantity": "1"},
    "stop_limit": {"stop_price": "103", "price": "104", "quantity": "1"},
}
"""What each type of order is asked for."""

REFUSALS = (
    (
        problem("invalid_order", errors={"price": ["It must be a multiple of 0.01."]}),
        "price",
        "It must be a multiple of 0.01.",
    ),
    (problem("price_out_of_band", "Too far from 100."), "price", "Too far from 100."),
    (problem("insufficient_funds", "60 USD are too few."), "quantity", "60 USD are too few."),
    (problem("permission_denied", "This key only reads."), "", "This key only reads."),
    (problem("post_only_would_take", "It would take."), "", "It would take."),
)
"""A refusal, the field that it belongs to, and what is said there."""


class Person:
    """Somebody before the screen."""

    def __init__(self, app: WatchApp, pilot: Pilot[None], exchange: StandIn) -> None:
        self.app = app
        self.exchange = exchange
        self._pilot = pilot

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)

    async def types(self, text: str) -> None:
        await self._pilot.press(*({".": "full_stop"}.get(letter, letter) for letter in text))

    async def click(self, panel: Panel, line: int, times: int = 1) -> None:
        offset = Offset(5, line + panel.content_offset.y)
        await self._pilot.click(panel, offset=offset, times=times)

    async def sees(self, what: Callable[[], object]) -> None:
        """Wait until it is so."""
        async with asyncio.timeout(PATIENCE):
            while not what():
                await asyncio.sleep(0.01)

    async def sees_form(self, kind: type[Any]) -> Any:
        await self.sees(lambda: isinstance(self.app.screen, kind) and self.app.screen.is_mounted)
        await self._pilot.pause()
        return self.app.screen

    async def sees_no_form(self) -> None:
        await self.sees(lambda: len(self.app.screen_stack) == 1)

    async def is_told(self, words: str) -> None:
        await self.sees(lambda: any(words in each.message for each in self.app._notifications))

    @property
    def ladder(self) -> list[list[str]]:
        """Its rows as words, without the headings and what is between."""
        return [each.text.split() for each in self.app.ladder.lines if each.bar]

    @property
    def orders(self) -> list[list[str]]:
        """The rows of the open orders: side, price, quantity, filled, status, type."""
        table = self.app.orders
        return [[str(cell) for cell in table.get_row_at(n)] for n in range(table.row_count)]

    def line(self, panel: Panel) -> str:
        return panel.lines[0].text if panel.lines else ""


def short_pause() -> Backoff:
    return Backoff(first=0.02, longest=0.1)


@asynccontextmanager
async def screen(
    exchange: StandIn, key: str | None = "alice", size: tuple[int, int] = (100, 30)
) -> AsyncIterator[Person]:
    beating = asyncio.create_task(keep_beating(exchange))
    async with ExchangeClient(exchange.url, key, make_backoff=short_pause) as client:
        app = WatchApp(Session(client, await client.markets(), "BTC-USD"))
        async with app.run_test(size=size, notifications=True) as pilot:
            person = Person(app, pilot, exchange)
            await person.sees(lambda: "verified" in person.line(app.state))
            yield person
    beating.cancel()


async def keep_beating(exchange: StandIn) -> None:
    """Say each second that the books are what they were, as an exchange does."""
    while True:
        for symbol in exchange.markets:
            exchange.heartbeat(symbol)
        await exchange.tell()
        await asyncio.sleep(1)


@pytest.fixture
async def a_book(exchange: StandIn, bob: ExchangeClient) -> None:
    """Bob's: 2 at 99 and 1 at 100, 0.5 at 101 and 3 at 102."""
    for side, quantity, price in (
        ("buy", "2", "99"),
        ("buy", "1", "100"),
        ("sell", "0.5", "101"),
        ("sell", "3", "102"),
    ):
        await bob.submit_order("BTC-USD", side, quantity, price=price)


@pytest.fixture
async def person(exchange: StandIn, a_book: None) -> AsyncIterator[Person]:
    async with screen(exchange) as person:
        yield person


def of_alice(exchange: StandIn) -> list[Row]:
    return [order for order in exchange.orders.values() if order["account"] == "alice"]


def error_at(form: Form, name: str) -> str:
    field: Field = form.query_one(f"#field-{name}", Field)
    return field.error


def says(form: Form, name: str, words: str) -> bool:
    """Whether the form says it at the field, or (no name) for the whole form."""
    return (error_at(form, name) if name else str(form._general.content)) == words


def has_selected(ladder: LadderPanel, price: int) -> bool:
    return ladder.selected is not None and ladder.selected.price == price


def shows(form: Form, names: list[str]) -> bool:
    """Whether these are the fields on the screen."""
    return [field.field_name for field in form.fields() if field.display] == names


# Watching


async def test_it_shows_a_verified_book_with_sequence_and_checksum(person: Person) -> None:
    await person.sees(lambda: len(person.ladder) == 4)

    assert person.ladder == [
        ["102.00", "3.0000", "3.5000"],
        ["101.00", "0.5000", "0.5000"],
        ["100.00", "1.0000", "1.0000"],
        ["99.00", "2.0000", "3.0000"],
    ]
    checksum = person.exchange.markets["BTC-USD"].checksum()
    assert f"● verified  sequence 4  checksum {checksum}" in person.line(person.app.state)
    assert person.line(person.app.headline) == "BTC-USD open  no trade yet"


async def test_it_shows_trades_as_they_happen(person: Person, bob: ExchangeClient) -> None:
    await bob.submit_order("BTC-USD", "buy", "0.2", price="101")

    await person.sees(lambda: len(person.app.trades.lines) == 1)
    assert person.line(person.app.trades).endswith("▲ 101.00  0.2000")
    await person.sees(lambda: any("last ▲ 101" in e.text for e in person.app.ladder.lines))


async def test_only_the_lines_that_changed_are_drawn_again(
    person: Person, bob: ExchangeClient
) -> None:
    ladder = person.app.ladder
    await person.sees(lambda: len(person.ladder) == 4)
    before = ladder.redrawn

    await bob.submit_order("BTC-USD", "buy", "1", price="99")
    await person.sees(lambda: person.ladder[3][1] == "3.0000")

    assert ladder.redrawn - before <= 4  # the row, and the bars that its total makes shorter
    assert person.app.trades.redrawn == 0


async def test_many_updates_are_one_drawing(person: Person, bob: ExchangeClient) -> None:
    await person.sees(lambda: len(person.ladder) == 4)
    session = person.app.session
    before = person.app.ladder.redrawn
    for _ in range(100):
        session.version += 1
        person.app.draw()

    assert person.app.ladder.redrawn == before


async def test_rows_hold_more_ticks_on_plus_and_fewer_on_minus(person: Person) -> None:
    await person.press("plus")
    assert person.app.ladder.border_title == "BTC-USD book, rows of 0.02"
    person.app.action_group(6)
    assert person.app.ladder.border_title == "BTC-USD book, rows of 2"
    assert [row[0] for row in person.ladder] == ["102", "100", "98"]

    person.app.action_group(-5)
    await person.press("minus", "minus")
    assert person.app.ladder.border_title == "BTC-USD book"
    assert len(person.ladder) == 4


async def test_a_halt_and_an_auction_are_said(person: Person) -> None:
    await person.exchange.set_status("BTC-USD", "halted")
    await person.sees(lambda: person.line(person.app.headline).startswith("BTC-USD halted"))

    auction = {"indicative_price": "101", "indicative_volume": "1", "surplus": "0"}
    await person.exchange.set_status(
        "BTC-USD", "auction", **auction, surplus_side=None, ends_at=None
    )
    await person.sees(lambda: "indicative 101 x 1" in person.line(person.app.headline))


async def test_a_book_out_of_step_is_grey_says_why_and_heals(person: Person) -> None:
    app, port = person.app, int(person.exchange.url.rpartition(":")[2])
    await person.press("up")
    await person.sees(lambda: app.ladder.selected)

    await person.exchange.stop()

    await person.sees(lambda: app.ladder.has_class("out-of-step"))
    assert person.line(app.state).startswith("○ OUT OF STEP ")
    assert any("OUT OF STEP: " in each.text for each in app.ladder.lines)
    assert len(person.ladder) == 4
    assert app.ladder.selected is None
    await person.press("down", "enter", "b")
    form: OrderForm = await person.sees_form(OrderForm)
    assert form.query_one("#price").value == ""  # type: ignore[attr-defined]

    await person.exchange.start(port)
    await person.sees(lambda: not app.ladder.has_class("out-of-step"))
    await person.sees(lambda: "● verified" in person.line(app.state))


async def test_a_spoiled_update_is_healed_and_counted(person: Person, bob: ExchangeClient) -> None:
    person.exchange.corrupt_updates = 1

    await bob.submit_order("BTC-USD", "buy", "1", price="98")

    await person.sees(lambda: "healed 1×" in person.line(person.app.state))
    await person.sees(lambda: ["98.00", "1.0000", "4.0000"] in person.ladder)


async def test_another_market_is_chosen_from_a_list(person: Person, bob: ExchangeClient) -> None:
    await bob.submit_order("ETH-USD", "buy", "5", price="7")

    await person.press("m")
    choice: MarketChoice = await person.sees_form(MarketChoice)
    assert [symbol for symbol, _ in choice._choices] == ["BTC-USD", "ETH-USD"]
    await person.press("down", "enter")

    await person.sees_no_form()
    await person.sees(lambda: person.ladder == [["7.00", "5.0000", "5.0000"]])
    assert person.line(person.app.headline).startswith("ETH-USD")
    await person.press("m", "escape")
    await person.sees_no_form()


@pytest.mark.parametrize("size", [(20, 8), (80, 24)])
async def test_it_fits_any_screen(exchange: StandIn, a_book: None, size: tuple[int, int]) -> None:
    async with screen(exchange, size=size) as person:
        await person.sees(lambda: person.app.ladder.lines)

        assert person.app.trades.display is (size[0] >= 70)
        await person.press("b")
        await person.sees_form(OrderForm)


async def test_help_names_every_key(person: Person) -> None:
    await person.press("question_mark")
    await person.sees_form(Help)
    told = person.app.export_screenshot(simplify=True).replace("&#160;", " ")

    for words in ("buy, sell", "amend", "cancel all", "another market", "dark or light", "quit"):
        assert words in told
    await person.press("escape")
    await person.sees_no_form()
    await person.press("t")
    assert person.app.theme == LIGHT
    await person.press("t")
    assert person.app.theme == DARK


# Trading


async def test_a_row_is_selected_and_bought_from(person: Person) -> None:
    await person.press("up", "up", "enter")
    form: OrderForm = await person.sees_form(OrderForm)
    await person.types("0.25")
    await person.sees(lambda: "25.5 USD   available 60 USD" in str(form._note.content))
    await person.press("enter")

    await person.sees_no_form()
    (order,) = of_alice(person.exchange)
    assert (order["side"], order["type"], order["price"]) == ("buy", "limit", "102")
    assert order["filled_quantity"] == "0.25"
    await person.is_told("bought 0.25 BTC-USD @ 101")


async def test_own_orders_are_listed_and_marked(person: Person) -> None:
    await person.press("down", "s")
    form: OrderForm = await person.sees_form(OrderForm)
    await person.press("shift+tab")
    for _ in "100":
        await person.press("backspace")
    await person.types("105")
    await person.press("tab")
    await person.types("2")
    await person.press("tab", "space")
    assert form.query_one(Tick).value
    await person.press("shift+tab", "enter")

    await person.sees(lambda: person.orders)
    assert person.orders == [["▼ sell", "105", "2", "0", "open", "limit, post-only"]]
    assert of_alice(person.exchange)[0]["post_only"] is True
    await person.sees(lambda: person.ladder[0][:3] == ["●", "2", "105.00"])


async def test_a_row_is_selected_and_chosen_by_mouse(person: Person) -> None:
    ladder = person.app.ladder
    await person.sees(lambda: len(person.ladder) == 4)
    y = next(n for n, each in enumerate(ladder.lines) if "100.00" in each.text)

    await person.click(ladder, y)
    await person.sees(partial(has_selected, ladder, 100))
    await person.click(ladder, y, times=2)

    form: OrderForm = await person.sees_form(OrderForm)
    assert form._heading == "Sell BTC-USD"


async def test_each_type_of_order_asks_for_what_it_needs(person: Person) -> None:
    for number, (type, fields) in enumerate(NEEDED.items()):
        await person.press("b")
        form: OrderForm = await person.sees_form(OrderForm)
        form.query_one(Select).value = type
        await person.sees(partial(shows, form, list(fields)))
        assert form.query_one(Tick).display is (type == "limit")

        for name, value in fields.items():
            form.query_one(f"#{name}", Input).value = value
        form.query_one("#quantity").focus()
        await person.press("enter")
        await person.sees_no_form()

        order = of_alice(person.exchange)[number]
        wanted = {"price": None, "stop_price": None, **fields, "type": type}
        assert wanted.items() <= order.items()


async def test_what_is_surely_wrong_is_said_at_its_field(person: Person) -> None:
    await person.press("b")
    form: OrderForm = await person.sees_form(OrderForm)
    await person.types("1e5")
    await person.press("enter")

    assert error_at(form, "price") == "1e5 is not a plain decimal number."
    assert error_at(form, "quantity") == "Give a quantity."
    assert of_alice(person.exchange) == []
    await person.press("escape")
    await person.sees_no_form()


async def test_what_the_exchange_refuses_is_said_at_its_field(person: Person) -> None:
    await person.press("up", "b")
    form: OrderForm = await person.sees_form(OrderForm)
    await person.types("1")
    for refusal, field, said in REFUSALS:
        person.exchange.refusals.append(refusal)
        await person.press("enter")

        if field:
            await person.sees(partial(says, form, field, said))
            assert not form._general.display
        else:
            await person.sees(partial(says, form, "", said))

    await person.press("enter")
    await person.sees_no_form()
    assert len(of_alice(person.exchange)) == 1


async def test_an_order_without_an_answer_is_not_doubled_by_sending_it_again(
    person: Person,
) -> None:
    person.exchange.lose_answers = 6
    await person.press("down", "b")
    form: OrderForm = await person.sees_form(OrderForm)
    await person.types("1")
    await person.press("enter")
    await person.sees(lambda: "it is not known whether order" in str(form._general.content))

    await person.press("enter")

    await person.sees_no_form()
    assert len(of_alice(person.exchange)) == 1


async def test_an_order_at_hand_is_amended(person: Person, alice: ExchangeClient) -> None:
    await alice.submit_order("BTC-USD", "buy", "1", price="95")
    await person.sees(lambda: person.orders)
    await person.press("tab", "a")
    form: AmendForm = await person.sees_form(AmendForm)
    await person.press("enter")
    await person.sees(lambda: str(form._general.content) == "Nothing is changed.")

    await person.press("end", "backspace")
    await person.types("6")
    await person.press("enter")

    await person.sees(lambda: person.orders == [["▲ buy", "96", "1", "0", "open", "limit"]])
    await person.sees_no_form()


async def test_the_own_order_in_the_selected_row_is_canceled(
    person: Person, alice: ExchangeClient
) -> None:
    await alice.submit_order("BTC-USD", "buy", "1", price="100")
    await alice.submit_order("BTC-USD", "buy", "1", price="95")
    await person.sees(lambda: len(person.orders) == 2)
    await person.press("c")
    await person.is_told("Select one of your orders first")

    await person.press("down", "c")

    await person.sees(lambda: [row[1] for row in person.orders] == ["95"])
    await person.is_told("canceled (canceled_by_owner)")


async def test_a_cancel_that_comes_too_late_says_so(person: Person, alice: ExchangeClient) -> None:
    await alice.submit_order("BTC-USD", "buy", "1", price="95")
    await person.sees(lambda: person.orders)
    late = problem("order_not_open", "It was filled.")
    person.exchange.refusals.append({**late, "order": {**of_alice(person.exchange)[0]}})

    await person.press("tab", "c")

    await person.is_told("It was filled.")


async def test_all_orders_of_the_market_are_canceled_after_a_question(
    person: Person, alice: ExchangeClient
) -> None:
    await person.press("X")
    await person.is_told("You have no open order in BTC-USD.")
    for price in ("95", "96"):
        await alice.submit_order("BTC-USD", "buy", "1", price=price)
    await alice.submit_order("ETH-USD", "buy", "1", price="7")
    await person.sees(lambda: len(person.orders) == 2)

    await person.press("X")
    question: Question = await person.sees_form(Question)
    assert question._question == "Cancel all 2 open orders in BTC-USD?"
    await person.press("n")
    await person.sees_no_form()
    assert len(person.orders) == 2
    await person.press("X", "y")

    await person.is_told("2 canceled in BTC-USD")
    await person.sees(lambda: person.orders == [])
    assert [order["status"] for order in of_alice(person.exchange)][-1] == "open"


# Who may


async def test_without_a_key_one_watches(exchange: StandIn, a_book: None) -> None:
    async with screen(exchange, key=None) as person:
        await person.sees(lambda: len(person.ladder) == 4)
        for key in ("b", "s", "a", "c", "X"):
            await person.press(key)
            await person.is_told("no key: you can watch. Give --key or set EXCHANGE_KEY")
            person.app.clear_notifications()

        assert person.line(person.app.state).endswith("watching only")
        assert len(person.app.screen_stack) == 1


async def test_a_key_that_is_turned_away_is_said(exchange: StandIn, a_book: None) -> None:
    async with screen(exchange, key="bad") as person:
        await person.sees(lambda: person.line(person.app.state).endswith("watching only"))

        await person.press("b")
        await person.is_told("not_authenticated")


# The command


async def test_on_a_terminal_it_is_a_screen_and_q_ends_it(exchange: StandIn, a_book: None) -> None:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "clients", "watch", "--url", exchange.url, "--key", "alice"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    shown = bytearray()
    asyncio.get_running_loop().add_reader(ours, lambda: shown.extend(_read(ours)))
    try:
        async with asyncio.timeout(PATIENCE):
            while b"verified" not in shown:
                await asyncio.sleep(0.01)
            os.write(ours, b"q")
            assert await process.wait() == 0
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)

    assert b"BTC-USD" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


async def test_an_exchange_without_markets_is_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with StandIn() as empty:
        code = await asyncio.to_thread(main, ["watch", "--url", empty.url, "--plain"])

    assert code == 1
    assert capsys.readouterr().err == "error: the exchange has no market yet\n"
