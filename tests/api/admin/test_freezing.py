"""An account is frozen and unfrozen on its page: asked first, with a reason, and said market by market."""

from __future__ import annotations

import re

import httpx
import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from markets import accounts, operators
from markets.account_auditing import audit_account
from markets.models import FEE_ACCOUNT_NAME, Account, FrozenAccount, Market, OperatorCommand
from tests.api.admin.pages import a_trade, an_order, listed, logged, page, said
from tests.api.admin.test_with_engines import send
from tests.drivers.exchange import ExchangeDriver


def url(account: Account, verb: str) -> str:
    return reverse(f"admin:markets_account_{verb}", args=[account.pk])


def test_freezing_asks_first_and_says_what_it_cancels(
    operator: Client, market: Market, alice: Account
) -> None:
    an_order(market, alice)

    asked = operator.get(url(alice, "freeze")).content.decode()
    refused = operator.post(url(alice, "freeze"), {"note": " "}).content.decode()

    assert "Open orders: 1 in BTC-USD." in asked
    assert "do not come back" in asked
    assert "This field is required" in refused
    assert not FrozenAccount.objects.exists()


def test_who_froze_it_and_why_is_kept_and_shown(
    operator: Client, market: Market, alice: Account
) -> None:
    response = operator.post(url(alice, "freeze"), {"note": "stolen key"})

    row = FrozenAccount.objects.get()
    assert (row.account, row.by, row.reason) == (alice, "olga", "stolen key")
    assert said(response).startswith("alice is frozen. BTC-USD: waiting: no engine")
    assert logged() == ["olga alice: Frozen: stolen key"]
    shown = page(operator, "account_change", alice.pk)
    assert "by olga: stolen key</b>; waits for an engine in BTC-USD" in shown
    assert url(alice, "unfreeze") in shown
    assert url(alice, "freeze") not in shown
    command = OperatorCommand.objects.get()
    in_list = page(operator, "operatorcommand_changelist")
    assert "freeze alice" in in_list
    assert command.params == {"account": alice.pk, "frozen": True, "name": "alice"}


def test_it_is_unfrozen_with_a_reason_too(operator: Client, market: Market, alice: Account) -> None:
    operators.freeze_account(alice, "olga", "stolen key")

    operator.post(url(alice, "unfreeze"), {"note": "new key"})
    again = operator.post(url(alice, "unfreeze"), {"note": "new key"})

    assert not FrozenAccount.objects.exists()
    assert logged() == ["olga alice: Unfrozen: new key"]
    assert said(again).endswith("alice is not frozen.")


def test_frozen_accounts_are_listed(operator: Client, market: Market, alice: Account) -> None:
    bob = accounts.open_account("bob")
    operators.freeze_account(alice, "olga", "stolen key")

    assert listed(operator, "account", "?frozen=1") == [alice.pk]
    assert bob.pk in listed(operator, "account", "?frozen=0")
    assert alice.pk not in listed(operator, "account", "?frozen=0")


def test_the_exchanges_own_account_is_not_frozen(operator: Client, market: Market) -> None:
    own = Account.objects.get(name=FEE_ACCOUNT_NAME)

    response = operator.post(url(own, "freeze"), {"note": "why not"})

    assert "is the exchange's own account" in said(response)
    assert not FrozenAccount.objects.exists()
    assert url(own, "freeze") not in page(operator, "account_change", own.pk)


def test_staff_without_the_permission_freezes_nobody(alice: Account) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="view_account"))
    client = Client()
    client.force_login(clerk)

    assert "Freeze…" not in page(client, "account_change", alice.pk)
    for verb in ("freeze", "unfreeze"):
        assert client.post(url(alice, verb), {"note": "why"}).status_code == 403


def test_a_freeze_is_carried_out_at_once(exchange: ExchangeDriver, browser: httpx.Client) -> None:
    market = exchange.new_market()
    alice = exchange.new_trader(USD=1000)
    order = alice.place(market, "buy", "1", price="99")

    done = send(browser, url(alice.account, "freeze"), note="stolen key")

    assert re.search(r"is frozen\. Done in [0-9]+ markets?\.$", done)
    assert alice.order(order["id"])["reason"] == "account_frozen"
    send(browser, url(alice.account, "unfreeze"), note="new key")
    alice.place(market, "buy", "1", price="99")


# What else its page shows


def test_its_page_shows_open_orders_fills_keys_and_the_last_log_in(
    operator: Client, market: Market, alice: Account
) -> None:
    bob = accounts.open_account("bob")
    key, _ = accounts.make_api_key(alice, "bot", can_trade=False)
    gone, _ = accounts.make_api_key(alice, "gone")
    type(gone).objects.filter(pk=gone.pk).update(revoked_at=gone.created_at)
    order, other = an_order(market, alice, 1), an_order(market, bob, 2, side="sell")
    trade = a_trade(market, order, other)

    shown = page(operator, "account_change", alice.pk)

    assert f">{order.pk}</a> buy 2 of BTC-USD at 100.5, open" in shown
    assert f">{trade.pk}</a> bought 1.5 of BTC-USD at 100.5 as taker" in shown
    assert "sold 1.5 of BTC-USD at 100.5 as maker" in page(operator, "account_change", bob.pk)
    assert f">{key.prefix}…</a> bot: may read; never used" in shown
    assert "gone" not in shown
    assert "(never logged in)" in shown


# Its audit


@pytest.fixture
def traded(market: Market, alice: Account) -> Account:
    """10 BTC came in; a trade of 1.5 for 150.75 USD brought 1.497 BTC after its fee; a bid of 2 rests."""
    accounts.deposit(alice, market.base, 10 * 10**8)
    accounts.deposit(alice, market.quote, 1000 * 10**8)
    bob = accounts.open_account("bob")
    taker = an_order(
        market, alice, 1, status="filled", filled=150_000_000, remaining=0, quantity=150_000_000
    )
    a_trade(market, taker, an_order(market, bob, 2, side="sell"))
    an_order(market, alice, 3)
    alice.balances.filter(asset=market.base).update(available=10 * 10**8 + 149_700_000)
    held = 201 * 10**8
    paid = 15_075_000_000
    alice.balances.filter(asset=market.quote).update(
        available=1000 * 10**8 - paid - held, held=held
    )
    return alice


def checks(client: Client, account: Account) -> list[str]:
    """What is wrong."""
    response = client.get(url(account, "audit"))
    assert response.status_code == 200
    return [check.what for check in response.context["checks"] if not check.passed]


def test_an_audit_shows_every_check_with_what_was_found(operator: Client, traded: Account) -> None:
    shown = operator.get(url(traded, "audit")).content.decode()

    assert "All 9 checks passed." in shown
    assert "11.497 BTC" in shown
    assert "201 USD" in shown


def test_an_audit_names_what_is_wrong(operator: Client, market: Market, traded: Account) -> None:
    traded.balances.filter(asset=market.base).update(available=1)
    traded.balances.filter(asset=market.quote).update(held=200 * 10**8)
    Account.objects.filter(pk=traded.pk).update(event_sequence=7)

    shown = operator.get(url(traded, "audit")).content.decode()

    assert "4 of 9 checks failed." in shown
    assert [what[:3] for what in checks(operator, traded)] == ["BTC", "USD", "USD", "pri"]


def test_a_frozen_account_has_no_open_order_where_the_engine_knows(
    operator: Client, market: Market, traded: Account
) -> None:
    operators.freeze_account(traded, "olga", "stolen key")
    waiting = checks(operator, traded)
    OperatorCommand.objects.update(done=True)

    assert waiting == []
    assert checks(operator, traded) == ["it is frozen: no order is open where the engine knows"]


def test_what_would_take_too_long_is_left_to_the_command(
    operator: Client, traded: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("markets.account_auditing.MAX_FILLS", 0)

    fills = operator.get(url(traded, "audit"))
    monkeypatch.setattr("markets.account_auditing.MAX_OPEN_ORDERS", 0)
    orders = operator.get(url(traded, "audit"))
    own = Account.objects.get(name=FEE_ACCOUNT_NAME)
    fees = operator.get(url(own, "audit"))

    assert "more than 0 fills as taker: run manage.py audit" in said(fills)
    assert "more than 0 open orders: run manage.py audit" in said(orders)
    assert "has a part in every trade" in said(fees)


def test_an_account_that_really_traded_passes(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(taker_fee_rate="0.001")
    alice, bob = exchange.traders(market)
    alice.place(market, "buy", "500", price="100")
    bob.place(market, "sell", "300", price="90")
    bob.post(
        "orders/bracket",
        market=market,
        side="buy",
        quantity="5",
        price="50",
        stop_loss={"stop_price": "40"},
    )

    for trader in (alice, bob):
        found = audit_account(trader.account)
        assert [check for check in found if not check.passed] == []
        assert len(found) > 5
