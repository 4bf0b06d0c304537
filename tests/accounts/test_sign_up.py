"""Sign-up: where it is open, a visitor has a log-in and a trading account by one form."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from markets import accounts
from markets.models import FEE_ACCOUNT_NAME, Account
from tests.accounts.conftest import PASSWORD, is_in, person
from tests.accounts.pages import see, seen


def sign_up(browser: Client, name: str, **changes: str) -> Any:
    form = {"username": name, "password1": PASSWORD, "password2": PASSWORD} | changes
    return browser.post("/signup/", form)


def test_a_visitor_has_an_account_at_once(browser: Client) -> None:
    response = sign_up(browser, "Zoe.1")

    assert (response.status_code, response["Location"]) == (302, "/account/")
    assert is_in(browser)
    account = Account.objects.get(name="Zoe.1")
    assert account.user == User.objects.get(username="Zoe.1")
    page = see(browser, "/account/")
    assert "Get money" in page.words
    assert "Be safe" in page.words


def test_it_leads_back_to_where_the_visitor_came_from(browser: Client) -> None:
    assert sign_up(browser, "zoe", next="/markets/BTC-USD/")["Location"] == "/markets/BTC-USD/"


@pytest.mark.parametrize(
    "elsewhere", ["https://example.com/", "//example.com", "javascript:alert(1)"]
)
def test_but_never_to_another_site(browser: Client, elsewhere: str) -> None:
    assert sign_up(browser, "zoe", next=elsewhere)["Location"] == "/account/"


def test_a_mail_address_is_asked_to_be_confirmed_and_confirmed_by_a_click(browser: Client) -> None:
    sign_up(browser, "zoe", email="zoe@example.org")

    [message] = mail.outbox
    assert message.to == ["zoe@example.org"]
    [link] = [word for word in message.body.split() if "/confirm-email/" in word]
    assert not EmailAddress.objects.get(email="zoe@example.org").verified
    path = link.removeprefix("http://testserver")
    assert "zoe@example.org" in see(browser, path).words
    browser.post(path)
    assert EmailAddress.objects.get(email="zoe@example.org").verified


@pytest.mark.parametrize("key", ["x", "a:b:c", "1" * 300, "-"])
def test_a_link_that_confirms_nothing_says_so(browser: Client, key: str) -> None:
    assert "does not work" in see(browser, f"/confirm-email/{key}/").words
    assert browser.post(f"/confirm-email/{key}/").status_code == 404


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "required"),
        ("ab", "3 to 32"),
        ("x" * 33, "3 to 32"),
        ("-abc", "first a letter or digit"),
        ("a b c", "3 to 32"),
        ("zoé", "3 to 32"),
        ("a/b", "3 to 32"),
        ("<b>x</b>", "3 to 32"),
        ("nul\x00", "Null"),
        (FEE_ACCOUNT_NAME, "taken"),
        (FEE_ACCOUNT_NAME.upper(), "taken"),
        ("taken", "taken"),
        ("TAKEN", "taken"),
        ("only-an-account", "taken"),
    ],
)
def test_a_name_that_nobody_may_have_is_refused_with_why(
    browser: Client, name: str, said: str
) -> None:
    person("taken")
    Account.objects.create(name="only-an-account")
    accounts.fee_account()
    before = User.objects.count()

    page = seen(sign_up(browser, name))

    assert said in page.words
    assert User.objects.count() == before
    assert not is_in(browser)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"password1": "12345678901", "password2": "12345678901"}, "entirely numeric"),
        ({"password1": "password", "password2": "password"}, "too common"),
        ({"password1": "zoezoezoe", "password2": "zoezoezoe"}, "too similar"),
        ({"password2": "another-pass-word"}, "same password each time"),
        ({"email": "nonsense"}, "valid email"),
        ({"email": "nul\x00@example.org"}, "Null"),
        ({"email": "x" * 300 + "@example.org"}, "254"),
    ],
)
def test_what_else_is_wrong_stands_at_its_field(
    browser: Client, changes: dict[str, str], said: str
) -> None:
    assert said in seen(sign_up(browser, "zoezoe", **changes)).words
    assert not User.objects.filter(username="zoezoe")


def test_nobody_learns_that_a_mail_address_is_known(browser: Client) -> None:
    person("alice", email="alice@example.org")
    EmailAddress.objects.create(
        user=User.objects.get(username="alice"), email="alice@example.org", verified=True
    )

    known = sign_up(browser, "zoe", email="Alice@example.org")
    unknown = sign_up(Client(), "yan", email="nobody@example.org")

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_an_address_that_is_not_confirmed_gets_nobody_anothers_mail(browser: Client) -> None:
    alice = person("alice", email="alice@example.org")
    EmailAddress.objects.create(user=alice.user, email="alice@example.org", verified=True)
    sign_up(browser, "mallory", email="alice@example.org")
    mail.outbox.clear()

    Client().post("/password/reset/", {"email": "alice@example.org"})

    [message] = mail.outbox
    assert "alice" in message.body
    assert "mallory" not in message.body


def test_where_it_is_closed_it_says_so_and_makes_nobody(browser: Client, settings: Any) -> None:
    settings.SIGN_UP = False
    settings.SANDBOX = True

    for page in (see(browser, "/signup/"), seen(sign_up(browser, "zoe"))):
        assert "opened by the operator" in page.words
    assert "Open an account" not in see(browser, "/login/").words
    assert not User.objects.filter(username="zoe")


@pytest.mark.parametrize("sandbox", [True, False])
def test_unsaid_it_is_open_in_sandboxes_only(browser: Client, settings: Any, sandbox: bool) -> None:
    settings.SIGN_UP, settings.SANDBOX = None, sandbox

    assert ("Open an account" in see(browser, "/login/").words) is sandbox
    sign_up(browser, "zoe")
    assert User.objects.filter(username="zoe").exists() is sandbox


def test_mail_that_cannot_be_sent_stops_nobody(browser: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    assert sign_up(browser, "zoe", email="zoe@example.org").status_code == 302
    assert is_in(browser)
