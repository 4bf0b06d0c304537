"""What the exchange's queries cost as its tables grow: `python -m benchmarks.tables` (make bench-tables).

Rules:
- SQLite, in a folder of its own that is removed. Each size is filled by bulk SQL, with so many orders and as
  many trades, by a process of its own that then calls the exchange's own functions.
- Candles and volumes are added up first, as they are in a running exchange but for its last seconds.
- The rows are of DAYS days, 80 % of them in one market and a fifth of that by one busy account: what is
  timed is the worst of them, the busy account in the busy market.
- Each figure is the median of some calls; beside it stands its ratio to the same call at FEWEST rows.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

FEWEST = 10_000
ROWS = 1_000_000
DAYS = 30
DAY = 86_400_000_000
ACCOUNTS = 1_000
BUSY_EVERY = 5
"""One order of so many is the busy account's."""
LIVE = 1_000
"""Orders that are open."""
SHARES = {"BUSY-USD": 80, "CALM-USD": 15, "RARE-USD": 5}
"""The markets, and how many of a hundred rows each has."""
BATCH = 100
CALLS = 15
BUDGET = 20.0
"""Seconds for one query's calls, after which no more are made."""

FILL_ORDERS = """
WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < :rows)
INSERT INTO markets_order
  (id, market_id, account_id, client_order_id, side, type, time_in_force, post_only,
   self_trade_prevention, price, quantity, remaining, hidden, filled, canceled, prevented, notional,
   fee, status, sequence, priority, created_at, updated_at, request)
SELECT :base + 2 * k - 1, :market,
  CASE WHEN k % :busy = 0 THEN :first ELSE :first + (k * 7919) % :accounts END,
  CASE WHEN k % 2 THEN 'c' || :market || '-' || k END,
  CASE WHEN k % 2 THEN 'buy' ELSE 'sell' END, 'limit', 'gtc', 0, 'cancel_newest',
  1000000000 + k % 5000, 10,
  CASE WHEN k > :rows - :live THEN 10 ELSE 0 END, 0,
  CASE WHEN k <= :rows - :live THEN 10 ELSE 0 END, 0, 0, '10000000000', '0',
  CASE WHEN k > :rows - :live THEN 'open' ELSE 'filled' END,
  2 * k - 1, 2 * k - 1, :start + k * :step, :start + k * :step, ''
FROM n
"""
FILL_TRADES = """
WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < :rows)
INSERT INTO markets_trade
  (id, market_id, sequence, price, quantity, amount, taker_side, taker_order_id, maker_order_id,
   taker_account_id, maker_account_id, taker_fee, maker_fee, timestamp)
SELECT :base + 2 * k, :market, 2 * k, 1000000000 + k % 5000, 10, '10000000000',
  CASE WHEN k % 2 THEN 'buy' ELSE 'sell' END, :base + 2 * k - 1, :base + 2 * max(k - 7, 1) - 1,
  CASE WHEN k % :busy = 0 THEN :first ELSE :first + (k * 7919) % :accounts END,
  CASE WHEN max(k - 7, 1) % :busy = 0 THEN :first ELSE :first + (max(k - 7, 1) * 7919) % :accounts END,
  '0', '0', :start + k * :step
FROM n
"""


def fill(rows: int) -> int:
    """Make accounts, markets and so many orders and trades; the busy account's key."""
    from decimal import Decimal

    from django.db import connection

    from markets import models, operators

    models.Account.objects.bulk_create(
        models.Account(name=f"account {number}") for number in range(ACCOUNTS)
    )
    first = models.Account.objects.get(name="account 0").pk
    now = time.time_ns() // 1000
    for symbol, share in SHARES.items():
        base, quote = symbol.split("-")
        operators.create_market(
            base, quote, tick_size=Decimal("0.01"), lot_size=Decimal("0.00000001")
        )
        market = models.Market.objects.get(symbol=symbol)
        of_market = rows * share // 100
        values = {
            "rows": of_market,
            "market": market.pk,
            "base": market.pk << models.ID_BITS,
            "first": first,
            "accounts": ACCOUNTS,
            "busy": BUSY_EVERY,
            "live": min(LIVE, of_market // 2),
            "start": now - DAYS * DAY,
            "step": DAYS * DAY // of_market,
        }
        with connection.cursor() as cursor:
            for statement in (FILL_ORDERS, FILL_TRADES):
                cursor.connection.execute(statement, values)
            cursor.connection.commit()
        models.Market.objects.filter(pk=market.pk).update(
            last_sequence=2 * of_market, last_price=1_000_000_000
        )
    return first


def queries_of(first: int, rows: int) -> dict[str, Callable[[], object]]:
    """What the running exchange asks, in the busy market, of the busy account."""
    from markets import fee_tiers, history, models, private_feed, queries, trading
    from markets.matching.recall import Needs
    from markets.rows import ORDER_FIELDS, TRADE_FIELDS
    from markets.store import Store

    account = models.Account.objects.get(pk=first)
    market = models.Market.objects.get(symbol="BUSY-USD")
    base = market.pk << models.ID_BITS
    specs = {
        each.symbol: each.spec(0) for each in models.Market.objects.select_related("base", "quote")
    }
    middle = rows * 80 // 100 // 2 // 10 * 10
    some_order = base + 2 * middle - 1
    then = models.Order.objects.values_list("created_at", flat=True).get(pk=some_order)
    deep = queries.Cursor(newer=False, time=then, id=some_order)
    store = Store("BUSY-USD")
    store.load()
    names = frozenset(
        (first + number, f"c{market.pk}-{number}") for number in range(1, 2 * BATCH, 2)
    )
    needs = Needs(
        accounts=frozenset(range(first, first + BATCH)),
        client_order_ids=names,
        order_ids=frozenset(base + 2 * (middle + number) - 1 for number in range(BATCH)),
    )

    def orders(cursor: queries.Cursor | None = None, **query: str) -> object:
        wanted = [queries.orders(first, query)]
        fields = ("market__symbol", *ORDER_FIELDS)
        return queries.page(wanted, "created_at", fields, queries.DEFAULT_LIMIT, cursor)

    def fills(cursor: queries.Cursor | None = None, **query: str) -> object:
        fields = ("market__symbol", *TRADE_FIELDS)
        wanted = queries.fills(first, query)
        return queries.page(wanted, "timestamp", fields, queries.DEFAULT_LIMIT, cursor)

    hour = int(time.time()) // 3600 * 3600
    return {
        "engine: prefetch of a batch of 100": lambda: store.prefetch(needs),
        "engine: load a market": store.load,
        "hub: a market at one moment": lambda: history.market_moment("BUSY-USD"),
        "socket: open orders, last fills, balances": lambda: private_feed.private_snapshot(
            account, specs, private_feed.CHANNELS
        ),
        "GET orders": orders,
        "GET orders, by a cursor in the middle": lambda: orders(deep),
        "GET orders?status=open": lambda: orders(status="open"),
        "GET orders?status=canceled (there are none)": lambda: orders(status="canceled"),
        "GET orders?market=RARE-USD": lambda: orders(market="RARE-USD"),
        "GET fills": fills,
        "GET fills, by a cursor in the middle": lambda: fills(deep),
        "GET fills?market=RARE-USD": lambda: fills(market="RARE-USD"),
        "GET fills?order=": lambda: fills(order=str(some_order)),
        "a repeated order's fills": lambda: trading._trades_of([some_order]),  # noqa: SLF001
        "GET trades": lambda: history.trades(market, 500),
        "GET trades?before=, in the middle": lambda: history.trades(market, 500, some_order),
        "GET candles, 500 minutes": lambda: history.candles(market, 60, hour - 30_000),
        "GET candles, 30 days": lambda: history.candles(market, 86_400, hour - 30 * 86_400),
        "GET fees": lambda: fee_tiers.volumes_of(account),
        "fee tiers of a quote asset": lambda: fee_tiers.volumes(market.quote),
    }


def insert_batches(first: int, rows: int) -> Callable[[], object]:
    """Writing BATCH orders and BATCH trades in one transaction, as the store does."""
    from django.db import connection, transaction

    from markets import models
    from markets.rows import ORDER_COLUMNS, TRADE_COLUMNS
    from markets.store.dialects import dialect_of

    market = models.Market.objects.get(symbol="BUSY-USD")
    base = market.pk << models.ID_BITS
    order_names = ", ".join(name for name, _ in ORDER_COLUMNS)
    trade_names = ", ".join(name for name, _ in TRADE_COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {order_names} FROM markets_order WHERE id = %s", [base + 1])
        order = dict(zip((name for name, _ in ORDER_COLUMNS), cursor.fetchone(), strict=True))
        cursor.execute(f"SELECT {trade_names} FROM markets_trade WHERE id = %s", [base + 2])
        trade = dict(zip((name for name, _ in TRADE_COLUMNS), cursor.fetchone(), strict=True))
    dialect, written = dialect_of(connection), [2 * rows]

    def insert() -> None:
        now = time.time_ns() // 1000
        orders, trades = [], []
        for number in range(BATCH):
            sequence = written[0] + 2 * number + 1
            account = first + (sequence * 7919) % ACCOUNTS
            named = {"client_order_id": f"new-{sequence}", "account_id": account}
            times = {"sequence": sequence, "created_at": now, "updated_at": now}
            orders.append(list((order | named | times | {"id": base + sequence}).values()))
            ids = {"id": base + sequence + 1, "sequence": sequence + 1, "timestamp": now}
            whose = {"taker_account_id": account, "maker_account_id": account}
            which = {"taker_order_id": base + sequence, "maker_order_id": base + 1}
            trades.append(list((trade | ids | whose | which).values()))
        written[0] += 2 * BATCH
        with transaction.atomic():
            dialect.insert("markets_order", ORDER_COLUMNS, orders)
            dialect.insert("markets_trade", TRADE_COLUMNS, trades)

    return insert


def median_ms(call: Callable[[], object]) -> float:
    """The median time of some calls, after one that is not counted."""
    began = time.perf_counter()
    call()
    times = [time.perf_counter() - began]
    while len(times) < CALLS + 1 and time.perf_counter() - began < BUDGET:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times[1:] or times)


def measure(rows: int) -> dict[str, float]:
    """Fill a fresh database, then time everything: milliseconds by name."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from markets import models, tallies

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=OFF")
    first = fill(rows)
    while tallies.add_up(models.Market.objects.values_list("pk", flat=True)):
        pass
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=FULL")
    calls = queries_of(first, rows)
    calls["engine: write 100 orders and 100 trades"] = insert_batches(first, rows)
    return {name: median_ms(call) for name, call in calls.items()}


def in_a_process(rows: int, folder: str) -> dict[str, float]:
    """Measure in a process of its own, on files that are removed afterwards."""
    with tempfile.TemporaryDirectory(dir=folder or None) as var:
        kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
        environment = {**kept, "EXCHANGE_VAR": var}
        environment["DJANGO_SETTINGS_MODULE"] = "exchange_site.settings"
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.tables", "--measure", str(rows)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        size = (Path(var) / "exchange.sqlite3").stat().st_size
    print(f"{rows:,} orders and trades: {size / 1e6:,.0f} MB", file=sys.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def print_table(sizes: Mapping[int, Mapping[str, float]]) -> None:
    """The figures as Markdown."""
    fewest, *others = sizes
    print(f"| milliseconds | {' | '.join(f'{size:,} rows' for size in sizes)} |")
    print(f"| --- |{' ---: |' * len(sizes)}")
    for name, least in sizes[fewest].items():
        cells = [f"{sizes[size][name]:,.1f} (x {sizes[size][name] / least:.1f})" for size in others]
        print(f"| {name} | {' | '.join([f'{least:,.1f}', *cells])} |")


def main() -> int:
    """Print the table, or for --measure the figures of one size as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="*", default=[ROWS], help="orders, and trades")
    parser.add_argument("--folder", default="", help="where the databases are made, and removed")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        found: dict[str, Any] = measure(args.measure)
        print(json.dumps(found))
    else:
        print_table({rows: in_a_process(rows, args.folder) for rows in (FEWEST, *args.rows)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
