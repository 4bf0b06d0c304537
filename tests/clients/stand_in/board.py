"""Board: what the stand-in's sockets are told of its markets and accounts, and what is lost of it."""

import asyncio
from collections.abc import Callable

from tests.clients.stand_in.market import StandInMarket
from tests.clients.stand_in.rows import Problem, Row, problem
from tests.clients.stand_in.sockets import Socket

PATIENCE = 20.0
"""Seconds after which what was waited for is not going to come."""


class Board:
    """The markets and balances, and who follows them."""

    def __init__(self) -> None:
        self.markets: dict[str, StandInMarket] = {}
        self.balances = {"USD": "60"}
        self.private: dict[str, list[Row]] = {}
        self.lose_updates = 0
        self.corrupt_updates = 0
        self.lose_private = 0
        self.sockets: list[Socket] = []
        self._changed = asyncio.Condition()

    def add_market(self, symbol: str, tick_size: str = "0.01", lot_size: str = "0.0001") -> None:
        self.markets[symbol] = StandInMarket(symbol, tick_size, lot_size)

    def market(self, symbol: str) -> StandInMarket:
        if symbol not in self.markets:
            raise Problem(404, problem("not_found", f"There is no market {symbol}."))
        return self.markets[symbol]

    def balance_rows(self) -> list[Row]:
        return [
            {"asset": asset, "total": available, "held": "0", "available": available}
            for asset, available in self.balances.items()
        ]

    def fee_rows(self) -> list[Row]:
        rates = {"maker_fee_rate": "-0.0001", "taker_fee_rate": "0.001"}
        volume = {"volume_30d": "5000", "volume_asset": "USD"}
        return [{"market": symbol, **rates, **volume} for symbol in self.markets]

    def ticker(self, symbol: str) -> Row:
        market = self.market(symbol)
        last = market.trades[-1]["price"] if market.trades else None
        return {"market": symbol, "last": last, "best_bid": None, "best_ask": None}

    def write(self, key: str, channel: str, row: Row) -> None:
        """Tell an account's followers of one row."""
        told = self.private.setdefault(key, [])
        number = len(told) + 1
        data = {"sequence": number, "prev_sequence": number - 1, channel: [row]}
        message = {"channel": channel, "type": "update", "data": data}
        told.append(message)
        if self.lose_private:
            self.lose_private -= 1
            return
        for socket in self.sockets:
            if socket.key == key and channel in socket.private:
                socket.outbox.append(message)

    def note(self, market: StandInMarket, before: Row, key: str, channel: str, row: Row) -> None:
        """Tell of one row, and of what it changed in the book."""
        self.write(key, channel, row)
        market.sequence += 1
        after = market.snapshot()
        changes: dict[str, list[list[str]]] = {}
        for side in ("bids", "asks"):
            old, new = dict(before[side]), dict(after[side])
            gone = [[price, "0"] for price in old if price not in new]
            changes[side] = gone + [[p, q] for p, q in new.items() if old.get(p) != q]
        self.publish(market, {**after, **changes, "prev_sequence": before["sequence"]})

    def publish(self, market: StandInMarket, data: Row) -> None:
        if self.lose_updates:
            self.lose_updates -= 1
            return
        if self.corrupt_updates:
            self.corrupt_updates -= 1
            data = {**data, "bids": [*data["bids"], ["0.01", "9"]]}
        self._push("book", market.symbol, "update", data)

    def publish_status(self, market: StandInMarket) -> None:
        self._push("status", market.symbol, "update", market.status())

    def publish_trade(self, market: StandInMarket, trade: Row) -> None:
        told = {"market": market.symbol, "sequence": trade["sequence"], "trades": [trade]}
        self._push("trades", market.symbol, "update", told)

    def heartbeat(self, symbol: str) -> None:
        book = self.markets[symbol].snapshot()
        data = {name: book[name] for name in ("market", "sequence", "checksum")}
        self._push("book", symbol, "heartbeat", data)

    def _push(self, channel: str, symbol: str, kind: str, data: Row) -> None:
        for socket in self.sockets:
            if (channel, symbol) in socket.public:
                socket.outbox.append({"channel": channel, "type": kind, "data": data})

    async def tell(self) -> None:
        for socket in list(self.sockets):
            await socket.flush()
        async with self._changed:
            self._changed.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds, as it may after a command or the end of a socket."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(condition)
