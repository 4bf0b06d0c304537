"""Money moves by deposits and withdrawals, each in the admin log; nothing else of an account changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from markets import accounts
from markets.models import (
    Account,
    ApiKey,
    Balance,
    Market,
    Transfer,
)
from tests.api.admin.pages import (
    an_order,
    errors_of,
    logged,
    page,
    said,
    transfer,
)


def test_a_deposit_adds_to_the_balance_and_is_in_the_log(
    operator: Client, market: Market, alice: Account
) -> None:
    response = transfer(operator, alice, "deposit", amount="1000.5", note="wire 4711")

    assert accounts.balances(alice) == [
        {"asset": "USD", "total": "1000.5", "held": "0", "available": "1000.5"}
    ]
    assert logged() == ["olga alice: Deposited 1000.5 USD: wire 4711"]
    assert said(response) == "Deposited 1000.5 USD; 1000.5 USD available now."
    assert Transfer.objects.get().note == "wire 4711"


def test_a_withdrawal_takes_available_money_and_is_in_the_log(
    operator: Client, market: Market, alice: Account
) -> None:
    transfer(operator, alice, "deposit", amount="10")

    transfer(operator, alice, "withdraw", amount="4", note="paid out")

    assert accounts.balances(alice)[0]["available"] == "6"
    assert logged()[1:] == ["olga alice: Withdrew 4 USD: paid out"]


@pytest.mark.parametrize("amount", ["0", "-1", "1e3", "1,000", "0.123456789", "NaN", "", "٣"])
def test_an_amount_that_is_none_is_refused_at_the_field(
    operator: Client, market: Market, alice: Account, amount: str
) -> None:
    response = transfer(operator, alice, "deposit", amount=amount)

    assert response.status_code == 200
    assert "amount" in response.context["question"].form.errors
    assert not Transfer.objects.exists()
    assert logged() == []


def test_more_than_what_is_available_is_not_withdrawn(
    operator: Client, market: Market, alice: Account
) -> None:
    transfer(operator, alice, "deposit", amount="10")
    Balance.objects.filter(account=alice).update(available="400000000", held="600000000")

    response = transfer(operator, alice, "withdraw", amount="4.00000001")

    assert "alice has 4 USD available" in response.content.decode()
    assert Transfer.objects.count() == 1
    assert len(logged()) == 1


def test_an_account_s_page_shows_its_money_as_decimals(
    operator: Client, market: Market, alice: Account
) -> None:
    transfer(operator, alice, "deposit", amount="12.5", note="opening")
    an_order(market, alice)

    shown = page(operator, "account_change", alice.pk)

    assert "12.5" in shown
    assert "1250000000" not in shown
    assert "opening" in shown


def test_an_account_cannot_be_edited_or_deleted(operator: Client, alice: Account) -> None:
    Account.objects.update(event_sequence=5)

    changed = operator.post(
        reverse("admin:markets_account_change", args=[alice.pk]), {"name": "mallory"}
    )
    deleted = operator.post(
        reverse("admin:markets_account_delete", args=[alice.pk]), {"post": "yes"}
    )

    assert (changed.status_code, deleted.status_code) == (403, 403)
    assert Account.objects.get(name="alice").event_sequence == 5


def add_account(client: Client, name: str, password: str = "") -> Any:
    return client.post(reverse("admin:markets_account_add"), {"name": name, "password": password})


def test_an_account_is_opened_with_a_user_who_can_log_in(operator: Client) -> None:
    response = add_account(operator, "bob", "a-long-passphrase")

    account = Account.objects.get(name="bob")
    assert response.status_code == 302
    assert account.user is not None
    assert account.user.check_password("a-long-passphrase")
    assert logged() == ["olga bob: Added."]


def test_an_account_without_a_password_is_for_programs(operator: Client) -> None:
    add_account(operator, "robot")

    user = Account.objects.get(name="robot").user
    assert user is not None
    assert not user.has_usable_password()


@pytest.mark.parametrize(
    ("name", "password", "field"),
    [
        ("alice", "", "name"),
        ("exchange-fees", "", "name"),
        ("not a name", "", "name"),
        ("bob", "12345", "password"),
        ("olga", "another-passphrase", "password"),
    ],
)
def test_an_account_that_cannot_be_opened_is_refused_at_the_field(
    operator: Client, alice: Account, name: str, password: str, field: str
) -> None:
    response = add_account(operator, name, password)

    assert list(errors_of(response)) == [field]
    assert not User.objects.get(username="olga").has_usable_password()


def test_an_api_key_is_revoked_and_its_hash_is_never_shown(
    operator: Client, alice: Account
) -> None:
    key, secret = accounts.make_api_key(alice, "bot")
    url = reverse("admin:markets_apikey_changelist")

    shown = page(operator, "apikey_changelist") + page(operator, "apikey_change", key.pk)
    chosen = {"action": "revoke_selected", "_selected_action": [key.pk]}
    asked = operator.post(url, chosen).content.decode()
    assert accounts.principal_of_key(secret) is not None, "it asks first"
    operator.post(url, chosen | {"note": "it was leaked"})

    assert "Revoke 1 key?" in asked
    assert f'name="_selected_action" value="{key.pk}"' in asked
    assert key.prefix in shown
    assert key.hashed not in shown
    assert accounts.principal_of_key(secret) is None
    assert logged() == [f"olga {key}: Revoked {key.prefix}… of alice: it was leaked."]


def test_a_revoked_key_keeps_its_first_time(operator: Client, alice: Account) -> None:
    key, _ = accounts.make_api_key(alice, "bot")
    url = reverse("admin:markets_apikey_changelist")
    revoke = {"action": "revoke_selected", "_selected_action": [key.pk], "note": "leaked"}

    operator.post(url, revoke)
    first = ApiKey.objects.get().revoked_at
    operator.post(url, revoke)

    assert first is not None
    assert ApiKey.objects.get().revoked_at == first
    assert len(logged()) == 1
