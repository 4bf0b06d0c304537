"""What is special about an order is in the list and on its page; filters find it without reading millions."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from markets.admin import filters
from markets.models import Account, Market, Order
from tests.api.admin.pages import NOON, an_order, listed, page


def ended(reason: str | None, status: str = "canceled") -> dict[str, Any]:
    """Columns of an order that has ended without a fill."""
    return {"status": status, "reason": reason, "remaining": 0, "canceled": 200_000_000}


@pytest.mark.parametrize(
    ("columns", "terms"),
    [
        ({}, "–"),
        ({"type": "stop", "price": None, "stop_price": 9_900_000_000}, "stop 99"),
        ({"type": "market", "time_in_force": "ioc", "price": None}, "–"),
        (
            {
                "type": "market",
                "time_in_force": "ioc",
                "price": None,
                "quote_quantity": 100_000_000_000,
                "max_slippage": 5000,
            },
            "for 1000 USD, slippage 0.005",
        ),
        ({"time_in_force": "fok"}, "fok"),
        (
            {"time_in_force": "gtd", "expires_at": NOON, "post_only": True},
            "gtd 2026-11-22 12:00:00, post-only",
        ),
        ({"display_quantity": 50_000_000, "hidden": 150_000_000}, "shows 0.5, hides 1.5"),
        ({"connection": "gateway.7"}, "ends with its connection"),
        ({"group": 77, "role": "oco_limit"}, "oco_limit of 77"),
    ],
)
def test_a_list_says_what_is_special(
    operator: Client, market: Market, alice: Account, columns: dict[str, Any], terms: str
) -> None:
    an_order(market, alice, **columns)

    shown = page(operator, "order_changelist")

    assert f'<td class="field-terms">{terms}</td>' in shown


def test_an_order_s_page_shows_all_its_terms(
    operator: Client, market: Market, alice: Account
) -> None:
    order = an_order(
        market,
        alice,
        type="stop_limit",
        stop_price=9_900_000_000,
        time_in_force="gtd",
        expires_at=NOON,
        display_quantity=50_000_000,
        hidden=150_000_000,
        max_slippage=5000,
        quote_quantity=12_300_000_000,
        connection="gateway.7",
    )

    shown = page(operator, "order_change", order.pk)

    for name, value in (
        ("stop_price", "99"),
        ("display_quantity", "0.5"),
        ("hidden_quantity", "1.5"),
        ("expires", "2026-11-22 12:00:00.000000 UTC"),
        ("quote_quantity", "123"),
        ("max_slippage", "0.005"),
        ("ends_with_connection", "icon-yes"),
    ):
        _, _, rest = shown.partition(f"field-{name}")
        assert value in rest[:400], name


def test_an_order_s_page_leads_to_the_others_of_its_group(
    operator: Client, market: Market, alice: Account
) -> None:
    entry = an_order(market, alice, 1)
    Order.objects.update(group=entry.pk, role="entry")
    others = [
        an_order(market, alice, 2, group=entry.pk, role="take_profit", status="untriggered"),
        an_order(market, alice, 3, group=entry.pk, role="stop_loss", status="untriggered"),
    ]

    shown = page(operator, "order_change", entry.pk)

    assert "<div>entry</div>" in shown
    for other in others:
        url = reverse("admin:markets_order_change", args=[other.pk])
        assert f'{other.role}: <a href="{url}">{other.pk}</a> untriggered' in shown


def test_the_reason_is_in_the_list_and_filters_it(
    operator: Client, market: Market, alice: Account
) -> None:
    expired = an_order(market, alice, 1, **ended("expired", "expired"))
    banded = an_order(market, alice, 2, **ended("price_band"))
    waiting = an_order(market, alice, 3, type="stop", status="untriggered", stop_price=1)

    assert "price_band" in page(operator, "order_changelist")
    assert listed(operator, "order", "?reason=price_band") == [banded.pk]
    assert listed(operator, "order", "?reason=cancel_after") == []
    assert listed(operator, "order", "?status=expired") == [expired.pk]
    assert listed(operator, "order", "?status=untriggered") == [waiting.pk]
    assert listed(operator, "order", "?status=live") == [waiting.pk]
    assert listed(operator, "order", "?status=ended") == [banded.pk, expired.pk]
    assert listed(operator, "order", "?type=stop") == [waiting.pk]


def test_filters_look_through_so_many_rows_and_a_search_through_all_of_its_account(
    operator: Client, market: Market, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [an_order(market, alice, number, **ended("expired")) for number in range(1, 6)]
    keys = [order.pk for order in reversed(orders)]
    monkeypatch.setattr(filters, "LOOKED_THROUGH", 3)

    assert listed(operator, "order", "?reason=expired") == keys[:3]
    assert listed(operator, "order", f"?reason=expired&market={market.pk}") == keys[:3]
    assert listed(operator, "order", "?reason=expired&q=alice") == keys
    assert listed(operator, "order") == keys


def test_lists_read_ranges_of_keys_and_never_the_whole_table(
    operator: Client, market: Market, alice: Account
) -> None:
    an_order(market, alice, 1)

    for query in ("", f"?market={market.pk}", "?reason=expired", "?status=live", "?q=alice"):
        with CaptureQueriesContext(connection) as asked:
            listed(operator, "order", query)

        selects = [row["sql"] for row in asked if '"markets_order"' in row["sql"]]
        assert selects
        for sql in selects:
            assert reads_whole(sql) == [], query


def reads_whole(sql: str) -> list[str]:
    """The steps of a query's plan that read all orders, few as they are here."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # only where there is no other way
            cursor.execute(f"EXPLAIN {sql}")
            return [line for (line,) in cursor.fetchall() if "Seq Scan on markets_order" in line]
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        plan = [str(row[3]) for row in cursor.fetchall()]
        return [step for step in plan if step.startswith("SCAN markets_order")]
