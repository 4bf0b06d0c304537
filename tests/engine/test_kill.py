"""kill -9 loses nothing: what was acknowledged is there afterwards, once; a retry gets the true answer."""

from __future__ import annotations

import asyncio
import json
import random
from decimal import Decimal
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.drivers.server import ServerProcess

ROUNDS = 3
CONNECTIONS = 4
IN_FLIGHT = 16
ACKNOWLEDGED_BEFORE_KILL = 400

pytestmark = pytest.mark.slow


class Load:
    """Traders that submit over the socket and write down what they sent and what they were answered."""

    def __init__(self, server: ServerProcess, keys: list[str], seed: int) -> None:
        self.server = server
        self.keys = keys
        self.random = random.Random(seed)
        self.round = 0
        self.sent: dict[str, tuple[str, dict[str, Any]]] = {}
        self.acknowledged: dict[str, dict[str, Any]] = {}

    async def run_until_killed(self) -> None:
        self.round += 1
        self.goal = len(self.acknowledged) + ACKNOWLEDGED_BEFORE_KILL
        await asyncio.gather(*(self._trade(number) for number in range(CONNECTIONS)))

    async def _trade(self, number: int) -> None:
        key = self.keys[number % len(self.keys)]
        url = f"{self.server.url.replace('http', 'ws')}/ws/v1/trading"
        try:
            async with connect(
                url, additional_headers={"Authorization": f"Bearer {key}"}
            ) as socket:
                for count in range(IN_FLIGHT):
                    await self._submit(socket, key, f"{self.round}-{number}-{count}")
                count = IN_FLIGHT
                async for frame in socket:
                    self._note(json.loads(frame))
                    await self._submit(socket, key, f"{self.round}-{number}-{count}")
                    count += 1
                    if len(self.acknowledged) >= self.goal and self.server.running:
                        self.server.kill()
        except (ConnectionClosed, OSError):
            pass  # killed, as was the plan

    async def _submit(self, socket: Any, key: str, client_order_id: str) -> None:
        order = {
            "market": "BTC-USD",
            "side": self.random.choice(["buy", "sell"]),
            "quantity": str(self.random.randint(1, 5)),
            "price": str(self.random.randint(95, 105)),
            "client_order_id": client_order_id,
        }
        self.sent[client_order_id] = (key, order)
        await socket.send(
            json.dumps({"method": "submit_order", "params": order, "req_id": client_order_id})
        )

    def _note(self, answer: dict[str, Any]) -> None:
        assert answer["success"], answer
        self.acknowledged[answer["req_id"]] = answer["result"]


def _orders(server: ServerProcess, keys: list[str]) -> dict[str, dict[str, Any]]:
    """Every order there is, by client_order_id."""
    found: dict[str, dict[str, Any]] = {}
    for key in keys:
        with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as http:
            url = f"{server.url}/api/v1/orders?limit=500"
            while url:
                page = http.get(url).json()
                for order in page["results"]:
                    assert order["client_order_id"] not in found, "doubled"
                    found[order["client_order_id"]] = order
                url = page["next"]
    return found


def test_kill_under_load_loses_no_acknowledged_order_and_doubles_none(
    server: ServerProcess,
) -> None:
    keys = [
        server.open_account(name, "--deposit", "USD=100000000", "--deposit", "BTC=100000000")
        for name in ("alice", "bob")
    ]
    load = Load(server, keys, seed=7)

    for _ in range(ROUNDS):
        server.start()
        asyncio.run(load.run_until_killed())
        assert not server.running
        server.manage("audit")

    server.start()
    orders = _orders(server, keys)
    for client_order_id, acknowledged in load.acknowledged.items():
        order = orders[client_order_id]
        assert order["id"] == acknowledged["id"]
        assert Decimal(order["filled_quantity"]) >= Decimal(acknowledged["filled_quantity"])
    in_flight = load.sent.keys() - load.acknowledged.keys()
    assert in_flight, "the kill came between two requests"
    for client_order_id in sorted(in_flight):
        key, order = load.sent[client_order_id]
        answer = httpx.post(
            f"{server.url}/api/v1/orders",
            json=order,
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
        )
        assert answer.status_code == (200 if client_order_id in orders else 201), answer.text
        if client_order_id in orders:
            assert answer.json()["id"] == orders[client_order_id]["id"]
    assert server.stop() == 0
    server.manage("audit")


def test_a_stop_and_a_start_find_everything_as_it_was(server: ServerProcess) -> None:
    key = server.open_account("alice", "--deposit", "USD=1000")
    server.start()
    with httpx.Client(
        base_url=f"{server.url}/api/v1/", headers={"Authorization": f"Bearer {key}"}
    ) as http:
        order = {"market": "BTC-USD", "side": "buy", "quantity": "2", "price": "100"}
        placed = http.post("orders", json=order).json()
    assert server.stop() == 0

    server.start()

    with httpx.Client(
        base_url=f"{server.url}/api/v1/", headers={"Authorization": f"Bearer {key}"}
    ) as http:
        placed.pop("fills")
        assert http.get(f"orders/{placed['id']}").json() == placed
        assert http.get("markets/BTC-USD/book").json()["bids"] == [["100", "2"]]
        assert http.get("balances").json()[-1] == {
            "asset": "USD",
            "total": "1000",
            "held": "200",
            "available": "800",
        }
