"""People who trade all the while, at a rate, over the exchange's own trading socket."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import connect

from tests.drivers.exchange import ExchangeDriver, Trader

TURNS_A_SECOND = 20
PRICES = (9500, 10500)
"""In hundredths."""


class Traffic:
    """Orders around a price: some rest, some trade, some are canceled."""

    def __init__(
        self, exchange: ExchangeDriver, market: str, traders: list[Trader], dice: random.Random
    ) -> None:
        self._exchange, self._market, self._traders, self._dice = exchange, market, traders, dice
        self.placed = 0

    def _orders(self, count: int) -> list[dict[str, Any]]:
        dice = self._dice
        return [
            {
                "market": self._market,
                "side": dice.choice(("buy", "sell")),
                "quantity": f"0.{dice.randint(1, 999):03}".rstrip("0"),
                "price": str(dice.randint(*PRICES) / 100),
            }
            for _ in range(count)
        ]

    @asynccontextmanager
    async def running(self, *, orders_a_second: int) -> AsyncIterator[None]:
        """Trade until the block is left."""
        tasks = [
            asyncio.create_task(self._trade(trader, orders_a_second // len(self._traders)))
            for trader in self._traders
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def clear(self) -> None:
        """Take everything out of the book."""
        for trader in self._traders:
            trader.http.delete("orders", params={"market": self._market})

    async def _trade(self, trader: Trader, orders_a_second: int) -> None:
        headers = {"Authorization": f"Bearer {trader.key}"}
        url = f"{self._exchange.ws_url}/ws/v1/trading"
        async with connect(url, additional_headers=headers, max_size=None, proxy=None) as socket:
            while True:
                orders = self._orders(orders_a_second // TURNS_A_SECOND)
                await self._ask(socket, "submit_orders", orders=orders)
                self.placed += len(orders)
                if self._dice.random() < 0.1:
                    await self._ask(socket, "cancel_all", market=self._market)
                await asyncio.sleep(1 / TURNS_A_SECOND)

    @staticmethod
    async def _ask(socket: Any, method: str, **params: Any) -> None:
        await socket.send(json.dumps({"method": method, "params": params, "req_id": 1}))
        answer = json.loads(await socket.recv())
        assert answer["success"], answer
