"""Orders in the dialect: every type, every answer, in the exchange's own book and by its own rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.binance import shapes
from tests.binance.shapes import check
from tests.drivers.bot import Bot, refused
from tests.drivers.exchange import ExchangeDriver, Trader

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
    bots = [make(trader) for trader in exchange.traders(market, 2)]
    alice, bob = bots
    symbol = market.replace("-", "")
    alice.order(symbol, "SELL", price="100", quantity="1")
    bob.order(symbol, "BUY", price="100", quantity="1")
    waiting = alice.order(symbol, side, type_, quantity="1", stopPrice=stop)
    opposite = "BUY" if side == "SELL" else "SELL"
    bob.order(symbol, opposite, price=offered, quantity="1")

    trader = exchange.traders(market, 1)[0]
    maker = make(trader)
    maker.order(symbol, "SELL" if opposite == "BUY" else "BUY", price=stop, quantity="0.5")
    bob.order(symbol, opposite, price=stop, quantity="0.5")

    found = alice.ask("order", symbol=symbol, orderId=waiting["orderId"])
    assert (found["status"], found["isWorking"]) == ("FILLED", True)


def make(trader: Trader) -> Bot:
    from tests.binance.conftest import bot_of

    return bot_of(trader)


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
    bot = make(exchange.traders(market, 1)[0])
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
    bot = make(exchange.traders(market, 1)[0])
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
