"""Traffic: two people who quote and trade in a market for as long as a chapter runs."""

from __future__ import annotations

import itertools
import threading

from tests.drivers.exchange import ExchangeDriver

INTERVAL = 0.02
"""Seconds between orders."""
MIDDLE = 1000
LEVELS = 10


class Traffic:
    """Prices wander by a tick or two around MIDDLE; there are always LEVELS on both sides."""

    def __init__(self, exchange: ExchangeDriver, market: str) -> None:
        self._market = market
        self._maker, self._taker = exchange.traders(market, 2)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)

    def start(self) -> None:
        """Quote, and trade from now on."""
        for level in range(1, LEVELS + 1):
            self._quote("buy", MIDDLE - level)
            self._quote("sell", MIDDLE + level)
        self._trade("buy")
        self._thread.start()

    def stop(self) -> None:
        """No more."""
        self._ended.set()
        self._thread.join(30)

    def _run(self) -> None:
        for number in itertools.count():
            if self._ended.wait(INTERVAL):
                return
            self._trade("buy" if number % 2 else "sell")

    def _trade(self, side: str) -> None:
        order = self._taker.place(self._market, side, "0.01", type="market")
        for fill in order["fills"]:
            self._quote("sell" if side == "buy" else "buy", fill["price"], fill["quantity"])

    def _quote(self, side: str, price: object, quantity: str = "5") -> None:
        self._maker.place(self._market, side, quantity, price=str(price))
