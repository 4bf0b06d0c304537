"""Balances: total = available + held, by asset; fees in what is received; play money in sandboxes only."""

from typing import Any

from pytest_django import Settings

from markets import accounts
from markets import serializers as shapes
from markets.models import Asset, Transfer
from tests.api.shapes import check, refusal
from tests.drivers.exchange import ExchangeDriver, Trader


def balances(trader: Trader) -> dict[str, Any]:
    rows = trader.http.get("balances").json()
    check(rows, shapes.BalanceShape(many=True))
    return {row["asset"]: (row["total"], row["held"], row["available"]) for row in rows}


def test_balances_follow_the_orders(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(lot_size="0.01", maker_fee_rate="0.001", taker_fee_rate="0.002")
    base = market.split("-")[0]
    alice, bob = exchange.new_trader(USD="1000.5"), exchange.new_trader(**{base: 10})
    assert balances(alice) == {"USD": ("1000.5", "0", "1000.5")}

    alice.place(market, "buy", "2.5", price="100")
    bob.place(market, "sell", "1", price="100")

    assert balances(alice) == {
        base: ("0.999", "0", "0.999"),
        "USD": ("900.5", "150", "750.5"),
    }
    assert balances(bob) == {base: ("9", "0", "9"), "USD": ("99.8", "0", "99.8")}


def test_a_new_account_has_no_balances(exchange: ExchangeDriver) -> None:
    assert balances(exchange.new_trader()) == {}


def test_a_deposit_and_a_withdrawal_are_seen(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader(USD=10)
    usd = Asset.objects.get(symbol="USD")

    accounts.withdraw(alice.account, usd, accounts.parse_amount("2.5", usd))

    assert balances(alice) == {"USD": ("7.5", "0", "7.5")}


def test_the_faucet_gives_play_money_in_a_sandbox(
    exchange: ExchangeDriver, market: str, settings: Settings
) -> None:
    alice = exchange.new_trader()
    settings.SANDBOX = True

    given = alice.http.post("faucet")

    assert given.status_code == 200
    check(given.json(), shapes.BalanceShape(many=True))
    assert balances(alice)["USD"] == ("1000000", "0", "1000000")
    assert balances(alice)[market.split("-")[0]] == ("100", "0", "100")
    assert set(Transfer.objects.filter(account=alice.account).values_list("kind")) == {("faucet",)}


def test_there_is_no_faucet_where_money_is_real(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader()

    assert refusal(alice.http.post("faucet")) == (403, "permission_denied", [])
    assert balances(alice) == {}
