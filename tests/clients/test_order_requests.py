"""A request says what was wished for and nothing else, in the one form of the wire.

What is surely wrong, a float, a time without a zone, a quantity too many, never leaves the house.
"""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from clients import OrderRequest, StopPart, TakeProfitPart
from clients.order_request import bracket_params, oco_params

PLAIN = {"market": "BTC-USD", "side": "sell", "client_order_id": "1"}


def a_request(**given: Any) -> OrderRequest:
    return OrderRequest(**{**PLAIN, "quantity": 1, **given})


@pytest.mark.parametrize(
    ("given", "type"),
    [
        ({}, "market"),
        ({"price": 100}, "limit"),
        ({"stop_price": 90}, "stop"),
        ({"stop_price": 90, "price": 89}, "stop_limit"),
        ({"type": "limit"}, "limit"),
        ({"type": "take_profit", "stop_price": 110, "must_wait": True}, "take_profit"),
    ],
)
def test_the_type_is_what_the_prices_say(given: dict[str, Any], type: str) -> None:
    assert a_request(**given).to_json()["type"] == type


def test_only_what_was_given_is_sent() -> None:
    assert a_request(price=None).to_json() == {**PLAIN, "quantity": "1", "type": "market"}
    assert OrderRequest.of("BTC-USD", "buy", 1, {"client_order_id": None}).client_order_id


def test_an_order_that_must_wait_says_so() -> None:
    assert a_request(stop_price=90, must_wait=True).to_json()["must_wait"] is True


def test_numbers_and_times_are_sent_in_one_form() -> None:
    cet = timezone(timedelta(hours=1))

    sent = a_request(
        price=Decimal("1E+2"),
        display_quantity="0.50",
        max_slippage="0.010",
        expires_at=datetime(2026, 11, 22, 8, tzinfo=cet),
        deadline="2026-11-22T07:00:00Z",
    ).to_json()

    assert (sent["price"], sent["display_quantity"], sent["max_slippage"]) == ("100", "0.5", "0.01")
    assert datetime.fromisoformat(sent["expires_at"]) == datetime(2026, 11, 22, 7, tzinfo=UTC)
    assert sent["deadline"] == "2026-11-22T07:00:00Z"


def test_a_time_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="deadline needs a time zone"):
        a_request(deadline=datetime(2026, 11, 22)).to_json()  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize("name", ["price", "stop_price", "display_quantity", "max_slippage"])
def test_a_float_is_refused_wherever_it_is(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        a_request(**{name: 0.5}).to_json()


@pytest.mark.parametrize("given", [{"quantity": None}, {"quote_quantity": 50}])
def test_an_order_has_a_quantity_or_a_quote_quantity(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either a quantity or a quote_quantity"):
        a_request(**given).to_json()

    spends = a_request(quantity=None, quote_quantity="50.0").to_json()
    assert spends == {**PLAIN, "quote_quantity": "50", "type": "market"}


def test_an_oco_is_a_limit_order_with_a_stop() -> None:
    first = a_request(price=110)

    assert oco_params(first, 90) == {
        **PLAIN,
        "quantity": "1",
        "price": "110",
        "stop": {"stop_price": "90"},
    }
    stop = StopPart(90, price="89.50", max_slippage=None, client_order_id="s")
    assert oco_params(first, stop)["stop"] == {
        "stop_price": "90",
        "price": "89.5",
        "client_order_id": "s",
    }


@pytest.mark.parametrize(
    ("prices", "kind"),
    [
        ({"stop_price": "110"}, "take_profit"),
        ({"stop_price": "110", "price": "109"}, "take_profit_limit"),
    ],
)
def test_an_oco_may_begin_with_a_take_profit(prices: dict[str, str], kind: str) -> None:
    assert oco_params(a_request(**prices), 90) == {
        **PLAIN,
        **prices,
        "quantity": "1",
        "type": kind,
        "stop": {"stop_price": "90"},
    }


def test_a_bracket_is_an_entry_with_one_exit_or_two() -> None:
    entry = a_request(price=100)

    both = bracket_params(entry, TakeProfitPart(110, client_order_id="p"), StopPart("90.0"))
    assert both == {
        **entry.to_json(),
        "take_profit": {"price": "110", "client_order_id": "p"},
        "stop_loss": {"stop_price": "90"},
    }
    assert bracket_params(entry, 110, None)["take_profit"] == {"price": "110"}
    waits = TakeProfitPart(stop_price=110, max_slippage="0.01")
    assert bracket_params(entry, waits, None)["take_profit"] == {
        "stop_price": "110",
        "max_slippage": "0.01",
    }
    with pytest.raises(ValueError, match="a take_profit, a stop_loss or both"):
        bracket_params(entry, None, None)


def test_a_part_in_the_wrong_place_and_a_float_in_one_are_refused() -> None:
    entry = a_request(price=100)

    with pytest.raises(TypeError, match="expected a TakeProfitPart"):
        bracket_params(entry, StopPart(90), None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="stop_price"):
        oco_params(entry, 0.5)  # type: ignore[arg-type]
