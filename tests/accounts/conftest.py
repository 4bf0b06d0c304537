"""People of these chapters: with passwords that cost nothing to check, in browsers that keep cookies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client

from markets import accounts, maintenance, operators
from markets.models import Account, Market

PASSWORD = "correct-horse-battery"
PersonMaker = Callable[..., User]


@pytest.fixture(autouse=True)
def _quick(settings: Any, db: None, tmp_path: Any) -> Iterator[None]:
    """Nothing was tried before, mail is kept, no maintenance."""
    settings.SIGN_UP = True
    settings.MAINTENANCE_FILE = tmp_path / "maintenance"
    cache.clear()
    mail.outbox.clear()
    maintenance.look_again()
    yield
    maintenance.look_again()


@pytest.fixture
def browser() -> Client:
    """Somebody's browser: it asks for pages, and has no session yet."""
    return Client(headers={"accept": "text/html"}, enforce_csrf_checks=False)


@pytest.fixture
def alice() -> Account:
    """Has an account and a password."""
    return person("alice-of-tests", email="alice@example.org")


def person(name: str, *, email: str = "", **flags: bool) -> Account:
    """A user with an account."""
    account = accounts.open_account(name, PASSWORD)
    assert account.user is not None
    account.user.email = email
    for flag, value in flags.items():
        setattr(account.user, flag, value)
    account.user.save()
    return account


def log_in(browser: Client, name: str, password: str = PASSWORD, **more: str) -> Any:
    """Send the form of the log-in."""
    return browser.post("/login/", {"login": name, "password": password, **more})


def is_in(browser: Client) -> bool:
    """Whether somebody is logged in."""
    return "_auth_user_id" in browser.session


@pytest.fixture
def in_browser(browser: Client, alice: Account) -> Client:
    """A browser in which alice is logged in."""
    log_in(browser, alice.name)
    assert is_in(browser)
    return browser


@pytest.fixture
def market() -> Market:
    return operators.create_market(
        "ACC", "EUR", tick_size=Decimal("0.01"), lot_size=Decimal("0.0001")
    ).market


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """No market, and nothing that belongs to one, until the test's transaction is rolled back."""
    for model in reversed(
        list(apps.get_app_config("markets").get_models(include_auto_created=True))
    ):
        model._base_manager.all()._raw_delete("default")


@pytest.fixture
def operator(empty: None) -> Client:
    """A superuser's browser, at an exchange without markets."""
    browser = Client(headers={"accept": "text/html"})
    browser.force_login(User.objects.create_superuser("olga"))
    return browser
