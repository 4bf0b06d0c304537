"""A market is opened, auctioned, halted and closed by a command, with who and why."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from markets import operators
from markets.models import (
    Account,
    Market,
    MarketSchedule,
    OperatorCommand,
)
from tests.api.admin.pages import (
    an_order,
    logged,
    said,
    status_url,
)


@pytest.mark.parametrize("status", ["halted", "closed", "auction"])
def test_a_market_is_halted_closed_or_auctioned_by_a_command_with_who_and_why(
    operator: Client, market: Market, status: str
) -> None:
    response = operator.post(status_url(market, status), {"note": "feed is down"})

    command = OperatorCommand.objects.get()
    assert (command.kind, command.params) == ("set_status", {"status": status})
    assert (command.requested_by, command.note) == ("olga", "feed is down")
    verb = {"halted": "halt", "closed": "close", "auction": "auction"}[status]
    assert logged() == [f"olga BTC-USD: Asked to {verb}: feed is down"]
    assert "BTC-USD: waiting: no engine is running" in said(response)
    assert Market.objects.get().status == "open", "the engine writes it, nobody else"


def test_an_auction_may_end_by_itself_after_so_many_seconds(
    operator: Client, market: Market
) -> None:
    operator.post(status_url(market, "auction"), {"note": "new listing", "seconds": "600"})

    assert OperatorCommand.objects.get().params == {"status": "auction", "seconds": 600}
    assert logged() == ["olga BTC-USD: Asked to auction for 600 s: new listing"]


@pytest.mark.parametrize("seconds", ["0", "-1", "86401", "1.5", "soon"])
def test_an_auction_of_no_length_is_refused_at_the_field(
    operator: Client, market: Market, seconds: str
) -> None:
    response = operator.post(status_url(market, "auction"), {"note": "why", "seconds": seconds})

    assert list(response.context["question"].form.errors) == ["seconds"]
    assert not OperatorCommand.objects.exists()


@pytest.mark.parametrize(
    ("status", "consequence"),
    [
        ("open", "Where orders cross (after an auction they may), they trade first: at one price"),
        ("auction", "collected and may be amended and canceled, but nothing trades"),
        ("halted", "No order is taken or amended until the market is opened again"),
        ("closed", "This cannot be undone"),
    ],
)
def test_what_it_does_is_said_before_it_is_done(
    operator: Client, market: Market, status: str, consequence: str
) -> None:
    assert consequence in operator.get(status_url(market, status)).content.decode()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("open", "By its hours BTC-USD changes to "),
        ("halted", "BTC-USD has hours: they wait until somebody opens it by hand"),
        ("closed", "halt it, or turn its hours off, if it shall stay shut"),
    ],
)
def test_a_market_s_hours_are_minded_before_it_is_done(
    operator: Client, market: Market, status: str, said: str
) -> None:
    assert said not in operator.get(status_url(market, status)).content.decode()

    MarketSchedule.objects.create(market=market, opens_at=time(9), closes_at=time(17))

    assert said in operator.get(status_url(market, status)).content.decode()


def test_every_change_of_status_needs_a_reason(operator: Client, market: Market) -> None:
    for status in ("halted", "closed", "auction", "open"):
        assert (
            "This field is required"
            in operator.post(status_url(market, status), {"note": " "}).content.decode()
        )

    assert not OperatorCommand.objects.exists()


def test_closing_asks_first_and_says_how_many_orders_it_cancels(
    operator: Client, market: Market, alice: Account
) -> None:
    an_order(market, alice)

    asked = operator.get(status_url(market, "closed")).content.decode()

    assert "Every open order is canceled" in asked
    assert "Open orders now: 1." in asked
    assert not OperatorCommand.objects.exists()


@pytest.mark.parametrize("action", ["open", "auction", "halt", "close"])
def test_every_change_can_be_asked_for_in_the_list(
    operator: Client, market: Market, action: str
) -> None:
    url = reverse("admin:markets_market_changelist")

    asked = operator.post(url, {"action": f"{action}_selected", "_selected_action": [market.pk]})

    assert operator.get(asked["Location"]).status_code == 200


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
    unknown_market = reverse("admin:markets_market_status", args=["open"]) + "?market="

    assert operator.get(status_url(market, "paused")).status_code == 404
    for key in ("77", "", "-1", "1" * 30, "\x00", "٣"):
        assert operator.get(f"{unknown_market}{key}").status_code == 404
