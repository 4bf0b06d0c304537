"""An operator makes an API key for an account: it is shown once, and in the log without its secret."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from markets.models import Account, ApiKey
from markets.signing_keys import signing_key_of
from tests.api.admin.pages import logged

WANTED: dict[str, Any] = {"name": "bot", "kind": "hmac", "scopes": ["read"], "public_key": ""}


def url_of(account: Account) -> str:
    return reverse("admin:markets_account_api_key", args=[account.pk])


def test_the_account_has_a_button_for_it(operator: Client, alice: Account) -> None:
    page = operator.get(reverse("admin:markets_account_change", args=[alice.pk]))

    assert url_of(alice) in page.content.decode()


def test_a_key_is_made_and_shown_once(operator: Client, alice: Account) -> None:
    asked = operator.get(url_of(alice))

    shown = operator.post(url_of(alice), WANTED)

    made = shown.context["made"]
    assert asked.status_code == shown.status_code == 200
    assert made.key in shown.content.decode()
    assert made.secret in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    key = signing_key_of(made.key)
    assert key is not None
    assert (key.who.account, key.who.can_read, key.who.can_trade) == (alice, True, False)
    assert logged() == [f"olga alice: Made the hmac key {made.row.prefix}…"]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"scopes": []}, "scopes"), ({"kind": "ed25519"}, "public_key"), ({"kind": "x"}, "kind")],
)
def test_what_makes_no_sense_is_said(
    operator: Client, alice: Account, change: dict[str, Any], field: str
) -> None:
    shown = operator.post(url_of(alice), {**WANTED, **change})

    assert list(shown.context["question"].form.errors) == [field]
    assert not ApiKey.objects.filter(account=alice).exists()


def test_who_may_not_add_keys_makes_none(client: Client, alice: Account) -> None:
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_account"))
    client.force_login(user)

    assert client.post(url_of(alice), WANTED).status_code == 403
    assert not ApiKey.objects.filter(account=alice).exists()
