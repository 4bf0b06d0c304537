"""StandInMarket: one market's orders, and its book counted anew each time."""

import zlib
from decimal import Decimal

from tests.clients.stand_in.rows import NOW, Row, text


class StandInMarket:
    """One market: its orders by time, and the numbered updates of its book."""

    def __init__(self, symbol: str, tick_size: str, lot_size: str) -> None:
        self.symbol = symbol
        self.row: Row = {
            "symbol": symbol,
            "base": symbol.split("-")[0],
            "quote": symbol.split("-")[1],
            "status": "open",
            "tick_size": tick_size,
            "lot_size": lot_size,
            "min_quantity": lot_size,
            "max_quantity": None,
            "min_notional": "0",
            "maker_fee_rate": "0",
            "taker_fee_rate": "0",
            "price_band": None,
            "reference_price": None,
            "volatility_auction_seconds": 0,
            "auction": None,
            "something_new": True,
        }
        self.sequence = 0
        self.orders: list[Row] = []
        self.waiting: list[Row] = []
        """Stops, and the exits of brackets."""
        self.trades: list[Row] = []

    def levels(self, side: str) -> list[list[str]]:
        totals: dict[Decimal, Decimal] = {}
        for order in self.orders:
            if order["side"] == side:
                price = Decimal(order["price"])
                left = totals.get(price, Decimal(0)) + Decimal(order["remaining_quantity"])
                totals[price] = left
        ordered = sorted(totals, reverse=side == "buy")
        return [[text(price), text(totals[price])] for price in ordered]

    def checksum(self) -> int:
        sides = (("b", "buy"), ("a", "sell"))
        levels = [f"{letter}:{p}:{q}" for letter, side in sides for p, q in self.levels(side)]
        return sum(zlib.crc32(level.encode()) for level in levels) % 2**32

    def snapshot(self) -> Row:
        return {
            "market": self.symbol,
            "sequence": self.sequence,
            "timestamp": NOW,
            "bids": self.levels("buy"),
            "asks": self.levels("sell"),
            "checksum": self.checksum(),
        }

    def status(self) -> Row:
        """What the channel `status` tells."""
        told = {name: self.row[name] for name in ("status", "auction")}
        return {"market": self.symbol, "sequence": self.sequence, **told}

    def resting_against(self, order: Row) -> list[Row]:
        """The orders that this one may trade with, in the order in which it does."""
        sign = 1 if order["side"] == "buy" else -1
        limit = Decimal(order["price"]) * sign if order["price"] is not None else None
        others = [
            other
            for other in self.orders
            if other["side"] != order["side"]
            and (limit is None or Decimal(other["price"]) * sign <= limit)
        ]
        return sorted(others, key=lambda other: (Decimal(other["price"]) * sign, other["place"]))
