"""An account's money, fees and used limits; and what clients ask of wallets before anything else."""

from __future__ import annotations

from tests.binance import shapes
from tests.binance.shapes import check
from tests.drivers.bot import Bot


def test_the_account(alice: Bot) -> None:
    found = alice.ask("account")

    check(found, shapes.Account)
    assert (found["canTrade"], found["permissions"]) == (True, ["SPOT"])


def test_balances_are_free_and_locked(alice: Bot, market: str, symbol: str) -> None:
    base = market.split("-")[0]
    order = alice.order(symbol, "SELL", price="200", quantity="2.5")

    balances = {row["asset"]: row for row in alice.ask("account")["balances"]}

    assert balances[base]["locked"] == "2.50000000"
    alice.delete("order", symbol=symbol, orderId=order["orderId"])


def test_balances_of_nothing_are_left_out_on_request(poor: Bot) -> None:
    assert poor.ask("account")["balances"]
    assert poor.ask("account", omitZeroBalances="true")["balances"] == []


def test_what_a_market_costs(alice: Bot, symbol: str) -> None:
    found = alice.ask("account/commission", symbol=symbol)

    check(found, shapes.Commission)
    assert found["standardCommission"]["maker"] == "0.00100000"
    assert found["standardCommission"]["taker"] == "0.00200000"


def test_the_fees_of_one_market_and_of_all(alice: Bot, symbol: str) -> None:
    one = alice.ask("/sapi/v1/asset/tradeFee", symbol=symbol)

    check(one, list[shapes.Fee])
    assert one == [
        {"symbol": symbol, "makerCommission": "0.00100000", "takerCommission": "0.00200000"}
    ]
    assert one[0] in alice.ask("/sapi/v1/asset/tradeFee")


def test_what_a_tried_order_would_cost(alice: Bot, symbol: str) -> None:
    terms = {"symbol": symbol, "side": "SELL", "type": "LIMIT", "timeInForce": "GTC"}

    found = alice.post(
        "order/test", **terms, price="200", quantity="1", computeCommissionRates="true"
    )

    check(found, shapes.CommissionOfOrder)
    assert found["standardCommissionForOrder"] == {"maker": "0.00100000", "taker": "0.00200000"}


def test_what_the_key_may_do(alice: Bot) -> None:
    found = alice.ask("/sapi/v1/account/apiRestrictions")

    assert (found["enableReading"], found["enableSpotAndMarginTrading"]) == (True, True)
    assert (found["enableWithdrawals"], found["ipRestrict"]) == (False, False)


def test_the_coins(alice: Bot, market: str) -> None:
    found = alice.ask("/sapi/v1/capital/config/getall")

    check(found, list[shapes.Coin])
    assert set(market.split("-")) <= {coin["coin"] for coin in found}
