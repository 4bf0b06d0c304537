"""Halted: cancels only. Closed: nothing, and what rested is canceled with its money free again."""

import pytest

from tests.api.shapes import refusal
from tests.drivers.exchange import ExchangeDriver

pytestmark = pytest.mark.usefixtures("both_lanes")


def test_a_halted_market_takes_cancels_only(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice = exchange.new_trader(USD=1000)
    order = alice.place(market, "buy", "5", price="100")

    exchange.set_status(market, "halted")

    assert exchange.http.get(f"markets/{market}").json()["status"] == "halted"
    assert refusal(alice.submit(market, "buy", "1", price="1")) == (422, "market_not_open", [])
    assert refusal(alice.http.patch(f"orders/{order['id']}", json={"quantity": "1"})) == (
        (422, "market_not_open", [])
    )
    assert exchange.book(market)["bids"] == [["100", "5"]]
    assert alice.http.delete(f"orders/{order['id']}").json()["status"] == "canceled"
    exchange.set_status(market, "open")
    alice.place(market, "buy", "1", price="1")


def test_closing_a_market_cancels_what_rests(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice = exchange.new_trader(USD=1000)
    order = alice.place(market, "buy", "5", price="100")

    exchange.set_status(market, "closed")

    after = alice.order(order["id"])
    assert (after["status"], after["reason"]) == ("canceled", "market_closed")
    assert alice.balance("USD") == ("1000", "0")
    assert exchange.book(market)["bids"] == []
    assert refusal(alice.submit(market, "buy", "1", price="1")) == (422, "market_not_open", [])
    assert refusal(alice.http.delete(f"orders/{order['id']}")) == (422, "order_not_open", [])
    assert alice.http.delete("orders", params={"market": market}).json() == {"canceled": []}


def test_a_repeat_is_answered_also_when_the_market_has_halted(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice = exchange.new_trader(USD=1000)
    first = alice.place(market, "buy", "5", price="100", client_order_id="once")
    exchange.set_status(market, "halted")

    again = alice.submit(market, "buy", "5", price="100", client_order_id="once")

    assert (again.status_code, again.json()["id"]) == (200, first["id"])
