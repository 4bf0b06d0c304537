"""Whatever Hypothesis thinks of: never a 500, every error has a code and a message, the connection stays."""

import json
import string
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from markets.problems import STATUSES
from tests.api.shapes import refusal
from tests.drivers.exchange import ExchangeDriver, Trader
from tests.drivers.sockets import Socket, error_of

pytestmark = pytest.mark.usefixtures("both_lanes")

FEW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["BTC-USD", "buy", "limit", "1.5", "-0", "1e5", "orders", "book", "\x00", "\U0010ffff"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**60), 10**60)
    | st.floats()
    | TEXTS
    | st.decimals(allow_nan=False, allow_infinity=False).map(str)
)
FIELDS = """market side type price quantity time_in_force client_order_id post_only stop_price
self_trade_prevention channel channels markets interval from_sequence key id orders"""
NAMES = TEXTS | st.sampled_from(FIELDS.split())
JSONS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
VERBS = """login submit_order submit_orders amend_order cancel_order cancel_all cancel_all_after
subscribe unsubscribe resync ping"""
METHODS = st.sampled_from(VERBS.split())


@pytest.fixture(scope="module")
def trading(alice: Trader) -> Iterator[Socket]:
    with alice.socket() as socket:
        yield socket


@pytest.fixture(scope="module")
def public(exchange: ExchangeDriver) -> Iterator[Socket]:
    with exchange.market_data() as socket:
        yield socket


@pytest.fixture(params=["trading", "public"])
def socket(request: pytest.FixtureRequest) -> Socket:
    """Each of the sockets."""
    found: Socket = request.getfixturevalue(request.param)
    return found


def answered(socket: Socket, frame: str | bytes) -> dict[str, Any]:
    """Send a frame; its answer, which is right in itself, and the connection lives."""
    socket.kept.clear()
    answer = socket.say(frame)
    if not answer["success"]:
        error = error_of(answer)
        assert error["code"] in STATUSES.keys() - {"internal_error"}, error
        assert len(error["message"]) < 2000
    assert socket.ask("ping")
    return answer


@given(frame=st.text(max_size=200) | st.binary(max_size=200))
@FEW
def test_any_frame(socket: Socket, frame: str | bytes) -> None:
    answered(socket, frame)


@given(frame=JSONS)
@example(frame={"method": "ping", "req_id": 10**50})
@FEW
def test_any_json_frame(socket: Socket, frame: object) -> None:
    answered(socket, json.dumps(frame))


@given(method=METHODS | TEXTS, params=JSONS, req_id=st.integers(-(2**53), 2**53) | TEXTS)
@FEW
def test_any_request(socket: Socket, method: str, params: object, req_id: int | str) -> None:
    answer = answered(socket, json.dumps({"method": method, "params": params, "req_id": req_id}))

    no_json = not answer["success"] and "not JSON" in answer["error"]["message"]  # NaN, Infinity
    assert answer["req_id"] == (None if no_json else req_id)


@given(method=METHODS, params=st.dictionaries(NAMES, JSONS, max_size=5))
@FEW
def test_any_params(socket: Socket, method: str, params: dict[str, Any]) -> None:
    answered(socket, json.dumps({"method": method, "params": params, "req_id": 1}))


ORDERS = st.fixed_dictionaries(
    {
        "market": st.just("MARKET") | JSONS,
        "side": st.sampled_from(["buy", "sell"]) | JSONS,
        "quantity": st.integers(-1, 3) | st.decimals(-1, 10**12, places=3).map(str) | JSONS,
    },
    optional={
        "price": st.integers(-1, 200) | st.decimals(-1, 10**12, places=3).map(str) | JSONS,
        "type": st.sampled_from(["limit", "market", "stop"]) | JSONS,
        "time_in_force": st.sampled_from(["gtc", "ioc", "fok", "gtd"]) | JSONS,
        "post_only": st.booleans() | JSONS,
        "client_order_id": st.text(string.ascii_letters, min_size=1, max_size=2) | JSONS,
        "self_trade_prevention": st.sampled_from(["cancel_oldest", "decrement"]) | JSONS,
    },
)


@given(order=ORDERS)
@FEW
def test_any_order(alice: Trader, market: str, order: dict[str, Any]) -> None:
    if order["market"] == "MARKET":
        order["market"] = market

    response = alice.http.post(
        "orders", content=json.dumps(order), headers={"Content-Type": "application/json"}
    )

    if not response.is_success:
        assert refusal(response)[0] in (400, 404, 409, 422)
        assert len(response.content) < 5000
    else:
        assert response.status_code in (200, 201)


@given(orders=st.lists(ORDERS | JSONS, max_size=5))
@settings(FEW, max_examples=30)
def test_any_batch(alice: Trader, market: str, orders: list[Any]) -> None:
    for order in orders:
        if isinstance(order, dict) and order.get("market") == "MARKET":
            order["market"] = market

    response = alice.http.post(
        "orders/batch",
        content=json.dumps({"orders": orders}),
        headers={"Content-Type": "application/json"},
    )

    sent = response.request.content.decode()
    if response.status_code == 400 and ("Infinity" in sent or "NaN" in sent):
        assert refusal(response)[:2] == (400, "invalid_request")  # not JSON at all
    elif orders:
        results = response.json()["results"]
        assert len(results) == len(orders)
        assert {result["status"] for result in results} <= {200, 201, 400, 404, 409, 422}
    else:
        assert response.status_code == 400


@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "DELETE"]),
    path=st.sampled_from(
        ["orders", "orders/1", "orders/by-client-id/x", "orders/batch", "fills", "api-keys/1"]
    ),
    query=st.dictionaries(NAMES, TEXTS, max_size=2),
    body=JSONS,
)
@settings(FEW, max_examples=60)
def test_any_query_and_body(
    alice: Trader, method: str, path: str, query: dict[str, str], body: object
) -> None:
    if path == "api-keys/1":
        method = "DELETE"
    response = alice.http.request(
        method,
        path,
        params=query,
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )

    if not response.is_success:
        assert refusal(response)[0] < 500
