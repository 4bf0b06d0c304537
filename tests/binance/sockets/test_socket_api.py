"""The WebSocket API answers each method as REST does, by its id, and knows who asks."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from markets import known_keys
from markets.models import ApiKey
from markets.signing_keys import make_ed25519_key
from tests.binance import shapes
from tests.binance.sockets.test_stream_requests import IDS, JUNK
from tests.binance.sockets.wire import Api, api_of, name_of, rest
from tests.drivers.exchange import ExchangeDriver, Trader


@pytest.fixture(scope="module")
def market(exchange: ExchangeDriver) -> str:
    return exchange.new_market()


@pytest.fixture(scope="module")
def symbol(market: str) -> str:
    return name_of(market)


@pytest.fixture(scope="module")
def people(exchange: ExchangeDriver, market: str) -> tuple[Trader, Trader]:
    """Two who have traded, and whose orders rest."""
    alice, bob = exchange.traders(market)
    alice.place(market, "buy", "5", price="10")
    bob.place(market, "sell", "2", price="10")
    bob.place(market, "sell", "5", price="12")
    exchange.settle(market)
    return alice, bob


@pytest.fixture(scope="module")
def api(people: tuple[Trader, Trader]) -> Iterator[Api]:
    """Alice's connection, which must outlive this chapter."""
    with api_of(people[0]) as socket:
        yield socket
        assert socket.ask("ping") == {}


def now() -> int:
    return int(time.time() * 1000)


PUBLIC = [
    ("exchangeInfo", "exchangeInfo", {}, ("serverTime",)),
    ("depth", "depth", {"limit": 5}, ("lastUpdateId",)),
    ("trades.recent", "trades", {"limit": 3}, ()),
    ("trades.historical", "historicalTrades", {"fromId": 0}, ()),
    ("trades.aggregate", "aggTrades", {"limit": 2}, ()),
    ("klines", "klines", {"interval": "1d", "limit": 2}, ()),
    ("uiKlines", "uiKlines", {"interval": "1d"}, ()),
    ("avgPrice", "avgPrice", {}, ()),
    ("ticker.24hr", "ticker/24hr", {}, ("openTime", "closeTime")),
    ("ticker.tradingDay", "ticker/tradingDay", {}, ("openTime", "closeTime")),
    ("ticker", "ticker", {"windowSize": "7d"}, ("openTime", "closeTime")),
    ("ticker.price", "ticker/price", {}, ()),
    ("ticker.book", "ticker/bookTicker", {}, ()),
]


@pytest.mark.parametrize(("method", "path", "params", "by_the_clock"), PUBLIC, ids=lambda x: str(x))
def test_a_public_method_is_rests(
    exchange: ExchangeDriver,
    api: Api,
    symbol: str,
    method: str,
    path: str,
    params: Any,
    by_the_clock: Any,
) -> None:
    answer = api.ask(method, symbol=symbol, **params)
    same = rest(exchange, path, symbol=symbol, **params)

    for field in by_the_clock:
        assert isinstance(answer.pop(field), int)
        same.pop(field)
    assert answer == same


def test_symbols_may_be_a_list_and_a_method_have_its_version_before_it(
    api: Api, symbol: str
) -> None:
    [price] = api.ask("v3/ticker.price", symbols=[symbol])

    assert price == {"symbol": symbol, "price": "10.00000000"}
    assert abs(api.ask("time")["serverTime"] - now()) < 5000


@pytest.mark.parametrize("request_id", IDS, ids=repr)
def test_an_id_comes_back_with_its_type(api: Api, request_id: Any) -> None:
    answer = api.say({"id": request_id, "method": "ping"})

    assert (answer["id"], type(answer["id"])) == (request_id, type(request_id))
    assert answer.keys() == {"id", "status", "result", "rateLimits"}
    [limit] = answer["rateLimits"]
    assert limit["rateLimitType"] == "REQUEST_WEIGHT"
    assert limit["count"] > 0


def test_rate_limits_can_be_left_out(exchange: ExchangeDriver, api: Api) -> None:
    assert "rateLimits" not in api.request("ping", returnRateLimits=False)
    with Api(exchange.ws_url, query="?returnRateLimits=false") as quiet:
        assert "rateLimits" not in quiet.request("ping")
        assert "rateLimits" in quiet.request("ping", returnRateLimits=True)


def test_an_orders_whole_life(api: Api, symbol: str) -> None:
    terms = {"symbol": symbol, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    assert api.ask_signed("order.test", **terms, quantity="1", price="9") == {}
    placed = api.ask_signed("order.place", **terms, quantity="3", price="9", newClientOrderId="a")
    assert (placed["status"], placed["clientOrderId"], placed["fills"]) == ("NEW", "a", [])
    order = {"symbol": symbol, "orderId": placed["orderId"]}
    assert api.ask_signed("order.status", **order)["origQty"] == "3.00000000"
    amended = api.ask_signed("order.amend.keepPriority", **order, newQty="2")
    assert amended["amendedOrder"]["qty"] == "2.00000000"
    replaced = api.ask_signed(
        "order.cancelReplace",
        **terms,
        quantity=1,
        price="8.0",
        cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=placed["orderId"],
    )
    assert (replaced["cancelResult"], replaced["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    new = replaced["newOrderResponse"]["orderId"]
    assert new in {row["orderId"] for row in api.ask_signed("openOrders.status", symbol=symbol)}
    canceled = api.ask_signed("order.cancel", symbol=symbol, orderId=new)
    assert canceled["status"] == "CANCELED"
    assert len(api.ask_signed("allOrders", symbol=symbol)) == 3
    assert api.ask_signed("myTrades", symbol=symbol)[0]["qty"] == "2.00000000"


def test_a_canceled_order_of_a_list_is_answered_by_the_list(api: Api, symbol: str) -> None:
    placed = api.ask_signed(
        "orderList.place.oco",
        symbol=symbol,
        side="BUY",
        quantity="1",
        aboveType="STOP_LOSS",
        aboveStopPrice="13",
        belowType="LIMIT_MAKER",
        belowPrice="9",
    )
    order = placed["orders"][0]["orderId"]

    canceled = api.ask_signed("order.cancel", symbol=symbol, orderId=order)

    shapes.check(canceled, shapes.CanceledList)
    assert canceled["orderListId"] == placed["orderListId"]
    assert canceled["listStatusType"] == "ALL_DONE"
    assert [report["status"] for report in canceled["orderReports"]] == ["CANCELED"] * 2


def test_a_numbers_text_is_what_is_signed_and_read(api: Api, symbol: str) -> None:
    params = api.signed(
        symbol=symbol, side="BUY", type="LIMIT", timeInForce="GTC", quantity=2, price=7.0
    )

    placed = api.ask("order.place", **params)

    assert (placed["price"], placed["origQty"]) == ("7.00000000", "2.00000000")
    api.ask_signed("openOrders.cancelAll", symbol=symbol)
    assert api.refused("openOrders.cancelAll", **api.signed(symbol=symbol))[:2] == (400, -2011)


def test_an_order_says_how_many_there_were(api: Api, symbol: str) -> None:
    params = api.signed(symbol=symbol, side="BUY", type="MARKET", quoteOrderQty="24")

    answer = api.request("order.place", **params)

    assert answer["result"]["status"] == "FILLED"
    assert [fill["qty"] for fill in answer["result"]["fills"]] == ["2.00000000"]
    kinds = [limit["rateLimitType"] for limit in answer["rateLimits"]]
    assert kinds == ["ORDERS", "ORDERS", "REQUEST_WEIGHT"]
    [ten_seconds, _] = api.ask_signed("account.rateLimits.orders")
    assert ten_seconds["count"] >= 1


def test_a_refused_replacement_says_what_came_of_both(api: Api, symbol: str) -> None:
    params = api.signed(
        symbol=symbol,
        side="BUY",
        type="LIMIT",
        timeInForce="GTC",
        quantity="1",
        price="9",
        cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=1,
    )

    answer = api.request("order.cancelReplace", **params)

    assert (answer["status"], answer["error"]["code"]) == (400, -2022)
    assert answer["error"]["data"]["newOrderResult"] == "NOT_ATTEMPTED"


def test_balances_and_fees(api: Api, symbol: str) -> None:
    account = api.ask_signed("account.status", omitZeroBalances=True)
    fees = api.ask_signed("account.commission", symbol=symbol)

    assert {row["asset"] for row in account["balances"]} == {symbol[:-3], "USD"}
    assert fees["symbol"] == symbol


# Who asks


def test_what_is_wrong_with_a_signature(api: Api, people: Any, symbol: str) -> None:
    good = api.signed(symbol=symbol)
    late = {**good, "timestamp": now() - 60_000}

    assert api.refused("openOrders.status", symbol=symbol)[1] == -1102
    assert api.refused("openOrders.status", **{**good, "signature": "0" * 64})[:2] == (400, -1022)
    assert api.refused("openOrders.status", **late)[1] == -1022
    assert api.refused("openOrders.status", **{**good, "apiKey": "x" * 64})[:2] == (401, -2015)
    assert api.refused("openOrders.status", **{**good, "apiKey": "no key"})[:2] == (401, -2014)
    with api_of(people[0], can_trade=False) as reader:
        params = reader.signed(symbol=symbol)
        assert reader.ask("openOrders.status", **params) == []
        assert reader.refused("openOrders.cancelAll", **params)[:2] == (401, -2015)


def test_a_session_needs_no_signatures(people: Any, symbol: str) -> None:
    with api_of(people[0]) as socket:
        before = socket.ask("session.status")
        assert (before["apiKey"], before["authorizedSince"]) == (None, None)

        session = socket.ask_signed("session.logon")

        assert session["apiKey"] == socket.key
        assert now() - session["authorizedSince"] < 5000
        assert socket.ask("openOrders.status", symbol=symbol, timestamp=now()) == []
        assert socket.refused("openOrders.status", symbol=symbol)[1] == -1102
        assert socket.refused("openOrders.status", symbol=symbol, timestamp=1)[1] == -1021
        out = socket.ask("session.logout")
        assert (out["apiKey"], out["userDataStream"]) == (None, False)
        assert socket.refused("openOrders.status", symbol=symbol, timestamp=now())[1] == -1102


def test_a_session_by_ed25519(exchange: ExchangeDriver, people: Any, symbol: str) -> None:
    private = Ed25519PrivateKey.generate()
    public = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    _, key = make_ed25519_key(people[0].account, public)
    params = {"apiKey": key, "timestamp": now()}
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))

    with Api(exchange.ws_url) as socket:
        signature = base64.b64encode(private.sign(payload.encode())).decode()
        assert socket.ask("session.logon", **params, signature=signature)["apiKey"] == key
        assert socket.ask("order.test", **_an_order(symbol), timestamp=now()) == {}


def _an_order(symbol: str) -> dict[str, str]:
    return {
        "symbol": symbol,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": "5",
    }


def test_a_session_ends_with_its_key(people: Any, symbol: str) -> None:
    with api_of(people[0]) as socket:
        socket.ask_signed("session.logon")

        known_keys.revoke(list(ApiKey.objects.filter(key_id=socket.key)))

        refused = socket.refused("openOrders.status", symbol=symbol, timestamp=now())
        assert refused[:2] == (401, -2015)


# What is no request


@pytest.mark.parametrize(
    ("frame", "status", "code"),
    [
        ("{", 400, -1135),
        ("[]", 400, -1135),
        (b"binary", 400, -1135),
        ({"id": 1}, 400, -1130),
        ({"id": 1, "method": ""}, 400, -1130),
        ({"id": 1, "method": "ping", "params": []}, 400, -1130),
        ({"id": {}, "method": "ping"}, 400, -1130),
        ({"id": 1, "method": "nothing"}, 404, -1020),
        ({"id": 1, "method": "depth"}, 400, -1102),
        ({"id": 1, "method": "depth", "params": {"symbol": "NOBODY"}}, 400, -1121),
        ({"id": 1, "method": "session.logon"}, 400, -1102),
        ({"id": 1, "method": "userDataStream.subscribe"}, 401, -2015),
        ({"id": 1, "method": "userDataStream.subscribe.signature"}, 400, -1102),
        (
            {"id": 1, "method": "userDataStream.unsubscribe", "params": {"subscriptionId": 7}},
            400,
            -1130,
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_is_wrong_is_answered_with_an_error(
    api: Api, frame: Any, status: int, code: int
) -> None:
    answer = api.say(frame)

    assert (answer["status"], answer["error"]["code"]) == (status, code)
    assert answer["error"]["msg"]
    assert "result" not in answer


NAMES = st.sampled_from(["depth", "klines", "order.place", "order.status", "session.logon", "x"])
PARAMS = st.dictionaries(
    st.sampled_from(
        ["symbol", "limit", "interval", "apiKey", "signature", "timestamp", "orderId", "fromId"]
    ),
    JUNK | st.integers(-(2**70), 2**70) | st.text(max_size=5),
)
REQUESTS = st.fixed_dictionaries(
    {}, optional={"method": NAMES | JUNK, "params": PARAMS, "id": JUNK}
)


@given(frame=REQUESTS | JUNK)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_frame_is_answered_and_none_is_a_defect(api: Api, frame: Any) -> None:
    answer = api.say(json.dumps(frame))

    assert {"id", "status"} <= answer.keys()
    if answer["status"] != 200:
        assert answer["error"].keys() >= {"code", "msg"}
        assert answer["error"]["code"] != -1000
