"""Passwords: changed by who knows them, reset by a link that works once, and old sessions end with them."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from markets.models import Account
from tests.accounts.conftest import PASSWORD, is_in, log_in
from tests.accounts.pages import see, seen

NEW = "another-horse-battery"


def change(browser: Client, old: str = PASSWORD, new: str = NEW, again: str = NEW) -> Any:
    form = {"oldpassword": old, "password1": new, "password2": again}
    return browser.post("/account/password/", form)


def test_a_changed_password_ends_all_other_sessions(in_browser: Client, alice: Account) -> None:
    other = Client()
    log_in(other, alice.name)
    see(in_browser, "/account/password/")

    assert change(in_browser)["Location"] == "/account/security/"

    assert in_browser.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302
    assert log_in(Client(), alice.name).status_code == 200, "the old one"
    assert log_in(Client(), alice.name, NEW).status_code == 302


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"old": "wrong"}, "type your current password"),
        ({"again": "something else"}, "same password each time"),
        ({"new": "short", "again": "short"}, "too short"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    in_browser: Client, alice: Account, changes: dict[str, str], said: str
) -> None:
    assert said in seen(change(in_browser, **changes)).words
    assert log_in(Client(), alice.name).status_code == 302


def link_of_mail() -> str:
    [message] = mail.outbox
    assert message.subject == "A new password for testserver"
    assert "If it was not you, do nothing" in message.body
    [link] = [word for word in message.body.split() if "/password/reset/" in word]
    return link.removeprefix("http://testserver")


def test_a_forgotten_password_is_reset_by_a_link_that_works_once(
    browser: Client, alice: Account
) -> None:
    see(browser, "/password/reset/")
    response = browser.post("/password/reset/", {"email": "ALICE@example.org"})
    assert "on its way" in see(browser, response["Location"]).words

    link = link_of_mail()
    form = browser.get(link)["Location"]
    see(browser, form)
    response = browser.post(form, {"password1": NEW, "password2": NEW})

    assert "is changed" in see(browser, response["Location"]).words
    assert not is_in(browser), "a second factor would be passed by"
    assert log_in(browser, alice.name, NEW).status_code == 302
    assert "does not work" in see(Client(headers={"accept": "text/html"}), link).words


def test_nobody_learns_whose_address_is_known(browser: Client, alice: Account) -> None:
    known = browser.post("/password/reset/", {"email": "alice@example.org"})
    unknown = browser.post("/password/reset/", {"email": "nobody@example.org"})

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [message.to for message in mail.outbox] == [
        ["alice@example.org"],
        ["nobody@example.org"],
    ]
    assert "/password/reset/" not in mail.outbox[1].body


@pytest.mark.parametrize(
    "address",
    [
        "/password/reset/1-x/",
        "/password/reset/1-set-password/",
        "/password/reset/zzzzzzzzzzzzzzzzzzzz-x-y/",
        "/password/reset/0-" + "x" * 500 + "/",
    ],
)
def test_a_link_that_resets_nothing_says_so(browser: Client, address: str) -> None:
    assert "does not work" in see(browser, address).words


def test_one_address_is_not_sent_mail_without_end(browser: Client, alice: Account) -> None:
    answers = [
        browser.post("/password/reset/", {"email": "alice@example.org"}).status_code
        for _ in range(6)
    ]

    assert answers == [302] * 5 + [429]


# The mail address


def test_a_mail_address_is_added_and_counts_when_it_is_confirmed(
    in_browser: Client, alice: Account
) -> None:
    assert alice.user is not None
    page = see(in_browser, "/account/email/")
    assert "alice@example.org" in page.words

    response = in_browser.post("/account/email/", {"action_add": "1", "email": "new@example.org"})
    while response.status_code == 302 and "/confirm/" in response["Location"]:
        response = in_browser.post(response["Location"], {"password": PASSWORD}, follow=False)
    if response.status_code == 302:
        see(in_browser, response["Location"])
    in_browser.post("/account/email/", {"action_add": "1", "email": "new@example.org"})

    message = next(sent for sent in mail.outbox if sent.to == ["new@example.org"])
    [link] = [word for word in message.body.split() if "/confirm-email/" in word]
    in_browser.post(link.removeprefix("http://testserver"))
    assert EmailAddress.objects.get(user=alice.user, verified=True).email == "new@example.org"


@pytest.mark.parametrize("address", ["", "nonsense", "nul\x00@example.org", "x" * 300])
def test_an_address_that_is_none_is_refused(in_browser: Client, address: str) -> None:
    for action in ("action_add", "action_send", "action_remove", "action_primary"):
        response = in_browser.post("/account/email/", {action: "1", "email": address})
        assert response.status_code in (200, 302), action
