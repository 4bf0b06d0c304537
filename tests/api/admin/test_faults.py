"""Faults of API keys in the admin: a column that shouts, a page that sets them, an action that ends them."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from markets import accounts
from markets.faults import rows
from markets.models import Account, ApiKey
from tests.api.admin.pages import logged, page


@pytest.fixture(autouse=True)
def allowed(settings: Any) -> None:
    settings.FAULTS = True


@pytest.fixture
def key(alice: Account) -> ApiKey:
    return accounts.make_api_key(alice, "bot")[0]


def test_an_operator_sets_faults_and_the_list_says_so(operator: Client, key: ApiKey) -> None:
    assert "ON:" not in page(operator, "apikey_changelist")
    url = reverse("admin:markets_apikey_faults", args=[key.pk])
    assert url in page(operator, "apikey_change", key.pk)
    assert "goes wrong for this key" in operator.get(url).content.decode()

    operator.post(url, {"rate_limited": "0.1", "seed": "3"})

    assert "ON: rate_limited=0.1, seed=3" in page(operator, "apikey_changelist")
    assert logged() == [f"olga {key}: Set its faults: rate_limited=0.1, seed=3."]


def test_faults_of_several_keys_are_turned_off_at_once(operator: Client, key: ApiKey) -> None:
    operator.post(reverse("admin:markets_apikey_faults", args=[key.pk]), {"drop": "1", "seed": "3"})

    operator.post(
        reverse("admin:markets_apikey_changelist"),
        {"action": "turn_faults_off", "_selected_action": [key.pk]},
    )

    row = rows.row_of(key)
    assert row is not None
    assert not row.is_on
    assert logged()[-1] == f"olga {key}: Turned its faults off."


def test_what_makes_no_sense_is_shown_again(operator: Client, key: ApiKey) -> None:
    response = operator.post(
        reverse("admin:markets_apikey_faults", args=[key.pk]), {"drop": "0.7", "reorder": "0.7"}
    )

    assert "add up to more than 1" in response.content.decode()
    assert rows.row_of(key) is None


def test_only_who_may_change_keys_sets_faults_and_nobody_where_they_are_not_allowed(
    operator: Client, key: ApiKey, settings: Any
) -> None:
    url = reverse("admin:markets_apikey_faults", args=[key.pk])
    viewer = User.objects.create_user("vera", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_apikey"))
    looking = Client()
    looking.force_login(viewer)

    assert looking.post(url, {"drop": "1"}).status_code == 403
    assert url not in page(looking, "apikey_change", key.pk)
    settings.FAULTS = False
    assert operator.post(url, {"drop": "1"}).status_code == 403
    assert rows.row_of(key) is None
