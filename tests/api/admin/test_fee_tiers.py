"""Fee tiers make sense beside each other and the markets; every change reaches the engines as a command."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from markets import operators
from markets.models import Account, Asset, FeeTier, Market, OperatorCommand
from tests.api.admin.pages import errors_of, logged, page, said


def form(**changes: Any) -> dict[str, Any]:
    """What the form of a new tier sends."""
    return {
        "quote": Asset.objects.get(symbol="USD").pk,
        "name": "gold",
        "min_volume": "1000000",
        "maker_fee_rate": "0",
        "taker_fee_rate": "0.0007",
        "note": "why",
    } | changes


def add(client: Client, **changes: Any) -> Any:
    return client.post(reverse("admin:markets_feetier_add"), form(**changes))


def change(client: Client, tier: FeeTier, **changes: Any) -> Any:
    return client.post(reverse("admin:markets_feetier_change", args=[tier.pk]), form(**changes))


def give(client: Client, account: Account, tier: FeeTier | None, note: str = "why") -> Any:
    url = reverse("admin:markets_account_fee_tiers", args=[account.pk])
    return client.post(url, {"USD": "" if tier is None else tier.pk, "note": note})


@pytest.fixture
def gold(operator: Client, market: Market) -> FeeTier:
    add(operator)
    return FeeTier.objects.get()


@pytest.fixture
def rates(django_capture_on_commit_callbacks: Any) -> Any:
    """Run something as if its transaction was committed: the rates that are asked for then, by account."""

    def asked(what: Any, *arguments: Any, **fields: Any) -> dict[str, Any]:
        before = set(OperatorCommand.objects.values_list("pk", flat=True))
        with django_capture_on_commit_callbacks(execute=True):
            what(*arguments, **fields)
        commands = OperatorCommand.objects.exclude(pk__in=before)
        names = {str(account.pk): account.name for account in Account.objects.all()}
        return {
            names[key]: own for command in commands for key, own in command.params["rates"].items()
        }

    return asked


def test_a_tier_is_added_and_its_rates_are_in_the_log(operator: Client, market: Market) -> None:
    add(operator, note="for whoever trades much")

    tier = FeeTier.objects.get()
    assert (tier.min_volume, tier.taker_fee_rate) == (1_000_000, tier.taker_fee_rate)
    (entry,) = logged()
    assert entry.startswith("olga gold (USD): ")
    assert "taker_fee_rate = 0.0007" in entry
    assert entry.endswith(": for whoever trades much")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"min_volume": "0"}, "min_volume"),
        ({"min_volume": "-1"}, "min_volume"),
        ({"min_volume": "much"}, "min_volume"),
        ({"taker_fee_rate": "0.0000001"}, "taker_fee_rate"),
        ({"taker_fee_rate": "1"}, "taker_fee_rate"),
        ({"taker_fee_rate": "-0.001"}, "taker_fee_rate"),
        ({"maker_fee_rate": "1"}, "maker_fee_rate"),
        ({"maker_fee_rate": "-0.0008"}, "maker_fee_rate"),
        ({"name": ""}, "name"),
    ],
)
def test_a_tier_that_makes_no_sense_is_refused_at_the_field(
    operator: Client, market: Market, changes: dict[str, str], field: str
) -> None:
    Market.objects.update(taker_fee_rate="0.001")

    assert list(errors_of(add(operator, **changes))) == [field]
    assert not FeeTier.objects.exists()


def test_no_rebate_is_more_than_the_takers_of_any_tier_or_market_pay(
    operator: Client, market: Market
) -> None:
    Market.objects.update(taker_fee_rate="0.0005")
    generous = {"maker_fee_rate": "-0.0006", "taker_fee_rate": "0.0007"}

    beside_the_market = errors_of(add(operator, **generous))
    Market.objects.update(taker_fee_rate="0.001")
    add(operator, name="gold", taker_fee_rate="0.0003")
    beside_a_tier = errors_of(add(operator, name="maker", min_volume="5", **generous))

    assert beside_the_market == {
        "maker_fee_rate": [
            "tier gold has a rebate of 0.0006, more than the 0.0005 that takers of market BTC-USD pay"
        ]
    }
    assert beside_a_tier == {
        "maker_fee_rate": [
            "tier maker has a rebate of 0.0006, more than the 0.0003 that takers of tier gold pay"
        ]
    }


def test_there_is_one_tier_of_a_volume(operator: Client, gold: FeeTier) -> None:
    assert errors_of(add(operator, name="other"))
    assert FeeTier.objects.count() == 1


def test_a_market_s_takers_do_not_pay_less_than_a_tier_s_rebate(
    operator: Client, market: Market
) -> None:
    Market.objects.update(taker_fee_rate="0.001")
    add(operator, maker_fee_rate="-0.0005")
    url = reverse("admin:markets_market_change", args=[market.pk])
    fields = {
        "tick_size": "0.01",
        "lot_size": "0.0001",
        "max_quantity": "1000000000",
        "min_notional": "0",
        "maker_fee_rate": "0",
        "taker_fee_rate": "0.0004",
        "update_interval_ms": "0",
        "snapshot_interval_s": "60",
    }

    assert list(errors_of(operator.post(url, fields))) == ["taker_fee_rate"]
    assert not OperatorCommand.objects.filter(kind="configure").exists()


# Given by hand


def test_a_tier_is_given_with_who_and_why_and_the_engines_are_asked(
    operator: Client, market: Market, alice: Account, gold: FeeTier, rates: Any
) -> None:
    asked = rates(give, operator, alice, gold, note="market maker agreement")

    assert list(alice.given_fee_tiers.all()) == [gold]
    assert asked == {"alice": [0, 700]}
    assert logged()[-1] == "olga alice: Given fee tiers: gold (USD): market maker agreement"
    shown = page(operator, "account_change", alice.pk)
    assert reverse("admin:markets_feetier_change", args=[gold.pk]) in shown


def test_a_given_tier_is_taken_away_again(
    operator: Client, market: Market, alice: Account, gold: FeeTier, rates: Any
) -> None:
    rates(give, operator, alice, gold)

    asked = rates(give, operator, alice, None, note="agreement ended")

    assert not alice.given_fee_tiers.exists()
    assert asked == {"alice": None}
    assert logged()[-1] == "olga alice: Given fee tiers: none: agreement ended"


def test_an_account_has_at_most_one_given_tier_of_a_quote_asset(
    operator: Client, alice: Account, gold: FeeTier
) -> None:
    add(operator, name="silver", min_volume="5")
    silver = FeeTier.objects.get(name="silver")
    give(operator, alice, gold)

    give(operator, alice, silver)

    assert list(alice.given_fee_tiers.all()) == [silver]


def test_a_tier_of_another_quote_asset_is_refused(
    operator: Client, alice: Account, gold: FeeTier
) -> None:
    euro = Asset.objects.create(symbol="EUR")
    other = FeeTier.objects.create(
        quote=euro, name="euro", min_volume=1, maker_fee_rate=0, taker_fee_rate=0
    )

    response = give(operator, alice, other)

    assert list(response.context["question"].form.errors) == ["USD"]
    assert not alice.given_fee_tiers.exists()


def test_giving_what_it_has_changes_nothing(
    operator: Client, alice: Account, gold: FeeTier
) -> None:
    give(operator, alice, gold)
    entries = logged()

    response = give(operator, alice, gold, note="again")

    assert said(response).endswith("Nothing was changed.")
    assert logged() == entries


def test_staff_without_the_permission_gives_nothing(alice: Account, gold: FeeTier) -> None:
    clerk = Client()
    clerk.force_login(User.objects.create_user("carl", is_staff=True))

    assert give(clerk, alice, gold).status_code == 403
    assert not alice.given_fee_tiers.exists()


# Changed and deleted


def test_a_changed_tier_changes_what_is_paid(
    operator: Client, market: Market, alice: Account, gold: FeeTier, rates: Any
) -> None:
    rates(give, operator, alice, gold)

    asked = rates(change, operator, gold, taker_fee_rate="0.0005", note="cheaper")

    assert asked == {"alice": [0, 500]}
    assert logged()[-1] == "olga gold (USD): taker_fee_rate = 0.0005: cheaper"


def test_a_tier_s_quote_asset_stays(operator: Client, market: Market, gold: FeeTier) -> None:
    euro = Asset.objects.create(symbol="EUR")

    change(operator, gold, quote=euro.pk, name="golden")

    gold.refresh_from_db()
    assert (gold.quote, gold.name) == (market.quote, "golden")


def test_a_tier_that_was_given_is_deleted_and_taken_from_whoever_has_it(
    operator: Client, market: Market, alice: Account, gold: FeeTier, rates: Any
) -> None:
    rates(give, operator, alice, gold)
    url = reverse("admin:markets_feetier_delete", args=[gold.pk])

    asked = operator.get(url).content.decode()
    taken = rates(operator.post, url, {"post": "yes"})

    assert "it is taken from alice" in asked
    assert not FeeTier.objects.exists()
    assert taken == {"alice": None}


def test_tiers_are_deleted_together(
    operator: Client, market: Market, alice: Account, gold: FeeTier, rates: Any
) -> None:
    rates(give, operator, alice, gold)
    url = reverse("admin:markets_feetier_changelist")
    chosen = {"action": "delete_selected", "_selected_action": [gold.pk]}

    assert "it is taken from alice" in operator.post(url, chosen).content.decode()
    assert rates(operator.post, url, chosen | {"post": "yes"}) == {"alice": None}


def test_the_list_says_how_many_were_given_a_tier_and_its_page_who(
    operator: Client, alice: Account, gold: FeeTier
) -> None:
    give(operator, alice, gold)

    assert '<td class="field-given">1</td>' in page(operator, "feetier_changelist")
    shown = page(operator, "feetier_change", gold.pk)
    assert reverse("admin:markets_account_change", args=[alice.pk]) in shown


def test_rates_that_were_asked_for_are_readable(
    operator: Client, market: Market, alice: Account
) -> None:
    bob = Account.objects.create(name="bob")
    command = OperatorCommand.objects.create(
        market=market,
        kind="set_fee_rates",
        params={"rates": {str(alice.pk): [-200, 700], str(bob.pk): None}},
        requested_by="fee tiers",
    )

    shown = page(operator, "operatorcommand_change", command.pk)

    assert "fee rates of 2 accounts" in page(operator, "operatorcommand_changelist")
    assert "alice: maker -0.0002, taker 0.0007" in shown
    assert "bob: what the market takes from everybody" in shown


def test_without_tiers_there_is_nothing_to_give(operator: Client, alice: Account) -> None:
    assert "Give fee tiers" not in page(operator, "account_change", alice.pk)
    assert operators.outcome_of(OperatorCommand(done=True)) == "done: it was so already"
