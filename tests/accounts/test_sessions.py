"""Sessions: everybody sees where they are logged in, and ends what should not be."""

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from markets.authentication import principal_of_session
from markets.models import Account
from markets.people import sessions
from tests.accounts.conftest import log_in, person
from tests.accounts.pages import see


@pytest.fixture
def elsewhere(alice: Account) -> Client:
    """Another browser of alice's."""
    browser = Client(REMOTE_ADDR="192.0.2.7", headers={"user-agent": "Netscape/4"})
    log_in(browser, alice.name)
    return browser


def row_of(browser: Client) -> UserSession:
    return UserSession.objects.get(session_key=browser.session.session_key)


def test_both_are_seen_with_where_from(in_browser: Client, elsewhere: Client) -> None:
    words = see(in_browser, "/account/sessions/").words

    assert "Netscape/4" in words
    assert "192.0.2.7" in words
    assert words.count("this one") == 1


def test_one_that_is_ended_opens_nothing_any_more(in_browser: Client, elsewhere: Client) -> None:
    key = elsewhere.session.session_key
    assert key is not None
    assert principal_of_session(key) is not None

    in_browser.post("/account/sessions/", {"session": row_of(elsewhere).pk})

    assert elsewhere.get("/account/").status_code == 302
    assert principal_of_session(key) is None, "sockets ask the same"
    assert in_browser.get("/account/").status_code == 200


def test_all_others_are_ended_at_once(
    in_browser: Client, elsewhere: Client, alice: Account
) -> None:
    third = Client()
    log_in(third, alice.name)

    page = in_browser.post("/account/sessions/", {"all": "1"}, follow=True)

    assert "2 sessions ended" in page.content.decode()
    assert [b.get("/account/").status_code for b in (in_browser, elsewhere, third)] == [
        200,
        302,
        302,
    ]


def test_nobody_ends_anothers_session_nor_the_one_they_ask_with(
    in_browser: Client, browser: Client
) -> None:
    person("mallory")
    mallory = Client()
    log_in(mallory, "mallory")

    mallory.post("/account/sessions/", {"session": row_of(in_browser).pk})
    mallory.post("/account/sessions/", {"all": "1"})
    in_browser.post("/account/sessions/", {"session": row_of(in_browser).pk})

    assert in_browser.get("/account/").status_code == 200


@pytest.mark.parametrize("session", ["", "x", "-1", "9" * 30, "١"])
def test_a_session_that_is_none_is_not_found(in_browser: Client, session: str) -> None:
    assert in_browser.post("/account/sessions/", {"session": session}).status_code == 404


def test_a_session_that_was_not_begun_at_the_door_is_seen_too(alice: Account) -> None:
    browser = Client(headers={"accept": "text/html"})
    assert alice.user is not None
    browser.force_login(alice.user)

    browser.get("/")

    assert row_of(browser).user == alice.user


def test_a_page_that_asks_all_day_is_noted_now_and_then(
    in_browser: Client, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_browser.get("/login/")
    with django_assert_num_queries(2):  # the session and the user, and no note
        in_browser.get("/login/")

    monkeypatch.setattr(sessions, "SEEN_SECONDS", 0.0)
    before = row_of(in_browser).last_seen_at
    in_browser.get("/login/")
    assert row_of(in_browser).last_seen_at > before
