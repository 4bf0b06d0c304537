"""With the exchange running, an operator's wish is done at once, in the market's sequence."""

from __future__ import annotations

import re
from decimal import Decimal

import httpx
from django.urls import reverse

from markets import operators
from markets.messages.public import plain
from markets.models import (
    SPECIFICATION,
    Market,
    OperatorCommand,
)
from tests.api.admin.pages import (
    logged,
    market_form,
    status_url,
)
from tests.drivers.exchange import ExchangeDriver


def send(browser: httpx.Client, url: str, **fields: str) -> str:
    """Open a page, and send its form: what it says then."""
    asked = browser.get(url)
    assert asked.status_code == 200, asked.text
    token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    answered = browser.post(url, data=token | fields)
    assert answered.status_code == 200, answered.text
    said = re.findall(r'<li class="(?:success|warning|error)">(.*?)</li>', answered.text)
    return " ".join(said) or answered.text


def test_an_engine_halts_at_once_and_opens_again(
    exchange: ExchangeDriver, browser: httpx.Client
) -> None:
    symbol = exchange.new_market()
    market = Market.objects.get(symbol=symbol)
    alice, _ = exchange.traders(symbol)
    alice.place(symbol, "buy", "5", price="100")

    said = send(browser, status_url(market, "halted"), note="feed is down")

    assert said == f"{symbol}: done at sequence {exchange.sequence(symbol)}"
    assert alice.submit(symbol, "buy", "1", price="100").json()["code"] == "market_not_open"
    send(browser, status_url(market, "open"), note="")
    alice.place(symbol, "buy", "1", price="100")


def test_an_engine_that_closes_cancels_all_orders(
    exchange: ExchangeDriver, browser: httpx.Client
) -> None:
    symbol = exchange.new_market()
    market = Market.objects.get(symbol=symbol)
    alice, bob = exchange.traders(symbol)
    for trader in (alice, bob):
        trader.place(symbol, "buy", "5", price="100")

    send(browser, status_url(market, "closed"), note="delisted")

    assert operators.open_orders_of(market) == 0
    assert alice.balance("USD") == ("1000000000", "0")


def test_an_engine_takes_new_rules(exchange: ExchangeDriver, browser: httpx.Client) -> None:
    symbol = exchange.new_market()
    market = Market.objects.get(symbol=symbol)

    said = send(browser, change_of(market), **rules_of(market) | {"tick_size": "5"})

    assert said == f"{symbol}: done at sequence {exchange.sequence(symbol)}"
    assert Market.objects.get(symbol=symbol).tick_size == 5
    alice, _ = exchange.traders(symbol)
    assert alice.submit(symbol, "buy", "1", price="101").json()["code"] == "invalid_order"


def change_of(market: Market) -> str:
    return reverse("admin:markets_market_change", args=[market.pk])


def rules_of(market: Market) -> dict[str, str]:
    """What the form of an unchanged market sends."""
    names = (*SPECIFICATION, "update_interval_ms", "snapshot_interval_s")
    values = {name: getattr(market, name) for name in names}
    return {name: plain(Decimal(value)) for name, value in values.items() if value is not None}


def test_an_engine_refuses_another_tick_for_an_order_that_came_meanwhile(
    exchange: ExchangeDriver,
) -> None:
    symbol = exchange.new_market()
    market = Market.objects.get(symbol=symbol)
    alice, _ = exchange.traders(symbol)
    alice.place(symbol, "buy", "5", price="100")

    # As the form writes it when no order rested at the time.
    command = OperatorCommand.objects.create(
        market=market, kind="configure", params={"tick_size": "5"}, requested_by="otto"
    )

    assert operators.wait_for(command, 20)
    assert operators.outcome_of(command) == (
        "refused: tick_size cannot change under open orders: cancel them or close the market"
    )
    assert Market.objects.get(symbol=symbol).tick_size == 1


def test_an_operator_cancels_somebody_s_order(
    exchange: ExchangeDriver, browser: httpx.Client
) -> None:
    symbol = exchange.new_market()
    alice, _ = exchange.traders(symbol)
    order = alice.place(symbol, "buy", "5", price="100")
    url = reverse("admin:markets_order_cancel") + f"?order={order['id']}"

    said = send(browser, url, note="fat finger")

    assert said == f"Order {order['id']}: canceled."
    now = alice.http.get(f"orders/{order['id']}").json()
    assert (now["status"], now["reason"]) == ("canceled", "canceled_by_operator")
    assert alice.balance("USD") == ("1000000000", "0")
    assert logged()[-1] == f"otto {order['id']}: Cancel: fat finger (canceled)."


def test_a_market_made_in_the_admin_is_served(
    exchange: ExchangeDriver, browser: httpx.Client
) -> None:
    sent = market_form(base_symbol="MADEHERE", lot_size="1", tick_size="1")

    send(browser, reverse("admin:markets_market_add"), **sent)

    exchange.wait_until(
        lambda: exchange.http.get("markets/MADEHERE-USD/book").status_code == 200, "it is served"
    )
