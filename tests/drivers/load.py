"""Traders that submit without a pause, go to another address when one fails, and never forget an order.

Rules:
- An order is asked for with its client_order_id until it is answered; so its fate is always known.
- `busy`, `unavailable`, `timeout` and a lost connection are repeated; any other refusal is a failure.
"""

from __future__ import annotations

import asyncio
import random
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from clients import ExchangeClient, Order
from clients.errors import NotConnected, OutcomeUnknown, TryLater, Unanswered

AGAIN = (NotConnected, OutcomeUnknown, TryLater, Unanswered)
PAUSE = 0.05


class Load:
    """So many traders on each account, over all markets; in a thread, until `stop`."""

    def __init__(
        self, urls: list[str], keys: list[str], markets: list[str], *, traders: int = 3, seed: int
    ) -> None:
        self.sent: set[str] = set()
        self.acknowledged: dict[str, tuple[str, Order]] = {}
        """By client_order_id: whose key, and the answer."""
        self.repeats = 0
        self._urls = urls
        self._keys = keys
        self._markets = markets
        self._traders = traders
        self._seed = seed
        self._done = threading.Event()
        self._thread = ThreadPoolExecutor(1)
        self._running: Future[None] | None = None

    def start(self) -> None:
        self._running = self._thread.submit(lambda: asyncio.run(self._run()))

    def stop(self) -> None:
        """Let each trader's last order be answered; raises what went wrong."""
        self._done.set()
        assert self._running is not None
        self._running.result(120)
        self._thread.shutdown()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number, key in enumerate(self._keys * self._traders):
                group.create_task(self._trade(f"t{number}", key, self._seed + number))

    async def _trade(self, name: str, key: str, seed: int) -> None:
        chance = random.Random(seed)
        turn = seed
        count = 0
        order: dict[str, Any] | None = None
        while order is not None or not self._done.is_set():
            url = self._urls[turn % len(self._urls)]
            turn += 1
            try:
                async with ExchangeClient(url, key, attempts=2, timeout=5.0) as exchange:
                    while order is not None or not self._done.is_set():
                        if order is None:
                            count += 1
                            order = self._order(f"{name}-{count}", chance)
                        answer = await exchange.submit_order(**order)
                        self.acknowledged[order["client_order_id"]] = (key, answer)
                        order = None
            except AGAIN:
                self.repeats += 1
                await asyncio.sleep(PAUSE)

    def _order(self, client_order_id: str, chance: random.Random) -> dict[str, Any]:
        self.sent.add(client_order_id)
        return {
            "market": chance.choice(self._markets),
            "side": chance.choice(["buy", "sell"]),
            "quantity": str(chance.randint(1, 5)),
            "price": str(chance.randint(95, 105)),
            "client_order_id": client_order_id,
        }

    def check(self, url: str) -> None:
        """Every order sent was answered, and is there once, as it was answered."""
        assert set(self.acknowledged) == self.sent
        there = asyncio.run(_orders(url, self._keys))
        assert len(there) == len({(key, order.client_order_id) for key, order in there})
        ids = {order.client_order_id: order.id for _, order in there}
        assert ids == {name: order.id for name, (_, order) in self.acknowledged.items()}


async def _orders(url: str, keys: list[str]) -> list[tuple[str, Order]]:
    found = []
    for key in keys:
        async with ExchangeClient(url, key) as exchange:
            found += [(key, order) for order in await exchange.orders(limit=None)]
    return found
