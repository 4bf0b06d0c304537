"""What a line of the log says: what happened, and to which request, market and sequence; in text or JSON."""

import json
import logging
import logging.config
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from markets import logs, trading
from markets.messages import transport
from tests.drivers.exchange import ExchangeDriver
from tests.drivers.server import ServerProcess
from tests.drivers.sockets import Socket
from tests.waiting import wait_until

JSON = dict[str, Any]


def line(form: str, message: str, *arguments: object, **about: object) -> str:
    """What the site's log writes of a record."""
    config = logs.logging_of(form, "INFO")
    formatter = logging.config.DictConfigurator(config).configure_formatter(
        config["formatters"][form]
    )
    record = logging.LogRecord("markets.hub", 30, "hub.py", 1, message, arguments, None)
    vars(record).update(about)
    assert logs.About().filter(record)
    return formatter.format(record)


def test_text_names_in_brackets_what_a_line_is_about() -> None:
    plain = line("text", "hub: %s", "away")
    missed = line("text", "%s: missed something", "BTC-USD", market="BTC-USD", sequence=120)
    failed = line("text", "a request failed", request_id="abc-1", req_id='odd"\n')

    assert plain.endswith("WARNING markets.hub hub: away")
    assert missed.endswith("markets.hub BTC-USD: missed something [sequence=120]")
    assert failed.endswith(r'a request failed [request_id=abc-1 req_id="odd\"\n"]')


def test_json_has_the_same_in_fields() -> None:
    missed = json.loads(
        line("json", "%s: missed something", "BTC-USD", market="BTC-USD", sequence=120)
    )

    assert missed.pop("time").endswith("+00:00")
    assert missed == {
        "level": "WARNING",
        "logger": "markets.hub",
        "message": "BTC-USD: missed something",
        "market": "BTC-USD",
        "sequence": 120,
    }


async def test_what_a_task_is_about_is_said_once_and_a_call_knows_better() -> None:
    logs.about_request("abc-1")
    logs.about_market("BTC-USD", lambda: 7)

    own, better = (
        json.loads(line("json", "it happened", **about)) for about in ({}, {"market": "ETH-USD"})
    )
    nobodys = logs.nothing().run(line, "json", "it happened")

    assert (own["request_id"], own["market"], own["sequence"]) == ("abc-1", "BTC-USD", 7)
    assert (better["request_id"], better["market"]) == ("abc-1", "ETH-USD")
    assert json.loads(nobodys).keys() == {"level", "logger", "message", "time"}


@pytest.mark.usefixtures("both_lanes")
def test_a_failed_request_is_found_by_its_request_id(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    order = {"market": market, "side": "buy", "quantity": "1", "price": "1"}
    monkeypatch.setattr(trading, "start_order", lambda who, params: 1 // 0)

    answer = alice.http.post("orders", json=order, headers={"X-Request-ID": "my-request"})

    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == "my-request"
    failed = [record for record in caplog.records if record.exc_info]
    assert {vars(record)["request_id"] for record in failed} == {"my-request"}


def test_a_failed_request_on_a_socket_is_found_by_the_connections_and_its_own(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    order = {"market": market, "side": "buy", "quantity": "1", "price": "1", "post_only": True}
    monkeypatch.setattr(trading, "start_order", lambda who, params: 1 // 0)
    monkeypatch.setattr(trading, "send_plain_order", lambda who, wish, answered: False)

    with alice.socket(additional_headers={"X-Request-ID": "my-socket"}) as trader:
        response = trader.connection.response
        assert response is not None
        assert response.headers["x-request-id"] == "my-socket"
        req_id = trader.send("submit_order", **order)
        assert trader.answer(req_id)["error"]["code"] == "internal_error"

    [failed] = [record for record in caplog.records if record.exc_info]
    assert vars(failed)["request_id"] == "my-socket"
    assert vars(failed)["req_id"] == req_id


def test_no_request_is_blamed_for_what_is_wrong_with_a_market(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    real = exchange.layer.send

    async def send(channel: str, message: JSON) -> None:
        if message["type"] == transport.COMMANDS and channel == f"engine.{market}":
            raise OSError("away")
        await real(channel, message)

    monkeypatch.setattr(exchange.layer, "send", send)
    assert alice.submit(market, "buy", "1", price="1").status_code == 504

    [line] = [record for record in caplog.records if "the channel layer" in record.message]
    assert vars(line)["market"] == market
    assert "request_id" not in vars(line)


# A process of its own


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """An exchange that logs all it can, as JSON."""
    server = ServerProcess(tmp_path, LOG_FORMAT="json", LOG_LEVEL="DEBUG")
    server.manage("create_market", "BTC-USD", "--tick-size", "1", "--lot-size", "1")
    yield server
    if server.running:
        server.kill()


@pytest.mark.slow
def test_a_process_that_logs_json_logs_nothing_else(server: ServerProcess) -> None:
    key = server.open_account("alice", "--deposit", "USD=10")
    server.start()
    headers = {"Authorization": f"Bearer {key}", "X-Request-ID": "rest-1"}

    def logged() -> list[JSON]:
        return [json.loads(text) for text in server.output if text.startswith("{")]

    def first(**facts: object) -> JSON:
        found: list[JSON] = []

        def seen() -> bool:
            found[:] = [entry for entry in logged() if facts.items() <= entry.items()]
            return bool(found)

        wait_until(seen, f"{facts} is logged")
        return found[0]

    assert first(message="BTC-USD: open at sequence 0", market="BTC-USD")["sequence"] == 0
    order = {"market": "BTC-USD", "side": "buy", "quantity": "1", "price": "10"}
    with httpx.Client(base_url=f"{server.url}/api/v1/", headers=headers) as http:
        assert http.post("orders", json=order).status_code == 201
        assert http.post("orders", json=order).status_code == 422
        assert http.get("orders/1").status_code == 404
    with Socket(f"{server.url.replace('http', 'ws')}/ws/v1/trading", key) as trading:
        trading.refused("submit_order", **order)
        assert trading.connection.response is not None
        connection = trading.connection.response.headers["x-request-id"]
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port or 0)) as raw:
        raw.sendall(b"nonsense\r\n\r\n")
        raw.recv(1000)

    assert first(message="BTC-USD: a batch of 1 commands", market="BTC-USD")["sequence"] == 1
    wait_until(
        lambda: (
            [
                (entry["request_id"] == connection, entry["message"].partition(":")[0])
                for entry in logged()
                if entry["logger"] == "markets.problems"
            ]
            == [
                (False, "answered insufficient_funds"),
                (False, "answered not_found"),
                (True, "answered insufficient_funds"),
            ]
        ),
        "every request is named that was answered with an error",
    )
    assert first(logger="uvicorn.error")["level"] == "WARNING"
    assert server.stop() == 0
    after = "".join(server.output).partition("Ctrl-C\n")[2].strip().splitlines()
    others = [text for text in after if not text.startswith("{")]
    assert [text for text in others if text] == ["stopped; everything is on disk"]
