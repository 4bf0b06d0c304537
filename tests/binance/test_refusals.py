"""Every refusal has the dialect's status, code and exact text: clients match them."""

from __future__ import annotations

from typing import Any

import pytest

from markets.binance import errors
from markets.matching.types import RejectReason
from markets.problems import STATUSES
from tests.drivers.bot import Bot, refused
from tests.drivers.exchange import ExchangeDriver

pytestmark = pytest.mark.usefixtures("clean")

LIMIT: dict[str, Any] = {
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "price": "99",
    "quantity": "1",
}
ILLEGAL = "Illegal characters found in parameter '{}'; legal range is '{}'."
DECIMAL = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"


def mandatory(name: str) -> tuple[int, str]:
    return -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


def not_required(name: str) -> tuple[int, str]:
    return -1106, f"Parameter '{name}' sent when not required."


@pytest.fixture(autouse=True, scope="module")
def opening(alice: Bot, bob: Bot, symbol: str) -> None:
    """The last trade was at 100."""
    alice.order(symbol, "SELL", price="100", quantity="1")
    bob.order(symbol, "BUY", price="100", quantity="1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"symbol": None}, mandatory("symbol")),
        ({"symbol": "NOPE"}, (-1121, "Invalid symbol.")),
        ({"side": None}, mandatory("side")),
        ({"side": "buy"}, (-1117, "Invalid side.")),
        ({"type": None}, mandatory("type")),
        ({"type": "OCO"}, (-1116, "Invalid orderType.")),
        ({"timeInForce": None}, mandatory("timeInForce")),
        ({"timeInForce": "GTX"}, (-1115, "Invalid timeInForce.")),
        ({"quantity": None}, mandatory("quantity")),
        ({"quantity": ""}, mandatory("quantity")),
        ({"quantity": "one"}, (-1100, ILLEGAL.format("quantity", DECIMAL))),
        ({"quantity": "-1"}, (-1100, ILLEGAL.format("quantity", DECIMAL))),
        ({"quantity": "1e3"}, (-1100, ILLEGAL.format("quantity", DECIMAL))),
        ({"quantity": "0.000000001"}, (-1111, "Parameter 'quantity' has too much precision.")),
        ({"quantity": "0"}, (-1013, "Filter failure: LOT_SIZE")),
        ({"quantity": "0.0001"}, (-1013, "Filter failure: LOT_SIZE")),
        ({"quantity": "99999999999999999999"}, (-1013, "Filter failure: LOT_SIZE")),
        ({"price": None}, mandatory("price")),
        ({"price": "99.001"}, (-1013, "Filter failure: PRICE_FILTER")),
        ({"price": "0"}, (-1013, "Filter failure: PRICE_FILTER")),
        ({"price": "99999999999999999999"}, (-1013, "Filter failure: PRICE_FILTER")),
        ({"stopPrice": "90"}, not_required("stopPrice")),
        ({"quoteOrderQty": "90"}, not_required("quoteOrderQty")),
        ({"trailingDelta": "100"}, (-1013, "Trailing stop orders are not supported for this symbol.")),
        ({"icebergQty": "2"}, (-2010, "IcebergQty exceeds QTY.")),
        ({"icebergQty": "0.0001"}, (-1013, "Filter failure: LOT_SIZE")),
        ({"quantity": "9000", "icebergQty": "0.001"}, (-1013, "Filter failure: ICEBERG_PARTS")),
        ({"icebergQty": "0.5", "timeInForce": "IOC"}, (-1115, "Invalid timeInForce.")),
        ({"newClientOrderId": "a b"}, (-1100, ILLEGAL.format("newClientOrderId", "^[a-zA-Z0-9-_.:/]{1,36}$"))),
        ({"newClientOrderId": "a" * 37}, (-1100, ILLEGAL.format("newClientOrderId", "^[a-zA-Z0-9-_.:/]{1,36}$"))),
        ({"newClientOrderId": ""}, (-1105, "Parameter 'newClientOrderId' was empty.")),
        ({"newOrderRespType": "ALL"}, (-1130, "Data sent for parameter 'newOrderRespType' is not valid.")),
        ({"selfTradePreventionMode": "X"}, (-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.")),
        ({"type": "MARKET", "price": None, "quantity": None, "timeInForce": None}, mandatory("quantity")),
        ({"type": "MARKET", "timeInForce": None}, not_required("price")),
        ({"type": "MARKET", "price": None}, not_required("timeInForce")),
        ({"type": "MARKET", "price": None, "timeInForce": None, "quoteOrderQty": "5"}, not_required("quoteOrderQty")),
        ({"type": "LIMIT_MAKER"}, not_required("timeInForce")),
        ({"type": "STOP_LOSS", "price": None, "timeInForce": None}, mandatory("stopPrice")),
        ({"type": "TAKE_PROFIT_LIMIT"}, mandatory("stopPrice")),
    ],
)  # fmt: skip
def test_an_order_that_is_none(
    alice: Bot, symbol: str, change: dict[str, Any], said: tuple[int, str]
) -> None:
    params: dict[str, Any] = {"symbol": symbol, **LIMIT, **change}

    assert refused(alice.send("POST", "order", **params)) == (400, *said)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"quantity": "999999999"}, "Account has insufficient balance for requested action."),
        ({"type": "LIMIT_MAKER", "timeInForce": None, "price": "101"}, "Order would immediately match and take."),
        ({"type": "STOP_LOSS", "timeInForce": None, "price": None, "stopPrice": "100"}, "Order would trigger immediately."),
        ({"type": "TAKE_PROFIT", "timeInForce": None, "price": None, "stopPrice": "100"}, "Order would trigger immediately."),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "99"}, "Order would trigger immediately."),
        ({"type": "TAKE_PROFIT_LIMIT", "stopPrice": "101"}, "Order would trigger immediately."),
    ],
)  # fmt: skip
def test_an_order_that_the_market_does_not_take(
    alice: Bot, bob: Bot, symbol: str, change: dict[str, Any], text: str
) -> None:
    bob.order(symbol, "SELL", price="101", quantity="1")
    params: dict[str, Any] = {"symbol": symbol, **LIMIT, **change}

    assert refused(alice.send("POST", "order", **params)) == (400, -2010, text)
    assert alice.ask("openOrders", symbol=symbol) == []


def test_a_market_with_more_rules(exchange: ExchangeDriver) -> None:
    from tests.binance.conftest import bot_of

    market = exchange.new_market("0.01", "0.001", min_notional="10", price_band="0.1")
    bot = bot_of(exchange.traders(market, 1)[0])
    other = bot_of(exchange.traders(market, 1)[0])
    symbol = market.replace("-", "")
    other.order(symbol, "SELL", price="100", quantity="1")
    bot.order(symbol, "BUY", price="100", quantity="1")

    def said(**change: Any) -> tuple[int, int, str]:
        return refused(bot.send("POST", "order", symbol=symbol, **{**LIMIT, **change}))

    assert said(quantity="0.1") == (400, -1013, "Filter failure: NOTIONAL")
    assert said(price="110.01") == (400, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE")
    market_order = {"type": "MARKET", "timeInForce": None, "price": None}
    assert said(**market_order, quantity="0.001") == (400, -1013, "Filter failure: NOTIONAL")
    spent = said(**market_order, quantity=None, quoteOrderQty="5")
    assert spent == (400, -1013, "Filter failure: NOTIONAL")


@pytest.mark.parametrize("status", ["halted", "closed"])
def test_a_market_that_is_not_open(exchange: ExchangeDriver, status: str) -> None:
    from tests.binance.conftest import bot_of

    market = exchange.new_market("0.01", "0.001")
    bot = bot_of(exchange.traders(market, 1)[0])
    symbol = market.replace("-", "")
    exchange.set_status(market, status)

    assert refused(bot.send("POST", "order", symbol=symbol, **LIMIT)) == (
        400,
        -2010,
        "Market is closed.",
    )
    (found,) = bot.public("exchangeInfo", symbol=symbol)["symbols"]
    assert found["status"] == {"halted": "HALT", "closed": "BREAK"}[status]


def test_orders_that_an_auction_does_not_take(exchange: ExchangeDriver) -> None:
    from tests.binance.conftest import bot_of

    market = exchange.new_market("0.01", "0.001")
    bot = bot_of(exchange.traders(market, 1)[0])
    symbol = market.replace("-", "")
    exchange.set_status(market, "auction")

    assert bot.post("order", symbol=symbol, **LIMIT)["status"] == "NEW"
    for change in (
        {"timeInForce": "IOC"},
        {"type": "LIMIT_MAKER", "timeInForce": None},
        {"type": "MARKET", "timeInForce": None, "price": None},
    ):
        params: dict[str, Any] = {**LIMIT, **change}
        assert refused(bot.send("POST", "order", symbol=symbol, **params)) == (
            400,
            -2010,
            "Market is closed.",
        )


@pytest.mark.parametrize(
    ("method", "path", "params", "said"),
    [
        ("GET", "order", {"orderId": "1"}, (-2013, "Order does not exist.")),
        ("GET", "order", {"orderId": "9" * 19}, (-1130, "Data sent for parameter 'orderId' is not valid.")),
        ("GET", "order", {"origClientOrderId": "none"}, (-2013, "Order does not exist.")),
        ("GET", "order", {}, (-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")),
        ("DELETE", "order", {"orderId": "1"}, (-2011, "Unknown order sent.")),
        ("DELETE", "order", {"origClientOrderId": "none"}, (-2011, "Unknown order sent.")),
        ("DELETE", "order", {"origClientOrderId": "id-1"}, (-2011, "Unknown order sent.")),
        ("DELETE", "order", {}, (-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")),
        ("PUT", "order/amend/keepPriority", {"orderId": "1", "newQty": "1"}, (-2011, "Unknown order sent.")),
        ("PUT", "order/amend/keepPriority", {"orderId": "1"}, mandatory("newQty")),
        ("POST", "order/cancelReplace", LIMIT, mandatory("cancelReplaceMode")),
        ("GET", "orderList", {"orderListId": "1"}, (-2013, "Order list does not exist.")),
        ("DELETE", "orderList", {"orderListId": "1"}, (-2011, "Unknown order sent.")),
        ("DELETE", "orderList", {}, mandatory("orderListId")),
        ("GET", "myTrades", {"fromId": "1", "startTime": "1"}, (-1128, "Combination of optional parameters invalid.")),
    ],
)  # fmt: skip
def test_what_is_not_there(
    alice: Bot, symbol: str, method: str, path: str, params: dict[str, Any], said: tuple[int, str]
) -> None:
    assert refused(alice.send(method, path, symbol=symbol, **params)) == (400, *said)


def test_an_order_of_somebody_else_is_not_there(alice: Bot, bob: Bot, symbol: str) -> None:
    order = alice.order(symbol, "BUY", price="99", quantity="1")

    assert refused(bob.send("GET", "order", symbol=symbol, orderId=order["orderId"]))[1] == -2013
    assert refused(bob.send("DELETE", "order", symbol=symbol, orderId=order["orderId"]))[1] == -2011


def test_an_order_that_has_ended_cannot_be_canceled(alice: Bot, symbol: str) -> None:
    order = alice.order(symbol, "BUY", price="99", quantity="1")
    alice.delete("order", symbol=symbol, orderId=order["orderId"])

    response = alice.send("DELETE", "order", symbol=symbol, orderId=order["orderId"])

    assert refused(response) == (400, -2011, "Unknown order sent.")


# Addresses


@pytest.mark.parametrize(
    "path", ["/api/v3", "/api/v3/", "/api/v3/nope", "/api/v3/order/", "/sapi/v9/x", "/fapi/v1/time"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_what_is_at_no_address(alice: Bot, path: str, method: str) -> None:
    assert refused(alice.http.request(method, path)) == (
        404,
        -1020,
        "This operation is not supported.",
    )


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "time"), ("PUT", "order"), ("PATCH", "depth")]
)
def test_a_method_that_an_address_does_not_have(alice: Bot, method: str, path: str) -> None:
    assert refused(alice.http.request(method, f"/api/v3/{path}"))[:2] == (405, -1020)


def test_a_body_that_is_too_large(alice: Bot) -> None:
    response = alice.http.post("/api/v3/order", content=b"a=" + b"b" * 1_100_000)

    assert refused(response)[:2] == (413, -1101)


def test_too_many_parameters_and_one_given_twice(alice: Bot) -> None:
    many = "&".join(f"a{number}=1" for number in range(200))

    assert refused(alice.http.get(f"/api/v3/time?{many}"))[:2] == (400, -1101)
    assert refused(alice.http.get("/api/v3/depth?symbol=A&symbol=B"))[2] == (
        "Duplicate values for a parameter detected."
    )


# The table


def test_every_code_of_the_exchange_has_one_in_the_dialect() -> None:
    known = {*STATUSES, *RejectReason} - {"invalid_order", "method_not_allowed"}

    assert known <= set(errors.OF_PROBLEMS)


def test_a_defect_of_ours_is_answered_and_logged(
    alice: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("markets.binance.depth.depth_json", lambda *_: 1 / 0)
    symbol = alice.public("exchangeInfo")["symbols"][0]["symbol"]

    assert refused(alice.get("depth", symbol=symbol)) == (
        500,
        -1000,
        "An unknown error occurred while processing the request.",
    )
    assert "ZeroDivisionError" in caplog.text
