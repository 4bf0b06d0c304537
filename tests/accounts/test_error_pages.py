"""What went wrong is a page for people and a problem for programs, and needs nothing that may be broken."""

from typing import Any

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import OperationalError, connection
from django.http import HttpRequest
from django.test import Client

from markets import error_pages, pages
from markets.account_pages import overview
from markets.models import Account, Market
from tests.accounts.pages import Page, see, seen

PROGRAM = Client(raise_request_exception=False)


@pytest.fixture
def visitor() -> Client:
    return Client(headers={"accept": "text/html"}, raise_request_exception=False)


def failing(error: Exception) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "status", "code", "said"),
    [
        (BadRequest("x"), 400, "invalid_request", "could not be read"),
        (SuspiciousOperation("x"), 400, "invalid_request", "could not be read"),
        (PermissionDenied("not for you"), 403, "permission_denied", "not for you"),
        (PermissionDenied(), 403, "permission_denied", "not for you to see"),
        (ZeroDivisionError("secret"), 500, "internal_error", "A defect of ours"),
        (OperationalError("secret"), 503, "unavailable", "cannot reach its database"),
    ],
)
def test_each_error_is_told_to_each_in_their_way(
    visitor: Client,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    code: str,
    said: str,
) -> None:
    monkeypatch.setattr(pages, "_markets", failing(error))

    to_people, to_programs = visitor.get("/"), PROGRAM.get("/")

    page = seen(to_people, status)
    assert said in page.words
    assert "secret" not in to_people.content.decode() + to_programs.content.decode()
    assert to_programs.status_code == status
    assert to_programs["Content-Type"] == "application/problem+json"
    assert to_programs.json()["code"] == code
    assert ("Retry-After" in to_people) is ("Retry-After" in to_programs) is (status == 503)


def test_a_page_that_is_not_there(visitor: Client, market: Market) -> None:
    assert "There is no such page" in see(visitor, "/nothing/", 404).words
    assert PROGRAM.get("/nothing/").json()["code"] == "not_found"
    assert visitor.get("/api/v1/nothing").json()["code"] == "not_found", "the API is for programs"


def test_a_form_of_another_site_is_refused(alice: Account) -> None:
    strict = Client(headers={"accept": "text/html"}, enforce_csrf_checks=True)

    page = seen(strict.post("/login/", {"login": "x", "password": "y"}), 403)

    assert "out of date" in page.words


@pytest.mark.parametrize("address", ["/", "/account/", "/nothing/", "/login/", "/signup/"])
def test_with_a_broken_database_every_page_says_so(
    in_browser: Client, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    in_browser.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr(connection, "cursor", failing(OperationalError("the disk is on fire")))
        page = seen(in_browser.get(address), 503)

    assert "cannot reach its database" in page.words


def test_a_defect_is_shown_with_a_broken_database_too(
    in_browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_browser.raise_request_exception = False
    monkeypatch.setattr(overview, "_holdings", failing(ZeroDivisionError("a defect")))

    page = seen(in_browser.get("/account/"), 500)

    assert "A defect of ours" in page.words


def test_it_is_rendered_without_a_request_that_could_ask_anything() -> None:
    request = HttpRequest()
    request.META["HTTP_ACCEPT"] = "text/html"

    page = Page(error_pages.server_error(request).content.decode())

    page.check()
    assert "500" in page.words


# Nothing to trade yet


def test_an_empty_exchange_says_what_to_do_next(
    visitor: Client, empty: None, settings: Any
) -> None:
    words = see(visitor, "/").words
    assert "has no market yet" in words
    assert "manage.py create_market" in words
    assert "manage.py createsuperuser" in words
    assert "open an account" in words

    settings.SIGN_UP = False
    assert "open an account" not in see(visitor, "/").words


def test_an_operator_is_led_to_the_admin(operator: Client) -> None:
    response = operator.get("/")

    assert "/admin/markets/market/add/" in response.content.decode()
    assert operator.get("/admin/markets/market/add/").status_code == 200
