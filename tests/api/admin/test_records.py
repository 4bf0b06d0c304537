"""What was done stays, and is found again; only staff comes in."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from markets import operators
from markets.models import (
    Account,
    Batch,
    Market,
    OperatorCommand,
    Transfer,
)
from tests.api.admin.pages import (
    NOON,
    an_order,
    listed,
    page,
    status_url,
    transfer,
)


def test_only_staff_comes_in(market: Market) -> None:
    visitor = Client()
    visitor.force_login(User.objects.create_user("vera"))

    response = visitor.get(reverse("admin:markets_market_changelist"))

    assert response.status_code == 302
    assert "/admin/login/" in response["Location"]


def test_staff_without_the_permission_moves_no_money_and_stops_no_market(
    market: Market, alice: Account
) -> None:
    clerk = Client()
    clerk.force_login(User.objects.create_user("carl", is_staff=True))
    pages = [
        reverse("admin:markets_account_transfer", args=[alice.pk, "deposit"]),
        status_url(market, "halted"),
        reverse("admin:markets_order_cancel"),
    ]

    statuses = [clerk.post(url, {"note": "why", "amount": "1"}).status_code for url in pages]

    assert statuses == [403, 403, 403]
    assert not Transfer.objects.exists()
    assert not OperatorCommand.objects.exists()


def test_a_batch_is_found_by_any_of_its_sequences(operator: Client, market: Market) -> None:
    batches = [
        Batch.objects.create(
            market=market,
            prev_sequence=start,
            sequence=start + 10,
            orders=1,
            trades=0,
            checksum=0,
            timestamp=NOON,
        )
        for start in (0, 10, 20)
    ]

    assert listed(operator, "batch", "?q=15") == [batches[1].pk]
    assert listed(operator, "batch", "?q=20") == [batches[1].pk]
    assert listed(operator, "batch", "?q=31") == []
    assert listed(operator, "batch", "?q=soon") == []


def test_the_log_is_listed_and_nobody_deletes_it(
    operator: Client, market: Market, alice: Account
) -> None:
    transfer(operator, alice, "deposit", amount="10", note="wire 4711")
    entry = LogEntry.objects.get()

    shown = operator.get(reverse("admin:admin_logentry_changelist")).content.decode()
    deleted = operator.post(
        reverse("admin:admin_logentry_delete", args=[entry.pk]), {"post": "yes"}
    )
    olga = User.objects.get(username="olga")
    operator.post(reverse("admin:auth_user_delete", args=[olga.pk]), {"post": "yes"})

    assert "Deposited 10 USD: wire 4711" in shown
    assert deleted.status_code == 403
    assert LogEntry.objects.filter(pk=entry.pk).exists(), "not with its user either"


def test_every_page_of_the_admin_is_there(operator: Client, market: Market, alice: Account) -> None:
    an_order(market, alice)

    index = operator.get(reverse("admin:index")).content.decode()

    assert "Exchange operations" in index
    for model in ("asset", "market", "account", "order", "trade", "batch", "apikey"):
        page(operator, f"{model}_changelist")
    for model in ("asset", "market", "account"):
        page(operator, f"{model}_add")


def test_orders_are_canceled_by_a_running_exchange_only(market: Market, alice: Account) -> None:
    with pytest.raises(operators.NotCanceled, match="running exchange"):
        operators.cancel_order(an_order(market, alice), "olga")
