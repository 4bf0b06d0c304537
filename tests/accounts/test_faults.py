"""An account's page of a key's faults: set, shown loudly on all its pages, turned off."""

from typing import Any

import pytest
from django.test import Client

from markets import accounts
from markets.faults import rows
from markets.faults.plan import Plan
from markets.models import Account, ApiKey, FaultPlan
from tests.accounts.conftest import person
from tests.accounts.pages import see, seen

BANNER = "Faults are on."


@pytest.fixture(autouse=True)
def allowed(settings: Any) -> None:
    settings.FAULTS = True


@pytest.fixture
def key(alice: Account) -> ApiKey:
    return accounts.make_api_key(alice, "bot")[0]


def page_of(key: ApiKey) -> str:
    return f"/account/api-keys/{key.pk}/faults/"


def test_faults_are_set_and_every_page_of_the_account_says_so(
    in_browser: Client, key: ApiKey
) -> None:
    assert "Off." in see(in_browser, page_of(key)).words
    assert BANNER not in see(in_browser, "/account/api-keys/").words

    response = in_browser.post(page_of(key), {"drop": "0.05", "delay_ms": "200", "seed": "7"})

    assert response.status_code == 302
    page = see(in_browser, page_of(key))
    assert "delay_ms=200, drop=0.05, seed=7" in page.words
    row = rows.row_of(key)
    assert row is not None
    assert row.token in in_browser.get(page_of(key)).content.decode()
    for address in ("/account/", "/account/api-keys/", "/account/statement/"):
        assert BANNER in see(in_browser, address).words


def test_they_are_turned_off_and_the_plan_is_kept(in_browser: Client, key: ApiKey) -> None:
    rows.set_plan(key, Plan(drop=50_000))

    in_browser.post(page_of(key), {"turn_off": "1"})

    assert "Off." in see(in_browser, page_of(key)).words
    assert BANNER not in see(in_browser, "/account/").words
    assert rows.plan_of_row(rows.row_of(key)).drop == 50_000


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"drop": "2"}, "It must be a ratio from 0 to 1."),
        ({"drop": "many"}, "It must be a ratio as a decimal string"),
        ({"delay_ms": "30001"}, "less than or equal to 30000"),
        ({"drop": "0.6", "reorder": "0.6"}, "add up to more than 1"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(
    in_browser: Client, key: ApiKey, form: dict[str, str], said: str
) -> None:
    response = in_browser.post(page_of(key), form)

    assert said in seen(response).words
    assert not FaultPlan.objects.exists()


def test_nobody_sees_or_sets_faults_of_anothers_key(in_browser: Client, key: ApiKey) -> None:
    other, _ = accounts.make_api_key(person("mallory"), "hers")

    assert in_browser.get(page_of(other)).status_code == 404
    assert in_browser.post(page_of(other), {"drop": "1"}).status_code == 404
    assert Client().get(page_of(key)).status_code == 302


def test_where_the_operator_does_not_allow_them_there_is_no_page_and_no_link(
    in_browser: Client, key: ApiKey, settings: Any
) -> None:
    rows.set_plan(key, Plan(drop=50_000))
    settings.FAULTS = False

    assert in_browser.get(page_of(key)).status_code == 404
    page = see(in_browser, "/account/api-keys/")
    assert BANNER not in page.words
    assert "Faults" not in page.words


def test_in_a_sandbox_they_are_allowed_unless_it_is_said_otherwise(
    in_browser: Client, key: ApiKey, settings: Any
) -> None:
    settings.FAULTS = None
    for sandbox, status in ((True, 200), (False, 404)):
        settings.SANDBOX = sandbox
        assert in_browser.get(page_of(key)).status_code == status
