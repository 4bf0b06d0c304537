"""Logging in: by name or mail address, by one door, slowed for who guesses, silent about who is known."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as site
from django.contrib.auth.models import User
from django.test import Client

from markets.models import Account
from tests.accounts.conftest import PASSWORD, is_in, log_in, person
from tests.accounts.pages import see, seen


@pytest.mark.parametrize("name", ["alice-of-tests", "ALICE-of-tests", " alice@example.org "])
def test_a_name_or_a_mail_address_and_the_password(
    browser: Client, alice: Account, name: str
) -> None:
    response = log_in(browser, name)

    assert (response.status_code, response["Location"]) == (302, "/")
    assert is_in(browser)


def test_who_is_in_is_led_on(in_browser: Client) -> None:
    assert in_browser.get("/login/?next=/account/")["Location"] == "/account/"


@pytest.mark.parametrize(
    "elsewhere", ["https://example.com/", "//example.com", "javascript:alert(1)"]
)
def test_nobody_is_led_to_another_site(browser: Client, alice: Account, elsewhere: str) -> None:
    assert log_in(browser, alice.name, next=elsewhere)["Location"] == "/"


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(
    browser: Client, alice: Account
) -> None:
    def answer(name: str) -> str:
        response = log_in(browser, name, "wrong")
        assert not is_in(browser)
        text = response.content.decode().replace(name, "NAME")
        return re.sub(r'csrfmiddlewaretoken" value="\w+"', "", text)

    EmailAddress.objects.create(user=alice.user, email="alice@example.org", verified=True)
    assert answer(alice.name) == answer("nobody-of-tests")
    assert answer("alice@example.org") == answer("nobody@example.org")
    assert "do not belong together" in answer(alice.name)


@pytest.mark.parametrize("name", ["", "nul\x00", "x" * 100_000, "a@b", "%s", "é" * 10])
def test_any_name_is_answered(browser: Client, name: str) -> None:
    seen(log_in(browser, name, "wrong"))


def test_somebody_who_is_locked_out_does_not_get_in(browser: Client) -> None:
    person("lena", is_active=False)

    response = log_in(browser, "lena")

    assert not is_in(browser)
    assert "locked out" in see(browser, response["Location"]).words


def test_logging_out_is_a_button_and_no_link(in_browser: Client) -> None:
    assert in_browser.get("/logout/").status_code == 405
    assert is_in(in_browser)

    assert in_browser.post("/logout/")["Location"] == "/"
    assert not is_in(in_browser)


# Guessing


def test_guesses_of_one_account_are_counted_wherever_they_come_from(
    browser: Client, alice: Account
) -> None:
    for number in range(10):
        guesser = Client(REMOTE_ADDR=f"192.0.2.{number}", headers={"host": "localhost"})
        assert log_in(guesser, alice.name, f"guess {number}").status_code == 200

    refused = log_in(browser, alice.name.upper())

    page = seen(refused, 429)
    assert "Too many attempts" in page.words
    assert int(refused["Retry-After"]) >= 1
    assert alice.name.upper() in refused.content.decode(), "the name stays"
    assert not is_in(browser), "the right password does not help either"
    person("bob")
    assert log_in(browser, "bob").status_code == 302, "nobody else is slowed"


def test_guesses_from_one_address_are_counted_whatever_the_account(settings: Any) -> None:
    guesser, other = Client(REMOTE_ADDR="192.0.2.9"), Client(REMOTE_ADDR="192.0.2.10")
    person("bob")

    answers = [log_in(guesser, f"name-{number}", "guess").status_code for number in range(21)]

    assert answers == [200] * site.RATE_LOGIN + [429]
    assert log_in(other, "bob").status_code == 302


def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    for number in range(site.RATE_LOGIN):
        log_in(Client(REMOTE_ADDR=f"2001:db8::{number:x}"), f"name-{number}", "guess")

    assert log_in(Client(REMOTE_ADDR="2001:db8::ffff"), "name", "guess").status_code == 429
    assert log_in(Client(REMOTE_ADDR="2001:db8:0:1::1"), "name", "guess").status_code == 200


def test_who_says_that_they_are_elsewhere_is_not_believed() -> None:
    answers = [
        log_in(
            Client(REMOTE_ADDR="192.0.2.9", headers={"x-forwarded-for": f"198.51.100.{number}"}),
            f"name-{number}",
            "guess",
        ).status_code
        for number in range(site.RATE_LOGIN + 1)
    ]

    assert answers[-1] == 429


def test_right_passwords_of_one_account_do_not_count(alice: Account) -> None:
    for number in range(15):
        attempt = Client(REMOTE_ADDR=f"192.0.2.{number}")
        assert log_in(attempt, alice.name).status_code == 302


def test_sign_ups_from_one_address_are_counted() -> None:
    visitor = Client(headers={"accept": "text/html"})

    answers = [
        visitor.post("/signup/", {"username": "a"}).status_code for _ in range(site.RATE_LOGIN)
    ]
    refused = visitor.post("/signup/", {"username": "a"})

    assert set(answers) == {200}
    assert "Too many attempts" in seen(refused, 429).words
    assert int(refused["Retry-After"]) >= 1
    program = Client().post("/signup/", {"username": "a"})
    assert (program.status_code, program.json()["code"]) == (429, "rate_limited")


# The admin's door


def test_the_admin_is_entered_by_the_same_door(browser: Client) -> None:
    person("olga", is_staff=True, is_superuser=True)

    response = browser.get("/admin/", follow=True)
    assert [url for url, _ in response.redirect_chain] == [
        "/admin/login/?next=/admin/",
        "/login/?next=/admin/",
    ]
    response = log_in(browser, "olga", next="/admin/")

    assert response["Location"] == "/admin/"
    assert browser.get("/admin/").status_code == 200


def test_who_is_no_operator_is_refused_with_a_way_out(in_browser: Client, alice: Account) -> None:
    response = in_browser.get("/admin/", follow=True)

    page = seen(response, 403)
    assert f"{alice.name} is no operator" in page.words
    assert "Log out" in page.words


def test_the_admins_own_form_lets_nobody_in(browser: Client) -> None:
    User.objects.create_superuser("olga", password=PASSWORD)

    browser.post("/admin/login/", {"username": "olga", "password": PASSWORD, "next": "/admin/"})

    assert not is_in(browser)


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com"])
def test_the_admins_door_leads_nowhere_else(browser: Client, elsewhere: str) -> None:
    person("olga", is_staff=True)
    log_in(browser, "olga")

    assert browser.get(f"/admin/login/?next={elsewhere}")["Location"] == "/admin/"


# Demonstrations


def test_a_demonstration_shows_its_people(browser: Client, settings: Any) -> None:
    settings.SANDBOX = True
    settings.DEMO_PEOPLE = [{"name": "alice", "password": "alice-demo"}]
    assert "alice-demo" in see(browser, "/login/").words

    settings.SANDBOX = False
    assert "alice-demo" not in see(browser, "/login/").words
