"""The page speaks in words: every reason, every kind of order, every code's fields.

The module runs in a browser, alone.
"""

from typing import Any

import pytest
from playwright.sync_api import Page

from markets.matching.types import GroupRole, MarketStatus, OrderStatus, OrderType, Reason
from tests.browser.test_modules import evaluate

pytestmark = pytest.mark.slow


def order(**fields: Any) -> dict[str, Any]:
    """An order as the contract writes it: buy 2 at 100, open."""
    return {
        "side": "buy",
        "type": "limit",
        "price": "100",
        "stop_price": None,
        "quantity": "2",
        "remaining_quantity": "2",
        "filled_quantity": "0",
        "average_price": None,
        "status": "open",
        "reason": None,
        "display_quantity": None,
        "expires_at": None,
        "max_slippage": None,
        "post_only": False,
        "cancel_on_disconnect": False,
        "group_role": None,
        **fields,
    }


def words(page: Page, call: str, argument: Any) -> Any:
    return evaluate(page, "words.js", f"m.{call}", argument)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_a_sentence_and_no_code(modules: Page, reason: Reason) -> None:
    status = "expired" if reason is Reason.EXPIRED else "canceled"

    said = words(modules, "ending(argument)", order(status=status, reason=reason))

    assert "_" not in said
    assert not said.endswith(f": {reason.value.replace('_', ' ')}."), "more than the code"
    assert len(said.split()) > 3


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"status": "filled", "filled_quantity": "2", "average_price": "99.5"},
            "Filled at 99.5 on average.",
        ),
        (
            {"status": "canceled", "reason": "cancel_after"},
            "Canceled: the dead man's switch went off.",
        ),
        (
            {"status": "canceled", "reason": "cancel_on_disconnect"},
            "Canceled: its connection was lost.",
        ),
        ({"status": "expired", "reason": "expired"}, "Expired: its time was up."),
        (
            {
                "status": "canceled",
                "reason": "no_liquidity",
                "filled_quantity": "0.5",
                "average_price": "100",
                "max_slippage": "0.01",
            },
            "Filled 0.5 at 100 on average; the rest canceled: nobody is left within its slippage.",
        ),
    ],
)
def test_what_became_of_an_order(modules: Page, fields: dict[str, Any], said: str) -> None:
    assert words(modules, "ending(argument)", order(**fields)) == said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, []),
        (
            {"type": "stop", "price": None, "stop_price": "110", "status": "untriggered"},
            ["Stop: waits for a trade at 110 or above"],
        ),
        (
            {"type": "stop_limit", "side": "sell", "stop_price": "90", "status": "untriggered"},
            ["Stop-limit: waits for a trade at 90 or below"],
        ),
        ({"type": "stop_limit", "stop_price": "90"}, ["Triggered at 90"]),
        ({"display_quantity": "0.5"}, ["Shows 0.5 of 2"]),
        ({"post_only": True}, ["Post only"]),
        ({"cancel_on_disconnect": True}, ["Ends with its connection"]),
        (
            {"group_role": "take_profit", "quantity": "0", "status": "untriggered"},
            ["Bracket: the take profit", "Waits for what the entry brings"],
        ),
    ],
)
def test_what_its_numbers_do_not_say_of_an_order(
    modules: Page, fields: dict[str, Any], said: list[str]
) -> None:
    assert words(modules, "details(argument)", order(**fields)) == said


@pytest.mark.parametrize("role", list(GroupRole))
def test_every_part_of_a_group_has_a_name(modules: Page, role: GroupRole) -> None:
    (said,) = words(modules, "details(argument)", order(group_role=role))

    assert said.startswith(("OCO: ", "Bracket: "))
    assert "_" not in said


def test_a_date_is_said_in_the_reader_s_own_time(modules: Page) -> None:
    moment = "2026-11-22T07:00:05.000000Z"

    (said,) = words(modules, "details(argument)", order(expires_at=moment))

    here = modules.evaluate("new Date('2026-11-22T07:00:05Z').toLocaleTimeString('en-GB')")
    assert said == f"Until 22 Nov 2026, {here}"


@pytest.mark.parametrize("status", list(OrderStatus))
def test_every_status_is_a_word(modules: Page, status: OrderStatus) -> None:
    assert "_" not in words(modules, "statusWord(argument)", order(status=status))


@pytest.mark.parametrize("status", list(MarketStatus))
def test_a_market_that_is_not_open_says_what_it_takes(modules: Page, status: MarketStatus) -> None:
    said = words(modules, 'statusSentence("BTC-USD", argument)', status)

    assert bool(said) == (status is not MarketStatus.OPEN)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("tick_size 0.01", "Tick size 0.01"),
        ("take_profit.price must be above price", "The take profit must be above the price"),
        (
            "price must be above stop_loss.stop_price",
            "Price must be above the stop loss",
        ),
        ("a gtd order needs expires_at", "A gtd order needs the date"),
        (
            "display_quantity must be at most quantity 1",
            "The shown quantity must be at most quantity 1",
        ),
    ],
)
def test_a_message_names_fields_as_the_page_does(modules: Page, message: str, said: str) -> None:
    assert words(modules, "inWords(argument)", message) == said


STOP = order(type="stop", price=None, stop_price="90", status="untriggered", group_role="oco_stop")
LIMIT = order(group_role="oco_limit")
ENTRY = order(group_role="entry")
PROFIT = order(group_role="take_profit", price="110", quantity="0", status="untriggered")
LOSS = order(
    group_role="stop_loss",
    type=OrderType.STOP,
    price=None,
    stop_price="95",
    quantity="0",
    status="untriggered",
)
FILLED = {"status": "filled", "filled_quantity": "2", "average_price": "100"}


@pytest.mark.parametrize(
    ("placed", "said"),
    [
        (order(), "Placed: buy 2 BTC at 100."),
        (STOP, "Placed: buy 2 BTC, after a trade at 90 or above."),
        (
            {"type": "oco", "orders": [LIMIT, STOP]},
            "Placed: buy 2 BTC at 100. Its stop waits for a trade at 90 or above.",
        ),
        (
            {
                "type": "oco",
                "orders": [LIMIT | FILLED, STOP | {"status": "canceled", "reason": "oco"}],
            },
            "Bought 2 BTC at 100 on average. Its stop was canceled.",
        ),
        (
            {
                "type": "oco",
                "orders": [LIMIT | {"status": "canceled", "reason": "oco"}, STOP | FILLED],
            },
            (
                "The stop was triggered at once, and the limit order canceled. "
                "Bought 2 BTC at 100 on average."
            ),
        ),
        (
            {"type": "bracket", "orders": [ENTRY, PROFIT, LOSS]},
            (
                "Placed: buy 2 BTC at 100. "
                "Take profit at 110 and stop loss at 95 wait for what it brings."
            ),
        ),
        (
            {"type": "bracket", "orders": [ENTRY | FILLED, LOSS | {"quantity": "2"}]},
            "Bought 2 BTC at 100 on average. Stop loss at 95 is in place.",
        ),
        (
            {
                "type": "bracket",
                "orders": [
                    ENTRY | {"status": "canceled", "reason": "ioc_remainder"},
                    PROFIT | {"status": "canceled", "reason": "bracket"},
                ],
            },
            "Nothing was bought: no more could be had at once. Take profit at 110 has ended with it.",
        ),
    ],
)
def test_what_was_placed(modules: Page, placed: dict[str, Any], said: str) -> None:
    assert words(modules, 'outcome(argument, "BTC").text', placed) == said


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(59_001, "1:00"), (4_000, "0:04"), (1, "0:01"), (-5, "0:00"), (7_205_000, "2:00:05")],
)
def test_what_is_left_of_the_time(modules: Page, milliseconds: int, said: str) -> None:
    assert words(modules, "timeLeft(argument)", milliseconds) == said
