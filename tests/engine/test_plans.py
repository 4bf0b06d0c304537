"""No query of the running exchange reads a large table whole, or sorts it: an index leads.

The statements are those that a day's work makes, caught on their way to the database; the database itself
says how it would carry them out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from markets import fee_tiers, history, process, tallies
from markets.admin import filters
from markets.models import Market, Order, Trade
from markets.statement import KINDS, Statement, Wanted
from markets.store import Store
from tests.drivers.exchange import ExchangeDriver, Trader

LARGE = re.compile(r"markets_(order|trade|accountevents|batch|candle|dayvolume|transfer)\b")
FEW = re.compile(
    r"(fills_of_taker_order|fills_of_maker_order|orders_of_group)"  # one order's fills, a group's orders
    r"|PRIMARY KEY \(rowid(=|>\? AND rowid<)\?\)"  # what is not added up yet
)
"""What finds so few rows that they may be sorted."""
WHOLE = re.compile(r"^SCAN|INDEX (?!open_orders)\w+ \(market_id=\?\)")
"""Steps of SQLite's that read a table, or all that a market has in it."""


class Caught(dict[str, Any]):
    """Statements on large tables, each with the parameters it had first."""

    def take(self, sql: str, params: Any) -> None:
        if LARGE.search(sql) and not sql.startswith(("INSERT", "DELETE", "EXPLAIN")):
            self.setdefault(re.sub(r"(%s, )+%s", "%s", sql), (sql, params))


@pytest.fixture
def caught(monkeypatch: pytest.MonkeyPatch) -> Caught:
    """What goes to the database from now on, from any thread."""
    statements = Caught()
    execute, executemany = CursorWrapper.execute, CursorWrapper.executemany

    def one(self: CursorWrapper, sql: str, params: Any = None) -> Any:
        statements.take(sql, params)
        return execute(self, sql, params)

    def many(self: CursorWrapper, sql: str, rows: Any) -> Any:
        rows = list(rows)
        statements.take(sql, rows[0])
        return executemany(self, sql, rows)

    monkeypatch.setattr(CursorWrapper, "execute", one)
    monkeypatch.setattr(CursorWrapper, "executemany", many)
    return statements


def objections(statements: Caught) -> dict[str, list[str]]:
    """Statement → what is wrong with the database's plan for it."""
    assert statements
    plan = _of_postgresql if connection.vendor == "postgresql" else _of_sqlite
    return {sql: found for sql, params in list(statements.values()) if (found := plan(sql, params))}


def _of_sqlite(sql: str, params: Any) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        steps = [row[3] for row in cursor.fetchall()]
    sorted_whole = any("ORDER BY" in step for step in steps) and not any(map(FEW.search, steps))
    scanned = [step for step in steps if WHOLE.search(step) and LARGE.search(step)]
    return steps if scanned or sorted_whole else []


def _of_postgresql(sql: str, params: Any) -> list[str]:
    with connection.cursor() as cursor:
        # The tables are small here: what would be right for large ones must be asked for.
        cursor.execute("SET enable_seqscan = off; SET enable_sort = off; SET enable_material = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        [[plan]] = cursor.fetchall()
        cursor.execute("RESET ALL")
    top = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    nodes = list(_nodes(top))
    few = any(FEW.search(str(node.get("Index Name"))) or _by_id(node) for node in nodes)
    wrong = [
        node["Node Type"]
        for node in nodes
        if (node["Node Type"] == "Seq Scan" and LARGE.search(node["Relation Name"]))
        or (node["Node Type"].endswith("Sort") and not few)
        or (
            "Index Name" in node
            and LARGE.search(node.get("Relation Name", node["Index Name"]))
            and "Index Cond" not in node
            and not node["Index Name"].startswith("open_orders")
        )
    ]
    return [json.dumps(top)] if wrong else []


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _by_id(node: dict[str, Any]) -> bool:
    return str(node.get("Index Name")).endswith("_pkey") and "Index Cond" in node


def walk(trader: Trader, path: str) -> None:
    """The first pages of a list, forth and back."""
    url = path
    for link in ("next", "next", "previous"):
        page = trader.http.get(url).json()
        if page[link] is None:
            return
        url = page[link]


def a_days_work(exchange: ExchangeDriver, market: str) -> Trader:
    """Orders of all kinds, asked again, amended, canceled, by REST and by socket."""
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "50", price="100", client_order_id="maker")
    for number in range(3):
        alice.place(market, "buy", "1", price="100", client_order_id=f"taker-{number}")
    alice.submit(market, "buy", "1", price="100", client_order_id="taker-0")
    alice.place(market, "buy", "1", type="market")
    stop = {"stop_price": "10", "client_order_id": "stop"}
    group = {"market": market, "side": "sell", "quantity": "1", "price": "200", "stop": stop}
    for _ in range(2):
        alice.post("orders/oco", **group, client_order_id="limit")
    rests = [alice.place(market, "buy", "2", price="50")["id"] for _ in range(3)]
    alice.place(market, "buy", "2", price="50", client_order_id="mine")
    alice.http.patch(f"orders/{rests[0]}", json={"price": "51"})
    alice.http.patch("orders/by-client-id/mine", json={"quantity": "1"})
    alice.http.delete("orders/by-client-id/mine")
    for _ in range(2):
        alice.http.delete(f"orders/{rests[1]}")
    with alice.socket() as socket:
        socket.ask("subscribe", channels=["orders", "fills", "balances"])
        socket.ask("submit_order", market=market, side="buy", quantity="1", price="49")
        socket.ask("subscribe", channel="orders", from_sequence=1)
    alice.post("orders/cancel-after", timeout_seconds=60)
    return alice


def reads(exchange: ExchangeDriver, market: str, alice: Trader) -> None:
    """All lists with all filters, market data, and what engines and hubs start from."""
    first = alice.http.get("orders").json()["results"][-1]["id"]
    for chosen in (
        "",
        "market=" + market,
        "side=buy",
        *(f"status={s}" for s in ("open", "filled")),
    ):
        walk(alice, f"orders?limit=1&{chosen}")
    for chosen in ("", f"market={market}", f"order={first}", f"market={market}&order={first}"):
        walk(alice, f"fills?limit=1&{chosen}")
    for path in (f"orders/{first}", "orders/by-client-id/mine", "fees", "balances"):
        assert alice.http.get(path).status_code == 200
    for path in ("trades", f"trades?before={first}", "ticker", "book"):
        assert exchange.http.get(f"markets/{market}/{path}").status_code == 200
    for interval in history.INTERVALS:
        assert exchange.http.get(f"markets/{market}/candles?interval={interval}").json()
    row = Market.objects.get(symbol=market)
    store = Store(market)
    store.load()
    exchange.in_loop(process.current().hub.read(history.market_moment, market))
    fee_tiers.volumes(row.quote)


def test_a_days_work_reads_no_table_whole(exchange: ExchangeDriver, caught: Caught) -> None:
    market = exchange.new_market()

    alice = a_days_work(exchange, market)
    reads(exchange, market, alice)
    tallies.forget(Market.objects.get(symbol=market))
    reads(exchange, market, alice)
    tallies.add_up([Market.objects.get(symbol=market).pk])
    alice.http.delete("orders")

    assert objections(caught) == {}


def _ends_soon(sql: str, plan: list[str]) -> bool:
    """Whether it takes rows as they come. (Django puts no LIMIT to a list of one page.)"""
    return "WHERE" not in sql and not any("ORDER BY" in step for step in plan)


@pytest.mark.parametrize("kind", ["", *KINDS])
def test_a_statement_reads_no_table_whole(
    exchange: ExchangeDriver, caught: Caught, kind: str
) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    for _ in range(2):
        alice.place(market, "buy", "1", price="100")
        bob.place(market, "sell", "1", price="100")
    row = Market.objects.get(symbol=market)
    today = timezone.now().date()
    caught.clear()

    for wanted in (
        Wanted(kind=kind),
        Wanted(kind=kind, market=row),
        Wanted(kind=kind, asset=row.base),
        Wanted(kind=kind, asset=row.quote, market=row, first_day=today, last_day=today),
    ):
        for account in (alice.account, bob.account):
            assert all(len(lines) <= 3 for lines in Statement(account.pk, wanted).lines(100, 1))

    assert objections(caught) == {}


@pytest.mark.parametrize("most_merged", [0, 10_000], ids=["many markets", "few markets"])
def test_the_admins_lists_read_no_table_whole(
    exchange: ExchangeDriver, caught: Caught, monkeypatch: pytest.MonkeyPatch, most_merged: int
) -> None:
    monkeypatch.setattr(filters, "MAX_MARKETS_MERGED", most_merged)
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    order = alice.place(market, "buy", "1", price="100")
    [fill] = bob.place(market, "sell", "1", price="100")["fills"]
    caught.clear()
    operator = Client()
    operator.force_login(User.objects.create_superuser(f"operator of {market}"))
    chosen = f"market={Market.objects.get(symbol=market).pk}"

    for model, query in (
        ("order", ""),
        ("order", chosen),
        ("order", f"{chosen}&status=live"),
        ("order", f"q={order['id']}"),
        ("trade", ""),
        ("trade", chosen),
        ("trade", f"q={fill['id']}"),
    ):
        list_ = reverse(f"admin:markets_{model}_changelist")
        assert operator.get(f"{list_}?{query}").status_code == 200
    for row in (Order.objects.get(pk=order["id"]), Trade.objects.get(pk=fill["id"])):
        page = reverse(f"admin:markets_{row._meta.model_name}_change", args=[row.pk])
        assert operator.get(page).status_code == 200

    scans = {
        sql: plan
        for sql, plan in objections(caught).items()
        if any("SCAN" in step or "Seq Scan" in step for step in plan) and not _ends_soon(sql, plan)
    }
    assert scans == {}
