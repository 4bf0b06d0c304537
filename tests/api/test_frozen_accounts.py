"""A frozen account over every way in: `account_frozen` to what places and amends, everything else goes on."""

from __future__ import annotations

from typing import Any

import pytest

from markets import operators
from tests.api.shapes import refusal
from tests.drivers.exchange import ExchangeDriver, Trader

FROZEN: tuple[int, str, list[str]] = (422, "account_frozen", [])


@pytest.fixture
def frozen(exchange: ExchangeDriver, market: str) -> Trader:
    """Somebody who had an order before the account was frozen; it is the only one."""
    trader = exchange.new_trader(USD=1000)
    trader.place(market, "buy", "1", price="99", client_order_id="before")
    for command in operators.freeze_account(trader.account, "olga", "stolen key"):
        assert operators.wait_for(command, 5), "the engine obeys"
    return trader


@pytest.mark.usefixtures("both_lanes")
def test_over_rest_nothing_is_placed_or_amended(market: str, frozen: Trader) -> None:
    order: dict[str, Any] = {"market": market, "side": "buy", "quantity": "1", "price": "99"}
    before = frozen.http.get("orders/by-client-id/before").json()

    placed = frozen.submit(market, "buy", "1", price="99")
    asked = frozen.submit(market, "buy", "1", price="99", validate_only=True)
    amended = frozen.http.patch(f"orders/{before['id']}", json={"quantity": "2"})
    batch = frozen.http.post("orders/batch", json={"orders": [order, order]}).json()
    pair = frozen.http.post("orders/oco", json={**order, "stop": {"stop_price": "120"}})

    assert [refusal(each) for each in (placed, asked, amended, pair)] == [FROZEN] * 4
    assert [(r["status"], r["error"]["code"]) for r in batch["results"]] == [FROZEN[:2]] * 2
    assert "frozen" in placed.json()["detail"]


@pytest.mark.usefixtures("both_lanes")
def test_over_rest_everything_can_be_read_and_canceled(market: str, frozen: Trader) -> None:
    before = frozen.http.get("orders/by-client-id/before").json()
    repeated = frozen.submit(market, "buy", "1", price="99", client_order_id="before")

    assert (before["status"], before["reason"]) == ("canceled", "account_frozen")
    assert (repeated.status_code, repeated.json()["id"]) == (200, before["id"])
    assert frozen.balance("USD") == ("1000", "0")
    assert frozen.http.get("orders").json()["results"][0]["reason"] == "account_frozen"
    assert frozen.http.delete(f"orders/{before['id']}").json()["code"] == "order_not_open"
    assert frozen.http.delete("orders", params={"market": market}).json() == {"canceled": []}
    switch = frozen.http.post("orders/cancel-after", json={"timeout_seconds": 0})
    assert switch.status_code == 200


def test_over_the_trading_socket_it_is_refused_by_the_same_code(
    exchange: ExchangeDriver, market: str
) -> None:
    trader = exchange.new_trader(USD=1000)
    with trader.socket() as socket:
        socket.ask("subscribe", channel="orders")
        order = socket.ask("submit_order", market=market, side="buy", quantity="1", price="99")
        for command in operators.freeze_account(trader.account, "olga", "stolen key"):
            assert operators.wait_for(command, 5), "the engine obeys"

        placed = socket.refused("submit_order", market=market, side="buy", quantity="1", price="99")
        amended = socket.refused("amend_order", id=order["id"], quantity="2")
        canceled = socket.ask("cancel_all", market=market)

    assert [answer["code"] for answer in (placed, amended)] == ["account_frozen"] * 2
    assert canceled == {"canceled": []}
