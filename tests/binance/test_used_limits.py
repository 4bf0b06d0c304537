"""The headers say what was used, each window begins anew, and who asks too much is told when to come back."""

from __future__ import annotations

import pytest

from markets import limits
from markets.binance import usage
from markets.binance.errors import TOO_MANY_REQUESTS, DialectError
from markets.binance.usage import Window
from markets.limits import RateLimit
from tests.binance import shapes
from tests.binance.shapes import check
from tests.drivers.bot import Bot, refused


def test_every_answer_says_what_weight_was_used(alice: Bot) -> None:
    answers = [alice.get("ping"), alice.get("nope"), alice.get("depth"), alice.get("ping")]

    weights = [int(answer.headers["x-mbx-used-weight"]) for answer in answers]
    assert weights == [int(answer.headers["x-mbx-used-weight-1m"]) for answer in answers]
    assert all(answer.headers["date"].endswith("GMT") for answer in answers)
    assert max(weights) - min(weights) <= 2 or weights[-1] <= 2, "or a minute began"


def test_orders_are_counted(alice: Bot, symbol: str) -> None:
    params = {"symbol": symbol, "side": "BUY", "type": "LIMIT", "price": "1", "quantity": "1"}
    response = alice.send("POST", "order", timeInForce="GTC", body=False, **params)

    assert response.status_code == 200
    assert int(response.headers["x-mbx-order-count-10s"]) >= 1
    day = int(response.headers["x-mbx-order-count-1d"])
    found = alice.ask("rateLimit/order")
    check(found, list[shapes.UsedLimit])
    assert found[1]["count"] == day
    alice.delete("openOrders", symbol=symbol)


def test_a_window_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr("markets.binance.usage.time.time", lambda: now)
    window = Window("REQUEST_WEIGHT", "MINUTE", 1, 60, 3)
    window.take("a", 2, TOO_MANY_REQUESTS)
    window.take("b", 3, TOO_MANY_REQUESTS)

    with pytest.raises(DialectError) as caught:
        window.take("a", 2, TOO_MANY_REQUESTS)

    assert (caught.value.status, caught.value.retry_after) == (429, 20)
    assert window.used("a") == 2
    window.take("a", 1, TOO_MANY_REQUESTS)
    now += 20
    assert window.used("a") == 0
    window.take("a", 3, TOO_MANY_REQUESTS)


def test_who_goes_on_regardless_is_shut_out_until_the_window_ends() -> None:
    window = Window("REQUEST_WEIGHT", "DAY", 1, 86_400, 0)
    statuses = []

    for _ in range(usage.BAN_AFTER + 1):
        with pytest.raises(DialectError) as caught:
            window.take("a", 1, TOO_MANY_REQUESTS)
        statuses.append(caught.value.status)

    assert statuses == [429] * usage.BAN_AFTER + [418]


def test_callers_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "MAX_CALLERS", 2)
    window = Window("ORDERS", "DAY", 1, 86_400, 10)

    for caller in "abca":
        window.take(caller, 1, TOO_MANY_REQUESTS)

    assert [window.used(caller) for caller in "ca"] == [1, 1]


def test_too_much_weight(alice: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "weight", Window("REQUEST_WEIGHT", "MINUTE", 1, 60, 0))

    response = alice.get("depth", symbol="X")

    assert refused(response)[:2] == (429, -1003)
    assert 1 <= int(response.headers["retry-after"]) <= 60


def test_too_many_orders(alice: Bot, symbol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "orders", (Window("ORDERS", "SECOND", 10, 10, 0),))

    response = alice.send("POST", "order", symbol=symbol)

    assert refused(response) == (429, -1015, "Too many new orders.")
    assert "retry-after" in response.headers


def test_the_exchanges_own_rates_hold(alice: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("public_rate", "account_rate"):
        rate = RateLimit(0.5, 1)
        for caller in ("127.0.0.1", str(alice.ask("account")["uid"])):
            rate.wait(caller)
        monkeypatch.setattr(limits, name, rate)

    for response in (alice.get("ping"), alice.send("GET", "account")):
        assert refused(response)[:2] == (429, -1003)
        assert int(response.headers["retry-after"]) >= 1
