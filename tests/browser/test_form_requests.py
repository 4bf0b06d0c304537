"""What the form asks for is what was typed: each type's own fields, and no others.

The module runs in a browser, alone.
"""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.test_modules import evaluate

pytestmark = pytest.mark.slow

EMPTY = {
    "side": "buy",
    "type": "limit",
    "entry": "limit",
    "by": "base",
    "price": "",
    "stop_price": "",
    "stop_limit": "",
    "quantity": "",
    "quote_quantity": "",
    "max_slippage": "",
    "time_in_force": "gtc",
    "expires_at": "",
    "post_only": False,
    "display_quantity": "",
    "self_trade_prevention": "cancel_newest",
    "take_profit": "",
    "loss_stop": "",
    "loss_limit": "",
}
COMMON = {"market": "BTC-USD", "side": "buy", "self_trade_prevention": "cancel_newest"}


def typed(**fields: Any) -> dict[str, Any]:
    return {**EMPTY, **fields}


def request_of(page: Page, **fields: Any) -> Any:
    return evaluate(page, "order_types.js", 'm.requestOf(argument, "BTC-USD")', typed(**fields))


def test_a_limit_order_asks_for_what_was_typed_and_for_nothing_that_was_not(modules: Page) -> None:
    asked = request_of(modules, price="100.50", quantity="1", max_slippage="9", stop_price="7")

    assert asked == {
        "method": "submit_order",
        "params": {
            **COMMON,
            "type": "limit",
            "price": "100.50",
            "quantity": "1",
            "time_in_force": "gtc",
            "post_only": False,
        },
    }


def test_a_market_order_has_no_time_in_force_and_its_slippage_goes_out_as_a_ratio(
    modules: Page,
) -> None:
    asked = request_of(modules, type="market", quantity="1", price="100", max_slippage="0.5")

    assert asked["params"] == {
        **COMMON,
        "type": "market",
        "quantity": "1",
        "max_slippage": "0.005",
    }


def test_a_market_order_may_be_for_an_amount(modules: Page) -> None:
    asked = request_of(modules, type="market", by="quote", quote_quantity="50", quantity="1")

    assert asked["params"] == {**COMMON, "type": "market", "quote_quantity": "50"}


def test_a_date_goes_out_with_its_time_zone(modules: Page) -> None:
    asked = request_of(
        modules,
        price="1",
        quantity="1",
        time_in_force="gtd",
        expires_at="2026-11-22T07:00:05",
    )["params"]

    here = modules.evaluate("new Date('2026-11-22T07:00:05').toISOString()")
    assert asked["expires_at"] == here
    assert asked["expires_at"].endswith("Z")


def test_a_pair_has_its_stop_as_a_part(modules: Page) -> None:
    asked = request_of(
        modules,
        type="oco",
        side="sell",
        price="120",
        stop_price="90",
        stop_limit="89",
        max_slippage="1",
        quantity="2",
        display_quantity="0.5",
    )

    assert asked == {
        "method": "submit_oco",
        "params": {
            **COMMON,
            "side": "sell",
            "price": "120",
            "quantity": "2",
            "time_in_force": "gtc",
            "post_only": False,
            "display_quantity": "0.5",
            "stop": {"stop_price": "90", "price": "89"},
        },
    }


def test_a_bracket_has_its_exits_as_parts_and_its_entry_s_type(modules: Page) -> None:
    asked = request_of(
        modules,
        type="bracket",
        entry="market",
        quantity="1",
        take_profit="110",
        loss_stop="95",
        loss_limit="94",
    )

    assert asked == {
        "method": "submit_bracket",
        "params": {
            **COMMON,
            "type": "market",
            "quantity": "1",
            "take_profit": {"price": "110"},
            "stop_loss": {"stop_price": "95", "price": "94"},
        },
    }


@pytest.mark.parametrize("entry", ["limit", "stop", "stop_limit"])
def test_a_part_that_was_left_empty_is_not_sent(modules: Page, entry: str) -> None:
    asked = request_of(modules, type="bracket", entry=entry, price="100", take_profit="110")

    assert "stop_loss" not in asked["params"]
    assert asked["params"]["type"] == entry


@pytest.mark.parametrize(
    ("type_", "shown", "hidden"),
    [
        ("limit", {"price", "post_only", "display_quantity"}, {"stop_price", "max_slippage"}),
        ("market", {"by", "max_slippage"}, {"price", "time_in_force", "display_quantity"}),
        ("stop", {"stop_price", "max_slippage"}, {"price", "post_only", "display_quantity"}),
        ("stop_limit", {"stop_price", "price", "display_quantity"}, {"post_only", "max_slippage"}),
        ("oco", {"price", "stop_price", "stop_limit", "max_slippage"}, {"take_profit", "by"}),
        ("bracket", {"entry", "take_profit", "loss_stop", "loss_limit"}, {"stop_limit", "by"}),
    ],
)
def test_each_type_has_its_own_fields(
    modules: Page, type_: str, shown: set[str], hidden: set[str]
) -> None:
    fields = evaluate(modules, "order_types.js", "[...m.fieldsOf(argument)]", typed(type=type_))

    assert shown <= set(fields)
    assert not hidden & set(fields)


@pytest.mark.parametrize("time_in_force", ["ioc", "fok"])
def test_what_never_rests_is_neither_post_only_nor_an_iceberg(
    modules: Page, time_in_force: str
) -> None:
    fields = evaluate(
        modules, "order_types.js", "[...m.fieldsOf(argument)]", typed(time_in_force=time_in_force)
    )

    assert not {"post_only", "display_quantity", "expires_at"} & set(fields)


@pytest.mark.parametrize(
    ("values", "times"),
    [
        ({"type": "limit"}, ["gtc", "ioc", "fok", "gtd"]),
        ({"type": "market"}, []),
        ({"type": "stop"}, ["gtc", "gtd"]),
        ({"type": "oco"}, ["gtc", "gtd"]),
        ({"type": "bracket", "entry": "market"}, []),
    ],
)
def test_each_type_has_its_times_in_force(
    modules: Page, values: dict[str, str], times: list[str]
) -> None:
    assert evaluate(modules, "order_types.js", "m.timesInForce(argument)", typed(**values)) == times


@pytest.mark.parametrize(
    ("name", "type_", "field"),
    [
        ("price", "limit", "price"),
        ("stop.stop_price", "oco", "stop_price"),
        ("stop.price", "oco", "stop_limit"),
        ("take_profit.price", "bracket", "take_profit"),
        ("take_profit", "bracket", "take_profit"),
        ("stop_loss.stop_price", "bracket", "loss_stop"),
        ("stop_loss.price", "bracket", "loss_limit"),
        ("stop_loss.quantity", "bracket", "quantity"),
        ("type", "limit", "type"),
        ("type", "bracket", "entry"),
    ],
)
def test_an_error_belongs_to_the_field_that_it_is_about(
    modules: Page, name: str, type_: str, field: str
) -> None:
    found = evaluate(modules, "order_types.js", "m.fieldOfError(...argument)", [name, type_])

    assert found == field
