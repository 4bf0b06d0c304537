"""A bad group is refused whole, and each part's field is named with the part's name before it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.shapes import refusal
from tests.drivers.exchange import ExchangeDriver, Trader

pytestmark = pytest.mark.usefixtures("both_lanes")


@pytest.fixture(scope="module")
def market(exchange: ExchangeDriver) -> str:
    return exchange.new_market(tick_size="0.5", lot_size="0.01")


NO_PARTS: list[Any] = [None, [], "x", 1, True]
STOP = {"stop_price": "5"}


@pytest.mark.parametrize(
    ("path", "fields", "code", "field"),
    [
        *(("oco", {"stop": part}, "invalid_request", "stop") for part in NO_PARTS),
        ("oco", {"stop": {}}, "invalid_request", "stop.stop_price"),
        ("oco", {"stop": {"stop_price": "x"}}, "invalid_request", "stop.stop_price"),
        ("oco", {"stop": {**STOP, "side": "buy"}}, "invalid_request", "stop.side"),
        (
            "oco",
            {"stop": {**STOP, "client_order_id": "a b"}},
            "invalid_request",
            "stop.client_order_id",
        ),
        ("oco", {"type": "x"}, "invalid_request", "type"),
        ("oco", {"type": "stop", "stop_price": "5"}, "invalid_order", "type"),
        ("oco", {"type": "take_profit"}, "invalid_order", "price"),
        ("oco", {"type": "take_profit", "price": None}, "invalid_order", "stop_price"),
        ("oco", {"type": "take_profit_limit", "stop_price": "5"}, "invalid_order", "stop_price"),
        ("oco", {"stop_price": "12"}, "invalid_order", "stop_price"),
        ("oco", {"price": None}, "invalid_request", "price"),
        ("oco", {"quantity": None}, "invalid_request", "quantity"),
        ("oco", {"stop": {"stop_price": "5.25"}}, "invalid_order", "stop.stop_price"),
        ("oco", {"stop": {"stop_price": "11"}}, "invalid_order", "price"),
        ("oco", {"time_in_force": "ioc"}, "invalid_order", "time_in_force"),
        (
            "oco",
            {"stop": {**STOP, "price": "5", "max_slippage": "0.1"}},
            "invalid_order",
            "stop.max_slippage",
        ),
        ("bracket", {"stop_loss": None}, "invalid_request", "take_profit"),
        *(
            ("bracket", {"take_profit": part}, "invalid_request", "take_profit")
            for part in NO_PARTS[1:]
        ),
        ("bracket", {"take_profit": {}}, "invalid_request", "take_profit.price"),
        ("bracket", {"stop_loss": {}}, "invalid_request", "stop_loss.stop_price"),
        ("bracket", {"quote_quantity": "10"}, "invalid_request", "quote_quantity"),
        ("bracket", {"take_profit": {"price": "10"}}, "invalid_order", "take_profit.price"),
        (
            "bracket",
            {"take_profit": {"stop_price": "10", "price": "11"}},
            "invalid_order",
            "take_profit.stop_price",
        ),
        ("bracket", {"stop_loss": {"stop_price": "10"}}, "invalid_order", "price"),
        ("bracket", {"type": "stop"}, "invalid_order", "price"),
        ("bracket", {"must_wait": True}, "invalid_order", "must_wait"),
    ],
)
def test_a_groups_bad_field_is_named(
    alice: Trader, market: str, path: str, fields: dict[str, Any], code: str, field: str
) -> None:
    order = {"market": market, "side": "buy", "quantity": "1", "price": "10"}
    plain: dict[str, Any] = {"side": "sell", "stop": STOP} if path == "oco" else {"stop_loss": STOP}

    status, found, names = refusal(
        alice.http.post(f"orders/{path}", json={**order, **plain, **fields})
    )

    assert (status, found) == (422 if code == "invalid_order" else 400, code)
    assert field in names
    assert alice.http.get("orders").json()["results"] == []
