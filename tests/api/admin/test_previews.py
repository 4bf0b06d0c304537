"""Before a market's rules are changed the operator sees old and new, what comes of it, and what is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from markets import operators
from markets.admin import market_changes
from markets.models import Account, AccountFees, Market, OperatorCommand
from tests.api.admin.pages import an_order

UNIT = 10**8


def sent(client: Client, market: Market, **changes: Any) -> Any:
    """The market's own form, sent back with changes."""
    url = reverse("admin:markets_market_change", args=[market.pk])
    form = client.get(url).context["adminform"].form
    values = {
        name: field.widget.format_value(form.get_initial_for_field(field, name)) or ""
        for name, field in form.fields.items()
    }
    return client.post(url, values | changes)


def effects(client: Client, market: Market, **changes: Any) -> dict[str, tuple[str, str, str]]:
    """Rule → (now, then, what comes of it), as the page shows it."""
    table = sent(client, market, **changes).context["question"].table
    return {name: (now, then, effect) for name, now, then, effect in table[1:]}


def test_a_change_is_shown_first_and_asks_for_nothing(operator: Client, market: Market) -> None:
    response = sent(operator, market, taker_fee_rate="0.002", update_interval_ms="50")

    shown = response.content.decode()
    assert response.context["question"].title == "Change BTC-USD?"
    assert "One command, configure (taker_fee_rate), goes to the engine of BTC-USD" in shown
    assert "update_interval_ms: no command" in shown
    assert not OperatorCommand.objects.exists()
    assert Market.objects.get().update_interval_ms == 0


def test_it_is_confirmed_with_a_reason_only(operator: Client, market: Market) -> None:
    asked = sent(operator, market, taker_fee_rate="0.002")
    url, hidden = asked.request["PATH_INFO"], dict(asked.context["question"].hidden)

    refused = operator.post(url, hidden | {"note": " "})
    assert list(refused.context["question"].form.errors) == ["note"]
    assert not OperatorCommand.objects.exists()

    operator.post(url, hidden | {"note": "as announced"})
    command = OperatorCommand.objects.get()
    assert (command.params, command.note) == ({"taker_fee_rate": "0.002"}, "as announced")


def test_what_is_confirmed_is_what_was_shown(operator: Client, market: Market) -> None:
    """Somebody else was quicker: the form would take their change back, unseen."""
    asked = sent(operator, market, taker_fee_rate="0.002")
    url, hidden = asked.request["PATH_INFO"], dict(asked.context["question"].hidden)
    Market.objects.update(min_notional=5)

    again = operator.post(url, hidden | {"note": "as announced"})

    assert market_changes.CHANGED_MEANWHILE in again.content.decode()
    assert [row[0] for row in again.context["question"].table[1:]] == [
        *("min_notional", "taker_fee_rate")
    ]
    assert not OperatorCommand.objects.exists()


def test_a_tick_under_open_orders_is_refused_before_anything_is_shown(
    operator: Client, market: Market, alice: Account
) -> None:
    an_order(market, alice)

    response = sent(operator, market, tick_size="0.05")

    errors = response.context["adminform"].form.errors
    assert errors["tick_size"] == [
        "tick_size cannot change under open orders: cancel them or close the market"
    ]


def test_a_tick_without_open_orders_says_what_holds_from_then_on(
    operator: Client, market: Market
) -> None:
    found = effects(operator, market, tick_size="0.05")

    assert found["tick_size"][:2] == ("0.01", "0.05")
    assert "No order is open" in found["tick_size"][2]


def test_a_band_says_from_where_to_where_and_how_many_open_orders_lie_outside(
    operator: Client, market: Market, alice: Account
) -> None:
    Market.objects.update(last_price=100 * UNIT)
    for number, price in enumerate((89, 95, 105, 111, 200)):
        an_order(market, alice, number, price=price * UNIT)
    an_order(market, alice, 9, price=500 * UNIT, status="filled", remaining=0, filled=2 * UNIT)

    (now, then, effect) = effects(operator, market, price_band="0.1")["price_band"]

    assert (now, then) == ("none", "0.1")
    assert effect.startswith(
        "From 90 to 110 around the last trade's 100. 3 of 5 open orders lie out"
    )


def test_a_band_before_the_first_trade_and_none_at_all_are_explained(
    operator: Client, market: Market
) -> None:
    first = effects(operator, market, price_band="0.1")["price_band"]
    Market.objects.update(price_band="0.1", volatility_auction_s=0)
    none = effects(operator, market, price_band="")["price_band"]

    assert "Nothing has traded yet" in first[2]
    assert none[1] == "none"
    assert "any price" in none[2]


def test_fees_say_from_when_on_and_who_keeps_rates_of_their_own(
    operator: Client, market: Market, alice: Account
) -> None:
    AccountFees.objects.create(market=market, account=alice, maker_fee_rate=0, taker_fee_rate=500)

    (_, _, effect) = effects(operator, market, taker_fee_rate="0.002")["taker_fee_rate"]

    assert "every trade from the engine's next batch on" in effect
    assert "1 account has a rate of their own" in effect


def test_limits_say_how_many_open_orders_do_not_meet_them(
    operator: Client, market: Market, alice: Account
) -> None:
    an_order(market, alice, 1)
    an_order(market, alice, 2, quantity=5 * UNIT, remaining=5 * UNIT)

    found = effects(operator, market, min_quantity="3", max_quantity="4", min_notional="1")

    assert "1 of 2 open orders want less: they stay" in found["min_quantity"][2]
    assert "1 of 2 open orders want more: they stay" in found["max_quantity"][2]
    assert "New orders and amends only" in found["min_notional"][2]


def test_a_volatility_auction_is_explained_with_the_band(operator: Client, market: Market) -> None:
    on = effects(operator, market, price_band="0.1", volatility_auction_s="60")
    Market.objects.update(price_band="0.1", volatility_auction_s=60)
    off = effects(operator, market, volatility_auction_s="0")

    assert "band (0.1) begins an auction of 60 s" in on["volatility_auction_s"][2]
    assert "is canceled; the market goes on" in off["volatility_auction_s"][2]


def test_open_orders_are_looked_at_up_to_a_bound(
    market: Market, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        an_order(market, alice, number)
    for module in ("previews", "wishes"):
        monkeypatch.setattr(f"markets.operators.{module}.MAX_COUNTED", 3)

    (change,) = operators.preview(market, {"min_quantity": Decimal(3)})

    assert "3 of the first 3 open orders want less" in change.effect
