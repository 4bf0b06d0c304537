"""The lean lane answers programs' orders as the REST views do, to the byte; the unusual goes to Django."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange_site import asgi
from markets import accounts, known_keys, lean, limits
from markets.accounts import Principal
from markets.limits import RateLimit
from markets.models import Account
from tests.api.bad_values import AMENDABLE, ORDER_FIELDS, shown
from tests.api.shapes import refusal
from tests.api.test_any_input import ORDERS
from tests.api.test_bad_requests import NOT_JSON, NOT_OBJECTS
from tests.drivers.exchange import ExchangeDriver, Trader

FEW = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TO_DJANGO = {"Cookie": "a=browser's"}
NEW_EACH_TIME = re.compile(
    rb'"(?:id|order_id)":"\d{10,}"|"sequence":\d+|"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"'
)
Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def market(exchange: ExchangeDriver) -> str:
    return exchange.new_market(tick_size="0.5", lot_size="0.01")


def answer_of(response: httpx.Response) -> Answer:
    """Status, headers and body without what is new in each answer."""
    headers = {name: value for name, value in response.headers.items() if name != "date"}
    assert headers.pop("content-length") == str(len(response.content))
    assert headers.pop("x-request-id")
    return response.status_code, headers, NEW_EACH_TIME.sub(b"new", response.content)


def both(trader: Trader, method: str, path: str, body: object = None, **headers: str) -> Answer:
    """The answer of both lanes, which must be the same."""
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
    content = body if isinstance(body, bytes) else None if body is None else json.dumps(body)
    answers = [
        answer_of(
            trader.http.request(
                method,
                path,
                content=content,
                headers=httpx.Headers(headers | also, encoding="latin-1"),
            )
        )
        for also in ({}, TO_DJANGO)
    ]
    assert answers[0] == answers[1]
    return answers[0]


def an_order(market: str, **fields: Any) -> dict[str, Any]:
    return {"market": market, "side": "buy", "quantity": "1", "price": "10", **fields}


# What is answered


def test_an_order_that_rests_and_one_that_trades(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(taker_fee_rate="0.001")
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "2", price="10", client_order_id="maker")

    traded = both(alice, "POST", "orders", an_order(market))
    rests = both(alice, "POST", "orders", an_order(market, price="9", post_only=True))

    assert (traded[0], rests[0]) == (201, 201)
    assert b'"liquidity":"taker"' in traded[2]


def test_an_order_asked_for_again(exchange: ExchangeDriver, market: str) -> None:
    alice, _ = exchange.traders(market)
    order = an_order(market, client_order_id="once")
    alice.place(**order)

    assert both(alice, "POST", "orders", order)[0] == 200
    assert both(alice, "POST", "orders", {**order, "price": "9"})[0] == 409


def test_an_order_that_is_only_checked(alice: Trader, market: str) -> None:
    assert both(alice, "POST", "orders", an_order(market, validate_only=True))[2] == (
        b'{"valid":true}'
    )


def test_a_batch(exchange: ExchangeDriver, market: str) -> None:
    alice, _ = exchange.traders(market)
    orders = [an_order(market), an_order(market, price="0.1"), an_order("NONE"), 1, {}]

    status, _, body = both(alice, "POST", "orders/batch", {"orders": orders})

    assert status == 200
    assert re.findall(rb'"status":(\d+),"(?:error|order)"', body) == [
        b"201",
        b"422",
        b"404",
        b"400",
        b"400",
    ]
    assert both(alice, "POST", "orders/batch", {"orders": []})[0] == 400


@pytest.mark.parametrize("name", ["id", "client_order_id"])
def test_an_order_amended_and_canceled(exchange: ExchangeDriver, market: str, name: str) -> None:
    alice, _ = exchange.traders(market)
    order = alice.place(market, "buy", "3", price="10", client_order_id="mine")
    path = f"orders/{order['id']}" if name == "id" else "orders/by-client-id/mine"

    assert both(alice, "PATCH", path, {"price": "9"})[0] == 200
    assert both(alice, "PATCH", path, {"id": "1"})[0] == 400
    both(alice, "PATCH", path, {"quantity": "2", "validate_only": True})
    alice.http.delete(path)
    assert both(alice, "DELETE", path)[0] == 422, "the problem carries the order as it ended"
    assert both(alice, "PATCH", path, {"price": "8"})[0] == 422


def test_a_cancel(exchange: ExchangeDriver, market: str) -> None:
    alice, _ = exchange.traders(market)
    paths = [f"orders/{alice.place(**an_order(market))['id']}" for _ in range(2)]

    lean_answer = answer_of(alice.http.delete(paths[0]))

    assert lean_answer == answer_of(alice.http.delete(paths[1], headers=TO_DJANGO))
    assert lean_answer[0] == 200


@pytest.mark.parametrize("path", ["orders/0", "orders/12345", "orders/by-client-id/unheard-of"])
@pytest.mark.parametrize(("method", "body"), [("DELETE", None), ("PATCH", {"price": "1"})])
def test_an_order_that_is_not_there(alice: Trader, method: str, path: str, body: object) -> None:
    assert both(alice, method, path, body)[0] == 404


# What is refused


@pytest.mark.parametrize(("field", "value", "code"), ORDER_FIELDS, ids=shown)
def test_a_bad_field(alice: Trader, market: str, field: str, value: object, code: str) -> None:
    assert both(alice, "POST", "orders", {**an_order(market), field: value})[0] >= 400


@pytest.mark.parametrize(("field", "value", "code"), AMENDABLE, ids=shown)
def test_a_bad_amendment(alice: Trader, market: str, field: str, value: object, code: str) -> None:
    assert both(alice, "PATCH", "orders/1", {"price": 9, field: value})[0] >= 400


@pytest.mark.parametrize("body", [*NOT_JSON, *NOT_OBJECTS], ids=shown)
@pytest.mark.parametrize("path", ["orders", "orders/batch"])
def test_a_body_that_is_no_order(alice: Trader, path: str, body: bytes) -> None:
    assert both(alice, "POST", path, body)[0] == 400
    assert both(alice, "PATCH", "orders/1", body)[0] in (400, 404)


@pytest.mark.parametrize("name", ["\u2028\u2029", '\x7f\x1f\b\f\n\t"\\/<>&', "\U0001f4b0", "é"])
def test_what_is_echoed_is_quoted_alike(alice: Trader, market: str, name: str) -> None:
    assert both(alice, "POST", "orders", an_order(market, **{name: "x"}))[0] == 400
    assert both(alice, "POST", "orders", an_order(name))[0] == 404


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/json;charset=utf-16",
        "application/json ;",
        "application/json, text/plain",
        "application/problem+json",
        "text/json",
        "application/x-www-form-urlencoded",
        "",
    ],
)
def test_any_type_of_body(alice: Trader, market: str, content_type: str) -> None:
    order = an_order(market, validate_only=True)

    both(alice, "POST", "orders", order, **{"Content-Type": content_type})


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer nonsense",
        "bEARER nonsense",
        "Bearer two words",
        "Bearer\tex_1",
        "Bearer é",
        "Basic YTpi",
        "",
    ],
)
def test_a_wrong_key(alice: Trader, market: str, header: str) -> None:
    assert both(alice, "POST", "orders", an_order(market), Authorization=header)[0] == 401


def test_a_key_without_the_scope(alice: Trader, market: str) -> None:
    reader = alice.another_key("read")

    assert both(reader, "POST", "orders", b"{")[0] == 403
    assert both(reader, "DELETE", "orders/1")[0] == 403


@pytest.mark.parametrize("wait", [0.4, 1.0, 1.4, 7.6])
def test_a_rate_that_is_spent(
    alice: Trader, market: str, monkeypatch: pytest.MonkeyPatch, wait: float
) -> None:
    monkeypatch.setattr(RateLimit, "wait", lambda *_: wait)
    monkeypatch.setattr(limits, "account_rate", RateLimit(1, 1))

    status, headers, _ = both(alice, "POST", "orders", an_order(market))

    assert status == 429
    assert int(headers["retry-after"]) >= 1


def test_a_defect_of_ours(
    alice: Trader, market: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("markets.trading.plain_order", lambda *_: 1 / 0)

    assert both(alice, "POST", "orders", an_order(market))[0] == 500
    assert caplog.text.count("ZeroDivisionError: ") == 2


@given(order=ORDERS)
@FEW
def test_any_order(alice: Trader, market: str, order: dict[str, Any]) -> None:
    if order["market"] == "MARKET":
        order["market"] = market

    both(alice, "POST", "orders", order | {"validate_only": True})


@given(body=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
@FEW
def test_any_body(alice: Trader, body: bytes) -> None:
    both(alice, "POST", "orders", body)


@given(head=st.sampled_from([b'{"market":"', b'{"side":', b'{"']), rest=st.binary(max_size=60))
@FEW
def test_any_end_of_a_body(alice: Trader, head: bytes, rest: bytes) -> None:
    both(alice, "POST", "orders", head + rest + b'":1}')


# What is taken


@pytest.fixture
def no_django(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever comes to Django is answered 599."""

    async def refuse(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 599, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with monkeypatch.context() as patch:
        patch.setattr(asgi, "django_application", refuse)
        yield


@pytest.mark.usefixtures("no_django")
def test_what_programs_send_all_day_is_taken(exchange: ExchangeDriver, market: str) -> None:
    alice, _ = exchange.traders(market)
    named = an_order(market, client_order_id="mine")

    first = alice.place(**an_order(market))
    alice.place(**named)
    alice.post("orders/batch", orders=[an_order(market)])
    for path in (f"orders/{first['id']}", "orders/by-client-id/mine"):
        assert alice.http.patch(path, json={"price": "9"}).status_code == 200
        assert alice.http.delete(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "content"),
    [
        ("GET", "orders", {}, b""),
        ("GET", "orders/1", {}, b""),
        ("DELETE", "orders", {}, b""),
        ("DELETE", "orders/1", {}, b"{}"),
        ("DELETE", "orders/1?force=1", {}, b""),
        ("DELETE", "orders/x", {}, b""),
        ("DELETE", "orders/by-client-id/a%20b", {}, b""),
        ("POST", "orders/1", {}, b"{}"),
        ("POST", "orders/", {}, b"{}"),
        ("POST", "orders/oco", {}, b"{}"),
        ("POST", "orders?a=b", {}, b"{}"),
        ("POST", "orders", {}, b""),
        ("PUT", "orders", {}, b"{}"),
        ("POST", "orders", {"Content-Type": "text/plain"}, b"{}"),
        ("POST", "orders", {"Cookie": "sessionid=x"}, b"{}"),
        ("POST", "orders", {"Host": "evil.example"}, b"{}"),
        ("POST", "orders", {"Authorization": "Bearer"}, b"{}"),
        ("POST", "orders", {"Authorization": "Basic x"}, b"{}"),
        ("POST", "orders", {"Authorization": ""}, b"{}"),
        ("POST", "orders", {"Transfer-Encoding": "chunked"}, iter([b"{}"])),
    ],
)
@pytest.mark.usefixtures("no_django")
def test_all_else_goes_to_django(
    alice: Trader, method: str, path: str, headers: dict[str, str], content: Any
) -> None:
    kind = {"Content-Type": "application/json"} if content else {}

    response = alice.http.request(method, path, headers=kind | headers, content=content)

    assert response.status_code == 599


def test_behind_tls_what_came_without_it_goes_to_django(settings: Any) -> None:
    settings.HTTPS = True
    headers = [(b"host", b"localhost"), (b"authorization", b"Bearer x"), (b"content-length", b"0")]
    scope = {"path": "/api/v1/orders/1", "method": "DELETE", "query_string": b""}

    assert lean.call_of({**scope, "headers": headers}) is None
    assert lean.call_of({**scope, "headers": [*headers, (b"x-forwarded-proto", b"https")]})


# Keys that are known


def test_a_key_revoked_here_ends_at_once(exchange: ExchangeDriver, market: str) -> None:
    alice, _ = exchange.traders(market)
    other = alice.another_key("trade")
    other.place(**an_order(market))

    alice.http.delete(f"api-keys/{other.key_row.pk}")

    assert refusal(other.http.post("orders", json=an_order(market)))[0] == 401


def test_a_key_revoked_elsewhere_ends_when_it_is_asked_for_again(
    exchange: ExchangeDriver, market: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _ = exchange.traders(market)
    now = 100.0
    monkeypatch.setattr("markets.known_keys.monotonic", lambda: now)
    alice.place(**an_order(market))
    alice.account.api_keys.update(revoked_at="2030-01-01T00:00:00Z")

    now += known_keys.KNOWN_SECONDS - 0.01
    alice.place(**an_order(market))
    now += 0.01

    assert refusal(alice.http.post("orders", json=an_order(market)))[0] == 401


def test_an_unknown_key_is_asked_for_each_time(
    exchange: ExchangeDriver, market: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _ = exchange.traders(market)
    with monkeypatch.context() as patch:
        patch.setattr(known_keys, "principal_of_key", lambda _: None)
        assert refusal(alice.http.post("orders", json=an_order(market)))[0] == 401

    alice.place(**an_order(market))


async def test_so_many_keys_are_known_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_keys, "MAX_KEYS", 2)
    keys, asked = known_keys.KnownKeys(), []

    async def read(_: Any, secret: str) -> Principal:
        asked.append(secret)
        return Principal(Account(name=secret))

    for secret in "aabbccbca":
        await keys.principal(secret, read)

    assert asked == ["a", "b", "c", "a"], "the oldest is forgotten first"


async def test_whoever_asks_at_once_asks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    keys, asked = known_keys.KnownKeys(), []

    async def read(_: Any, secret: str) -> Principal:
        asked.append(secret)
        await asyncio.sleep(0)
        return Principal(Account(name=secret))

    found = await asyncio.gather(*(keys.principal(secret, read) for secret in "aabaa"))

    assert [str(who and who.account) for who in found] == list("aabaa")
    assert asked == ["a", "b"]


def test_a_key_revoked_while_it_is_looked_up_is_not_remembered(
    exchange: ExchangeDriver, market: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _ = exchange.traders(market)
    look_up = accounts.principal_of_key
    row = alice.key_row

    def slowly(secret: str) -> Any:
        found = look_up(secret)
        known_keys.revoke([row])
        return found

    with monkeypatch.context() as patch:
        patch.setattr(known_keys, "principal_of_key", slowly)
        alice.http.post("orders", json=an_order(market))

    assert refusal(alice.http.post("orders", json=an_order(market)))[0] == 401
