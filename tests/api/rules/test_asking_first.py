"""Asking first: `deadline` refuses what comes too late, `validate_only` says what would be refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.drivers.exchange import ExchangeDriver, Trader

pytestmark = pytest.mark.usefixtures("both_lanes")

PAST = "2020-01-01T00:00:00Z"
FUTURE = "2100-01-01T00:00:00+02:00"


@pytest.fixture(scope="module")
def market(exchange: ExchangeDriver) -> str:
    """A market at 100 with a band, in which bob sells 5 @ 101."""
    market = exchange.new_market(price_band="0.2", min_notional="10")
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "1", price="100")
    alice.place(market, "buy", "1", price="100")
    bob.place(market, "sell", "5", price="101")
    return market


@pytest.fixture
def alice(exchange: ExchangeDriver, market: str) -> Trader:
    """She has 1,000 USD, and has used the client_order_id `used`."""
    alice = exchange.new_trader(USD="1000")
    alice.place(market, "buy", "1", price="90", client_order_id="used")
    return alice


BAD_ORDERS: list[dict[str, Any]] = [
    {"side": "sideways"},
    {"market": "NO-SUCH"},
    {"client_order_id": "used"},
    {"deadline": PAST},
    {"quantity": "0"},
    {"price": "0.5"},
    {"price": "1", "quantity": "1"},
    {"post_only": True, "time_in_force": "ioc"},
    {"time_in_force": "gtd"},
    {"price": "121"},
    {"quantity": "100"},
    {"price": "101", "post_only": True},
    {"type": "market"},
    {"type": "stop", "price": None},
]


@pytest.mark.parametrize("fields", BAD_ORDERS, ids=lambda fields: " ".join(fields))
def test_what_would_be_refused_is_refused_exactly_so(
    alice: Trader, market: str, fields: dict[str, Any]
) -> None:
    order = {"market": market, "side": "buy", "quantity": "2", "price": "95", **fields}

    asked = alice.http.post("orders", json={**order, "validate_only": True})
    placed = alice.http.post("orders", json=order)

    assert placed.is_client_error
    assert (asked.status_code, asked.json()) == (placed.status_code, placed.json())


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"price": "101", "time_in_force": "fok"},
        {"type": "market", "price": None},
        {"type": "stop", "price": None, "stop_price": "110"},
        {"client_order_id": "used", "quantity": "1", "price": "90"},
        {"deadline": FUTURE},
    ],
    ids=lambda fields: " ".join(fields) or "plain",
)
def test_what_would_be_taken_is_valid_and_nothing_is_placed(
    alice: Trader, market: str, fields: dict[str, Any]
) -> None:
    order = {"market": market, "side": "buy", "quantity": "2", "price": "95", **fields}
    before = alice.http.get("orders").json(), alice.http.get("balances").json()

    answer = alice.http.post("orders", json={**order, "validate_only": True})

    assert (answer.status_code, answer.json()) == (200, {"valid": True})
    assert (alice.http.get("orders").json(), alice.http.get("balances").json()) == before


def test_amends_groups_and_batches_may_ask_first_too(alice: Trader, market: str) -> None:
    group = {"market": market, "side": "buy", "quantity": "1", "price": "90"}
    oco = {**group, "stop": {"stop_price": "110"}, "validate_only": True}
    order = {**group, "validate_only": True}
    before = alice.http.get("orders").json()

    amend = alice.http.patch(
        "orders/by-client-id/used", json={"price": "95", "validate_only": True}
    )
    costly = alice.http.patch(
        "orders/by-client-id/used", json={"quantity": "99", "validate_only": True}
    )
    pair = alice.http.post("orders/oco", json=oco)
    batch = alice.http.post("orders/batch", json={"orders": [order, {**order, "price": "130"}]})

    assert amend.json() == pair.json() == {"valid": True}
    assert costly.json()["code"] == "insufficient_funds"
    good, bad = batch.json()["results"]
    assert good == {"status": 200, "valid": True}
    assert bad["error"]["code"] == "price_out_of_band"
    assert alice.http.get("orders").json() == before


def test_what_comes_after_its_deadline_is_not_done(alice: Trader, market: str) -> None:
    with alice.socket() as socket:
        order = {"market": market, "side": "buy", "quantity": "1", "price": "90"}
        late = socket.refused("submit_order", **order, deadline=PAST)
        amend = socket.refused("amend_order", client_order_id="used", price="95", deadline=PAST)
        soon = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
        placed = socket.ask("submit_order", **order, deadline=soon)

    assert (late["code"], amend["code"]) == ("deadline_passed", "deadline_passed")
    assert placed["status"] == "open"
    assert alice.http.get("orders/by-client-id/used").json()["price"] == "90"


def test_a_repeat_is_answered_whatever_its_deadline(alice: Trader, market: str) -> None:
    order = {"market": market, "side": "buy", "quantity": "1", "price": "90"}

    again = alice.http.post("orders", json={**order, "client_order_id": "used", "deadline": PAST})

    assert again.status_code == 200
