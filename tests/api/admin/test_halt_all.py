"""Halt all: one question, every market that trades, and what each did; resumed are those that it halted."""

from __future__ import annotations

from decimal import Decimal

import httpx
from django.test import Client
from django.urls import reverse

from markets import operators
from markets.matching.types import MarketStatus
from markets.models import Market, OperatorCommand
from tests.api.admin.pages import logged, said
from tests.api.admin.test_with_engines import send
from tests.drivers.exchange import ExchangeDriver

HALT = "/admin/markets/market/halt-all/"
RESUME = "/admin/markets/market/resume-all/"


def another(base: str, status: str) -> Market:
    return operators.create_market(
        base, "USD", tick_size=Decimal(1), lot_size=Decimal(1), status=status
    ).market


def asked_for() -> list[tuple[str, str]]:
    commands = OperatorCommand.objects.select_related("market").order_by("pk")
    return [(str(command.market), command.params["status"]) for command in commands]


def obey() -> None:
    """What engines would do."""
    for command in OperatorCommand.objects.filter(done=False).order_by("pk"):
        Market.objects.filter(pk=command.market_id).update(status=command.params["status"])
        OperatorCommand.objects.filter(pk=command.pk).update(done=True, sequence=1)


def test_it_asks_first_names_the_markets_and_needs_a_reason(
    operator: Client, market: Market
) -> None:
    another("ETH", "auction")
    another("OLD", "closed")

    asked = operator.get(HALT).content.decode()
    refused = operator.post(HALT, {"note": " "})

    assert "Halted are: BTC-USD, ETH-USD." in asked
    assert "This field is required" in refused.content.decode()
    assert asked_for() == []


def test_every_market_that_trades_is_halted_and_each_says_what_it_did(
    operator: Client, market: Market
) -> None:
    another("ETH", "auction")
    another("OLD", "closed")

    response = operator.post(HALT, {"note": "prices are wrong"})

    assert response["Location"] == reverse("admin:index")
    assert asked_for() == [("BTC-USD", "halted"), ("ETH-USD", "halted")]
    assert said(response).count("waiting: no engine is running") == 2
    assert logged() == [
        f"olga {symbol}: Asked to halt, with all: prices are wrong"
        for symbol in ("BTC-USD", "ETH-USD")
    ]


def test_resumed_is_what_it_halted_as_it_was(operator: Client, market: Market) -> None:
    another("ETH", "auction")
    by_hand = another("SOL", "halted")
    operator.post(HALT, {"note": "prices are wrong"})
    obey()

    asked = operator.get(RESUME).content.decode()
    response = operator.post(RESUME, {"note": "prices are right"})

    assert "BTC-USD: open<br>ETH-USD: auction" in asked
    assert response["Location"] == reverse("admin:index")
    assert asked_for()[2:] == [("BTC-USD", "open"), ("ETH-USD", "auction")]
    assert logged()[-1] == "olga ETH-USD: Asked to resume as auction, with all: prices are right"
    obey()
    by_hand.refresh_from_db()
    assert by_hand.status == "halted"
    assert operators.halted_together() == []


def test_who_was_given_another_status_since_is_left_alone(operator: Client, market: Market) -> None:
    another("ETH", "open")
    operators.halt_all("olga", "prices are wrong")
    obey()
    operators.set_market_status(market, MarketStatus.CLOSED, "olga", "delisted")

    assert [str(each.market) for each in operators.halted_together()] == ["ETH-USD"]


def test_with_nothing_to_do_it_says_so(operator: Client, market: Market) -> None:
    nothing_to_resume = operator.get(RESUME)
    Market.objects.update(status="closed")
    nothing_to_halt = operator.get(HALT)

    assert "No market is halted by a halt of all" in said(nothing_to_resume)
    assert said(nothing_to_halt).endswith("No market trades: there is nothing to halt.")


def test_with_engines_all_are_halted_at_once_and_resumed(
    exchange: ExchangeDriver, browser: httpx.Client
) -> None:
    symbols = [exchange.new_market(), exchange.new_market()]
    alice = exchange.new_trader(USD=1000)

    halted = send(browser, HALT, note="prices are wrong")
    refused = [alice.submit(symbol, "buy", "1", price="1").json()["code"] for symbol in symbols]
    resumed = send(browser, RESUME, note="prices are right")

    for symbol in symbols:
        assert f"{symbol}: done at sequence 1" in halted
        assert f"{symbol}: done at sequence 2" in resumed
        alice.place(symbol, "buy", "1", price="1")
    assert refused == ["market_not_open"] * 2
