"""Orders and trades are found by time: by halving a market's range of ids, never by reading it whole."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from markets import accounts, operators
from markets.admin import times
from markets.models import Account, Market
from tests.api.admin.pages import NOON, a_trade, an_order, listed, page
from tests.api.admin.test_order_terms import reads_whole

MINUTE = 60_000_000


@pytest.fixture
def orders(market: Market, alice: Account) -> list[int]:
    """One a minute from noon on, with gaps between their ids; the last is of 12:19."""
    return [
        an_order(market, alice, 7 * number + 1, created_at=NOON + number * MINUTE).pk
        for number in range(20)
    ]


def query(market: Market | None = None, /, **parameters: str) -> str:
    chosen = {} if market is None else {"market": str(market.pk)}
    return "?" + "&".join(f"{name}={value}" for name, value in {**chosen, **parameters}.items())


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("2026-11-22T12:05", "2026-11-22T12:08", [5, 6, 7]),
        ("2026-11-22T12:04:59", "2026-11-22T12:05:01", [5]),
        ("2026-11-22T12:17", "", [17, 18, 19]),
        ("", "2026-11-22T12:02", [0, 1]),
        ("2026-11-22T13:00", "", []),
        ("", "2026-11-22T12:00", []),
        ("2026-11-22T12:08", "2026-11-22T12:05", []),
        ("2026-11-22T13:05+01:00", "2026-11-22T12:07", [5, 6]),
    ],
)
def test_from_is_included_and_to_is_not(
    operator: Client, market: Market, orders: list[int], since: str, until: str, found: list[int]
) -> None:
    expected = [orders[number] for number in reversed(found)]
    bounds = {"from": since.replace("+", "%2B"), "to": until}

    assert listed(operator, "order", query(market, **bounds)) == expected
    assert listed(operator, "order", query(**bounds)) == expected
    assert listed(operator, "order", query(q="alice", **bounds)) == expected
    assert listed(operator, "order", query(status="live", **bounds)) == expected


def test_other_markets_are_looked_through_as_well_and_other_filters_hold(
    operator: Client, market: Market, alice: Account, orders: list[int]
) -> None:
    other = operators.create_market("ETH", "USD", tick_size=Decimal(1), lot_size=Decimal(1)).market
    sell = an_order(other, alice, 1000, side="sell", created_at=NOON + 5 * MINUTE + 1)
    bounds = {"from": "2026-11-22T12:05", "to": "2026-11-22T12:07"}

    assert listed(operator, "order", query(**bounds)) == [orders[6], sell.pk, orders[5]]
    assert listed(operator, "order", query(side="sell", **bounds)) == [sell.pk]
    assert listed(operator, "order", query(market, side="sell", **bounds)) == []


def test_trades_are_found_by_time_as_well(operator: Client, market: Market, alice: Account) -> None:
    bob = accounts.open_account("bob")
    taker, maker = an_order(market, alice, 1), an_order(market, bob, 2, side="sell")
    trades = [a_trade(market, taker, maker, number) for number in range(10, 20)]
    for number, trade in enumerate(trades):
        type(trade).objects.filter(pk=trade.pk).update(timestamp=NOON + number * MINUTE)

    bounds = {"from": "2026-11-22T12:03", "to": "2026-11-22T12:05"}

    expected = [trades[4].pk, trades[3].pk]
    assert listed(operator, "trade", query(market, **bounds)) == expected
    assert listed(operator, "trade", query(q="bob", **bounds)) == expected


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "%00", "9" * 400, "12:00"])
def test_what_is_no_time_finds_nothing_and_says_so(
    operator: Client, market: Market, orders: list[int], text: str
) -> None:
    assert listed(operator, "order", query(market, **{"from": text})) == []
    assert "is no time such as" in page(operator, "order_changelist", query=query(to=text))


def test_with_too_many_markets_one_must_be_chosen(
    operator: Client, market: Market, orders: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "MAX_MARKETS", 0)
    bounds = {"from": "2026-11-22T12:18"}

    assert listed(operator, "order", query(**bounds)) == []
    assert "Choose a market too" in page(operator, "order_changelist", query=query(**bounds))
    assert listed(operator, "order", query(market, **bounds)) == [orders[19], orders[18]]


def test_no_query_reads_all_orders(operator: Client, market: Market, orders: list[int]) -> None:
    bounds = {"from": "2026-11-22T12:05", "to": "2026-11-22T12:08"}

    for asked in (query(market, **bounds), query(**bounds), query(q="alice", **bounds)):
        with CaptureQueriesContext(connection) as caught:
            listed(operator, "order", asked)
        selects = [
            each["sql"] for each in caught.captured_queries if "markets_order" in each["sql"]
        ]
        assert len(selects) < 40, "a look-up each halving"
        for sql in selects:
            assert reads_whole(sql) == [], asked


def test_the_fields_keep_what_was_asked_for_and_the_other_filters(
    operator: Client, market: Market
) -> None:
    shown = page(operator, "order_changelist", query=query(market, **{"from": "2026-11-22T12:05"}))

    assert 'name="from" step="1" value="2026-11-22T12:05"' in shown
    assert f'<input type="hidden" name="market" value="{market.pk}">' in shown
