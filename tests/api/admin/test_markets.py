"""Markets are made whole, and changed by their engines: without one, wishes wait as rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from markets import accounts
from markets.models import (
    Account,
    Asset,
    Balance,
    Batch,
    Market,
    OperatorCommand,
)
from tests.api.admin.pages import (
    NOON,
    an_order,
    confirmed,
    errors_of,
    logged,
    market_form,
    page,
    said,
)


def add_market(client: Client, **changes: Any) -> Any:
    return client.post(reverse("admin:markets_market_add"), market_form(**changes))


def test_a_market_is_made_with_its_assets_and_the_balances_that_fees_go_to(
    operator: Client,
) -> None:
    response = add_market(operator, base_symbol="eth", first_status="halted")

    assert response.status_code == 302
    market = Market.objects.get(symbol="ETH-USD")
    assert (market.status, market.last_sequence) == ("halted", 0)
    fees = Balance.objects.filter(account=accounts.fee_account())
    assert {str(row.asset): row.overdraft for row in fees} == {"ETH": True, "USD": True}
    assert logged() == [
        "olga ETH: Made for the market ETH-USD.",
        "olga USD: Made for the market ETH-USD.",
        "olga ETH-USD: Added.",
    ]


def test_new_assets_have_8_decimals_or_as_many_as_tick_times_lot_needs(operator: Client) -> None:
    add_market(operator, tick_size="0.00001", lot_size="0.000001", max_quantity="1000")

    assert Asset.objects.get(symbol="ETH").decimals == 8
    assert Asset.objects.get(symbol="USD").decimals == 11


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"base_symbol": "not an asset"}, "base_symbol"),
        ({"quote_symbol": "ETH"}, "quote_symbol"),
        ({"tick_size": "0"}, "tick_size"),
        ({"tick_size": "-0.01"}, "tick_size"),
        ({"tick_size": "soon"}, "tick_size"),
        ({"tick_size": "NaN"}, "tick_size"),
        ({"tick_size": "0.00000001", "lot_size": "0.00000001"}, "tick_size"),
        ({"lot_size": "0.0000000000001"}, "lot_size"),
        ({"lot_size": ""}, "lot_size"),
        ({"min_quantity": "2000"}, "min_quantity"),
        ({"max_quantity": "999999999999999"}, "max_quantity"),
        ({"min_notional": "-1"}, "min_notional"),
        ({"taker_fee_rate": "1"}, "taker_fee_rate"),
        ({"maker_fee_rate": "-0.001"}, "maker_fee_rate"),
        ({"price_band": "0"}, "price_band"),
        ({"price_band": "1"}, "price_band"),
        ({"price_band": "0.0000001"}, "price_band"),
        ({"volatility_auction_s": "60"}, "volatility_auction_s"),
        ({"price_band": "0.1", "volatility_auction_s": "86401"}, "volatility_auction_s"),
        ({"price_band": "0.1", "volatility_auction_s": "-1"}, "volatility_auction_s"),
        ({"update_interval_ms": "10001"}, "update_interval_ms"),
    ],
)
def test_a_market_that_makes_no_sense_is_refused_at_the_field(
    operator: Client, changes: dict[str, str], field: str
) -> None:
    response = add_market(operator, **changes)

    assert list(errors_of(response)) == [field]
    assert not Market.objects.exists()
    assert not Asset.objects.exists()


@pytest.mark.parametrize("status", ["open", "halted", "auction", "closed"])
def test_a_market_starts_as_it_is_wanted(operator: Client, status: str) -> None:
    add_market(operator, first_status=status, price_band="0.1", volatility_auction_s="60")

    market = Market.objects.get(symbol="ETH-USD")
    assert (market.status, market.auction_ends_at) == (status, None)
    assert (market.price_band, market.volatility_auction_s) == (Decimal("0.1"), 60)


def test_a_form_without_a_volatility_auction_wants_none(operator: Client) -> None:
    form = market_form()
    del form["volatility_auction_s"]

    operator.post(reverse("admin:markets_market_add"), form)

    assert Market.objects.get(symbol="ETH-USD").volatility_auction_s == 0


def test_an_existing_asset_with_too_few_decimals_is_refused(operator: Client) -> None:
    Asset.objects.create(symbol="USD", decimals=2)

    errors = errors_of(add_market(operator))

    assert errors == {
        "tick_size": [
            "tick_size × lot_size must be a whole number of USD's smallest unit (2 decimals)"
        ]
    }


def test_there_is_one_market_of_two_assets(operator: Client, market: Market) -> None:
    errors = errors_of(add_market(operator, base_symbol="BTC"))

    assert errors == {"base_symbol": ["there is a market BTC-USD already"]}


def change_market(client: Client, market: Market, note: str = "why", **changes: Any) -> Any:
    """Send the market's own form back with changes, and confirm them."""
    url = reverse("admin:markets_market_change", args=[market.pk])
    form = client.get(url).context["adminform"].form
    values = {name: form.get_initial_for_field(form.fields[name], name) for name in form.fields}
    widgets = {name: field.widget for name, field in form.fields.items()}
    sent = {name: widgets[name].format_value(value) or "" for name, value in values.items()}
    return confirmed(client, client.post(url, sent | changes), note)


def test_new_rules_are_a_command_for_the_engine_and_no_write(
    operator: Client, market: Market, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = change_market(
            operator, market, tick_size="0.05", min_quantity="0.001", note="coarser book"
        )

    command = OperatorCommand.objects.get()
    assert (command.kind, command.params, command.requested_by, command.note, command.done) == (
        "configure",
        {"tick_size": "0.05", "min_quantity": "0.001"},
        "olga",
        "coarser book",
        False,
    )
    assert Market.objects.get() == market
    assert Market.objects.get().tick_size == Decimal("0.01")
    assert logged() == [
        "olga BTC-USD: Asked for tick_size = 0.05, min_quantity = 0.001: coarser book"
    ]
    assert said(response) == (
        "BTC-USD: waiting: no engine is running; it is done when the market's engine starts"
    )


def test_a_form_sent_back_as_it_came_changes_nothing(operator: Client, market: Market) -> None:
    response = change_market(operator, market)

    assert not OperatorCommand.objects.exists()
    assert said(response) == "Nothing was changed."
    assert logged() == []


@pytest.mark.parametrize("step", ["tick_size", "lot_size"])
def test_tick_and_lot_cannot_change_under_open_orders(
    operator: Client, market: Market, alice: Account, step: str
) -> None:
    an_order(market, alice)

    errors = errors_of(change_market(operator, market, **{step: "0.1"}))

    assert errors == {
        step: [f"{step} cannot change under open orders: cancel them or close the market"]
    }
    assert not OperatorCommand.objects.exists()


def test_fees_may_change_under_open_orders(
    operator: Client, market: Market, alice: Account
) -> None:
    an_order(market, alice)

    change_market(operator, market, taker_fee_rate="0.002")

    assert OperatorCommand.objects.get().params == {"taker_fee_rate": "0.002"}


def test_a_price_band_is_set_and_taken_away_again(operator: Client, market: Market) -> None:
    change_market(operator, market, price_band="0.1", volatility_auction_s="60")
    Market.objects.update(price_band=Decimal("0.1"), volatility_auction_s=60)
    change_market(operator, market, price_band="", volatility_auction_s="0")

    assert [command.params for command in OperatorCommand.objects.order_by("pk")] == [
        {"price_band": "0.1", "volatility_auction_s": "60"},
        {"price_band": None, "volatility_auction_s": "0"},
    ]
    assert logged() == [
        "olga BTC-USD: Asked for price_band = 0.1, volatility_auction_s = 60: why",
        "olga BTC-USD: Asked for price_band = none, volatility_auction_s = 0: why",
    ]
    assert "price_band = none" in page(operator, "operatorcommand_changelist")


def test_tick_and_lot_may_change_when_all_orders_have_ended(
    operator: Client, market: Market, alice: Account
) -> None:
    an_order(market, alice, status="canceled", remaining=0, canceled=200_000_000)

    change_market(operator, market, tick_size="0.1")

    assert OperatorCommand.objects.get().params == {"tick_size": "0.1"}


def test_rules_that_make_no_sense_are_refused_at_the_field(
    operator: Client, market: Market
) -> None:
    assert list(errors_of(change_market(operator, market, min_quantity="0"))) == ["min_quantity"]
    assert list(errors_of(change_market(operator, market, taker_fee_rate="-1"))) == [
        "taker_fee_rate"
    ]


def test_what_only_readers_use_is_written_at_once_and_nothing_else(
    operator: Client, market: Market
) -> None:
    Market.objects.update(last_sequence=41)  # the engine went on since the form was opened

    change_market(operator, market, update_interval_ms="250")

    market.refresh_from_db()
    assert (market.update_interval_ms, market.last_sequence) == (250, 41)
    assert not OperatorCommand.objects.exists()


def test_a_market_s_page_shows_how_far_its_engine_is(
    operator: Client, market: Market, alice: Account
) -> None:
    Market.objects.update(last_sequence=73_101, last_price=10_050_000_000, status="halted")
    Batch.objects.create(
        market=market,
        prev_sequence=73_099,
        sequence=73_101,
        orders=2,
        trades=0,
        checksum=2719417658,
        timestamp=NOON,
    )
    an_order(market, alice)

    shown = page(operator, "market_change", market.pk)
    in_list = page(operator, "market_changelist")

    assert "73099 to 73101 at 2026-11-22 12:00:00.000000 UTC, book checksum 2719417658" in shown
    for text in ("73101", "100.5 USD", "halted"):
        assert text in shown
        assert text in in_list


def test_an_auction_is_shown_with_its_end(operator: Client, market: Market) -> None:
    assert ">Auction:<" not in page(operator, "market_change", market.pk)

    Market.objects.update(status="auction")
    endless = page(operator, "market_change", market.pk)
    Market.objects.update(auction_ends_at=NOON)
    ending = page(operator, "market_change", market.pk)

    assert "until somebody opens the market" in endless
    assert "until 2026-11-22 12:00:00.000000 UTC, when it opens by itself" in ending
    assert "2026-11-22 12:00:00</span>" in page(operator, "market_changelist")


def test_nobody_deletes_a_market(operator: Client, market: Market) -> None:
    response = operator.post(
        reverse("admin:markets_market_delete", args=[market.pk]), {"post": "yes"}
    )

    assert response.status_code == 403


def test_an_asset_is_added_once_and_never_changes(operator: Client) -> None:
    operator.post(reverse("admin:markets_asset_add"), {"symbol": "EUR", "decimals": "2"})
    asset = Asset.objects.get(symbol="EUR")

    url = reverse("admin:markets_asset_change", args=[asset.pk])
    response = operator.post(url, {"symbol": "EUR", "decimals": "8"})

    assert response.status_code == 403
    assert Asset.objects.get().decimals == 2


def test_an_asset_is_deleted_only_while_nothing_uses_it(
    operator: Client, market: Market, alice: Account
) -> None:
    unused = Asset.objects.create(symbol="OLD")

    def delete(asset: Asset) -> int:
        url = reverse("admin:markets_asset_delete", args=[asset.pk])
        return operator.post(url, {"post": "yes"}).status_code

    assert delete(market.base) == 403
    assert delete(unused) == 302
    assert not Asset.objects.filter(symbol="OLD").exists()
