"""A visitor's first minutes: signs up, takes demo money, adds a second factor, and gets back in by it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.accounts.pages import code_of
from tests.browser.axe import expect_accessible
from tests.browser.conftest import OpenPage, WatchedPage
from tests.browser.running import RunningExchange

pytestmark = pytest.mark.slow

PASSWORD = "somebody-has-a-secret"
WIDTHS = (360, 768, 1280)
PAGES = ("", "statement/", "api-keys/", "security/", "sessions/", "password/", "email/")


def sign_up(tab: Page, url: str, name: str) -> None:
    tab.goto(f"{url}/login/")
    tab.get_by_role("link", name="Open an account").click()
    tab.get_by_label("Username").fill(name)
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_label("Password (again)").fill(PASSWORD)
    tab.get_by_role("button", name="Open the account").click()
    expect(tab.get_by_role("heading", name=name)).to_be_visible()


def log_out(tab: Page) -> None:
    tab.locator(".account-menu summary").click()
    tab.get_by_role("button", name="Log out").click()
    expect(tab.get_by_role("link", name="Log in", exact=True)).to_be_visible()


def test_from_the_sign_up_to_the_second_factor(
    exchange: RunningExchange, market: str, page: WatchedPage
) -> None:
    tab = page.page
    sign_up(tab, exchange.url, "zoe")

    tab.get_by_role("button", name="Get play money").click()
    balances = tab.get_by_role("region", name="Balances")
    expect(balances.get_by_role("row", name=re.compile(r"^USD 1,000,000 "))).to_be_visible()

    tab.get_by_role("link", name="Security").first.click()
    tab.get_by_role("link", name="Add a second factor").click()
    expect(tab.get_by_role("img", name="QR code")).to_be_visible()
    expect_accessible(tab)
    secret = tab.get_by_label("Secret").input_value()
    tab.get_by_label("Code", exact=True).fill(code_of(secret))
    tab.get_by_role("button", name="Turn it on").click()
    expect(tab.get_by_role("heading", name="Recovery codes")).to_be_visible()
    recovery = re.findall(r"\d{8}", tab.locator(".codes").inner_text())
    assert len(recovery) == 10
    expect_accessible(tab)

    log_out(tab)
    tab.goto(f"{exchange.url}/login/?next=/markets/{market}/")
    tab.get_by_label("Username").fill("zoe")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in").click()
    expect(tab.get_by_role("heading", name="Second factor")).to_be_visible()
    tab.get_by_label("Code").fill("000000")
    tab.get_by_role("button", name="Log in").click()
    expect(tab.get_by_text("This code is wrong")).to_be_visible()
    expect_accessible(tab)
    tab.get_by_label("Code").fill(recovery[0])
    tab.get_by_role("button", name="Log in").click()
    expect(tab).to_have_url(f"{exchange.url}/markets/{market}/")
    page.expect_balance("USD", "1,000,000", "0", "1,000,000")


def test_the_account_pages_fit_and_a_key_is_copied(
    exchange: RunningExchange, page: WatchedPage
) -> None:
    tab = page.page
    sign_up(tab, exchange.url, "yan")
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=exchange.url)

    tab.get_by_role("link", name="API keys").first.click()
    tab.get_by_label("Name").fill("bot")
    tab.get_by_label(re.compile("addresses only")).fill("127.0.0.1\n2001:db8::/48")
    tab.get_by_role("button", name="Make the key").click()
    key = tab.get_by_role("textbox", name="The key").input_value()
    tab.get_by_role("button", name="Copy").click()
    expect(tab.get_by_role("button", name="Copied")).to_be_visible()
    assert tab.evaluate("navigator.clipboard.readText()") == key

    for address in PAGES:
        tab.goto(f"{exchange.url}/account/{address}")
        for width in WIDTHS:
            tab.set_viewport_size({"width": width, "height": 800})
            assert tab.evaluate("document.documentElement.scrollWidth") == width, (address, width)


def test_ending_a_session_ends_what_it_has_open(
    exchange: RunningExchange, market: str, new_page: OpenPage
) -> None:
    here, there = new_page(), new_page()
    xu = exchange.open_account("xu", password=PASSWORD, USD="5")
    there.log_in(xu, market)
    tab = here.page
    tab.goto(f"{exchange.url}/login/?next=/account/sessions/")
    tab.get_by_label("Username").fill("xu")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in").click()

    there.forgive("401")
    there.forgive("WebSocket")
    with there.page.expect_websocket(
        timeout=30_000
    ):  # its trading socket is closed, and it tries again
        tab.get_by_role("button", name="End all others").click()
        expect(tab.get_by_text("1 session ended")).to_be_visible()
