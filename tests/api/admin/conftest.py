"""The admin's tests start without rows and without engines, unless they ask for the running exchange."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from markets import accounts, operators, process
from markets.admin import commands as admin_commands
from markets.models import (
    Account,
    Market,
)
from tests.drivers.exchange import ExchangeDriver


@pytest.fixture
def empty(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No rows, until the test's transaction is rolled back, and no engines to tell."""
    monkeypatch.setattr(process, "_current", None)
    monkeypatch.setattr(admin_commands, "ANSWER_SECONDS", 0.0)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Engines of other tests, and what adds up their trades, may still write: let them end first, and
            # others wait for this one. In the order in which they take their locks.
            cursor.execute("LOCK TABLE markets_tally, markets_market IN EXCLUSIVE MODE")
    models = list(apps.get_app_config("markets").get_models(include_auto_created=True))
    ours: list[Any] = [LogEntry, *reversed(models)]
    for model in ours:
        model._base_manager.all()._raw_delete("default")


@pytest.fixture
def operator(empty: None) -> Client:
    """A superuser's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("olga"))
    return client


@pytest.fixture
def market(empty: None) -> Market:
    return operators.create_market(
        "BTC", "USD", tick_size=Decimal("0.01"), lot_size=Decimal("0.0001")
    ).market


@pytest.fixture
def alice(empty: None) -> Account:
    return accounts.open_account("alice")


@pytest.fixture
def browser(exchange: ExchangeDriver) -> Iterator[httpx.Client]:
    """An operator's browser at the running exchange."""
    User.objects.filter(username="otto").delete()
    otto = User.objects.create_superuser("otto")
    session = Client()
    session.force_login(otto)
    with httpx.Client(base_url=exchange.url, follow_redirects=True, timeout=30) as browser:
        browser.cookies.set("sessionid", session.cookies["sessionid"].value)
        yield browser
