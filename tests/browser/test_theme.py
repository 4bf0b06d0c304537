"""The theme is the reader's system's, or the one that was chosen in this browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WatchedPage
from tests.browser.running import RunningExchange

pytestmark = pytest.mark.slow


def ground(tab: Page) -> str:
    return str(tab.evaluate("() => getComputedStyle(document.body).backgroundColor"))


def test_a_theme_that_was_chosen_stays_on_every_page_against_the_system_s(
    exchange: RunningExchange, market: str, page: WatchedPage
) -> None:
    tab = page.page
    tab.emulate_media(color_scheme="dark")
    page.open(market)
    dark = ground(tab)
    tab.emulate_media(color_scheme="light")
    light = ground(tab)
    assert dark != light
    button = tab.locator("#theme")
    expect(button).to_have_accessible_name("Theme: as your system has it")

    button.press("Enter")
    expect(button).to_have_accessible_name("Theme: dark")
    assert ground(tab) == dark
    tab.goto(f"{exchange.url}/login/")
    assert ground(tab) == dark
    tab.locator("#theme").click()
    tab.emulate_media(color_scheme="dark")
    expect(tab.locator("html")).to_have_attribute("data-theme", "light")
    assert ground(tab) == light

    tab.locator("#theme").click()
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    assert ground(tab) == dark
