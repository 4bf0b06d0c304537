"""The operator's front page: every market's figures, what is wrong, what to do first."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from markets import accounts, clock, operators
from markets.admin import overview
from markets.admin.pages import in_words_since
from markets.matching.types import SECOND, MarketStatus
from markets.models import Account, Batch, Market, OperatorCommand
from markets.operators import figures
from tests.api.admin.pages import a_trade, an_order
from tests.drivers.exchange import ExchangeDriver


def front_page(client: Client) -> str:
    response = client.get(reverse("admin:index"))
    assert response.status_code == 200
    return response.content.decode()


def words(html: str) -> str:
    """What there is to read."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def batch(market: Market, sequence: int, seconds_ago: int, orders: int, trades: int) -> None:
    Batch.objects.create(
        market=market,
        prev_sequence=sequence - 1,
        sequence=sequence,
        orders=orders,
        trades=trades,
        checksum=0,
        timestamp=clock.now() - seconds_ago * SECOND,
    )


# An empty exchange


def test_an_empty_exchange_says_what_to_do_next(operator: Client) -> None:
    shown = words(front_page(operator))

    assert "What to do next Add the assets" in shown
    assert "There is no market yet." in shown
    assert "(done)" not in shown
    assert "Halt all" not in shown


def test_steps_are_ticked_off_until_all_are_done(operator: Client, market: Market) -> None:
    half = words(front_page(operator))
    accounts.open_account("alice")
    whole = words(front_page(operator))

    assert half.count("(done)") == 2
    assert "Open an account A name" in half
    assert "What to do next" not in whole


# Figures


def test_a_market_is_shown_with_its_last_trade_and_open_orders(
    operator: Client, market: Market, alice: Account
) -> None:
    order = an_order(market, alice)
    trade = a_trade(market, order, order)
    type(trade).objects.update(timestamp=clock.now() - 150 * SECOND)

    shown = words(front_page(operator))

    assert "BTC-USD open nobody runs it" in shown
    assert "100.5 2 min ago 1 Halt…" in shown
    assert "it knows no best prices" in shown


def test_rates_are_of_the_newest_batches_by_their_own_time(market: Market) -> None:
    batch(market, 1, 60, orders=1000, trades=1000)
    batch(market, 2, 5, orders=30, trades=2)
    batch(market, 3, 1, orders=210, trades=5)

    (found,) = operators.market_figures([market])

    assert (found.orders_per_second, found.trades_per_second) == (24, "0.7")


def test_a_market_with_very_many_batches_is_measured_over_less_time(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MAX_BATCHES", 2)
    batch(market, 1, 6, orders=1000, trades=0)
    batch(market, 2, 4, orders=100, trades=0)
    batch(market, 3, 2, orders=100, trades=4)

    (found,) = operators.market_figures([market])

    assert found.orders_per_second in (25, 49, 50), "in 4 s; the first begins what is measured"


def test_without_batches_nothing_happens(market: Market) -> None:
    (found,) = operators.market_figures([market])

    assert (found.orders_per_second, found.trades_per_second) == ("0", "0")
    assert (found.last_trade, found.best, found.open_orders) == (None, None, 0)


def test_open_orders_are_counted_up_to_a_bound(
    operator: Client, market: Market, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        an_order(market, alice, number)
    monkeypatch.setattr("markets.operators.wishes.MAX_COUNTED", 3)
    monkeypatch.setattr("markets.operators.MAX_COUNTED", 3)

    assert " 3+ Halt…" in words(front_page(operator))


def test_no_figure_counts_or_reads_a_table_whole(market: Market, alice: Account) -> None:
    order = an_order(market, alice)
    a_trade(market, order, order)
    batch(market, 1, 1, 1, 1)

    with CaptureQueriesContext(connection) as caught:
        operators.market_figures([market])

    for query in caught.captured_queries:
        assert whole_tables(query["sql"]) == [], query["sql"]
    assert len(caught) < 15


def whole_tables(sql: str) -> list[str]:
    """The steps of a plan that read all of a large table."""
    large = r"markets_(order|trade|batch)\b"
    if not re.search(large, sql):
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # only where there is no other way
            cursor.execute(f"EXPLAIN {sql}")
            steps = [str(row[0]) for row in cursor.fetchall()]
            return [step for step in steps if re.search(rf"Seq Scan on {large}", step)]
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        steps = [str(row[3]) for row in cursor.fetchall()]
        return [step for step in steps if re.match(rf"SCAN {large}", step)]


# What is wrong


def test_a_market_without_an_engine_and_one_that_is_halted_are_warned_of(
    operator: Client, market: Market
) -> None:
    Market.objects.update(status="halted")

    shown = words(front_page(operator))

    assert "error BTC-USD is without an engine: orders are not answered." in shown
    assert "warning BTC-USD is halted" in shown


def test_a_command_that_waits_for_long_is_warned_of(operator: Client, market: Market) -> None:
    command = operators.set_market_status(market, MarketStatus.HALTED, "olga", "why")
    fresh = words(front_page(operator))
    long_ago = timezone.now() - timedelta(seconds=11)
    OperatorCommand.objects.filter(pk=command.pk).update(created_at=long_ago)

    assert "waits for an engine since" not in fresh
    assert "command for BTC-USD waits for an engine since" in words(front_page(operator))


def test_an_engine_that_is_behind_is_warned_of(market: Market) -> None:
    engine = operators.MarketEngine(market=market, runs=True, waiting=5000, behind_ms=1500)
    row = operators.MarketFigures(
        engine=engine,
        best=operators.BestPrices("100", "100.5", in_step=True, engine_heard=True),
        orders_per_second=0,
        trades_per_second=0,
        last_trade=None,
        open_orders=0,
    )

    assert next(notice.text for notice in overview._warnings([row])) == (
        "The engine of BTC-USD is behind."
    )
    assert overview._row(row, may_change=True).lag == "1,500 ms, 5,000 waiting"
    assert overview._row(row, may_change=True).spread_percent == "0.499 %"
    assert overview._row(row, may_change=True).wrong


def test_sandboxes_and_frozen_accounts_are_named(
    operator: Client, market: Market, alice: Account, settings: Any
) -> None:
    settings.SANDBOX = True
    operators.freeze_account(alice, "olga", "stolen key")

    shown = words(front_page(operator))

    assert "info This is a sandbox" in shown
    assert "info 1 account is frozen. Look at them" in shown


# Who may look, and what moves


def clerk_with(*permissions: str) -> Client:
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(clerk)
    return client


def test_staff_see_what_they_may(market: Market) -> None:
    client = clerk_with("view_account")
    url = reverse("admin:markets_market_overview")

    assert "You may not look at markets" in front_page(client)
    assert client.get(url).status_code == 403


def test_who_may_only_look_is_offered_no_button(market: Market) -> None:
    client = clerk_with("view_market")

    shown = words(front_page(client))

    assert "BTC-USD open" in shown
    assert "Halt" not in shown
    for name in ("halt_all", "resume_all"):
        assert client.get(reverse(f"admin:markets_market_{name}")).status_code == 403


def test_what_moves_can_be_asked_for_alone(operator: Client, market: Market) -> None:
    response = operator.get(reverse("admin:markets_market_overview"))

    part = response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert "<html" not in part
    assert "BTC-USD" in part


def test_a_stranger_is_sent_to_the_log_in_page(market: Market) -> None:
    response = Client().get(reverse("admin:markets_market_overview"))

    assert response.status_code == 302
    assert "/admin/login/" in response["Location"]


def test_the_look_is_the_sites_own_and_nothing_is_inline(operator: Client, market: Market) -> None:
    shown = front_page(operator)

    for name in ("markets/favicon.svg", "markets/admin/admin.css", "markets/admin/overview.js"):
        assert f"/static/{name}" in shown
    assert not re.search(r"<script(?![^>]*\bsrc=)", shown)
    assert not re.search(r'\s(style|on\w+)="', shown)
    assert operator.get("/favicon.ico")["Location"] == "/static/markets/favicon.svg"


# With the exchange running


def test_a_running_market_shows_its_engine_and_its_best_prices(
    exchange: ExchangeDriver, browser: httpx.Client
) -> None:
    symbol = exchange.new_market()
    alice, bob = exchange.traders(symbol)
    alice.place(symbol, "buy", "5", price="99")
    bob.place(symbol, "sell", "5", price="101")
    exchange.settle(symbol)
    market = Market.objects.get(symbol=symbol)

    (found,) = operators.market_figures([market])
    best = overview._row(found, may_change=True)

    assert found.best == operators.BestPrices("99", "101", in_step=True, engine_heard=True)
    assert (best.spread, best.spread_percent, best.wrong) == ("2", "2.000 %", False)
    assert found.engine.runs
    assert found.open_orders == 2


@pytest.mark.parametrize(
    ("microseconds", "said"),
    [(-5, "0 s ago"), (90 * SECOND, "90 s ago"), (150 * SECOND, "2 min ago")],
)
def test_ages_are_said_in_words(microseconds: int, said: str) -> None:
    assert in_words_since(microseconds) == said
