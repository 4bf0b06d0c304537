"""What is checked first: who asks, what shape it has, the market, the client_order_id, the market's status,
then fields, steps and limits, funds, and last of all post-only.

An order that is wrong in every way is put right one thing at a time, and told the next each time.
"""

from typing import Any

import pytest

from tests.api.shapes import refusal
from tests.drivers.exchange import ExchangeDriver

pytestmark = pytest.mark.usefixtures("both_lanes")


def test_the_checks_of_a_new_order_one_after_the_other(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(tick_size="5", min_notional="1000")
    maker, _ = exchange.traders(market)
    maker.place(market, "sell", "1", price="1000")
    alice = exchange.new_trader(USD=10_500)
    alice.place(market, "buy", "200", price="50", client_order_id="used")
    exchange.set_status(market, "halted")
    wrong: dict[str, Any] = {
        "market": "NO-SUCH",
        "side": "up",
        "quantity": "2000000000",
        "price": "1002",
        "post_only": True,
        "time_in_force": "ioc",
        "client_order_id": "used",
    }

    def put_right(**fields: Any) -> tuple[int, str, list[str]]:
        wrong.update(fields)
        return refusal(alice.http.post("orders", json=wrong))

    assert refusal(exchange.http.post("orders", json=wrong)) == (401, "not_authenticated", [])
    reader = alice.another_key("read")
    assert refusal(reader.http.post("orders", json=wrong)) == (403, "permission_denied", [])
    assert put_right() == (400, "invalid_request", ["side"])
    assert put_right(side="buy") == (404, "not_found", ["market"])
    assert put_right(market=market) == (409, "conflict", ["client_order_id"])
    assert put_right(client_order_id="new") == (422, "market_not_open", [])
    exchange.set_status(market, "open")
    assert put_right() == (422, "invalid_order", ["post_only"])
    assert put_right(time_in_force="gtc") == (422, "invalid_order", ["price", "quantity"])
    assert put_right(quantity="1") == (422, "invalid_order", ["price"])
    assert put_right(price="5") == (422, "invalid_order", ["quantity"])
    assert put_right(price="1000") == (422, "insufficient_funds", [])
    alice.http.delete("orders", params={"market": market, "side": "buy"})
    assert put_right() == (422, "post_only_would_take", ["price"])
    assert alice.http.post("orders", json={**wrong, "price": "995", "quantity": "2"}).is_success


def test_the_checks_of_an_amend_one_after_the_other(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(tick_size="5", min_notional="1000")
    maker, mallory = exchange.traders(market)
    maker.place(market, "sell", "10", price="1000")
    alice = exchange.new_trader(USD=2000)
    order = alice.place(market, "buy", "2", price="900", post_only=True)
    exchange.set_status(market, "halted")
    wrong: dict[str, Any] = {"price": "1002", "quantity": "2000000000", "side": "sell"}

    def put_right(trader: Any = alice, **fields: Any) -> tuple[int, str, list[str]]:
        wrong.update(fields)
        return refusal(trader.http.patch(f"orders/{order['id']}", json=wrong))

    assert put_right() == (400, "invalid_request", ["side"])
    del wrong["side"]
    assert put_right(mallory) == (404, "not_found", [])
    assert put_right() == (422, "market_not_open", [])
    exchange.set_status(market, "open")
    assert put_right() == (422, "invalid_order", ["price", "quantity"])
    assert put_right(quantity="1") == (422, "invalid_order", ["price"])
    assert put_right(price="995") == (422, "invalid_order", ["quantity"])
    assert put_right(price="1000", quantity="3") == (422, "insufficient_funds", [])
    assert put_right(quantity="2") == (422, "post_only_would_take", ["price"])
    untouched = {name: value for name, value in order.items() if name != "fills"}
    assert alice.order(order["id"]) == untouched
