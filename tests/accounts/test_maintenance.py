"""Maintenance: the web says that it is back soon, to all but operators and those who look after it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from markets import lean, maintenance
from tests.accounts.conftest import PASSWORD, is_in, log_in
from tests.accounts.pages import see

VISITOR = {"accept": "text/html"}


@pytest.fixture
def on(settings: Any) -> None:
    settings.MAINTENANCE_FILE.write_text("Moving to a new machine.\nBack at <b>noon</b>.")
    maintenance.look_again()


@pytest.mark.parametrize(
    "address", ["/", "/account/", "/markets/BTC-USD/", "/signup/", "/nothing/"]
)
def test_people_see_what_the_operator_wrote(on: None, address: str) -> None:
    browser = Client(headers=VISITOR)

    page = see(browser, address, 503)

    assert "Back soon" in page.words
    assert "Moving to a new machine." in page.words
    text = browser.get(address).content.decode()
    assert "<b>" not in text
    assert int(browser.get(address)["Retry-After"]) == maintenance.RETRY_AFTER


@pytest.mark.parametrize("method", ["get", "post", "delete", "patch"])
def test_programs_are_told_unavailable(on: None, method: str) -> None:
    answer = getattr(Client(), method)("/api/v1/orders")

    assert answer.status_code == 503
    assert answer["Retry-After"] == str(maintenance.RETRY_AFTER)
    assert answer.json()["code"] == "unavailable"


def test_orders_do_not_slip_by_in_the_lean_lane(on: None) -> None:
    scope = {
        "path": "/api/v1/orders",
        "query_string": b"",
        "method": "POST",
        "headers": [
            (b"host", b"localhost"),
            (b"authorization", b"Bearer ex_x"),
            (b"content-type", b"application/json"),
            (b"content-length", b"2"),
        ],
    }

    assert lean.call_of(scope) is None
    maintenance._look.until, maintenance._look.words = float("inf"), None
    assert lean.call_of(scope) is not None


def test_health_checks_and_the_admin_go_on(on: None) -> None:
    User.objects.create_superuser("olga", password=PASSWORD)
    browser = Client(headers=VISITOR)

    assert browser.get("/healthz").status_code == 200
    assert browser.get("/metrics").status_code == 200
    see(browser, "/login/?next=/admin/")
    log_in(browser, "olga", next="/admin/")
    assert is_in(browser)
    assert browser.get("/admin/").status_code == 200
    assert browser.get("/").status_code == 503
    assert browser.post("/logout/").status_code == 302


def test_it_ends_when_the_file_is_gone(on: None, settings: Any) -> None:
    browser = Client(headers=VISITOR)
    assert browser.get("/login/").status_code == 200
    assert browser.get("/").status_code == 503

    settings.MAINTENANCE_FILE.unlink()
    maintenance.look_again()

    assert browser.get("/").status_code == 200


def test_an_empty_file_and_the_setting_say_it_too(settings: Any) -> None:
    settings.MAINTENANCE_FILE.touch()
    maintenance.look_again()
    assert maintenance.words() == maintenance.DEFAULT_WORDS

    settings.MAINTENANCE_FILE.unlink()
    settings.MAINTENANCE = True
    maintenance.look_again()
    assert maintenance.words() == maintenance.DEFAULT_WORDS


def test_a_file_that_cannot_be_read_counts(settings: Any, tmp_path: Any) -> None:
    settings.MAINTENANCE_FILE = tmp_path  # a folder
    maintenance.look_again()

    assert maintenance.words() == maintenance.DEFAULT_WORDS


def test_the_file_is_looked_for_now_and_then(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("markets.maintenance.monotonic", lambda: now)
    maintenance.look_again()
    assert maintenance.words() is None

    settings.MAINTENANCE_FILE.touch()
    assert maintenance.words() is None
    now += maintenance.LOOK_SECONDS
    assert maintenance.words() is not None
    now = 0.0
