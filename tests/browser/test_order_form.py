"""The form shows the exchange's words where they belong, checks without placing, and never places twice."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import OpenPage, WatchedPage
from tests.browser.running import Person, RunningExchange

pytestmark = pytest.mark.slow

OpenAccount = Callable[[str], Person]


@pytest.mark.parametrize(
    ("type_", "fields", "errors"),
    [
        (
            "OCO",
            {"price": "100", "stop_price": "90", "quantity": "1"},
            {"price": "The stop price must be above the price"},
        ),
        ("OCO", {"price": "100", "quantity": "1"}, {"stop_price": "Is required"}),
        (
            "OCO",
            {"price": "100", "stop_price": "110", "stop_limit": "110.001", "quantity": "1"},
            {"stop_limit": "nearest: 110 and 110.01"},
        ),
        (
            "Bracket",
            {"price": "100", "quantity": "1", "take_profit": "99", "loss_stop": "95"},
            {"take_profit": "The take profit must be above the price"},
        ),
        (
            "Bracket",
            {"price": "100", "quantity": "1", "take_profit": "110", "loss_limit": "95"},
            {"loss_stop": "Is required"},
        ),
        (
            "Bracket",
            {"price": "100", "quantity": "1"},
            {"take_profit": "Give a take profit, a stop loss or both"},
        ),
        (
            "Bracket",
            {"price": "100", "quantity": "x", "take_profit": "y"},
            {"quantity": "Must be a plain decimal", "take_profit": "Must be a plain decimal"},
        ),
        ("Stop", {"quantity": "1"}, {"stop_price": "A stop order needs a stop price"}),
        ("Stop-limit", {"quantity": "1", "price": "1"}, {"stop_price": "needs a stop price"}),
        ("Market", {"quantity": ""}, {"quantity": "Is required"}),
    ],
)
def test_an_error_of_a_part_is_shown_at_its_own_field(
    market: str,
    somebody: OpenAccount,
    page: WatchedPage,
    type_: str,
    fields: dict[str, str],
    errors: dict[str, str],
) -> None:
    tab = page.log_in(somebody("alice"), market)

    page.choose(type_)
    page.fill(**fields)
    tab.locator("#submit").click()

    for name, words in errors.items():
        expect(tab.locator(f"#{name}-error")).to_contain_text(words)
        expect(tab.locator(f"#{name}")).to_have_attribute("aria-invalid", "true")
    expect(tab.locator(f"#{next(iter(errors))}")).to_be_focused()
    expect(tab.locator("#orders tr")).to_have_count(0)


def test_a_check_places_nothing_and_says_what_would_be_refused(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)
    check = tab.get_by_role("button", name="Check")

    page.fill(price="100.001", quantity="1")
    check.click()
    page.expect_note("It would be refused.")
    expect(tab.locator("#price-error")).to_contain_text("nearest: 100 and 100.01")

    page.fill(price="100", quantity="20000")
    check.click()
    page.expect_note("It would be refused. Needs 2000000 USD, available 1000000 USD")

    page.fill(quantity="1")
    check.click()
    page.expect_note("This order would be accepted.")
    page.choose("OCO")
    expect(tab.locator("#form-note")).to_be_hidden()
    page.fill(stop_price="110")
    check.click()
    page.expect_note("This order would be accepted.")
    assert exchange.book(market)["bids"] == []


@pytest.mark.parametrize(
    ("type_", "fields", "method"),
    [
        ("OCO", {"price": "90", "stop_price": "110"}, "submit_oco"),
        ("Bracket", {"price": "90", "loss_stop": "80"}, "submit_bracket"),
    ],
)
def test_a_group_whose_answer_is_lost_exists_once(
    exchange: RunningExchange,
    market: str,
    somebody: OpenAccount,
    page: WatchedPage,
    type_: str,
    fields: dict[str, str],
    method: str,
) -> None:
    lost: list[str] = []

    def lose_the_first_answer(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if json.loads(message).get("method") == method and not lost:
                lost.append(str(message))
                socket.close(code=1012)
                server.close(code=1012)
            else:
                socket.send(message)

        server.on_message(pass_on)

    page.page.route_web_socket("**/ws/v1/trading", lose_the_first_answer)
    alice = somebody("alice")
    tab = page.log_in(alice, market)

    page.choose(type_)
    page.fill(quantity="1", **fields)
    tab.locator("#submit").click()

    expect(tab.locator("#form-note")).to_contain_text("Placed: buy 1")
    assert len(lost) == 1
    assert len(exchange.orders(alice)) == 2


def test_a_fee_is_estimated_by_the_account_s_own_rate(
    exchange: RunningExchange, market: str, somebody: OpenAccount, new_page: OpenPage
) -> None:
    base = market[:-4]
    alice, bob = somebody("alice"), somebody("bob")
    asked = new_page()
    asked.page.route(
        "**/api/v1/fees",
        lambda route: route.fulfill(
            json=[{"market": market, "maker_fee_rate": "0", "taker_fee_rate": "0.0003"}]
        ),
    )
    asked.log_in(alice, market)
    ordinary = new_page()
    ordinary.log_in(bob, market)

    for each in (asked, ordinary):
        each.fill(price="100", quantity="1")

    expect(asked.page.locator("#fee")).to_have_text(f"0.0003 {base}")
    expect(ordinary.page.locator("#fee")).to_have_text(f"0.001 {base}")
    expect(asked.page.locator("#rates")).to_have_text("maker 0 %, taker 0.03 %")


def test_an_order_that_comes_too_late_is_refused(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    """The first submission is on its way for years."""
    deadlines: list[datetime] = []

    def carry(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def up(text: str | bytes) -> None:
            message = json.loads(text)
            if "deadline" in message.get("params", {}):
                deadlines.append(datetime.fromisoformat(message["params"]["deadline"]))
                if len(deadlines) == 1:
                    message["params"]["deadline"] = "2020-01-01T00:00:00Z"
            server.send(json.dumps(message))

        socket.on_message(up)

    page.page.route_web_socket("**/ws/v1/trading", carry)
    alice = somebody("alice")
    tab = page.log_in(alice, market)
    tab.get_by_text("Advanced").click()

    page.fill(within="soon")
    page.order("buy", "1", "99")
    expect(tab.locator("#within-error")).to_have_text("Give a whole number of milliseconds.")
    page.fill(within="600000")
    started = datetime.now(UTC)
    tab.locator("#submit").click()
    page.expect_note("The deadline had passed; nothing was done")
    tab.locator("#submit").click()

    page.expect_note(f"Placed: buy 1 {market[:-4]} at 99.")
    assert len(exchange.orders(alice)) == 1
    assert timedelta(minutes=9) < deadlines[0] - started < timedelta(minutes=11)


def test_what_was_said_at_a_field_of_one_type_is_forgotten_with_it(
    market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)
    page.choose("OCO")
    page.fill(price="100", quantity="1")
    tab.locator("#submit").click()
    expect(tab.locator("#stop_price-error")).to_have_text("Is required")

    page.choose("Limit")
    page.fill(price="100.001")
    tab.locator("#submit").click()

    expect(tab.locator("#price")).to_be_focused()
    page.choose("OCO")
    expect(tab.locator("#stop_price-error")).to_be_hidden()
