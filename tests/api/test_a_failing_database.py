"""When the database fails, callers are told `unavailable`, feeds end loudly, and afterwards all is well."""

import pytest
from django.db import OperationalError
from websockets.exceptions import ConnectionClosed

from markets import accounts, private_feed, queries, trading
from markets.consumers import trading as consumer
from tests.api.shapes import refusal
from tests.drivers.exchange import ExchangeDriver

pytestmark = pytest.mark.usefixtures("both_lanes")


def fail(*_: object) -> None:
    raise OperationalError("the database is gone")


def test_rest_says_unavailable(exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = exchange.new_trader(USD=10)

    monkeypatch.setattr(queries, "page", fail)
    response = alice.http.get("orders")
    monkeypatch.undo()

    assert refusal(response) == (503, "unavailable", [])
    assert int(response.headers["Retry-After"]) >= 1
    assert "database is gone" not in response.text
    assert alice.http.get("orders").status_code == 200


def test_a_socket_says_unavailable_and_stays(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = exchange.new_trader(USD=10)

    with exchange.trading_socket() as socket:
        monkeypatch.setattr(consumer, "principal_of_key", fail)
        assert socket.refused("login", key=alice.key)["code"] == "unavailable"
        monkeypatch.undo()
        socket.ask("login", key=alice.key)
        monkeypatch.setattr(trading, "_symbol_of", fail)
        assert socket.refused("cancel_order", client_order_id="x")["code"] == "unavailable"
        monkeypatch.undo()
        assert socket.refused("cancel_order", client_order_id="x")["code"] == "not_found"


def test_a_feed_that_fails_ends_its_connection(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = exchange.new_trader(USD=10)
    monkeypatch.setattr(private_feed, "private_snapshot", fail)

    with alice.socket() as socket:
        socket.send("subscribe", channel="balances")
        with pytest.raises(ConnectionClosed) as closed:
            socket.receive()
    monkeypatch.undo()
    with alice.socket() as socket:
        socket.ask("subscribe", channel="balances")

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013


def test_nobody_is_disconnected_because_a_look_up_failed(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "RECHECK_INTERVAL", 0.02)
    alice = exchange.new_trader(USD=10)
    looked: list[object] = []

    def look_and_fail(secret: str) -> accounts.Principal | None:
        if not looked:
            looked.append(secret)
            return accounts.principal_of_key(secret)
        looked.append(secret)
        if len(looked) < 4:
            raise OperationalError("the database is gone")
        return None

    monkeypatch.setattr(consumer, "principal_of_key", look_and_fail)
    with alice.socket() as socket, pytest.raises(ConnectionClosed) as closed:
        socket.receive()

    assert len(looked) == 4, "it looked again until it knew"
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_a_defect_is_answered_and_logged_and_the_connection_stays(
    exchange: ExchangeDriver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    alice = exchange.new_trader(USD=10)
    monkeypatch.setattr(trading, "_symbol_of", lambda *_: 1 / 0)

    with alice.socket() as socket:
        error = socket.refused("cancel_order", client_order_id="x")
        assert socket.ask("ping")

    assert error["code"] == "internal_error"
    assert "ZeroDivisionError" in caplog.text
    assert "division" not in str(error)
