"""busy_book: a market whose book has many levels and changes all the time, driven over the public contract.

Rules:
- A maker rests one order at each level. What then comes is seeded: mostly an order of its gets another
  quantity, near the top more often than deep down; now and then a taker takes some of the best.
- One command is on its way at a time and each changes the book, so each makes one update of it (the market
  merges none). A rate is kept by the clock: what is late is sent at once, and nothing is left out.
"""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Iterator
from typing import Any, Final

from websockets.sync.client import ClientConnection, connect

from benchmarks.exchange import Failed

MIDDLE: Final = 6_400_000
"""In ticks of 0.01, as quantities are in lots of 0.001."""
BATCH: Final = 500
NEAR: Final = 40.0
"""A changed level's mean distance from the best, in levels."""
TAKEN: Final = 0.1
"""So many of the commands are a taker's."""
MOST: Final = 5_000
"""Lots of an order."""
FEWEST: Final = 50
"""Below so many lots the best order is filled up again, not taken from."""
ANSWERS_WITHIN: Final = 10.0
SIDES: Final = ("buy", "sell")


class Trader:
    """A private connection that has one request on its way at a time."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        """The result. Raises Failed."""
        self._socket.send(json.dumps({"method": method, "params": params, "req_id": 1}))
        while True:
            answer = json.loads(self._socket.recv(ANSWERS_WITHIN))
            if answer.get("req_id") == 1:
                break
        if not answer["success"]:
            raise Failed(f"{method} {params}: {answer['error']}")
        return answer["result"]


@contextlib.contextmanager
def busy_book(url: str, market: str, keys: tuple[str, str], seed: int = 1) -> Iterator[BusyBook]:
    """A market whose maker and taker have these keys."""
    address = url.replace("http", "ws", 1) + "/ws/v1/trading"
    maker, taker = (
        connect(address, additional_headers=[("Authorization", f"Bearer {key}")]) for key in keys
    )
    with maker as first, taker as second:
        yield BusyBook(market, Trader(first), Trader(second), seed)


class BusyBook:
    """The market, and what its maker has in it."""

    def __init__(self, market: str, maker: Trader, taker: Trader, seed: int) -> None:
        self._market = market
        self._maker = maker
        self._taker = taker
        self._dice = random.Random(seed)
        self._ids: dict[str, list[str]] = {}
        self._lots: dict[str, list[int]] = {}
        self._taken = dict.fromkeys(SIDES, 0)

    def fill(self, levels: int) -> None:
        """Rest an order at so many levels of each side."""
        for side in SIDES:
            self._lots[side] = [self._dice.randint(FEWEST, MOST) for _ in range(levels)]
            self._ids[side] = []
            for start in range(0, levels, BATCH):
                orders = [
                    self._order(side, level, lots)
                    for level, lots in enumerate(self._lots[side][start : start + BATCH], start)
                ]
                results = self._maker.ask("submit_orders", {"orders": orders})["results"]
                self._ids[side] += [result["order"]["id"] for result in results]

    def run(self, updates: int, rate: float | None = None) -> None:
        """Change the book so often; `rate` is of a second, None: as fast as answers come."""
        began = time.monotonic()
        for number in range(updates):
            if rate is not None:
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
            self._change()

    def _change(self) -> None:
        side = self._dice.choice(SIDES)
        lots = self._lots[side]
        if self._dice.random() < TAKEN and lots[0] > FEWEST:
            taken = self._dice.randint(1, FEWEST // 2)
            other = "sell" if side == "buy" else "buy"
            order = self._order(side, 0, taken) | {"side": other, "time_in_force": "ioc"}
            self._taker.ask("submit_order", order)
            lots[0] -= taken
            self._taken[side] += taken
            return
        level = min(int(self._dice.expovariate(1 / NEAR)), len(lots) - 1)
        # Another than before, or the book would not change.
        before = lots[level]
        lots[level] = self._dice.randint(FEWEST, MOST - 1)
        lots[level] += lots[level] >= before
        # An amend names the whole quantity, with what was taken of it; only the best is taken from.
        whole = lots[level] + (self._taken[side] if level == 0 else 0)
        self._maker.ask("amend_order", {"id": self._ids[side][level], "quantity": _text(whole, 3)})

    def _order(self, side: str, level: int, lots: int) -> dict[str, Any]:
        away = -1 - level if side == "buy" else 1 + level
        return {
            "market": self._market,
            "side": side,
            "price": _text(MIDDLE + away, 2),
            "quantity": _text(lots, 3),
        }


def _text(units: int, decimals: int) -> str:
    whole, fraction = divmod(units, 10**decimals)
    return f"{whole}.{fraction:0{decimals}}"
