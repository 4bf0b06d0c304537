"""A batch is 1 to 500 orders, each for itself: results in the order given, good ones beside bad ones."""

from typing import Any

import pytest

from markets import serializers as shapes
from tests.api.shapes import check, refusal
from tests.drivers.exchange import ExchangeDriver, Trader

pytestmark = pytest.mark.usefixtures("both_lanes")


def an_order(market: str, **fields: Any) -> dict[str, Any]:
    return {"market": market, "side": "buy", "quantity": "1", "price": "10", **fields}


def test_each_order_of_a_batch_stands_for_itself(exchange: ExchangeDriver) -> None:
    market, other = exchange.new_market(), exchange.new_market()
    bob, _ = exchange.traders(other)
    bob.place(other, "sell", "1", price="10")
    alice = exchange.new_trader(USD=100)
    alice.place(market, "buy", "1", price="10", client_order_id="used")
    orders = [
        an_order(market),
        an_order(other, client_order_id="fresh"),
        an_order(market, client_order_id="used"),
        an_order(market, client_order_id="used", quantity="2"),
        an_order("NO-SUCH"),
        an_order(market, quantity="0"),
        an_order(market, price=1.5),
        an_order(market, quantity="1000"),
        "an order",
        an_order(market, flavour="sour"),
        an_order(market, price="9"),
    ]

    response = alice.http.post("orders/batch", json={"orders": orders})

    assert response.status_code == 200
    check(response.json(), shapes.BatchResultsShape())
    results = response.json()["results"]
    assert [(r["status"], r.get("error", {}).get("code")) for r in results] == [
        (201, None),
        (201, None),
        (200, None),
        (409, "conflict"),
        (404, "not_found"),
        (422, "invalid_order"),
        (400, "invalid_request"),
        (422, "insufficient_funds"),
        (400, "invalid_request"),
        (400, "invalid_request"),
        (201, None),
    ]
    assert all(("order" in r) != ("error" in r) for r in results)
    assert results[1]["order"]["fills"][0]["price"] == "10"
    assert len(alice.http.get("orders").json()["results"]) == 4


def test_orders_of_a_batch_reach_a_market_in_the_order_given(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice = exchange.new_trader(USD=1000)

    response = alice.http.post(
        "orders/batch", json={"orders": [an_order(market, price=str(n)) for n in range(1, 10)]}
    )

    orders = [result["order"] for result in response.json()["results"]]
    assert [order["price"] for order in orders] == [str(n) for n in range(1, 10)]
    assert sorted(order["sequence"] for order in orders) == [o["sequence"] for o in orders]


def test_a_batch_may_have_500_orders(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice = exchange.new_trader(USD=10_000)

    response = alice.http.post("orders/batch", json={"orders": [an_order(market)] * 500})

    assert {result["status"] for result in response.json()["results"]} == {201}
    assert alice.balance("USD") == ("5000", "5000")


@pytest.mark.parametrize(
    "orders", [[], [{}] * 501, None, "all of them", {"market": "BTC-USD"}], ids=repr
)
def test_no_more_than_500_and_no_fewer_than_one(alice: Trader, orders: object) -> None:
    response = alice.http.post("orders/batch", json={"orders": orders})

    assert refusal(response) == (400, "invalid_request", ["orders"])
    assert "1 to 500" in response.json()["detail"]


def test_a_batch_has_no_other_fields(alice: Trader, market: str) -> None:
    body = {"orders": [an_order(market)], "atomic": True}

    assert refusal(alice.http.post("orders/batch", json=body)) == (
        400,
        "invalid_request",
        ["atomic"],
    )
    assert alice.http.get("orders").json()["results"] == []
