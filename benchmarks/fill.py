"""Resting orders written straight into the rows, for books that would take hours to trade into being.

Rules:
- What is written is what one batch of an engine would have: orders, the money that they hold, the
  market's sequence and the batch with the book's checksum. `audit` finds it right.
- Orders are spread evenly over the levels, half of them on each side, beyond the prices of flow.py;
  accounts take turns. SQLite only; the exchange is not running.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from typing import Final

from benchmarks.exchange import MARKETS, Exchange
from benchmarks.flow import MIDDLE
from clients.book import Level, level_checksum
from clients.decimals import from_wire

GAP: Final = 1_000
"""Ticks between the middle and the first level."""
UNIT: Final = 10**8
"""Of both assets: 8 decimals."""
TICK: Final = UNIT // 100
LOT: Final = UNIT // 1000
ID_BITS: Final = 40
FIXED: Final = {
    "type": "limit",
    "time_in_force": "gtc",
    "post_only": 0,
    "self_trade_prevention": "cancel_newest",
    "hidden": 0,
    "filled": 0,
    "canceled": 0,
    "prevented": 0,
    "notional": "0",
    "fee": "0",
    "status": "open",
    "request": "",
}
COLUMNS: Final = (
    *("market_id", "id", "account_id", "side", "price", "quantity", "remaining"),
    *("sequence", "priority", "created_at", "updated_at", *FIXED),
)


def price_of(number: int, levels: int) -> tuple[str, int]:
    """Side and price, in ticks, of the order of that number."""
    away = GAP + number // 2 % max(1, levels // 2)
    return ("sell", MIDDLE + away) if number % 2 else ("buy", MIDDLE - away)


def fill(made: Exchange, *, orders: int, levels: int) -> None:
    """Put so many orders of one lot, at so many prices, into the first market's book."""
    with sqlite3.connect(f"{made.folder}/exchange.sqlite3") as database:
        database.execute("PRAGMA synchronous = OFF")
        _fill(database, orders, levels)
    database.close()


def _fill(database: sqlite3.Connection, orders: int, levels: int) -> None:
    market, base, quote, before = database.execute(
        "SELECT id, base_id, quote_id, last_sequence FROM markets_market WHERE symbol = ?",
        (MARKETS[0],),
    ).fetchone()
    assert before == 0, "only an empty market is filled"
    accounts = [
        account
        for (account,) in database.execute(
            "SELECT id FROM markets_account WHERE name LIKE 'trader%' ORDER BY id"
        )
    ]
    now = time.time_ns() // 1000
    held: Counter[tuple[int, int]] = Counter()
    lots: Counter[tuple[str, int]] = Counter()

    def rows() -> Iterator[tuple[object, ...]]:
        for number in range(orders):
            side, price = price_of(number, levels)
            account, sequence = accounts[number // 2 % len(accounts)], number + 1
            lots[side, price] += 1
            if side == "buy":
                held[account, quote] += price * TICK * LOT // UNIT
            else:
                held[account, base] += LOT
            yield (
                *(market, (market << ID_BITS) + sequence, account, side, price * TICK, LOT, LOT),
                *(sequence, sequence, now, now, *FIXED.values()),
            )

    marks = ", ".join("?" * len(COLUMNS))
    database.executemany(
        f"INSERT INTO markets_order ({', '.join(COLUMNS)}) VALUES ({marks})", rows()
    )
    for (account, asset), amount in held.items():
        available, already = database.execute(
            "SELECT available, held FROM markets_balance WHERE account_id = ? AND asset_id = ?",
            (account, asset),
        ).fetchone()
        assert int(available) >= amount, "more money is needed"
        database.execute(
            "UPDATE markets_balance SET available = ?, held = ?"
            " WHERE account_id = ? AND asset_id = ?",
            (str(int(available) - amount), str(int(already) + amount), account, asset),
        )
    database.execute("UPDATE markets_market SET last_sequence = ? WHERE id = ?", (orders, market))
    database.execute(
        "INSERT INTO markets_batch (market_id, prev_sequence, sequence, orders, trades, checksum,"
        " timestamp) VALUES (?, 0, ?, ?, 0, ?, ?)",
        (market, orders, orders, _checksum(lots), now),
    )


def _checksum(lots: Counter[tuple[str, int]]) -> int:
    """The checksum of the book that these levels make."""
    total = 0
    for (side, price), count in lots.items():
        level = Level(from_wire(f"{price / 100:.2f}"), from_wire(f"{count / 1000:.3f}"))
        total += level_checksum("asks" if side == "sell" else "bids", level)
    return total % 2**32
