"""With the exchange running, an operator's wish is done at once, in the market's sequence."""

from __future__ import annotations

import html
import re
from decimal import Decimal

import httpx
from django.urls import reverse

from markets import operators
from markets.messages.public import plain
from markets.models import (
    SPECIFICATION,
    AccountFees,
    FeeTier,
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
    if 'name="shown"' in answered.text:  # what it would do, to be confirmed
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', answered.text)
        carried = {name: html.unescape(value) for name, value in hidden}
        answered = browser.post(url, data=carried | token | {"note": "why"})
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
    send(browser, status_url(market, "open"), note="all clear")
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


def test_an_auction_collects_orders_and_trades_at_one_price_when_it_is_opened(
    exchange: ExchangeDriver, browser: httpx.Client
) -> None:
    symbol = exchange.new_market()
    market = Market.objects.get(symbol=symbol)
    base = market.base.symbol
    alice, bob = exchange.traders(symbol)

    send(browser, status_url(market, "auction"), note="new listing", seconds="600")
    assert alice.place(symbol, "sell", "5", price="99")["status"] == "open"
    assert bob.place(symbol, "buy", "7", price="101")["status"] == "open"
    exchange.settle(symbol)

    expected = f"5 {base} would trade at 101 USD now, 2 more are there to buy"
    assert expected in browser.get(change_of(market)).text
    assert f"{symbol} is in an auction: {expected}." in browser.get(status_url(market, "open")).text
    send(browser, status_url(market, "open"), note="all clear")
    trades = exchange.http.get(f"markets/{symbol}/trades").json()
    assert [(trade["price"], trade["quantity"]) for trade in trades] == [("101", "5")]


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


def test_an_operator_cancels_all_orders_of_an_account(
    exchange: ExchangeDriver, browser: httpx.Client
) -> None:
    first, second = exchange.new_market(), exchange.new_market()
    alice, bob = exchange.traders(first)
    rests = alice.place(first, "buy", "5", price="100")
    waits = alice.place(first, "buy", "5", type="stop_limit", price="120", stop_price="110")
    elsewhere = alice.place(second, "buy", "5", price="100")
    others = bob.place(first, "buy", "5", price="100")
    url = reverse("admin:markets_account_cancel_all", args=[alice.account.pk])

    one = Market.objects.get(symbol=second).pk
    said_first = send(browser, url, note="its bot", market=str(one))
    said_then = send(browser, url, note="gone wild", market="")

    assert said_first == f"Orders of {alice.name}: 1 canceled in {second}."
    assert said_then == f"Orders of {alice.name}: 2 canceled in {first}."
    for order in (rests, waits, elsewhere):
        now = alice.order(order["id"])
        assert (now["status"], now["reason"]) == ("canceled", "canceled_by_operator")
    assert bob.order(others["id"])["status"] == "open"
    assert alice.balance("USD") == ("1000000000", "0")
    assert logged()[-2:] == [
        f"otto {alice.name}: Cancel all orders: its bot (1 canceled in {second}).",
        f"otto {alice.name}: Cancel all orders: gone wild (2 canceled in {first}).",
    ]


def test_a_tier_that_is_given_changes_what_an_account_pays(
    exchange: ExchangeDriver, browser: httpx.Client
) -> None:
    operators.create_market("TIER", "GIVEN", tick_size=Decimal(1), lot_size=Decimal(1))
    market = Market.objects.get(symbol="TIER-GIVEN")
    alice = exchange.new_trader()
    tier = FeeTier.objects.create(
        quote=market.quote, name="vip", min_volume=1, maker_fee_rate=0, taker_fee_rate="0.001"
    )
    url = reverse("admin:markets_account_fee_tiers", args=[alice.account.pk])

    said = send(browser, url, note="vip", GIVEN=str(tier.pk))

    assert "Rates change in 1 market within a second" in said
    exchange.wait_until(
        lambda: AccountFees.objects.filter(account=alice.account, market=market).exists(),
        "the engine obeys",
    )
    fees = {row["market"]: row["taker_fee_rate"] for row in alice.http.get("fees").json()}
    assert fees["TIER-GIVEN"] == "0.001"


def test_a_market_made_in_the_admin_is_served(
    exchange: ExchangeDriver, browser: httpx.Client
) -> None:
    sent = market_form(base_symbol="MADEHERE", lot_size="1", tick_size="1")

    send(browser, reverse("admin:markets_market_add"), **sent)

    exchange.wait_until(
        lambda: exchange.http.get("markets/MADEHERE-USD/book").status_code == 200, "it is served"
    )
