"""From the watching screen orders are placed, amended and canceled with few keys; errors are at their field.

Without a key, or with one that is turned away, one watches and is told why.
"""

from functools import partial

from textual.widgets import Input, Select

from clients import ExchangeClient
from clients.scripts.watch.order_form import AmendForm, OrderForm, Tick
from clients.scripts.watch.questions import Question
from tests.clients.stand_in import StandIn
from tests.clients.stand_in.rows import problem
from tests.clients.watch.person import Person, error_at, has_selected, of_alice, says, screen, shows

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
