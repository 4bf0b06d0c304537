"""What `manage.py open_account` opens has a name and a password that somebody could have chosen."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from markets import demo
from markets.management.commands import open_account
from markets.models import Account
from tests.accounts.conftest import is_in, log_in


def opened(*arguments: str) -> Any:
    out = io.StringIO()
    call_command("open_account", *arguments, stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.parametrize("name", ["", " ", "a\nb", "two words", 'a"b', "x" * 151, "nul\x00"])
def test_what_nobody_could_sign_up_as_is_no_name(name: str) -> None:
    with pytest.raises(CommandError, match="is no name"):
        opened(name)

    assert not Account.objects.filter(name=name.replace("\x00", "")).exists()


def test_who_is_there_already_keeps_a_name_of_before() -> None:
    User.objects.create(username="two words")

    assert opened("two words") == {"account": "two words", "key": None}


def typed(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """Somebody types these, unseen."""
    waiting = list(words)
    monkeypatch.setattr(open_account, "getpass", lambda _: waiting.pop(0))


def test_a_password_is_asked_for_where_none_is_given(
    monkeypatch: pytest.MonkeyPatch, browser: Client
) -> None:
    typed(monkeypatch, "correct-horse", "correct-horse")

    opened("typist", "--password")

    log_in(browser, "typist", "correct-horse")
    assert is_in(browser)


@pytest.mark.parametrize("words", [("one", "other"), ("", "")])
def test_a_password_that_was_mistyped_opens_nothing(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, str]
) -> None:
    typed(monkeypatch, *words)

    with pytest.raises(CommandError, match=r"differ|empty"):
        opened("typist", "--password")

    assert not User.objects.filter(username="typist").exists()


def test_a_demo_that_is_started_again_logs_nobody_out(
    browser: Client, settings: Any, tmp_path: Any
) -> None:
    settings.VAR_DIR = tmp_path
    name, password = next(iter(demo.prepare_demo().people.items()))
    log_in(browser, name, password)

    demo.prepare_demo()

    assert browser.get("/account/").status_code == 200
    assert is_in(browser)
    assert (tmp_path / demo.KEYS_FILE).is_file()
