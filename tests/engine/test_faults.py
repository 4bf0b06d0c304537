"""Whatever fails, and whenever: nothing acknowledged is lost, nothing is doubled, and a retry with the same
client_order_id gets the one true answer (laws 1 to 4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from markets import process
from markets.consumers.engine import leases
from markets.matching.commands import PlaceOrder
from markets.matching.types import OrderType, Side
from markets.messages import transport
from markets.models import Order
from tests.drivers.exchange import ExchangeDriver
from tests.engine.conftest import Faults


def _orders(market: str) -> int:
    return Order.objects.filter(market__symbol=market).count()


def _follows(exchange: ExchangeDriver, market: str) -> bool:
    return bool(exchange.book(market)["sequence"] == exchange.sequence(market))


def test_a_failure_before_the_commit_leaves_no_order(
    exchange: ExchangeDriver, market: str, faults: Faults
) -> None:
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "5", price="100")
    faults.before_commit()

    refused = alice.submit(market, "buy", "3", price="100", client_order_id="a")

    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert _orders(market) == 1
    retried = alice.submit(market, "buy", "3", price="100", client_order_id="a")
    assert (retried.status_code, retried.json()["filled_quantity"]) == (201, "3")
    exchange.wait_until(lambda: exchange.book(market)["asks"] == [["100", "2"]], "2 are left")


def test_a_failure_in_the_middle_of_the_commit_leaves_no_order(
    exchange: ExchangeDriver, market: str, faults: Faults
) -> None:
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "5", price="100")
    before = bob.balance("USD"), alice.balance("USD")
    faults.during_commit()

    refused = alice.submit(market, "buy", "3", price="100", client_order_id="a")

    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert (bob.balance("USD"), alice.balance("USD")) == before
    assert alice.submit(market, "buy", "3", price="100", client_order_id="a").status_code == 201


def test_a_commit_whose_answer_was_lost_is_settled_by_reading(
    exchange: ExchangeDriver, market: str, faults: Faults
) -> None:
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "5", price="100")
    faults.after_commit()

    accepted = alice.submit(market, "buy", "3", price="100", client_order_id="a")

    assert (accepted.status_code, accepted.json()["filled_quantity"]) == (201, "3")
    again = alice.submit(market, "buy", "3", price="100", client_order_id="a")
    assert (again.status_code, again.json()["id"]) == (200, accepted.json()["id"])
    assert _orders(market) == 2


def test_an_engine_that_cannot_settle_takes_nothing_until_it_can(
    exchange: ExchangeDriver, market: str, faults: Faults
) -> None:
    (alice,) = exchange.traders(market, 1)
    faults.after_commit()
    faults.cannot_settle(times=2)

    accepted = alice.submit(market, "buy", "3", price="100", client_order_id="a")

    assert accepted.status_code == 201
    assert alice.submit(market, "buy", "3", price="100", client_order_id="a").status_code == 200
    assert _orders(market) == 1


def test_a_lost_answer_is_a_timeout_and_the_retry_finds_the_order(
    exchange: ExchangeDriver, market: str, faults: Faults
) -> None:
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "5", price="100")
    faults.lost_answers(times=1)

    lost = alice.submit(market, "buy", "3", price="100", client_order_id="a")

    assert (lost.status_code, lost.json()["code"]) == (504, "timeout")
    again = alice.submit(market, "buy", "3", price="100", client_order_id="a")
    assert (again.status_code, again.json()["filled_quantity"]) == (200, "3")
    assert [fill["quantity"] for fill in again.json()["fills"]] == ["3"]
    assert _orders(market) == 2


def test_a_lost_update_is_noticed_by_the_next_one(
    exchange: ExchangeDriver, market: str, faults: Faults
) -> None:
    (alice,) = exchange.traders(market, 1)
    alice.place(market, "buy", "1", price="99")
    faults.lost_updates(times=1)

    alice.place(market, "buy", "1", price="98")
    alice.place(market, "buy", "1", price="97")

    exchange.wait_until(lambda: _follows(exchange, market), "the hub follows again")
    assert exchange.book(market)["bids"] == [["99", "1"], ["98", "1"], ["97", "1"]]


def test_a_lost_last_update_is_noticed_by_the_engines_pulse(
    exchange: ExchangeDriver, market: str, faults: Faults
) -> None:
    (alice,) = exchange.traders(market, 1)
    faults.lost_updates(times=1)

    alice.place(market, "buy", "1", price="98")

    exchange.wait_until(lambda: _follows(exchange, market), "the hub follows again", seconds=5)
    assert exchange.book(market)["bids"] == [["98", "1"]]


def test_a_failed_batch_of_many_commands_is_undone_whole(
    exchange: ExchangeDriver, market: str, faults: Faults
) -> None:
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "5", price="100")
    kept = alice.place(market, "buy", "4", price="90")
    faults.before_commit(times=1)

    orders = [
        {"market": market, "side": "buy", "quantity": "2", "price": str(price)}
        for price in (100, 91, 92, 100, 101)
    ]
    answer = alice.http.post("orders/batch", json={"orders": orders}).json()

    assert {result["status"] for result in answer["results"]} == {503}
    book = exchange.book(market)
    assert (book["bids"], book["asks"]) == ([["90", "4"]], [["100", "5"]])
    assert alice.http.delete(f"orders/{kept['id']}").json()["canceled_quantity"] == "4"
    assert bob.balance(market.split("-")[0])[1] == "5"


# What is due by the clock, and connections that end


def test_what_could_not_expire_expires_when_the_database_is_back(
    exchange: ExchangeDriver, market: str, faults: Faults
) -> None:
    (alice,) = exchange.traders(market, 1)
    expires_at = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    order = alice.place(market, "buy", "1", price="99", time_in_force="gtd", expires_at=expires_at)
    faults.before_commit(times=2)

    exchange.wait_until(lambda: alice.order(order["id"])["status"] == "expired", "it expires")

    assert alice.balance("USD")[1] == "0"


def test_a_lost_connections_orders_are_canceled_when_the_database_is_back(
    exchange: ExchangeDriver, market: str, faults: Faults
) -> None:
    (alice,) = exchange.traders(market, 1)
    with alice.socket() as socket:
        socket.ask("login", cancel_on_disconnect=True)
        order = socket.ask("submit_order", market=market, side="buy", quantity="1", price="99")
        faults.before_commit(times=2)

    exchange.wait_until(
        lambda: alice.order(order["id"])["reason"] == "cancel_on_disconnect", "it is canceled"
    )


def test_the_orders_of_a_silent_gateway_are_canceled_and_those_of_a_living_one_stay(
    exchange: ExchangeDriver, market: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LOST_AFTER", 2.0)
    (alice,) = exchange.traders(market, 1)
    gateway = process.current().gateway
    command = PlaceOrder(
        alice.account.pk, Side.BUY, OrderType.LIMIT, 10**8, 99 * 10**8, connection="gone.1"
    )

    async def place() -> transport.Answer:
        return await gateway.submit(market, command)

    with alice.socket() as socket:
        socket.ask("login", cancel_on_disconnect=True)
        stays = socket.ask("submit_order", market=market, side="buy", quantity="1", price="98")
        lost = exchange.in_loop(place()).order_id
        assert lost

        exchange.wait_until(
            lambda: alice.order(str(lost))["reason"] == "cancel_on_disconnect", "it is canceled"
        )
        assert alice.order(stays["id"])["status"] == "open"
