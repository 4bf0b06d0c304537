"""Cancel and amend: by the owner only; an order that has ended is told, never hidden."""

import httpx
import pytest

from markets import serializers as shapes
from tests.api.shapes import check, refusal
from tests.drivers.exchange import JSON, ExchangeDriver

pytestmark = pytest.mark.usefixtures("both_lanes")


def plain(order: JSON) -> JSON:
    """An order without the fills that only answers to placing and amending have."""
    return {name: value for name, value in order.items() if name != "fills"}


@pytest.mark.parametrize("by", ["id", "client_order_id"])
def test_a_cancel_answers_the_order_and_gives_the_money_back(
    exchange: ExchangeDriver, by: str
) -> None:
    market = exchange.new_market()
    alice = exchange.new_trader(USD=1000)
    order = alice.place(market, "buy", "5", price="100", client_order_id="mine")
    path = f"orders/{order['id']}" if by == "id" else "orders/by-client-id/mine"

    response = alice.http.delete(path)

    assert response.status_code == 200
    canceled = response.json()
    check(canceled, shapes.OrderShape())
    assert (canceled["status"], canceled["reason"]) == ("canceled", "canceled_by_owner")
    assert (canceled["canceled_quantity"], canceled["remaining_quantity"]) == ("5", "0")
    assert alice.http.get(path).json() == canceled
    assert alice.balance("USD") == ("1000", "0")


def test_the_cancel_of_a_filled_order_carries_the_order(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    order = alice.place(market, "sell", "1", price="100", client_order_id="gone")
    bob.place(market, "buy", "1", price="100")

    for path in (f"orders/{order['id']}", "orders/by-client-id/gone"):
        response = alice.http.delete(path)

        assert refusal(response) == (422, "order_not_open", [])
        carried = response.json()["order"]
        check(carried, shapes.OrderShape())
        assert (carried["id"], carried["status"]) == (order["id"], "filled")


def test_an_amend_of_an_order_that_has_ended_carries_the_order(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    order = alice.place(market, "sell", "1", price="100")
    alice.http.delete(f"orders/{order['id']}")

    response = alice.http.patch(f"orders/{order['id']}", json={"price": "101"})

    assert refusal(response) == (422, "order_not_open", [])
    assert response.json()["order"]["status"] == "canceled"


def test_cancel_all_of_a_market_or_side_leaves_the_others(exchange: ExchangeDriver) -> None:
    market, other = exchange.new_market(), exchange.new_market()
    base, other_base = market.split("-")[0], other.split("-")[0]
    alice = exchange.new_trader(USD=1000, **{base: 10, other_base: 10})
    bob = exchange.new_trader(USD=1000)
    buys = [alice.place(market, "buy", "1", price=price)["id"] for price in ("10", "9")]
    sell = alice.place(market, "sell", "1", price="20")["id"]
    elsewhere = alice.place(other, "buy", "1", price="10")["id"]
    bobs = bob.place(market, "buy", "1", price="10")["id"]

    def cancel(**query: str) -> list[str]:
        response = alice.http.delete("orders", params=query)
        check(response.json(), shapes.CanceledShape())
        canceled: list[str] = response.json()["canceled"]
        return canceled

    assert cancel(market=market, side="buy") == buys
    assert cancel(market=market) == [sell]
    assert cancel(market=market) == []
    assert cancel() == [elsewhere]
    assert bob.order(bobs)["status"] == "open"


def test_a_cancel_all_of_an_empty_market_name_cancels_nothing(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice = exchange.new_trader(USD=1000)
    order = alice.place(market, "buy", "1", price="10")

    response = alice.http.delete("orders", params={"market": ""})

    assert refusal(response) == (404, "not_found", ["market"])
    assert alice.order(order["id"])["status"] == "open"


@pytest.mark.parametrize("by", ["id", "client_order_id"])
def test_an_amend_to_less_keeps_the_place_in_the_queue(exchange: ExchangeDriver, by: str) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    first = alice.place(market, "sell", "5", price="100", client_order_id="mine")
    bob.place(market, "sell", "5", price="100")
    path = f"orders/{first['id']}" if by == "id" else "orders/by-client-id/mine"

    response = alice.http.patch(path, json={"quantity": "2"})

    assert response.status_code == 200
    amended = response.json()
    check(amended, shapes.OrderWithFillsShape())
    assert (amended["id"], amended["quantity"], amended["fills"]) == (first["id"], "2", [])
    bob_buys = bob.place(market, "buy", "2", price="100")
    assert bob_buys["fills"], "alice is still first, so bob does not meet himself"


def test_an_amend_to_more_or_to_another_price_goes_to_the_back(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    carol, _ = exchange.traders(market)
    first = alice.place(market, "sell", "1", price="100")
    bob.place(market, "sell", "1", price="100")

    alice.http.patch(f"orders/{first['id']}", json={"quantity": "2"})

    carol.place(market, "buy", "1", price="100")
    assert bob.http.get("orders").json()["results"][0]["status"] == "filled"
    assert alice.order(first["id"])["status"] == "open"


def test_an_amend_that_takes_tells_its_fills(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "2", price="105")
    order = alice.place(market, "buy", "3", price="100")

    amended = alice.http.patch(f"orders/{order['id']}", json={"price": 105}).json()

    check(amended, shapes.OrderWithFillsShape())
    assert [(fill["price"], fill["quantity"]) for fill in amended["fills"]] == [("105", "2")]
    assert (amended["status"], amended["remaining_quantity"]) == ("partially_filled", "1")


def test_an_amend_that_changes_nothing_moves_nothing(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    order = alice.place(market, "buy", "3", price="100")
    sequence = exchange.sequence(market)

    response = alice.http.patch(f"orders/{order['id']}", json={"price": "100.0", "quantity": "3"})

    assert (response.status_code, plain(response.json())) == (200, plain(order))
    assert exchange.sequence(market) == sequence


def test_an_amend_to_what_is_filled_cancels_the_rest(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    order = alice.place(market, "buy", "3", price="100")
    bob.place(market, "sell", "2", price="100")

    amended = alice.http.patch(f"orders/{order['id']}", json={"quantity": "2"}).json()

    assert (amended["status"], amended["reason"]) == ("canceled", "amended")
    assert (amended["filled_quantity"], amended["remaining_quantity"]) == ("2", "0")


def test_a_refused_amend_leaves_the_order_untouched(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(tick_size="5")
    alice, bob = exchange.new_trader(USD=500), exchange.traders(market)[0]
    bob.place(market, "sell", "1", price="110")
    order = alice.place(market, "buy", "5", price="100", post_only=True)

    def amend(**changes: str) -> httpx.Response:
        return alice.http.patch(f"orders/{order['id']}", json=changes)

    assert refusal(amend(price="101")) == (422, "invalid_order", ["price"])
    assert refusal(amend(quantity="6")) == (422, "insufficient_funds", [])
    assert refusal(amend(quantity="1", price="110")) == (422, "post_only_would_take", ["price"])
    assert alice.order(order["id"]) == plain(order)
    assert alice.balance("USD") == ("0", "500")
