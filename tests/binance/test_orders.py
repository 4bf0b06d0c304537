"""Orders in the dialect: every type, every answer, in the exchange's own book and by its own rules."""

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


# Answers


def test_a_limit_order_is_answered_in_full(alice: Bot, symbol: str) -> None:
    order = alice.order(symbol, "BUY", price="99", quantity="2", newClientOrderId="first")

    check(order, shapes.Full)
    assert order["symbol"] == symbol
    assert order["clientOrderId"] == "first"
    assert (order["price"], order["origQty"]) == ("99.00000000", "2.00000000")
    assert (order["status"], order["executedQty"], order["fills"]) == ("NEW", "0.00000000", [])


@pytest.mark.parametrize(
    ("response", "shape"),
    [("ACK", shapes.Ack), ("RESULT", shapes.Result), ("FULL", shapes.Full)],
)
def test_a_client_says_how_much_it_wants_to_hear(
    alice: Bot, symbol: str, response: str, shape: Any
) -> None:
    check(alice.order(symbol, "BUY", price="99", quantity="1", newOrderRespType=response), shape)


@pytest.mark.parametrize(
    ("type_", "params", "shape"),
    [
        ("LIMIT_MAKER", {"price": "99"}, shapes.Ack),
        ("STOP_LOSS", {"stopPrice": "120"}, shapes.Ack),
        ("STOP_LOSS_LIMIT", {"stopPrice": "120", "price": "121", "timeInForce": "GTC"}, shapes.Ack),
        ("TAKE_PROFIT", {"stopPrice": "80"}, shapes.Ack),
        ("TAKE_PROFIT_LIMIT", {"stopPrice": "80", "price": "81", "timeInForce": "GTC"}, shapes.Ack),
    ],
)
def test_other_types_are_acknowledged_by_default(
    alice: Bot, symbol: str, type_: str, params: dict[str, str], shape: Any
) -> None:
    order = alice.order(symbol, "BUY", type_, quantity="1", **params)

    check(order, shape)
    found = alice.ask("order", symbol=symbol, orderId=order["orderId"])
    check(found, shapes.Queried)
    assert (found["type"], found["status"]) == (type_, "NEW")
    assert found["isWorking"] is (type_ == "LIMIT_MAKER")
    assert (found["workingTime"] == -1) is (type_ != "LIMIT_MAKER")


def test_a_body_is_the_same_as_a_query(alice: Bot, symbol: str) -> None:
    params: dict[str, Any] = {"symbol": symbol, "side": "BUY", "type": "LIMIT"}
    params["timeInForce"] = "GTC"
    response = alice.send("POST", "order", body=True, **params, price="99", quantity="1")

    check(alice.done(response), shapes.Full)
    order_id = response.json()["orderId"]
    check(
        alice.done(alice.send("DELETE", "order", body=True, symbol=symbol, orderId=order_id)),
        shapes.Canceled,
    )


def test_parameters_may_be_mixed_and_the_querys_count(alice: Bot, symbol: str) -> None:
    query = f"symbol={symbol}&side=BUY&price=98"
    body = "type=LIMIT&timeInForce=GTC&price=97&quantity=1&recvWindow=5000&timestamp="
    body += str(alice.public("time")["serverTime"])
    signature = alice.sign(query + body)

    response = alice.http.post(
        f"/api/v3/order?{query}",
        content=f"{body}&signature={signature}",
        headers={"X-MBX-APIKEY": alice.key},
    )

    assert alice.done(response)["price"] == "98.00000000"


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_the_type_of_an_empty_body_does_not_matter(
    alice: Bot, symbol: str, content_type: str
) -> None:
    form = alice.signed({"symbol": symbol, "side": "BUY", "type": "MARKET", "quantity": "1"})
    headers = {"X-MBX-APIKEY": alice.key, "Content-Type": content_type}

    assert alice.done(alice.http.post(f"/api/v3/order/test?{form}", headers=headers)) == {}
    assert alice.done(alice.http.get("/api/v3/ping", headers=headers)) == {}


# Trading


def test_a_market_order_is_answered_with_its_fills(alice: Bot, bob: Bot, symbol: str) -> None:
    alice.order(symbol, "SELL", price="101", quantity="1")
    alice.order(symbol, "SELL", price="102", quantity="2")

    order = bob.order(symbol, "BUY", "MARKET", quantity="2")

    check(order, shapes.Full)
    assert (order["status"], order["price"]) == ("FILLED", "0.00000000")
    assert order["cummulativeQuoteQty"] == "203.00000000"
    assert [(fill["price"], fill["qty"]) for fill in order["fills"]] == [
        ("101.00000000", "1.00000000"),
        ("102.00000000", "1.00000000"),
    ]
    assert [fill["commission"] for fill in order["fills"]] == ["0.00200000", "0.00200000"]


def test_a_market_order_spends_an_amount(alice: Bot, bob: Bot, symbol: str) -> None:
    alice.order(symbol, "SELL", price="101", quantity="5")

    order = bob.order(symbol, "BUY", "MARKET", quoteOrderQty="250")

    assert order["executedQty"] == order["origQty"] == "2.47500000"
    assert order["origQuoteOrderQty"] == "250.00000000"
    assert Decimal(order["cummulativeQuoteQty"]) <= 250


@pytest.mark.parametrize(
    ("type_", "params", "executed"),
    [
        ("LIMIT", {"price": "101", "timeInForce": "IOC"}, "1.00000000"),
        ("LIMIT", {"price": "101", "timeInForce": "FOK"}, "0.00000000"),
        ("MARKET", {}, "1.00000000"),
    ],
)
def test_what_cannot_rest_expires(
    alice: Bot, bob: Bot, symbol: str, type_: str, params: dict[str, str], executed: str
) -> None:
    alice.order(symbol, "SELL", price="101", quantity="1")

    order = bob.order(symbol, "BUY", type_, quantity="3", **params)

    assert (order["status"], order["executedQty"]) == ("EXPIRED", executed)


def test_an_order_that_meets_its_own_expires_in_match(alice: Bot, symbol: str) -> None:
    alice.order(symbol, "SELL", price="101", quantity="1")

    order = alice.order(symbol, "BUY", price="101", quantity="1")

    assert order["status"] == "EXPIRED_IN_MATCH"
    assert order["selfTradePreventionMode"] == "EXPIRE_TAKER"


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("NONE", "EXPIRE_TAKER"),
        ("EXPIRE_TAKER", "EXPIRE_TAKER"),
        ("EXPIRE_MAKER", "EXPIRE_MAKER"),
        ("EXPIRE_BOTH", "EXPIRE_BOTH"),
        ("DECREMENT", "DECREMENT"),
    ],
)
def test_every_mode_of_self_trade_prevention(alice: Bot, symbol: str, mode: str, said: str) -> None:
    order = alice.order(symbol, "BUY", price="90", quantity="1", selfTradePreventionMode=mode)

    assert order["selfTradePreventionMode"] == said


def test_an_iceberg_shows_a_part(exchange: ExchangeDriver, alice: Bot, symbol: str) -> None:
    order = alice.order(symbol, "SELL", price="110", quantity="10", icebergQty="2")
    exchange.settle(symbol.replace("USD", "-USD"))

    assert order["icebergQty"] == "2.00000000"
    assert ["110.00000000", "2.00000000"] in alice.public("depth", symbol=symbol)["asks"]


@pytest.mark.parametrize(
    ("side", "type_", "stop", "offered"),
    [
        ("SELL", "STOP_LOSS", "95", "94"),
        ("BUY", "STOP_LOSS", "105", "106"),
        ("SELL", "TAKE_PROFIT", "105", "94"),
        ("BUY", "TAKE_PROFIT", "95", "101"),
    ],
)
def test_a_stop_trades_when_the_price_gets_there(
    exchange: ExchangeDriver, side: str, type_: str, stop: str, offered: str
) -> None:
    market = exchange.new_market("0.01", "0.001")
    bots = [bot_of(trader) for trader in exchange.traders(market, 2)]
    alice, bob = bots
    symbol = market.replace("-", "")
    alice.order(symbol, "SELL", price="100", quantity="1")
    bob.order(symbol, "BUY", price="100", quantity="1")
    waiting = alice.order(symbol, side, type_, quantity="1", stopPrice=stop)
    opposite = "BUY" if side == "SELL" else "SELL"
    bob.order(symbol, opposite, price=offered, quantity="1")

    trader = exchange.traders(market, 1)[0]
    maker = bot_of(trader)
    maker.order(symbol, "SELL" if opposite == "BUY" else "BUY", price=stop, quantity="0.5")
    bob.order(symbol, opposite, price=stop, quantity="0.5")

    found = alice.ask("order", symbol=symbol, orderId=waiting["orderId"])
    assert (found["status"], found["isWorking"]) == ("FILLED", True)


# Names


def test_an_order_without_a_name_is_called_by_its_id(alice: Bot, symbol: str) -> None:
    order = alice.order(symbol, "BUY", price="99", quantity="1")
    name = f"id-{order['orderId']}"

    assert order["clientOrderId"] == name
    found = alice.ask("order", symbol=symbol, origClientOrderId=name)
    assert found["orderId"] == order["orderId"]
    canceled = alice.delete("order", symbol=symbol, origClientOrderId=name)
    assert canceled["origClientOrderId"] == name


def test_a_name_is_taken_while_its_order_is_open(alice: Bot, symbol: str) -> None:
    params: dict[str, Any] = {"symbol": symbol, "side": "BUY", "type": "LIMIT"}
    params |= {"timeInForce": "GTC"}
    params |= {"price": "99", "quantity": "1", "newClientOrderId": "taken"}
    alice.post("order", **params)

    for again in (params, {**params, "price": "98"}):
        assert refused(alice.send("POST", "order", **again)) == (
            400,
            -2010,
            "Duplicate order sent.",
        )


def test_a_name_is_taken_again_when_its_order_has_ended(alice: Bot, symbol: str) -> None:
    ids = []
    for price in ("99", "98", "98", "97"):
        order = alice.order(symbol, "BUY", price=price, quantity="1", newClientOrderId="a/gain:1")
        ids.append(order["orderId"])
        assert order["clientOrderId"] == "a/gain:1"
        found = alice.ask("order", symbol=symbol, origClientOrderId="a/gain:1")
        assert found["orderId"] == order["orderId"], "the last one is meant"
        canceled = alice.delete("order", symbol=symbol, origClientOrderId="a/gain:1")
        assert canceled["orderId"] == order["orderId"]

    assert len(set(ids)) == 4
    assert refused(alice.send("DELETE", "order", symbol=symbol, origClientOrderId="a/gain:1")) == (
        400,
        -2011,
        "Unknown order sent.",
    )


def test_names_of_accounts_do_not_meet(alice: Bot, bob: Bot, symbol: str) -> None:
    for bot in (alice, bob):
        bot.order(symbol, "BUY", price="99", quantity="1", newClientOrderId="mine")

    assert refused(bob.send("GET", "order", symbol=symbol, origClientOrderId="yours")) == (
        400,
        -2013,
        "Order does not exist.",
    )
