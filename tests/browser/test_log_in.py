"""Logging in needs the right password, is slowed down for those who guess, and ends with a click."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import WatchedPage
from tests.browser.running import RunningExchange

pytestmark = pytest.mark.slow

SECRET = "somebody-has-a-secret"


def test_a_wrong_password_says_so_and_keeps_the_name(
    exchange: RunningExchange, page: WatchedPage
) -> None:
    alice = exchange.open_account("alice", password=SECRET)
    tab = page.page
    tab.goto(f"{exchange.url}/login/")

    tab.get_by_label("Username").fill(alice.name)
    tab.get_by_label("Password").fill("wrong")
    tab.get_by_role("button", name="Log in").click()

    expect(tab.get_by_role("alert")).to_contain_text("do not belong together")
    expect(tab.get_by_label("Username")).to_have_value("alice")
    expect(tab.get_by_label("Password")).to_be_focused()


def test_logging_in_leads_back_and_logging_out_hides_what_is_private(
    exchange: RunningExchange, market: str, page: WatchedPage
) -> None:
    bob = exchange.open_account("bob", password=SECRET, USD="5")
    tab = page.open(market)

    tab.get_by_role("link", name="Log in to trade").click()
    tab.get_by_label("Username").fill(bob.name)
    tab.get_by_label("Password").fill(bob.password)
    tab.get_by_role("button", name="Log in").click()
    expect(tab).to_have_url(f"{exchange.url}/markets/{market}/")
    page.expect_balance("USD", "5", "0", "5")

    tab.locator(".account-menu summary").click()
    tab.get_by_role("button", name="Log out").click()
    expect(tab.get_by_role("link", name="Log in to trade")).to_be_visible()
    assert tab.locator("#balances").count() == 0


def test_somebody_without_an_account_is_told_how_to_get_one(
    exchange: RunningExchange, market: str, page: WatchedPage
) -> None:
    script = (
        "from django.contrib.auth.models import User; "
        "User.objects.create_user('operator', password='operates-the-exchange')"
    )
    exchange.manage("shell", "-c", script)
    tab = page.page

    tab.goto(f"{exchange.url}/login/?next=/markets/{market}/")
    tab.get_by_label("Username").fill("operator")
    tab.get_by_label("Password").fill("operates-the-exchange")
    tab.get_by_role("button", name="Log in").click()

    page.expect_step("in")
    expect(tab.get_by_text("manage.py open_account operator")).to_be_visible()


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com/"])
def test_logging_in_never_leads_to_another_site(
    exchange: RunningExchange, page: WatchedPage, elsewhere: str
) -> None:
    carol = exchange.open_account("carol", password=SECRET)
    tab = page.page

    tab.goto(f"{exchange.url}/login/?next={elsewhere}")
    tab.get_by_label("Username").fill(carol.name)
    tab.get_by_label("Password").fill(carol.password)
    tab.get_by_role("button", name="Log in").click()

    expect(tab).to_have_url(re.compile(rf"^{re.escape(exchange.url)}/$"))


def test_guessing_is_slowed_down(exchange: RunningExchange) -> None:
    # Another address of this machine, so that nobody else is slowed down.
    transport = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(base_url=exchange.url, transport=transport, timeout=30) as guesser:
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', guesser.get("/login/").text)
        assert token is not None
        form = {"csrfmiddlewaretoken": token[1], "login": "alice"}
        statuses = []
        for attempt in range(100):
            answer = guesser.post("/login/", data={**form, "password": f"guess {attempt}"})
            statuses.append(answer.status_code)
            if answer.status_code == 429:
                break

    assert statuses[0] == 200
    assert statuses[-1] == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Too many attempts" in answer.text
    assert 'value="alice"' in answer.text


def test_logging_out_by_a_link_is_not_possible(exchange: RunningExchange) -> None:
    assert httpx.get(f"{exchange.url}/logout/").status_code == 405
    assert httpx.post(f"{exchange.url}/logout/").status_code == 403
