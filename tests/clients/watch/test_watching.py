"""The watching screen shows what a book client knows, draws what changed, and says when it is out of step.

A book that is out of step is grey, says why, and heals.
"""

import pytest

from clients import ExchangeClient
from clients.scripts.watch.app import DARK, LIGHT
from clients.scripts.watch.order_form import OrderForm
from clients.scripts.watch.questions import Help, MarketChoice
from tests.clients.stand_in import StandIn
from tests.clients.watch.person import Person, screen


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


async def test_where_nothing_changed_nothing_is_drawn_again(person: Person) -> None:
    await person.sees(lambda: len(person.ladder) == 4)
    app = person.app
    before = app.ladder.redrawn

    for _ in range(20):
        app.session.version += 1
        app.draw()

    assert app.ladder.redrawn == before


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
