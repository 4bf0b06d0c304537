"""The ways out: the dead man's switch, cancel on disconnect, mass cancels; and an order says which it was.

Nobody needs to wonder where an order went: its `reason` says.
"""

from __future__ import annotations

import pytest

from markets import serializers as shapes
from tests.api.shapes import check
from tests.drivers.exchange import ExchangeDriver, Trader

pytestmark = pytest.mark.usefixtures("both_lanes")


def reason(trader: Trader, order: dict[str, object]) -> object:
    return trader.order(str(order["id"]))["reason"]


@pytest.mark.parametrize("way", ["REST", "socket"])
def test_the_dead_mans_switch_cancels_everywhere_unless_it_is_set_anew(
    exchange: ExchangeDriver, way: str
) -> None:
    markets = [exchange.new_market(), exchange.new_market()]
    alice, bob = exchange.traders(markets[0])
    orders = [alice.place(market, "buy", "1", price="10") for market in markets]
    stop = alice.place(markets[0], "buy", "1", type="stop", stop_price="50")
    theirs = bob.place(markets[0], "buy", "1", price="10")

    if way == "REST":
        armed = alice.post("orders/cancel-after", timeout_seconds=60)
        again = alice.post("orders/cancel-after", timeout_seconds=4)
    else:
        with alice.socket() as socket:
            armed = socket.ask("cancel_all_after", timeout_seconds=60)
            again = socket.ask("cancel_all_after", timeout_seconds=4)

    check(armed, shapes.CancelAfterStateShape())
    assert armed["cancel_at"] > again["cancel_at"]
    assert alice.http.get("orders/cancel-after").json() == {"cancel_at": again["cancel_at"]}
    exchange.wait_until(lambda: reason(alice, orders[1]) == "cancel_after", "it goes off")
    exchange.wait_until(lambda: reason(alice, stop) == "cancel_after", "in every market")
    assert reason(alice, orders[0]) == "cancel_after"
    assert reason(bob, theirs) is None
    exchange.wait_until(
        lambda: alice.http.get("orders/cancel-after").json() == {"cancel_at": None}, "disarmed"
    )


def test_zero_disarms_the_switch(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    order = alice.place(market, "buy", "1", price="10")
    alice.post("orders/cancel-after", timeout_seconds=30)

    disarmed = alice.post("orders/cancel-after", timeout_seconds=0)

    assert disarmed == {"timeout_seconds": 0, "cancel_at": None}
    later = alice.post("orders/cancel-after", timeout_seconds=60)
    assert later["cancel_at"] is not None
    assert reason(alice, order) is None


def test_a_switch_counts_in_a_market_that_was_made_after_it_was_set(
    exchange: ExchangeDriver,
) -> None:
    alice, _ = exchange.traders(exchange.new_market())
    alice.post("orders/cancel-after", timeout_seconds=3)

    market = exchange.new_market()
    order = alice.place(market, "buy", "1", price="10")

    exchange.wait_until(lambda: reason(alice, order) == "cancel_after", "it goes off there, too")


def test_only_a_reader_may_look_and_only_a_trader_may_set_the_switch(
    exchange: ExchangeDriver,
) -> None:
    alice, _ = exchange.traders(exchange.new_market())
    reader, trader = alice.another_key("read"), alice.another_key("trade")

    assert reader.http.get("orders/cancel-after").status_code == 200
    assert trader.http.get("orders/cancel-after").status_code == 403
    assert reader.http.post("orders/cancel-after", json={"timeout_seconds": 9}).status_code == 403


def test_a_connection_that_ends_takes_its_orders_with_it_and_no_others(
    exchange: ExchangeDriver,
) -> None:
    markets = [exchange.new_market(), exchange.new_market()]
    alice, _ = exchange.traders(markets[0])
    by_rest = alice.place(markets[0], "buy", "1", price="10")

    with alice.socket() as careless, alice.socket() as socket:
        login = socket.ask("login", key=alice.key, cancel_on_disconnect=True)
        assert login == {"account": alice.name, "cancel_on_disconnect": True}
        order = {"side": "buy", "quantity": "1", "price": "10"}
        ending = [socket.ask("submit_order", market=market, **order) for market in markets]
        others = careless.ask("submit_order", market=markets[0], **order)
        assert [each["cancel_on_disconnect"] for each in (*ending, others)] == [True, True, False]

    for each in ending:
        exchange.wait_until(lambda each=each: reason(alice, each) == "cancel_on_disconnect", "gone")
    assert reason(alice, by_rest) is None
    assert reason(alice, others) is None


def test_a_connection_that_is_cut_takes_its_orders_with_it(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    socket = alice.socket()
    socket.ask("login", cancel_on_disconnect=True)
    order = socket.ask("submit_order", market=market, side="buy", quantity="1", price="10")

    socket.cut()

    exchange.wait_until(lambda: reason(alice, order) == "cancel_on_disconnect", "canceled")


def test_after_a_clean_logout_the_orders_stay(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)

    with alice.socket() as socket:
        socket.ask("login", key=alice.key, cancel_on_disconnect=True)
        order = socket.ask("submit_order", market=market, side="buy", quantity="1", price="10")
        assert socket.ask("logout") == {}
        refused = socket.refused("cancel_order", id=order["id"])
        again = socket.ask("login", key=alice.key)

    assert refused["code"] == "not_authenticated"
    assert again == {"account": alice.name}
    now = alice.order(order["id"])
    assert (now["status"], now["cancel_on_disconnect"]) == ("open", False)


def test_cancel_all_goes_by_market_and_side_and_says_so(exchange: ExchangeDriver) -> None:
    markets = [exchange.new_market(), exchange.new_market()]
    alice, _ = exchange.traders(markets[0])
    alice.http.post("faucet")
    bids = [alice.place(market, "buy", "1", price="10") for market in markets]
    ask = alice.place(markets[0], "sell", "1", price="20")

    here = alice.http.delete("orders", params={"market": markets[0], "side": "buy"}).json()
    rest = alice.http.delete("orders").json()

    assert here == {"canceled": [bids[0]["id"]]}
    assert set(rest["canceled"]) == {bids[1]["id"], ask["id"]}
    assert {reason(alice, order) for order in (*bids, ask)} == {"cancel_all"}
