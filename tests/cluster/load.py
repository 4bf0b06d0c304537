"""Traders that never give up: each order is asked for again by its client_order_id until it is answered.

What they were told is written down, so that afterwards it can be compared with the rows. Probes send a new
order ten times a second whatever became of the earlier ones: how long after a fault one is done is the
time of the take-over.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.waiting import wait_until

IN_FLIGHT: Final = 4
PROBE_INTERVAL: Final = 0.1
AGAIN_INTERVAL: Final = 0.2
PATIENCE: Final = 60.0
ASK_AGAIN: Final = {"unavailable", "busy", "timeout"}


@dataclass(slots=True)
class Order:
    """An order as it was sent and answered."""

    params: dict[str, Any]
    sent: float
    answered: float | None = None
    id: str | None = None
    failures: list[str] = field(default_factory=list)


class Load:
    """Orders on all markets from two accounts each, while `running`."""

    def __init__(self, url: str, keys: dict[str, list[str]]) -> None:
        """`keys`: market → the keys of the accounts that trade it."""
        self.orders: dict[str, Order] = {}
        self.wrong: list[str] = []
        self._url = f"{url.replace('http', 'ws')}/ws/v1/trading"
        self._keys = keys
        self._random = random.Random(5)
        self._name = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._stopping = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Trade meanwhile; afterwards wait until everything is answered."""
        thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")
        thread.start()
        try:
            self.settle()
            yield
            self.settle()
        finally:
            self._stopping.set()
            thread.join(PATIENCE)
        assert not thread.is_alive(), "orders that nobody answers"
        assert not self.wrong, self.wrong[:5]

    def settle(self) -> None:
        """Wait until each market carries out new orders."""
        start = time.monotonic()
        wait_until(
            lambda: all(self.first_done(market, start) is not None for market in self._keys),
            "every market takes orders",
            seconds=PATIENCE,
        )

    def first_done(self, market: str, since: float) -> float | None:
        """When the first order of a market that was sent since then was answered."""
        done = [
            order.answered
            for order in list(self.orders.values())
            if order.answered is not None
            and order.sent >= since
            and order.params["market"] == market
        ]
        return min(done, default=None)

    def taken_over(self, markets: list[str], since: float) -> float:
        """Seconds from then until all these markets carried out orders that were sent later."""
        wait_until(
            lambda: all(self.first_done(market, since) is not None for market in markets),
            f"{markets} are taken over",
            seconds=PATIENCE,
        )
        return max((self.first_done(market, since) or 0) - since for market in markets)

    def refused(self, market: str | None = None) -> list[str]:
        """Every failure that anybody was answered, of one market or all."""
        return [
            failure
            for order in list(self.orders.values())
            if market in (None, order.params["market"])
            for failure in order.failures
        ]

    # In the thread

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for market, (trader, prober) in self._keys.items():
                tasks.create_task(_Session(self, market, trader).trade())
                tasks.create_task(_Session(self, market, prober).probe())

    def stopping(self) -> bool:
        """Whether nothing new is to be sent."""
        return self._stopping.is_set()

    def new_order(self, market: str) -> str:
        """Think of an order; its client_order_id."""
        name = f"{market}-{self._name}-{next(self._numbers)}"
        params = {
            "market": market,
            "side": self._random.choice(["buy", "sell"]),
            "quantity": str(self._random.randint(1, 5)),
            "price": str(self._random.randint(95, 105)),
            "client_order_id": name,
        }
        self.orders[name] = Order(params, time.monotonic())
        return name


class _Session:
    """One trader's socket: it is opened again when it is lost, and what is unanswered is sent again."""

    def __init__(self, load: Load, market: str, key: str) -> None:
        self._load = load
        self._market = market
        self._headers = {"Authorization": f"Bearer {key}"}
        self._socket: ClientConnection | None = None
        self._open: set[str] = set()

    async def trade(self) -> None:
        """Keep so many orders in flight."""
        await self._until_answered(lambda: len(self._open) < IN_FLIGHT, 0.01)

    async def probe(self) -> None:
        """Send an order every so often, whatever became of the others."""
        await self._until_answered(lambda: True, PROBE_INTERVAL)

    async def _until_answered(self, may_send: Any, interval: float) -> None:
        reading = asyncio.create_task(self._read())
        while self._open or not self._load.stopping():
            if may_send() and not self._load.stopping():
                name = self._load.new_order(self._market)
                self._open.add(name)
                await self._send(name)
            await asyncio.sleep(interval)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def _send(self, name: str) -> None:
        params = self._load.orders[name].params
        if self._socket is not None:
            try:
                await self._socket.send(
                    json.dumps({"method": "submit_order", "params": params, "req_id": name})
                )
            except WebSocketException:
                self._socket = None  # it is sent again on the next one

    async def _read(self) -> None:
        while True:
            try:
                async with connect(
                    self._load._url, additional_headers=self._headers, proxy=None
                ) as socket:
                    self._socket = socket
                    for name in sorted(self._open):
                        await self._send(name)
                    async for frame in socket:
                        await self._note(json.loads(frame))
            except (WebSocketException, OSError):
                await asyncio.sleep(AGAIN_INTERVAL)

    async def _note(self, answer: dict[str, Any]) -> None:
        name = answer["req_id"]
        order = self._load.orders[name]
        if answer["success"]:
            if order.id not in (None, answer["result"]["id"]):
                self._load.wrong.append(f"{name} is {order.id} and {answer['result']['id']}")
            order.id = answer["result"]["id"]
            order.answered = order.answered or time.monotonic()
            self._open.discard(name)
            return
        code = answer["error"]["code"]
        order.failures.append(code)
        if code not in ASK_AGAIN:
            self._load.wrong.append(f"{name}: {answer['error']}")
            self._open.discard(name)
            return
        asyncio.get_running_loop().call_later(
            AGAIN_INTERVAL, lambda: asyncio.ensure_future(self._send(name))
        )
