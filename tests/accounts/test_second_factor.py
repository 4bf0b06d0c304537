"""The second factor: codes of an authenticator or recovery codes, each good once, sealed at rest."""

import re
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client

from markets.models import Account
from tests.accounts.conftest import PASSWORD, is_in, log_in, person
from tests.accounts.pages import Page, code_of, see, seen

NAME = "alice-of-tests"


def confirm(browser: Client, address: str) -> Any:
    """Ask for something that needs the password once more, and give it."""
    response = browser.get(address)
    assert response["Location"].startswith("/account/confirm/")
    seen(browser.get(response["Location"]))
    return browser.post(response["Location"], {"password": PASSWORD})


def value_of(page: Page, id_: str) -> str:
    return next(str(control["value"]) for control in page.controls if control.get("id") == id_)


def add_second_factor(browser: Client) -> tuple[str, list[str]]:
    """Turn it on: the secret and the recovery codes."""
    confirm(browser, "/account/second-factor/")
    secret = value_of(see(browser, "/account/second-factor/"), "secret")
    response = browser.post("/account/second-factor/", {"code": code_of(secret)})
    assert response["Location"] == "/account/recovery-codes/", response.content
    codes = re.findall(r"\b\d{8}\b", see(browser, "/account/recovery-codes/").words)
    return secret, codes


@pytest.fixture
def protected(in_browser: Client) -> tuple[str, list[str]]:
    """alice's secret and recovery codes; nobody is logged in."""
    found = add_second_factor(in_browser)
    in_browser.post("/logout/")
    return found


def test_it_is_asked_for_after_the_password(
    browser: Client, alice: Account, protected: tuple[str, list[str]]
) -> None:
    secret, _ = protected

    response = log_in(browser, alice.name, next="/account/")
    assert response["Location"].startswith("/login/second-factor/")
    assert not is_in(browser)
    see(browser, "/login/second-factor/")
    assert browser.get("/account/").status_code == 302

    response = browser.post("/login/second-factor/", {"code": code_of(secret, 1)})
    assert response["Location"] == "/account/"
    assert is_in(browser)


def test_it_holds_for_the_admin(browser: Client) -> None:
    person("olga", is_staff=True, is_superuser=True)
    log_in(browser, "olga")
    secret, _ = add_second_factor(browser)
    browser.post("/logout/")

    log_in(browser, "olga", next="/admin/")
    assert browser.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    browser.post("/login/second-factor/", {"code": code_of(secret, 1)})
    assert browser.get("/admin/").status_code == 200


def test_a_code_is_good_once(
    browser: Client, alice: Account, protected: tuple[str, list[str]]
) -> None:
    code = code_of(protected[0], 1)
    log_in(browser, alice.name)
    browser.post("/login/second-factor/", {"code": code})
    assert is_in(browser)

    thief = Client()
    log_in(thief, alice.name)
    page = seen(thief.post("/login/second-factor/", {"code": code}))

    assert "wrong, or was used already" in page.words
    assert not is_in(thief)


def test_a_recovery_code_is_good_once_in_its_place(
    browser: Client, alice: Account, protected: tuple[str, list[str]]
) -> None:
    _, codes = protected
    assert len(codes) == 10
    log_in(browser, alice.name)
    browser.post("/login/second-factor/", {"code": codes[0]})
    assert is_in(browser)
    assert "9 left" in see(browser, "/account/security/").words

    thief = Client()
    log_in(thief, alice.name)
    thief.post("/login/second-factor/", {"code": codes[0]})
    assert not is_in(thief)


@pytest.mark.parametrize("code", ["", "000000", "abc", "x" * 10_000, "nul\x00", "١٢٣٤٥٦"])
def test_a_wrong_code_is_refused(
    browser: Client, alice: Account, protected: tuple[str, list[str]], code: str
) -> None:
    log_in(browser, alice.name)

    seen(browser.post("/login/second-factor/", {"code": code}))

    assert not is_in(browser)


def test_guesses_of_codes_are_counted(alice: Account, protected: tuple[str, list[str]]) -> None:
    for number in range(10):
        guesser = Client(REMOTE_ADDR=f"192.0.2.{number}")
        log_in(guesser, alice.name)
        guesser.post("/login/second-factor/", {"code": "000000"})

    late = Client(REMOTE_ADDR="192.0.2.99")
    log_in(late, alice.name)
    page = seen(late.post("/login/second-factor/", {"code": code_of(protected[0], 1)}))

    assert "Too many attempts" in page.words
    assert not is_in(late)


def test_a_wrong_first_code_turns_nothing_on(in_browser: Client) -> None:
    confirm(in_browser, "/account/second-factor/")

    seen(in_browser.post("/account/second-factor/", {"code": "000000"}))

    assert not Authenticator.objects.filter(user__username=NAME).exists()


def test_without_the_password_it_is_neither_added_nor_removed(in_browser: Client) -> None:
    response = in_browser.post("/account/second-factor/", {"code": "000000"})
    assert response["Location"].startswith("/account/confirm/")
    seen(in_browser.post(response["Location"], {"password": "wrong"}))
    assert in_browser.get("/account/second-factor/").status_code == 302


def test_its_secrets_are_sealed_in_the_database(
    protected: tuple[str, list[str]], settings: Any
) -> None:
    secret, codes = protected
    kept = " ".join(str(row.data) for row in Authenticator.objects.filter(user__username=NAME))

    assert secret not in kept
    assert not any(code in kept for code in codes)
    factor = Authenticator.objects.get(type="totp", user__username=NAME).wrap()
    settings.SEALING_KEYS = ["another"]
    browser = Client(headers={"accept": "text/html"})
    log_in(browser, "alice-of-tests")
    page = seen(browser.post("/login/second-factor/", {"code": code_of(secret, 1)}), 403)
    assert "Ask the operator" in page.words
    assert factor is not None


def test_it_is_removed_with_its_recovery_codes(
    browser: Client, alice: Account, protected: tuple[str, list[str]]
) -> None:
    log_in(browser, alice.name)
    browser.post("/login/second-factor/", {"code": code_of(protected[0], 1)})
    confirm(browser, "/account/second-factor/remove/")
    see(browser, "/account/second-factor/remove/")

    browser.post("/account/second-factor/remove/")

    assert not Authenticator.objects.filter(user__username=NAME).exists()
    assert "Off." in see(browser, "/account/security/").words
    browser.post("/logout/")
    log_in(browser, alice.name)
    assert is_in(browser)


def test_new_recovery_codes_replace_the_old_ones(in_browser: Client) -> None:
    _, old = add_second_factor(in_browser)
    see(in_browser, "/account/recovery-codes/new/")

    in_browser.post("/account/recovery-codes/new/")

    new = re.findall(r"\b\d{8}\b", see(in_browser, "/account/recovery-codes/").words)
    assert len(new) == 10
    assert not set(new) & set(old)
    file = in_browser.get("/account/recovery-codes/file/")
    assert all(code in file.content.decode() for code in new)


@pytest.mark.parametrize(
    "address",
    ["/account/recovery-codes/", "/account/recovery-codes/file/", "/account/second-factor/remove/"],
)
def test_who_has_none_finds_nothing_there(in_browser: Client, address: str) -> None:
    assert in_browser.get(address).status_code == 404


def test_an_operator_takes_it_from_somebody_who_lost_it(
    browser: Client, alice: Account, in_browser: Client
) -> None:
    add_second_factor(in_browser)
    said = StringIO()

    call_command("reset_second_factor", alice.name, note="showed a passport", stdout=said)

    assert said.getvalue() == f"{alice.name} logs in by password alone now; 1 session ended\n"
    assert in_browser.get("/account/").status_code == 302
    log_in(browser, alice.name)
    assert is_in(browser)
    with pytest.raises(CommandError, match="nobody named zoe"):
        call_command("reset_second_factor", "zoe")
