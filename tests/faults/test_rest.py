"""Over HTTP a plan's key is answered late, refused, or left without an answer; nobody else is.

Both lanes, the exchange's own API and the Binance dialect.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import httpx
import pytest

from clients import LocalBook
from markets import serializers as shapes
from markets import signing_keys
from markets.models import ApiKey
from tests.api.shapes import check, refusal
from tests.drivers.bot import Bot
from tests.drivers.exchange import ExchangeDriver, Trader
from tests.faults.conftest import JSON, injected, key_path, set_faults

pytestmark = pytest.mark.usefixtures("both_lanes")
ALWAYS = "1"


@pytest.fixture(params=[True, False], ids=["lean", "django"])
def both_lanes(request: pytest.FixtureRequest, settings: Any) -> None:
    """The test twice: with programs' orders in the lean lane, and with all requests through Django."""
    settings.LEAN = request.param


@pytest.fixture
def alice(exchange: ExchangeDriver, market: str) -> Trader:
    return exchange.traders(market, 1)[0]


def bot_of(trader: Trader, **plan: Any) -> Bot:
    """A bot whose key has faults."""
    row, key, secret = signing_keys.make_hmac_key(trader.account)
    response = trader.http.put(f"api-keys/{row.pk}/faults", json=plan)
    assert response.status_code == 200, response.text
    return Bot(trader.exchange.url, key, secret)


def orders_of(trader: Trader) -> list[JSON]:
    orders: list[JSON] = (
        Trader(trader.exchange, trader.name, trader.another_key("read").key)
        .http.get("orders")
        .json()["results"]
    )
    return orders


# Setting them


def test_a_plan_is_set_shown_and_turned_off(alice: Trader) -> None:
    before = alice.http.get(key_path(alice)).json()
    check(before, shapes.FaultsShape())
    assert (before["on"], before["allowed"], before["path"]) == (False, True, None)

    path = set_faults(alice, seed=7, drop="0.25", delay_ms=1)

    shown = alice.http.get(key_path(alice)).json()
    check(shown, shapes.FaultsShape())
    assert (shown["on"], shown["path"]) == (True, path)
    assert (shown["plan"]["drop"], shown["plan"]["seed"]) == ("0.25", 7)
    assert [key["faults"] for key in alice.http.get("api-keys").json()] == [True]
    off = alice.http.delete(key_path(alice))
    assert "X-Exchange-Faults" not in off.headers or off.json()["on"] is False
    assert off.json() == {**shown, "on": False}
    assert "X-Exchange-Faults" not in alice.http.get("balances").headers


def test_a_seed_that_is_not_named_is_drawn_and_said_so_that_the_run_can_be_repeated(
    alice: Trader,
) -> None:
    first = alice.http.put(key_path(alice), json={"drop": "0.5"}).json()["plan"]["seed"]
    second = alice.http.put(key_path(alice), json={"drop": "0.5"}).json()["plan"]["seed"]

    assert first != second
    assert f"seed={second}" in alice.http.get("balances").headers["X-Exchange-Faults"]


def test_a_plan_that_makes_no_sense_is_refused(alice: Trader) -> None:
    response = alice.http.put(key_path(alice), json={"drop": 0.5, "cut_seconds": -1})

    assert refusal(response) == (400, "invalid_request", ["drop", "cut_seconds"])


def test_only_the_accounts_own_keys_can_be_given_one(
    exchange: ExchangeDriver, alice: Trader
) -> None:
    mallory = exchange.new_trader()

    for call in (mallory.http.get, mallory.http.delete):
        assert call(key_path(alice)).status_code == 404
    assert mallory.http.put(key_path(alice), json={}).status_code == 404
    assert alice.http.put("api-keys/x/faults", json={}).status_code == 404
    reader = alice.another_key("read")
    assert reader.http.put(key_path(alice), json={}).status_code == 403


def test_where_the_operator_does_not_allow_faults_there_are_none(
    alice: Trader, settings: Any
) -> None:
    set_faults(alice, rate_limited=ALWAYS)
    settings.FAULTS, settings.SANDBOX = None, False

    response = alice.http.put(key_path(alice), json={"drop": "1"})

    assert refusal(response) == (403, "permission_denied", [])
    alice.http.delete(key_path(alice))
    assert alice.http.get(key_path(alice)).json()["allowed"] is False
    assert alice.http.get("balances").status_code == 200


def test_a_revoked_key_has_no_faults_and_no_address_any_more(
    exchange: ExchangeDriver, alice: Trader
) -> None:
    path = set_faults(alice, rate_limited=ALWAYS)

    assert alice.http.delete(f"api-keys/{alice.key_row.pk}").status_code == 200
    other = exchange.new_trader()
    set_faults(other, delay_ms=1)

    assert alice.http.get("balances").status_code == 401
    assert httpx.get(f"{exchange.url}{path}/api/v1/time").status_code == 404


# What goes wrong


def test_an_answer_is_late_by_the_delay_and_says_so(market: str, alice: Trader) -> None:
    set_faults(alice, delay_ms=120, jitter_ms=20)

    before = time.monotonic()
    response = alice.submit(market, "buy", "1", price="1")

    assert time.monotonic() - before >= 0.12
    assert response.status_code == 201
    name, milliseconds = injected(response).split()
    assert name == "delay_ms"
    assert 120 <= int(milliseconds) <= 140


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [("rate_limited", 429, "rate_limited"), ("unavailable", 503, "unavailable")],
)
def test_a_request_is_refused_and_nothing_was_done(
    market: str, alice: Trader, fault: str, status: int, code: str
) -> None:
    set_faults(alice, **{fault: ALWAYS})

    response = alice.submit(market, "buy", "1", price="1")

    assert refusal(response) == (status, code, [])
    assert int(response.headers["Retry-After"]) > 0
    assert injected(response) == fault
    assert refusal(alice.http.get("balances")) == (status, code, [])
    assert orders_of(alice) == []


def test_an_order_that_times_out_was_placed_and_asked_again_it_is_the_same(
    market: str, alice: Trader
) -> None:
    set_faults(alice, time_out=ALWAYS, time_out_seconds=1)

    response = alice.submit(market, "buy", "1", price="1", client_order_id="once")

    assert refusal(response) == (504, "timeout", [])
    assert injected(response) == "time_out"
    (order,) = orders_of(alice)
    alice.http.delete(key_path(alice))
    again = alice.submit(market, "buy", "1", price="1", client_order_id="once")
    assert (again.status_code, again.json()["id"]) == (200, order["id"])


def test_what_is_refused_or_only_read_does_not_time_out(market: str, alice: Trader) -> None:
    set_faults(alice, time_out=ALWAYS)

    assert refusal(alice.submit(market, "buy", "0", price="1"))[0] in (400, 422)
    assert alice.http.get("orders").status_code == 200


def test_the_clock_is_wrong_for_the_key_and_for_its_address_alone(
    exchange: ExchangeDriver, alice: Trader
) -> None:
    path = set_faults(alice, clock_skew_ms=-600_000)

    def behind(text: str) -> float:
        return time.time() - datetime.fromisoformat(text).timestamp()

    assert 590 < behind(alice.http.get("time").json()["time"]) < 660
    assert 590 < behind(httpx.get(f"{exchange.url}{path}/api/v1/time").json()["time"]) < 660
    assert abs(behind(exchange.http.get("time").json()["time"])) < 60


def test_a_books_checksum_is_wrong_and_a_client_can_tell(
    exchange: ExchangeDriver, market: str, alice: Trader
) -> None:
    set_faults(alice, corrupt_checksum=ALWAYS)
    alice.place(market, "buy", "1", price="1")
    exchange.settle(market)

    def adds_up(book: JSON) -> bool:
        local = LocalBook(market)
        local.replace(book["sequence"], bids=book["bids"], asks=book["asks"])
        return local.checksum == int(book["checksum"])

    assert not adds_up(alice.http.get(f"markets/{market}/book").json())
    assert adds_up(exchange.book(market))


def test_some_requests_fail_as_often_as_the_ratio_says_and_the_same_again(alice: Trader) -> None:
    def run() -> list[int]:
        set_faults(alice, seed=11, rate_limited="0.5")
        statuses = [alice.http.get("balances").status_code for _ in range(12)]
        alice.http.delete(key_path(alice))
        return statuses

    first = run()

    assert set(first) == {200, 429}
    assert run() == first


# By the address


def test_what_is_asked_without_a_key_suffers_the_plan_that_its_address_names(
    exchange: ExchangeDriver, market: str, alice: Trader
) -> None:
    path = set_faults(alice, rate_limited=ALWAYS)
    site = exchange.url

    for public in (f"/api/v1/markets/{market}/book", "/api/v3/ping"):
        assert httpx.get(f"{site}{path}{public}").status_code == 429
        assert "X-Exchange-Faults" not in httpx.get(f"{site}{public}").headers
    assert httpx.get(f"{site}/faults/nobody/api/v1/time").status_code == 404
    assert httpx.get(f"{site}{path}/login/").status_code == 404
    assert httpx.get(f"{site}{path}").status_code == 404


def test_the_address_goes_on_to_work_when_the_faults_are_turned_off(
    exchange: ExchangeDriver, alice: Trader
) -> None:
    path = set_faults(alice, rate_limited=ALWAYS)
    alice.http.delete(key_path(alice))

    response = httpx.get(f"{exchange.url}{path}/api/v1/time")

    assert response.status_code == 200
    assert "X-Exchange-Faults" not in response.headers


# The dialect


@pytest.mark.parametrize(
    ("fault", "status", "code"), [("rate_limited", 429, -1003), ("unavailable", 503, -1001)]
)
def test_the_dialect_refuses_in_its_own_words(
    market: str, alice: Trader, fault: str, status: int, code: int
) -> None:
    bot = bot_of(alice, **{fault: ALWAYS})

    response = bot.send("GET", "account")

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert injected(response) == fault
    assert "retry-after" in response.headers


def test_an_order_in_the_dialect_times_out_and_was_placed(market: str, alice: Trader) -> None:
    bot = bot_of(alice, time_out=ALWAYS, time_out_seconds=1)
    order: JSON = {"symbol": market.replace("-", ""), "side": "BUY", "type": "LIMIT", "price": "1"}

    response = bot.send(
        "POST", "order", **order, quantity="1", timeInForce="GTC", newClientOrderId="once"
    )

    assert (response.status_code, response.json()["code"]) == (504, -1007)
    assert [order["client_order_id"] for order in orders_of(alice)] == ["once"]


def test_signed_requests_are_held_against_the_wrong_clock(alice: Trader) -> None:
    bot = bot_of(alice, clock_skew_ms=-60_000)

    ahead = bot.send("GET", "account")
    told = httpx.get(f"{alice.exchange.url}/api/v3/time", headers={"X-MBX-APIKEY": bot.key}).json()[
        "serverTime"
    ]
    right = bot.send("GET", "account", timestamp=told)

    assert (ahead.status_code, ahead.json()["code"]) == (400, -1021)
    assert right.status_code == 200


# Nobody else


def test_who_has_no_plan_is_answered_to_the_byte_as_if_nobody_had(
    exchange: ExchangeDriver, market: str, alice: Trader
) -> None:
    bob = exchange.new_trader(USD=1000)
    symbol = market.replace("-", "")

    def answers() -> list[tuple[int, list[tuple[str, str]], bytes]]:
        ask = {"X-Request-ID": "the-same"}
        responses = [
            bob.http.get("balances", headers=ask),
            bob.http.get("markets", headers=ask),
            bob.http.post("orders", json={"market": market}, headers=ask),
            httpx.get(f"{exchange.url}/api/v3/ticker/bookTicker?symbol={symbol}", headers=ask),
        ]
        return [
            (r.status_code, sorted(h for h in r.headers.items() if h[0] not in VARY), r.content)
            for r in responses
        ]

    without = answers()
    set_faults(alice, rate_limited="0.5", time_out="0.5", delay_ms=1000, clock_skew_ms=5)

    assert answers() == without
    assert ApiKey.objects.filter(account=bob.account).count() == 1


VARY = {"date", "x-mbx-used-weight", "x-mbx-used-weight-1m"}
