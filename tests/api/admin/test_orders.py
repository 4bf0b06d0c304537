"""Orders and trades are found among millions, and read-only but for a cancel."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from markets import accounts, operators
from markets.matching.types import MarketStatus
from markets.models import (
    LIVE_ORDERS,
    Account,
    Batch,
    Market,
    OperatorCommand,
    Order,
    Transfer,
)
from tests.api.admin.pages import (
    NOON,
    a_trade,
    an_order,
    listed,
    page,
    said,
)


@pytest.mark.parametrize("model", ["order", "trade", "batch", "transfer", "operatorcommand"])
def test_what_is_truth_is_read_only(
    operator: Client, market: Market, alice: Account, model: str
) -> None:
    order = an_order(market, alice)
    trade = a_trade(market, order, order)
    accounts.deposit(alice, market.quote, 5)
    operators.set_market_status(market, MarketStatus.HALTED, "olga")
    Batch.objects.create(
        market=market, prev_sequence=0, sequence=1, orders=1, trades=0, checksum=0, timestamp=NOON
    )
    row = {
        "order": order,
        "trade": trade,
        "batch": Batch.objects.get(),
        "transfer": Transfer.objects.get(),
        "operatorcommand": OperatorCommand.objects.get(),
    }[model]
    change = reverse(f"admin:markets_{model}_change", args=[row.pk])

    assert listed(operator, model) == [row.pk]
    assert operator.get(change).status_code == 200
    assert operator.post(change, {"quantity": "1"}).status_code == 403
    assert operator.get(reverse(f"admin:markets_{model}_add")).status_code == 403
    delete = reverse(f"admin:markets_{model}_delete", args=[row.pk])
    assert operator.post(delete, {"post": "yes"}).status_code == 403


def test_an_order_is_shown_in_decimals_and_readable_time(
    operator: Client, market: Market, alice: Account
) -> None:
    order = an_order(
        market,
        alice,
        filled=150_000_000,
        remaining=50_000_000,
        notional=15_075_000_000,
        fee=300_000,
        status="partially_filled",
    )
    trade = a_trade(market, order, order)

    in_list = page(operator, "order_changelist")
    shown = page(operator, "order_change", order.pk)

    for text in ("100.5", "1.5", "2026-11-22 12:00:00.000001 UTC", "partially_filled"):
        assert text in in_list
        assert text in shown
    assert "0.5" in shown, "what remains"
    assert "0.003" in shown, "its fee"
    assert reverse("admin:markets_trade_change", args=[trade.pk]) in shown
    assert "10050000000" not in in_list + shown


def test_a_trade_is_shown_in_decimals_with_both_fees(
    operator: Client, market: Market, alice: Account
) -> None:
    order = an_order(market, alice)
    trade = a_trade(market, order, order)

    shown = page(operator, "trade_change", trade.pk)

    rates = ("0.002 (0.2 %)", "-0.0005 (-0.05 %)")
    for text in ("100.5", "1.5", "150.75", "0.003 BTC", "-0.075 USD", *rates):
        assert text in shown


def test_orders_are_found_by_id_client_order_id_and_account(
    operator: Client, market: Market, alice: Account
) -> None:
    bob = accounts.open_account("bob")
    first, second = an_order(market, alice, 1), an_order(market, bob, 2)

    assert listed(operator, "order", f"?q={first.pk}") == [first.pk]
    assert listed(operator, "order", "?q=order-2") == [second.pk]
    assert listed(operator, "order", "?q=alice") == [first.pk]
    assert listed(operator, "order", "?q=nobody") == []
    assert listed(operator, "order", "?q=99999999999999999999999") == []
    assert listed(operator, "order") == [second.pk, first.pk]


def test_trades_are_found_by_id_order_and_account(
    operator: Client, market: Market, alice: Account
) -> None:
    bob = accounts.open_account("bob")
    taker, maker = an_order(market, alice, 1), an_order(market, bob, 2, side="sell")
    trade = a_trade(market, taker, maker)

    for term in (trade.pk, taker.pk, maker.pk, "alice", "bob"):
        assert listed(operator, "trade", f"?q={term}") == [trade.pk]
    assert listed(operator, "trade", "?q=carol") == []


def test_orders_are_filtered_by_market_side_status_and_type(
    operator: Client, market: Market, alice: Account
) -> None:
    other = operators.create_market("ETH", "USD", tick_size=Decimal(1), lot_size=Decimal(1)).market
    buy = an_order(market, alice, 1)
    sell = an_order(market, alice, 2, side="sell", status="partially_filled")
    ended = an_order(
        other, alice, 3, type="market", status="canceled", remaining=0, canceled=200_000_000
    )

    assert listed(operator, "order", f"?market={market.pk}") == [sell.pk, buy.pk]
    assert listed(operator, "order", f"?market={other.pk}") == [ended.pk]
    assert listed(operator, "order", "?side=sell") == [sell.pk]
    assert listed(operator, "order", "?status=live") == [sell.pk, buy.pk]
    assert listed(operator, "order", "?status=ended") == [ended.pk]
    assert listed(operator, "order", "?status=canceled") == [ended.pk]
    assert listed(operator, "order", "?type=market") == [ended.pk]
    assert listed(operator, "order", "?market=none") == []


def test_orders_of_all_markets_are_listed_newest_first(
    operator: Client, market: Market, alice: Account
) -> None:
    other = operators.create_market("ETH", "USD", tick_size=Decimal(1), lot_size=Decimal(1)).market
    orders = [an_order([other, market][number % 2], alice, number) for number in range(6)]

    assert listed(operator, "order") == [order.pk for order in reversed(orders)]


def test_a_list_counts_no_more_than_its_bound(
    operator: Client, market: Market, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        an_order(market, alice, number)
    monkeypatch.setattr("markets.admin.pages.MAX_COUNTED", 3)

    response = operator.get(reverse("admin:markets_order_changelist"))

    assert response.context["cl"].paginator.count == 3
    assert response.context["cl"].full_result_count is None


def test_a_list_of_orders_asks_as_many_queries_for_fifty_as_for_one(
    operator: Client, market: Market, alice: Account, django_assert_num_queries: Any
) -> None:
    url = reverse("admin:markets_order_changelist")
    an_order(market, alice, 1)
    operator.get(url)  # the first request of a session notes where it is used from
    with CaptureQueriesContext(connection) as for_one:
        operator.get(url)
    for number in range(2, 51):
        an_order(market, alice, number)

    with django_assert_num_queries(len(for_one)):
        operator.get(url)


def test_open_orders_are_counted_by_their_index(market: Market, alice: Account) -> None:
    an_order(market, alice)
    rows = Order.objects.filter(LIVE_ORDERS, market=market)

    if connection.vendor == "sqlite":  # PostgreSQL reads a table of one row whole
        assert "open_orders_of_market" in rows.explain()
    assert operators.open_orders_of(market) == 1


def test_an_order_that_has_ended_is_not_canceled(
    operator: Client, market: Market, alice: Account
) -> None:
    order = an_order(market, alice, status="filled", remaining=0, filled=200_000_000)

    response = operator.get(reverse("admin:markets_order_cancel") + f"?order={order.pk}")

    assert said(response) == "No such order is open."
    assert "Cancel…" not in page(operator, "order_change", order.pk)


def test_canceling_asks_first_and_needs_a_reason(
    operator: Client, market: Market, alice: Account
) -> None:
    order = an_order(market, alice)
    url = reverse("admin:markets_order_changelist")

    asked = operator.post(url, {"action": "cancel_selected", "_selected_action": [order.pk]})
    shown = operator.get(asked["Location"]).content.decode()
    refused = operator.post(asked["Location"], {"note": ""}).content.decode()

    assert f"{order.pk}: alice buy 2 of BTC-USD at 100.5" in shown
    assert "This field is required" in refused
