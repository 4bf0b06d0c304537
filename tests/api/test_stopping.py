"""A process that stops says so, takes nothing new, answers what is in flight, and then lets everybody go."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.drivers.server import ServerProcess
from tests.drivers.sockets import Socket

MARKET = "BTC-USD"
IN_FLIGHT = 300

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path, EXCHANGE_STOP_NOTICE="2")
    server.manage("create_market", MARKET, "--tick-size", "1", "--lot-size", "1")
    yield server
    if server.running:
        server.kill()


def order(number: int) -> dict[str, str]:
    return {
        "market": MARKET,
        "side": "buy",
        "quantity": "1",
        "price": "1",
        "client_order_id": f"order-{number}",
    }


def close_code(socket: Socket) -> int | None:
    """Read until the connection is closed."""
    try:
        while True:
            socket.receive()
    except ConnectionClosed as closed:
        return None if closed.rcvd is None else closed.rcvd.code


def test_it_says_so_first_and_closes_last(server: ServerProcess) -> None:
    key = server.open_account("alice", "--deposit", "USD=1000")
    server.start()
    sockets = server.url.replace("http", "ws")
    with (
        Socket(f"{sockets}/ws/v1/market-data") as follower,
        Socket(f"{sockets}/ws/v1/trading", key) as trading,
        httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}) as http,
    ):
        trading.ask("submit_order", **order(1))

        server.interrupt()

        for socket in (follower, trading):
            assert socket.next_message("system") == {
                "channel": "system",
                "type": "status",
                "data": {"status": "stopping"},
            }
        ready = http.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["checks"]["takes_orders"] is False
        assert http.get("/healthz").status_code == 200
        assert trading.refused("submit_order", **order(2))["code"] == "busy"
        assert trading.refused("cancel_all")["code"] == "busy"
        answer = http.post("/api/v1/orders", json=order(2))
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert answer.headers["Retry-After"] == "1"
        with pytest.raises(InvalidStatus) as refused, Socket(f"{sockets}/ws/v1/market-data"):
            pass
        assert refused.value.response.status_code == 503
        for socket in (follower, trading):
            assert close_code(socket) == 1012
    assert server.wait() == 0
    server.manage("audit")


def test_no_order_is_taken_without_an_answer(server: ServerProcess) -> None:
    server.environment["EXCHANGE_STOP_NOTICE"] = "0"
    key = server.open_account("alice", "--deposit", "USD=1000")
    server.start()
    with Socket(f"{server.url.replace('http', 'ws')}/ws/v1/trading", key) as trading:
        asked = [trading.send("submit_order", **order(number)) for number in range(IN_FLIGHT)]
        trading.answer(asked[0])

        server.interrupt()

        answers = []
        with contextlib.suppress(
            ConnectionClosed
        ):  # what it did not read any more, it did not take
            for req_id in asked[1:]:
                answers.append(trading.answer(req_id))  # noqa: PERF401 - what came counts
    assert server.wait() == 0
    taken = 1 + sum(answer["success"] for answer in answers)
    assert {answer["error"]["code"] for answer in answers if not answer["success"]} <= {"busy"}
    server.start()
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}) as http:
        page = http.get(f"{server.url}/api/v1/orders?limit=500").json()
    assert len(page["results"]) == taken
    assert server.stop() == 0
    server.manage("audit")


def test_a_second_interrupt_does_not_wait(server: ServerProcess) -> None:
    server.environment["EXCHANGE_STOP_NOTICE"] = "600"
    server.start()
    with Socket(f"{server.url.replace('http', 'ws')}/ws/v1/market-data") as follower:
        server.interrupt()
        follower.next_message("system")

        server.interrupt()

        assert server.wait() == 0
