"""A market is opened, halted and closed by a command, with who and why."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from markets import operators
from markets.models import (
    Account,
    Market,
    OperatorCommand,
)
from tests.api.admin.pages import (
    an_order,
    logged,
    said,
    status_url,
)


@pytest.mark.parametrize("status", ["halted", "closed"])
def test_a_market_is_halted_or_closed_by_a_command_with_who_and_why(
    operator: Client, market: Market, status: str
) -> None:
    response = operator.post(status_url(market, status), {"note": "feed is down"})

    command = OperatorCommand.objects.get()
    assert (command.kind, command.params) == ("set_status", {"status": status})
    assert (command.requested_by, command.note) == ("olga", "feed is down")
    verb = {"halted": "halt", "closed": "close"}[status]
    assert logged() == [f"olga BTC-USD: Asked to {verb}: feed is down"]
    assert "BTC-USD: waiting: no engine is running" in said(response)
    assert Market.objects.get().status == "open", "the engine writes it, nobody else"


def test_halting_and_closing_need_a_reason_opening_does_not(
    operator: Client, market: Market
) -> None:
    for status in ("halted", "closed"):
        assert (
            "This field is required"
            in operator.post(status_url(market, status), {"note": " "}).content.decode()
        )
    operator.post(status_url(market, "open"), {"note": ""})

    assert [command.params["status"] for command in OperatorCommand.objects.all()] == ["open"]


def test_closing_asks_first_and_says_how_many_orders_it_cancels(
    operator: Client, market: Market, alice: Account
) -> None:
    an_order(market, alice)

    asked = operator.get(status_url(market, "closed")).content.decode()

    assert "Every open order is canceled" in asked
    assert "Open orders now: 1." in asked
    assert not OperatorCommand.objects.exists()


def test_several_markets_are_halted_together(operator: Client, market: Market) -> None:
    other = operators.create_market("ETH", "USD", tick_size=Decimal(1), lot_size=Decimal(1)).market
    url = reverse("admin:markets_market_changelist")

    asked = operator.post(
        url, {"action": "halt_selected", "_selected_action": [market.pk, other.pk]}
    )
    operator.post(asked["Location"], {"note": "maintenance"})

    commands = OperatorCommand.objects.order_by("market__symbol")
    assert [(str(row.market), row.params) for row in commands] == [
        ("BTC-USD", {"status": "halted"}),
        ("ETH-USD", {"status": "halted"}),
    ]


def test_the_operator_is_told_what_the_engine_made_of_it(market: Market) -> None:
    def outcome(**columns: Any) -> str:
        return operators.outcome_of(OperatorCommand(market=market, kind="set_status", **columns))

    assert outcome(done=True, sequence=7) == "done at sequence 7"
    assert outcome(done=True) == "done: it was so already"
    assert outcome(done=True, refusal="not now") == "refused: not now"
    assert outcome().startswith("waiting: no engine is running")


def test_an_unknown_status_or_market_is_not_found(operator: Client, market: Market) -> None:
    unknown_market = reverse("admin:markets_market_status", args=["open"]) + "?market=77"

    assert operator.get(status_url(market, "auction")).status_code == 404
    assert operator.get(unknown_market).status_code == 404
