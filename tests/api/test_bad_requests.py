"""Whatever is wrong with a request is answered with the right code and says what would be right: never a 500,
nothing half done.
"""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from markets.models import Order
from tests.api.bad_values import AMENDABLE, MISSING, NUL, ORDER_FIELDS, SHAPE, shown
from tests.api.shapes import message, refusal
from tests.drivers.exchange import ExchangeDriver, Trader

pytestmark = pytest.mark.usefixtures("both_lanes")

STATUS = {SHAPE: 400, MISSING: 404, "invalid_order": 422}


@pytest.fixture(scope="module")
def market(exchange: ExchangeDriver) -> str:
    return exchange.new_market(tick_size="0.5", lot_size="0.01")


@pytest.fixture(scope="module")
def resting(alice: Trader, market: str) -> str:
    """An order of alice that nothing here may change."""
    order_id: str = alice.place(market, "buy", "3", price="10", client_order_id="resting")["id"]
    return order_id


@pytest.fixture
def unchanged(alice: Trader, resting: str) -> Iterator[None]:
    before = alice.order(resting), alice.http.get("balances").json(), _orders_of(alice)
    yield
    assert (alice.order(resting), alice.http.get("balances").json(), _orders_of(alice)) == before


def _orders_of(trader: Trader) -> int:
    return Order.objects.filter(account=trader.account).count()


def an_order(market: str, **fields: Any) -> dict[str, Any]:
    return {"market": market, "side": "buy", "quantity": "1", "price": "10", **fields}


def post(trader: Trader, body: object, path: str = "orders") -> httpx.Response:
    """POST JSON, in whatever way Python writes it."""
    return trader.http.post(
        path, content=json.dumps(body), headers={"Content-Type": "application/json"}
    )


# Fields


@pytest.mark.parametrize(("field", "value", "code"), ORDER_FIELDS, ids=shown)
def test_a_new_orders_bad_field_is_named(
    alice: Trader, market: str, field: str, value: object, code: str
) -> None:
    response = post(alice, {**an_order(market), field: value})

    assert refusal(response) == (STATUS[code], code, [field])
    assert message(response, field)


@pytest.mark.parametrize(("field", "value", "code"), AMENDABLE, ids=shown)
def test_an_amendments_bad_field_is_named(
    alice: Trader, resting: str, field: str, value: object, code: str
) -> None:
    response = alice.http.patch(
        f"orders/{resting}",
        content=json.dumps(
            {field: value} if field in ("price", "quantity") else {field: value, "price": 9}
        ),
        headers={"Content-Type": "application/json"},
    )

    assert refusal(response) == (STATUS[code], code, [field])


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("price", 1.5, "decimal string"),
        ("price", "1e3", "exponent"),
        ("price", "10.25", "tick_size 0.5; nearest: 10 and 10.5"),
        ("price", "0.123456789", "tick_size 0.5; nearest: 0.5"),
        ("quantity", "1.001", "lot_size 0.01; nearest: 1 and 1.01"),
        ("quantity", "0", "more than 0"),
        ("quantity", "99999999999", "max_quantity 1000000000"),
        ("side", "up", "buy, sell"),
        ("type", "iceberg", "limit, market"),
        ("time_in_force", "day", "gtc, ioc, fok"),
        ("post_only", "true", "true or false"),
        ("client_order_id", "a b", "A-Z a-z 0-9"),
        ("prize", "10", "known are: market, side"),
        ("stop_price", "10", "types stop, stop_limit and take_profit"),
        ("expires_at", "soon", "ISO 8601 time with a zone"),
        ("max_slippage", "0.1234567", "nearest: 0.123456 and 0.123457"),
    ],
)
def test_the_message_says_what_would_be_right(
    alice: Trader, market: str, field: str, value: object, says: str
) -> None:
    response = post(alice, an_order(market, **{field: value}))

    assert says in message(response, field)
    assert says in response.json()["detail"]


def test_all_that_has_the_wrong_shape_is_told_at_once(alice: Trader, market: str) -> None:
    body = {"side": "up", "price": 1.5, "flavour": "sour", "post_only": 1, "client_order_id": ""}

    status, code, fields = refusal(post(alice, body))

    assert (status, code) == (400, "invalid_request")
    assert set(fields) == {*body, "market", "quantity"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"type": "market"}, "price"),
        ({"type": "market", "price": None, "time_in_force": "gtc"}, "time_in_force"),
        ({"type": "market", "price": None, "time_in_force": "fok"}, "time_in_force"),
        ({"post_only": True, "time_in_force": "ioc"}, "post_only"),
        ({"post_only": True, "time_in_force": "fok"}, "post_only"),
        ({"post_only": True, "type": "market", "price": None}, "post_only"),
        ({"type": "stop", "price": None}, "stop_price"),
        ({"type": "stop_limit"}, "stop_price"),
        ({"type": "stop", "stop_price": "10"}, "price"),
        ({"type": "stop_limit", "stop_price": "10", "price": None}, "price"),
        ({"time_in_force": "gtd"}, "expires_at"),
        ({"time_in_force": "gtd", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"display_quantity": "100"}, "display_quantity"),
        ({"display_quantity": "1", "time_in_force": "ioc"}, "display_quantity"),
        ({"quote_quantity": "10"}, "quote_quantity"),
        ({"type": "market", "price": None, "quote_quantity": "10"}, "quote_quantity"),
        ({"max_slippage": "0.1"}, "max_slippage"),
    ],
)
def test_fields_that_do_not_go_together(
    alice: Trader, market: str, fields: dict[str, Any], field: str
) -> None:
    assert refusal(post(alice, an_order(market, **fields))) == (422, "invalid_order", [field])


def test_the_limits_of_a_market(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(min_quantity="2", max_quantity="5", min_notional="100")
    alice, _ = exchange.traders(market)

    def refused(**fields: Any) -> tuple[int, str, list[str]]:
        return refusal(post(alice, an_order(market, **fields)))

    assert refused(quantity="1", price="100") == (422, "invalid_order", ["quantity"])
    assert refused(quantity="6", price="100") == (422, "invalid_order", ["quantity"])
    assert refused(quantity="3", price="33") == (422, "invalid_order", ["quantity"])
    assert post(alice, an_order(market, quantity="2", price="50")).status_code == 201


@pytest.mark.parametrize("body", [{}, {"price": None}, {"price": None, "quantity": None}])
@pytest.mark.usefixtures("unchanged")
def test_an_amendment_of_nothing(alice: Trader, resting: str, body: dict[str, Any]) -> None:
    response = alice.http.patch(f"orders/{resting}", json=body)

    assert refusal(response) == (400, "invalid_request", ["price"])


@pytest.mark.parametrize("field", ["id", "client_order_id"])
@pytest.mark.usefixtures("unchanged")
def test_the_address_names_the_order_not_the_body(alice: Trader, resting: str, field: str) -> None:
    response = alice.http.patch(f"orders/{resting}", json={field: resting, "price": "9"})

    assert refusal(response) == (400, "invalid_request", [field])


@pytest.mark.parametrize("seconds", [None, "60", 1.5, True, -1, 86_401, 10**30, [], {}])
def test_the_dead_mans_switch_takes_whole_seconds_of_a_day(alice: Trader, seconds: object) -> None:
    response = post(alice, {"timeout_seconds": seconds}, "orders/cancel-after")

    assert refusal(response) == (400, "invalid_request", ["timeout_seconds"])
    assert alice.http.get("orders/cancel-after").json() == {"cancel_at": None}


# Addresses


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "orders/abc",
        "orders/0",
        "orders/-1",
        "orders/1.0",
        "orders/1e3",
        "orders/٣",
        "orders/" + "9" * 18,
        "orders/" + "9" * 19,
        "orders/" + "9" * 5000,
        "orders/%00",
        "orders/%ff",
        "orders/by-client-id/unheard-of",
        "orders/by-client-id/a%00b",
        "orders/by-client-id/%ff",
        "orders/by-client-id/%F0%9F%92%B0",
        "orders/by-client-id/" + "x" * 5000,
    ],
    ids=shown,
)
def test_an_order_that_cannot_be_is_not_found(alice: Trader, method: str, path: str) -> None:
    body = {"json": {"price": "1"}} if method == "PATCH" else {}

    assert refusal(alice.http.request(method, path, **body)) == (404, "not_found", [])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("orders?market=x&flavour=sour", "flavour"),
        ("orders?side=both", "side"),
        ("orders?side=", "side"),
        ("orders?side=buy&side=sell", "side"),
        ("orders?market=%00", "market"),
        ("orders/1?force=1", "force"),
        ("orders/by-client-id/x?force=1", "force"),
        ("api-keys/1?force=1", "force"),
    ],
)
@pytest.mark.usefixtures("unchanged")
def test_a_delete_with_a_query_that_makes_no_sense_deletes_nothing(
    alice: Trader, path: str, field: str
) -> None:
    assert refusal(alice.http.delete(path)) == (400, "invalid_request", [field])


@pytest.mark.parametrize(
    "path", ["/nope", "/api/v1/nope", "/api/v1/", "/api/v1/orders/", "/api/v2/time", "/%00", "/%ff"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_is_not_there_is_a_problem_too(
    exchange: ExchangeDriver, alice: Trader, method: str, path: str
) -> None:
    headers = {"Accept": "application/json"}
    response = alice.http.request(method, exchange.url + path, headers=headers)

    assert refusal(response) == (404, "not_found", [])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "orders"),
        ("PATCH", "orders"),
        ("POST", "orders/1"),
        ("PUT", "orders/1"),
        ("GET", "orders/batch"),
        ("POST", "balances"),
        ("GET", "faucet"),
        ("DELETE", "api-keys"),
        ("GET", "api-keys/1"),
        ("POST", "time"),
        ("DELETE", "markets"),
        ("PUT", "tickers"),
        ("TRACE", "orders"),
    ],
)
@pytest.mark.usefixtures("unchanged")
def test_a_method_that_an_address_does_not_have(alice: Trader, method: str, path: str) -> None:
    response = alice.http.request(method, path)

    assert refusal(response) == (405, "method_not_allowed", [])
    assert method not in response.headers["Allow"].split(", ")


def test_an_unknown_host_is_a_bad_request(exchange: ExchangeDriver) -> None:
    response = exchange.http.get("time", headers={"Host": "evil.example"})

    assert refusal(response) == (400, "invalid_request", [])


# Bodies

NOT_JSON = [
    b"",
    b" ",
    b"{",
    b"}",
    b"nonsense",
    b"{'market': 'BTC-USD'}",
    b'{"market": "BTC-USD"',
    b'{"price": NaN}',
    b'{"price": Infinity}',
    b'{"price": 1e999}',
    b'{"price": 1' + b"0" * 5000 + b"}",
    b'{"price": 01}',
    b'{"market": "\xff\xfe"}',
    b'{"market": "\\ud800"}',
    b'{"market": "\\udc00 alone"}',
    b'{"\\ud800": 1}',
    b'{"market": "a\nb"}',
    b"\xef\xbb\xbf{}",
    b'{"a": 1} {"b": 2}',
    b"[" * 10_000 + b"]" * 10_000,
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}",
]
NOT_OBJECTS = [b"null", b"true", b"1", b'"text"', b"[]", b'[{"market": "BTC-USD"}]']


@pytest.mark.parametrize("body", [*NOT_JSON[2:], *NOT_OBJECTS], ids=shown)
@pytest.mark.parametrize("path", ["orders", "orders/batch", "api-keys"])
def test_a_body_that_is_no_json_object(alice: Trader, path: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = alice.http.post(path, content=body, headers=headers)

    assert refusal(response) == (400, "invalid_request", [])
    assert "JSON" in response.json()["detail"] or "nests" in response.json()["detail"]


@pytest.mark.parametrize("body", [b"", b" ", b"{}"])
def test_an_order_of_nothing_lacks_its_fields(alice: Trader, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = alice.http.post("orders", content=body, headers=headers)

    assert refusal(response)[:2] == (400, "invalid_request")


@pytest.mark.parametrize("body", NOT_JSON[2:8] + NOT_OBJECTS, ids=shown)
@pytest.mark.usefixtures("unchanged")
def test_an_amendment_that_is_no_json_object(alice: Trader, resting: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = alice.http.patch(f"orders/{resting}", content=body, headers=headers)

    assert refusal(response) == (400, "invalid_request", [])


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "x/y/z",
    ],
)
@pytest.mark.usefixtures("unchanged")
def test_a_body_of_another_type(alice: Trader, market: str, content_type: str) -> None:
    response = alice.http.post(
        "orders",
        content=json.dumps(an_order(market)),
        headers={"Content-Type": content_type},
    )

    assert refusal(response)[:2] == (400, "invalid_request")


def test_json_with_a_charset_is_json(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)

    response = alice.http.post(
        "orders",
        content=json.dumps(an_order(market)),
        headers={"Content-Type": "Application/JSON; charset=utf-8"},
    )

    assert response.status_code == 201


def test_of_a_field_given_twice_the_last_counts(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    body = f'{{"market": "{market}", "side": "buy", "price": 1, "quantity": 1, "price": "10"}}'

    response = alice.http.post("orders", content=body, headers={"Content-Type": "application/json"})

    assert response.json()["price"] == "10"


@pytest.mark.parametrize("path", ["orders", "time", "nope"])
def test_a_body_beyond_a_mebibyte_is_too_large(alice: Trader, path: str) -> None:
    body = b'{"market": "' + b"x" * 2 * 1024 * 1024 + b'"}'

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    for content in (body, chunks()):
        response = alice.http.post(
            path, content=content, headers={"Content-Type": "application/json"}
        )
        assert refusal(response) == (413, "payload_too_large", [])


def test_a_body_of_just_under_a_mebibyte_is_read(alice: Trader) -> None:
    body = json.dumps({"market": "x" * 1_000_000, "side": "buy", "quantity": "1", "price": "1"})

    response = alice.http.post("orders", content=body, headers={"Content-Type": "application/json"})

    assert refusal(response) == (404, "not_found", ["market"])
    assert len(response.content) < 1000


@pytest.mark.parametrize("length", ["-1", "abc", "1, 2", "99999999999999999999"])
def test_a_lying_content_length_is_refused(exchange: ExchangeDriver, length: str) -> None:
    host, port = exchange.url.removeprefix("http://").split(":")
    head = f"POST /api/v1/orders HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{{}}"

    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode())
        status = connection.recv(65_536).split(b" ", 2)[1]

    assert status in (b"400", b"413")
    assert exchange.http.get("time").status_code == 200


# Request ids


@pytest.mark.parametrize("given", ["abc-123", "a" * 128, "A:b_c.d"])
def test_a_request_id_is_echoed(exchange: ExchangeDriver, given: str) -> None:
    for path in ("time", "balances", "nope"):
        response = exchange.http.get(path, headers={"X-Request-ID": given})
        assert response.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "a b", "a" * 129, "<script>", "ä"])
def test_a_request_id_that_is_none_is_replaced(exchange: ExchangeDriver, given: str) -> None:
    headers = {b"X-Request-ID": given.encode()}
    first, second = (exchange.http.get("time", headers=headers) for _ in range(2))

    made = first.headers["X-Request-ID"]
    assert made
    assert given not in (made, "") or not given
    assert made != second.headers["X-Request-ID"]


@pytest.mark.parametrize("value", [NUL, "<script>alert(1)</script>", "x" * 100_000])
def test_what_is_echoed_is_short_and_quoted(alice: Trader, value: str) -> None:
    response = post(alice, {"market": value, "side": "buy", "quantity": "1", "price": "1"})

    assert refusal(response) == (404, "not_found", ["market"])
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert len(response.content) < 1000
