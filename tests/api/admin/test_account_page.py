"""An account's page: which orders live and ended, its switch, what it pays; all orders canceled together."""

from __future__ import annotations

from decimal import Decimal

from django.test import Client
from django.urls import reverse

from markets import accounts, operators
from markets.models import Account, AccountFees, CancelAfter, Market
from tests.api.admin.pages import NOON, a_trade, an_order, page, said


def test_open_orders_are_counted_with_the_stops_that_wait(
    operator: Client, market: Market, alice: Account
) -> None:
    an_order(market, alice, 1)
    an_order(market, alice, 2, status="partially_filled")
    an_order(market, alice, 3, type="stop", status="untriggered", stop_price=1)
    an_order(market, alice, 4, status="filled", remaining=0, filled=200_000_000)

    assert "3, 1 of them waiting stops" in page(operator, "account_change", alice.pk)
    assert "3, 1 of them waiting stops" in page(operator, "account_changelist")


def test_the_orders_that_ended_last_are_shown_with_their_reason(
    operator: Client, market: Market, alice: Account
) -> None:
    for number, reason in ((1, "price_band"), (2, "cancel_after")):
        an_order(
            market,
            alice,
            number,
            status="canceled",
            reason=reason,
            remaining=0,
            canceled=200_000_000,
            updated_at=NOON - number,
        )
    an_order(market, alice, 3)

    shown = page(operator, "account_change", alice.pk)

    assert shown.index("buy BTC-USD canceled: price_band") < shown.index(
        "buy BTC-USD canceled: cancel_after"
    )
    ended = reverse("admin:markets_order_changelist") + "?q=alice&amp;status=ended"
    assert f'<a href="{ended}">ended orders</a>' in shown


def test_a_dead_man_s_switch_is_shown_by_market(
    operator: Client, market: Market, alice: Account
) -> None:
    other = operators.create_market("ETH", "USD", tick_size=Decimal(1), lot_size=Decimal(1)).market
    assert "not armed" in page(operator, "account_change", alice.pk)

    for row in (market, other):
        CancelAfter.objects.create(market=row, account=alice, at=NOON)

    shown = page(operator, "account_change", alice.pk)
    assert "armed until 2026-11-22 12:00:00.000000 UTC in BTC-USD, ETH-USD" in shown


def test_what_it_pays_and_its_volume_are_shown(
    operator: Client, market: Market, alice: Account
) -> None:
    operators.create_market("ETH", "USD", tick_size=Decimal(1), lot_size=Decimal(1))
    bob = accounts.open_account("bob")
    taker, maker = an_order(market, alice, 1), an_order(market, bob, 2, side="sell")
    trade = a_trade(market, taker, maker)
    type(trade).objects.update(timestamp=2 * NOON)  # whenever this test runs
    assert "in all markets the market's own rates" in page(
        operator, "account_change", alice.pk
    ).replace("&#x27;", "'")

    AccountFees.objects.create(
        market=market, account=alice, maker_fee_rate=-200, taker_fee_rate=1000
    )

    shown = page(operator, "account_change", alice.pk).replace("&#x27;", "'")
    assert "BTC-USD: maker -0.0002 (-0.02 %), taker 0.001 (0.1 %)" in shown
    assert "in the other markets the market's own rates" in shown
    assert "150.75 USD" in shown


def test_canceling_all_orders_asks_first_says_which_and_needs_a_reason(
    operator: Client, market: Market, alice: Account
) -> None:
    other = operators.create_market("ETH", "USD", tick_size=Decimal(1), lot_size=Decimal(1)).market
    an_order(market, alice, 1)
    an_order(market, alice, 2, type="stop", status="untriggered", stop_price=1)
    an_order(other, alice, 3)
    url = reverse("admin:markets_account_cancel_all", args=[alice.pk])

    assert url in page(operator, "account_change", alice.pk)
    asked = operator.get(url).content.decode()
    refused = operator.post(url, {"note": " "})
    without_engines = operator.post(url, {"note": "gone wild"})

    assert "Open orders, stops that wait among them: 2 in BTC-USD, 1 in ETH-USD." in asked
    assert list(refused.context["question"].form.errors) == ["note"]
    assert "orders are canceled by a running exchange" in said(without_engines)


def test_an_account_without_open_orders_has_none_to_cancel(
    operator: Client, market: Market, alice: Account
) -> None:
    an_order(market, alice, status="filled", remaining=0, filled=200_000_000)

    response = operator.get(reverse("admin:markets_account_cancel_all", args=[alice.pk]))

    assert said(response) == "alice has no open order."
