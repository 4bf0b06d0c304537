"""Operators see who runs a market, since when, at which sequence, and how far behind."""

from __future__ import annotations

import os
import socket
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from markets import engines, process
from markets.hub import hub
from markets.models import Market
from markets.operators import MarketEngine, market_engines
from tests.drivers.exchange import ExchangeDriver

HERE = f"{socket.gethostname()}:{os.getpid()}"


def engine_of(market: str) -> MarketEngine:
    (engine,) = market_engines(Market.objects.filter(symbol=market))
    return engine


@pytest.fixture
def run_market(exchange: ExchangeDriver, market: str) -> str:
    """A market of which its process has said that it runs it."""
    exchange.wait_until(lambda: engine_of(market).since is not None, "its process says so")
    return market


def test_a_market_is_run_by_a_process_since_a_moment(
    exchange: ExchangeDriver, run_market: str
) -> None:
    (alice,) = exchange.traders(run_market, 1)
    order = alice.place(run_market, "buy", "1", price="99")

    if connection.vendor == "postgresql":  # on SQLite nothing is written each second
        exchange.wait_until(lambda: engine_of(run_market).waiting is not None, "it is reported")
    engine = engine_of(run_market)

    assert engine.runs
    assert str(engine.process) == HERE
    assert engine.market.last_sequence == order["sequence"]
    assert engine.last_batch is not None
    expected = (0, 0) if connection.vendor == "postgresql" else (None, None)
    assert (engine.waiting, engine.behind_ms) == expected


def test_a_new_market_is_served_at_once(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (engines, hub):
        monkeypatch.setattr(module, "SCAN_INTERVAL", 3600.0)

    exchange.new_market()  # perhaps found by a look that was due
    exchange.new_market()

    monkeypatch.undo()
    process.look_at_once()


def test_a_market_that_nobody_runs_is_said_to_be_so(run_market: str) -> None:
    new = Market.objects.get(symbol=run_market)
    new.pk, new.symbol = 2_000_000, "NOBODY-USD"

    (engine,) = market_engines([new])

    assert (engine.runs, engine.process, engine.last_batch) == (False, None, None)


def test_the_command_shows_processes_and_markets(run_market: str) -> None:
    out = StringIO()

    call_command("engines", stdout=out)

    processes, markets = (table.splitlines() for table in out.getvalue().split("\n\n"))
    assert processes[0].split() == ["PROCESS", "STARTED", "MARKETS"]
    assert processes[1].startswith(f"{HERE} ")
    (row,) = (line.split() for line in markets if line.startswith(f"{run_market} "))
    assert row[1:3] == ["open", HERE]


def test_the_admin_shows_it(run_market: str) -> None:
    operator = Client()
    operator.force_login(User.objects.create_superuser(f"operator of {run_market}"))
    market = Market.objects.get(symbol=run_market)

    page = operator.get(reverse("admin:markets_market_change", args=[market.pk]))
    markets = operator.get(reverse("admin:markets_market_changelist"), {"q": run_market})

    assert f"{HERE} since " in page.content.decode()
    assert f"{HERE} since " in markets.content.decode()
