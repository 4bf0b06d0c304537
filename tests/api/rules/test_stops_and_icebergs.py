"""Stops, icebergs and good-till-date orders over the API: what their owner sees, and what others do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.drivers.exchange import ExchangeDriver, Trader

pytestmark = pytest.mark.usefixtures("both_lanes")


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def status(trader: Trader, order: dict[str, object]) -> tuple[object, object]:
    now = trader.order(str(order["id"]))
    return now["status"], now["reason"]


def test_a_stop_waits_unseen_and_trades_when_the_last_price_reaches_it(
    exchange: ExchangeDriver,
) -> None:
    market = exchange.new_market()
    alice, bob, carol = exchange.traders(market, 3)
    bob.place(market, "sell", "1", price="100")
    bob.place(market, "sell", "9", price="105")

    stop = alice.place(market, "buy", "2", type="stop", stop_price="105")
    limit = alice.place(market, "buy", "2", type="stop_limit", stop_price="105", price="105")

    assert (stop["status"], stop["stop_price"], stop["price"]) == ("untriggered", "105", None)
    assert (limit["status"], limit["price"]) == ("untriggered", "105")
    assert exchange.book(market)["bids"] == []
    held = 2 * 115 + 2 * 105  # the stop may pay 10 % more than its stop price
    assert alice.balance("USD")[1] == str(held)

    carol.place(market, "buy", "2", type="market")

    assert status(alice, stop) == status(alice, limit) == ("filled", None)
    assert alice.order(stop["id"])["average_price"] == "105"
    assert alice.balance("USD")[1] == "0"


def test_a_stop_that_is_reached_already_answers_with_its_fills(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "5", price="100")
    alice.place(market, "buy", "1", price="100")

    stop = alice.place(market, "buy", "2", type="stop", stop_price="90", max_slippage="0.2")

    assert (stop["status"], stop["max_slippage"]) == ("filled", "0.2")
    assert [(fill["price"], fill["quantity"]) for fill in stop["fills"]] == [("100", "2")]


def test_a_waiting_stop_is_listed_amended_and_canceled(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    stop = alice.place(market, "sell", "2", type="stop", stop_price="50", client_order_id="s")

    listed = alice.http.get("orders", params={"status": "untriggered"}).json()["results"]
    amended = alice.http.patch("orders/by-client-id/s", json={"stop_price": "60"}).json()
    refused = alice.http.patch("orders/by-client-id/s", json={"price": "60"}).json()
    canceled = alice.http.delete("orders/by-client-id/s").json()

    assert [order["id"] for order in listed] == [stop["id"]]
    assert (amended["status"], amended["stop_price"]) == ("untriggered", "60")
    assert (refused["code"], list(refused["errors"])) == ("invalid_order", ["price"])
    assert (canceled["status"], canceled["reason"]) == ("canceled", "canceled_by_owner")


def test_its_owner_is_told_when_a_stop_is_triggered(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob, carol = exchange.traders(market, 3)
    bob.place(market, "sell", "5", price="100")
    stop = alice.place(market, "buy", "2", type="stop", stop_price="100")

    with alice.socket() as socket:
        socket.ask("subscribe", channels=["orders", "fills"])
        assert [o["id"] for o in socket.next("orders", "snapshot")["orders"]] == [stop["id"]]
        carol.place(market, "buy", "1", price="100")
        [told] = socket.next("orders", "update")["orders"]
        [fill] = socket.next("fills", "update")["fills"]

    assert (told["id"], told["status"]) == (stop["id"], "filled")
    assert (fill["order_id"], fill["quantity"], fill["liquidity"]) == (stop["id"], "2", "taker")


def test_an_iceberg_shows_a_part_and_the_public_book_knows_no_more(
    exchange: ExchangeDriver,
) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)

    order = alice.place(market, "sell", "10", price="100", display_quantity="3")
    exchange.settle(market)
    assert exchange.book(market)["asks"] == [["100", "3"]]
    bob.place(market, "buy", "4", price="100")

    exchange.settle(market)
    assert exchange.book(market)["asks"] == [["100", "2"]]
    now = alice.order(order["id"])
    assert (now["remaining_quantity"], now["display_quantity"]) == ("6", "3")
    assert alice.balance(market.split("-")[0])[1] == "6", "held is the whole of it"


def test_a_good_till_date_order_expires_by_itself(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)

    order = alice.place(
        market, "buy", "2", price="100", time_in_force="gtd", expires_at=in_seconds(0.6)
    )

    assert order["status"] == "open"
    exchange.wait_until(lambda: status(alice, order) == ("expired", "expired"), "it expires")
    exchange.settle(market)
    assert exchange.book(market)["bids"] == []
    assert alice.balance("USD")[1] == "0"
    ended = alice.http.delete(f"orders/{order['id']}").json()
    assert (ended["code"], ended["order"]["status"]) == ("order_not_open", "expired")


def test_a_market_order_spends_or_receives_an_amount(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "3", price="100")
    bob.place(market, "sell", "3", price="110")

    bought = alice.place(market, "buy", type="market", quote_quantity="450")

    assert (bought["status"], bought["quote_quantity"]) == ("filled", "450")
    assert (bought["quantity"], bought["filled_quantity"]) == ("4", "4")
    assert [fill["quantity"] for fill in bought["fills"]] == ["3", "1"]
    bob.place(market, "buy", "9", price="50")
    sold = alice.place(market, "sell", type="market", quote_quantity="120")
    assert (sold["filled_quantity"], sold["average_price"]) == ("2", "50")


def test_slippage_ends_a_market_order(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "1", price="100")
    bob.place(market, "sell", "1", price="120")

    order = alice.place(market, "buy", "2", type="market", max_slippage="0.1")

    assert (order["status"], order["reason"]) == ("canceled", "no_liquidity")
    assert (order["filled_quantity"], order["canceled_quantity"]) == ("1", "1")
