"""Operators' commands reach the engine through the rows: carried out once, sequenced like any command."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from markets import operators
from markets.matching.market import Market as MarketInMemory
from markets.matching.types import MarketStatus
from markets.models import Market, OperatorCommand
from tests.drivers.exchange import ExchangeDriver


def _set(market: str, status: MarketStatus) -> OperatorCommand:
    command = operators.set_market_status(Market.objects.get(symbol=market), status, "olga")
    assert operators.wait_for(command, 5), "the engine obeys"
    return command


def test_a_halt_is_obeyed_at_once_and_takes_a_sequence(
    exchange: ExchangeDriver, market: str
) -> None:
    (alice,) = exchange.traders(market, 1)
    order = alice.place(market, "buy", "1", price="99")

    command = _set(market, MarketStatus.HALTED)

    assert command.sequence == order["sequence"] + 1
    assert alice.submit(market, "buy", "1", price="98").json()["code"] == "market_not_open"
    assert alice.http.delete(f"orders/{order['id']}").status_code == 200, "cancels are allowed"


def test_closing_cancels_what_rests_and_releases_its_money(
    exchange: ExchangeDriver, market: str
) -> None:
    alice = exchange.new_trader(USD=1000)
    order = alice.place(market, "buy", "1", price="99")

    _set(market, MarketStatus.CLOSED)

    canceled = alice.http.get(f"orders/{order['id']}").json()
    assert (canceled["status"], canceled["reason"]) == ("canceled", "market_closed")
    assert alice.balance("USD") == ("1000", "0")


def test_a_tick_size_does_not_change_under_open_orders(
    exchange: ExchangeDriver, market: str
) -> None:
    (alice,) = exchange.traders(market, 1)
    alice.place(market, "buy", "1", price="99")
    row = Market.objects.get(symbol=market)
    command = OperatorCommand.objects.create(
        market=row, kind="configure", params={"tick_size": "5"}, requested_by="olga"
    )

    assert operators.wait_for(command, 5)

    assert "cannot change under open orders" in command.refusal
    assert Market.objects.get(symbol=market).tick_size == Decimal(1)
    assert alice.submit(market, "buy", "1", price="98").status_code == 201


def test_a_new_tick_size_holds_from_the_next_order_on(
    exchange: ExchangeDriver, market: str
) -> None:
    (alice,) = exchange.traders(market, 1)
    first = alice.place(market, "buy", "1", price="99")
    alice.http.delete(f"orders/{first['id']}")

    command = operators.configure_market(
        Market.objects.get(symbol=market), {"tick_size": Decimal(5)}, "olga"
    )
    assert operators.wait_for(command, 5)

    refused = alice.submit(market, "buy", "1", price="99")
    assert refused.json()["errors"]["price"] == [
        "price 99 is not a multiple of tick_size 5; nearest: 95 and 100"
    ]
    assert alice.submit(market, "buy", "1", price="95").status_code == 201
    assert alice.http.get(f"orders/{first['id']}").json()["price"] == "99", (
        "the past keeps its prices"
    )


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("set_status", {}),
        ("set_status", {"status": "asleep"}),
        ("set_status", {"status": "auction", "seconds": "5"}),
        ("set_fee_rates", {"rates": {"alice": [0, 0]}}),
        ("set_fee_rates", {"rates": {"1": ["0", "0"]}}),
        ("configure", {"tick_size": "small"}),
        ("configure", {"price_band": {"ratio": 1}}),
    ],
)
def test_a_wish_that_nobody_understands_is_closed_with_the_reason_and_blocks_nothing(
    exchange: ExchangeDriver, market: str, kind: str, params: dict[str, Any]
) -> None:
    nonsense = OperatorCommand.objects.create(
        market=Market.objects.get(symbol=market), kind=kind, params=params, requested_by="olga"
    )

    assert _set(market, MarketStatus.HALTED).refusal == ""

    nonsense.refresh_from_db()
    assert (nonsense.done, nonsense.sequence) == (True, None)
    assert nonsense.refusal != ""


def test_a_wish_that_a_defect_of_ours_stops_is_closed_and_blocks_nothing(
    exchange: ExchangeDriver, market: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a defect")

    row = Market.objects.get(symbol=market)
    with monkeypatch.context() as defect:
        defect.setattr(MarketInMemory, "configure", fail)
        wish = operators.configure_market(row, {"tick_size": Decimal(5)}, "olga")
        assert operators.wait_for(wish, 5)

    assert wish.refusal == "a batch could not be executed: see the log"
    assert _set(market, MarketStatus.HALTED).refusal == ""
