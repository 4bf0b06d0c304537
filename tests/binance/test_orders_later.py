"""Orders and trades looked up, canceled, replaced and amended in the dialect."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.binance import shapes
from tests.binance.conftest import bot_of
from tests.binance.shapes import check
from tests.drivers.bot import Bot, refused
from tests.drivers.exchange import ExchangeDriver

pytestmark = pytest.mark.usefixtures("clean")


@pytest.fixture(autouse=True, scope="module")
def opening(alice: Bot, bob: Bot, symbol: str) -> None:
    """The last trade was at 100."""
    alice.order(symbol, "SELL", price="100", quantity="1")
    bob.order(symbol, "BUY", price="100", quantity="1")


# Looking


def test_what_was_answered_is_seen_at_once(alice: Bot, symbol: str) -> None:
    for _ in range(5):
        order = alice.order(symbol, "BUY", price="99", quantity="1")
        found = alice.ask("order", symbol=symbol, orderId=order["orderId"])
        assert found["status"] == "NEW"
        assert order["orderId"] in {o["orderId"] for o in alice.ask("openOrders", symbol=symbol)}
        locked = {b["asset"]: b["locked"] for b in alice.ask("account")["balances"]}
        assert Decimal(locked["USD"]) > 0
        alice.delete("order", symbol=symbol, orderId=order["orderId"])
        assert alice.ask("openOrders", symbol=symbol) == []


def test_open_orders_of_a_market_and_of_all(alice: Bot, symbol: str) -> None:
    alice.order(symbol, "BUY", price="99", quantity="1")
    alice.order(symbol, "BUY", "STOP_LOSS", stopPrice="120", quantity="1")

    found = alice.ask("openOrders", symbol=symbol)

    check(found, list[shapes.Queried])
    assert [order["type"] for order in found] == ["LIMIT", "STOP_LOSS"]
    assert alice.ask("openOrders") == found


def test_all_orders_oldest_first(exchange: ExchangeDriver, market: str, symbol: str) -> None:
    bot = bot_of(exchange.traders(market, 1)[0])
    placed = [bot.order(symbol, "BUY", price="90", quantity="1") for _ in range(4)]
    bot.delete("openOrders", symbol=symbol)
    ids = [order["orderId"] for order in placed]

    def ids_of(**params: Any) -> list[int]:
        return [order["orderId"] for order in bot.ask("allOrders", symbol=symbol, **params)]

    check(bot.ask("allOrders", symbol=symbol), list[shapes.Queried])
    assert ids_of() == ids
    assert ids_of(limit=2) == ids[2:]
    assert ids_of(orderId=ids[1]) == ids[1:]
    assert ids_of(orderId=ids[1], limit=2) == ids[1:3]
    assert ids_of(orderId=ids[3] + 1) == []
    first, last = placed[0]["transactTime"], placed[3]["transactTime"]
    assert ids_of(startTime=first, endTime=last) == ids
    assert ids_of(startTime=last + 1) == ids_of(endTime=first - 1) == []


def test_own_trades(exchange: ExchangeDriver, market: str, symbol: str, bob: Bot) -> None:
    bot = bot_of(exchange.traders(market, 1)[0])
    rests = bot.order(symbol, "SELL", price="101", quantity="3")
    bob.order(symbol, "BUY", price="101", quantity="1")
    bob.order(symbol, "BUY", price="101", quantity="2")
    bob.order(symbol, "BUY", price="99", quantity="1")
    takes = bot.order(symbol, "SELL", price="99", quantity="1")

    found = bot.ask("myTrades", symbol=symbol)

    check(found, list[shapes.MyTrade])
    assert [trade["qty"] for trade in found] == ["1.00000000", "2.00000000", "1.00000000"]
    assert [trade["isMaker"] for trade in found] == [True, True, False]
    assert {trade["isBuyer"] for trade in found} == {False}
    assert [trade["commission"] for trade in found] == ["0.10100000", "0.20200000", "0.19800000"]
    ids = [trade["id"] for trade in found]

    def ids_of(**params: Any) -> list[int]:
        return [trade["id"] for trade in bot.ask("myTrades", symbol=symbol, **params)]

    assert ids_of(orderId=rests["orderId"]) == ids[:2]
    assert ids_of(orderId=takes["orderId"]) == ids[2:]
    assert ids_of(fromId=ids[1]) == ids[1:]
    assert ids_of(limit=1) == ids[2:]
    assert ids_of(fromId=ids[0], limit=1) == ids[:1]
    assert ids_of(startTime=found[0]["time"]) == ids
    assert ids_of(endTime=found[0]["time"] - 1) == []
    theirs = {trade["id"] for trade in bob.ask("myTrades", symbol=symbol)}
    assert set(ids) <= theirs


# Canceling


def test_a_cancel_says_what_it_canceled(alice: Bot, symbol: str) -> None:
    order = alice.order(symbol, "BUY", price="99", quantity="1", newClientOrderId="one")

    canceled = alice.delete(
        "order", symbol=symbol, orderId=order["orderId"], newClientOrderId="cancel-one"
    )

    check(canceled, shapes.Canceled)
    assert (canceled["origClientOrderId"], canceled["clientOrderId"]) == ("one", "cancel-one")
    assert canceled["status"] == "CANCELED"


def test_a_partly_filled_order_is_canceled_with_what_it_traded(
    alice: Bot, bob: Bot, symbol: str
) -> None:
    order = alice.order(symbol, "SELL", price="101", quantity="3")
    bob.order(symbol, "BUY", price="101", quantity="1")

    canceled = alice.delete("order", symbol=symbol, orderId=order["orderId"])

    assert (canceled["executedQty"], canceled["cummulativeQuoteQty"]) == (
        "1.00000000",
        "101.00000000",
    )


def test_all_open_orders_are_canceled_and_none_is_an_error(alice: Bot, symbol: str) -> None:
    placed = [alice.order(symbol, "BUY", price="99", quantity="1") for _ in range(3)]

    canceled = alice.delete("openOrders", symbol=symbol)

    check(canceled, list[shapes.Canceled])
    assert [each["orderId"] for each in canceled] == [each["orderId"] for each in placed]
    assert refused(alice.send("DELETE", "openOrders", symbol=symbol)) == (
        400,
        -2011,
        "Unknown order sent.",
    )


@pytest.mark.parametrize(
    ("restriction", "is_taken"), [("ONLY_NEW", True), ("ONLY_PARTIALLY_FILLED", False)]
)
def test_a_cancel_may_be_restricted(
    alice: Bot, symbol: str, restriction: str, is_taken: bool
) -> None:
    order = alice.order(symbol, "BUY", price="99", quantity="1")

    response = alice.send(
        "DELETE", "order", symbol=symbol, orderId=order["orderId"], cancelRestrictions=restriction
    )

    if is_taken:
        assert alice.done(response)["status"] == "CANCELED"
    else:
        text = "Order was not canceled due to cancel restrictions."
        assert refused(response) == (400, -2011, text)


# Replacing and amending


REPLACE = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "98"}


def test_an_order_is_replaced(alice: Bot, symbol: str) -> None:
    order = alice.order(symbol, "BUY", price="99", quantity="1")

    answer = alice.post(
        "order/cancelReplace",
        symbol=symbol,
        **REPLACE,
        cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=order["orderId"],
    )

    check(answer, shapes.Replacement)
    assert answer["cancelResponse"]["orderId"] == order["orderId"]
    assert answer["newOrderResponse"]["price"] == "98.00000000"


@pytest.mark.parametrize(
    ("mode", "price", "there", "expected"),
    [
        ("STOP_ON_FAILURE", "98", False, (400, -2022, "FAILURE", "NOT_ATTEMPTED")),
        ("STOP_ON_FAILURE", "98.001", True, (409, -2021, "SUCCESS", "FAILURE")),
        ("ALLOW_FAILURE", "98", False, (409, -2021, "FAILURE", "SUCCESS")),
        ("ALLOW_FAILURE", "98.001", False, (400, -2022, "FAILURE", "FAILURE")),
    ],
)
def test_what_comes_of_a_replacement_that_fails(
    alice: Bot, symbol: str, mode: str, price: str, there: bool, expected: tuple[Any, ...]
) -> None:
    order = alice.order(symbol, "BUY", price="99", quantity="1")
    params: dict[str, Any] = {
        **REPLACE,
        "price": price,
        "cancelReplaceMode": mode,
        "symbol": symbol,
    }
    params["cancelOrderId"] = order["orderId"] if there else order["orderId"] + 1

    response = alice.send("POST", "order/cancelReplace", **params)

    body = response.json()
    data = body["data"]
    assert (response.status_code, body["code"]) == expected[:2]
    assert (data["cancelResult"], data["newOrderResult"]) == expected[2:]
    if data["cancelResult"] == "FAILURE":
        assert data["cancelResponse"] == {"code": -2011, "msg": "Unknown order sent."}
    if data["newOrderResult"] == "FAILURE":
        check(data["newOrderResponse"], shapes.Refusal)
    if data["newOrderResult"] == "NOT_ATTEMPTED":
        assert data["newOrderResponse"] is None


def test_less_keeps_the_place_and_more_is_refused(alice: Bot, symbol: str) -> None:
    order = alice.order(symbol, "BUY", price="99", quantity="2")
    wanted = {"symbol": symbol, "orderId": order["orderId"]}

    amended = alice.done(alice.send("PUT", "order/amend/keepPriority", **wanted, newQty="1"))

    check(amended, shapes.Amendment)
    assert amended["amendedOrder"]["qty"] == "1.00000000"
    for quantity, text in (
        ("1", "The requested action would change no state; rejecting."),
        ("3", "Order amend (quantity increase) is not supported."),
    ):
        response = alice.send("PUT", "order/amend/keepPriority", **wanted, newQty=quantity)
        assert refused(response) == (400, -2038, text)


# Trying


def test_a_test_places_nothing(alice: Bot, symbol: str) -> None:
    params: dict[str, Any] = {"symbol": symbol, "side": "BUY", "type": "LIMIT"}
    params["timeInForce"] = "GTC"

    assert alice.post("order/test", **params, price="99", quantity="1") == {}
    assert refused(alice.send("POST", "order/test", **params, price="99.001", quantity="1")) == (
        400,
        -1013,
        "Filter failure: PRICE_FILTER",
    )
    assert alice.ask("openOrders", symbol=symbol) == []
