"""Somebody who cannot look after their orders has two ways out: a dead man's switch, and the connection."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.conftest import OpenPage, WatchedPage
from tests.browser.running import Person, RunningExchange

pytestmark = pytest.mark.slow

OpenAccount = Callable[[str], Person]


def arm(tab: Page, seconds: str) -> None:
    tab.get_by_role("tab", name="Safety").click()
    tab.get_by_label("Dead man's switch").fill(seconds)
    tab.locator("#switch-arm").click()


def test_the_switch_counts_down_and_cancels_with_its_reason(
    market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)
    page.order("buy", "1", "99")
    expect(tab.locator("#switch-words")).to_have_text("It is off.")

    arm(tab, "3")

    expect(tab.locator("#switch-words")).to_contain_text("canceled in 0:0")
    expect(tab.locator("#switch-arm")).to_have_text("Re-arm")
    expect(tab.locator("#switch-state")).to_have_text("armed 0:01")
    page.expect_ended("buy", "99.00", "Canceled: the dead man's switch went off.")
    expect(tab.locator("#switch-words")).to_have_text(
        "It went off: all your orders were canceled. It is off now."
    )
    expect(tab.locator("#switch-arm")).to_have_text("Arm")
    expect(tab.locator("#switch-disarm")).to_be_disabled()


def test_the_switch_is_armed_again_and_disarmed(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    tab = page.log_in(alice, market)

    arm(tab, "100")
    expect(tab.locator("#switch-state")).to_have_text(re.compile("armed 1:"))
    arm(tab, "10000")
    expect(tab.locator("#switch-state")).to_have_text(re.compile("armed 2:4"))
    tab.get_by_role("button", name="Disarm").click()

    expect(tab.locator("#switch-words")).to_have_text("It is off.")
    assert exchange.get(alice, "orders/cancel-after") == {"cancel_at": None}


def test_a_switch_that_was_armed_elsewhere_is_seen_when_the_page_opens(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    exchange.post(alice, "orders/cancel-after", {"timeout_seconds": 3600})

    tab = page.log_in(alice, market)

    expect(tab.locator("#switch-state")).to_have_text(re.compile("armed (59|1:00):"))


@pytest.mark.parametrize("seconds", ["", "soon", "1.5", "-1", "86401"])
def test_a_time_that_is_none_is_refused_at_its_field(
    market: str, somebody: OpenAccount, page: WatchedPage, seconds: str
) -> None:
    tab = page.log_in(somebody("alice"), market)

    arm(tab, seconds)

    expect(tab.locator("#timeout_seconds-error")).to_have_text(
        "Must be a whole number from 0 (disarm) to 86400"
    )
    expect(tab.locator("#switch-words")).to_have_text("It is off.")


def test_orders_end_with_the_page_s_connection_when_that_was_asked_for(
    exchange: RunningExchange, market: str, somebody: OpenAccount, new_page: OpenPage
) -> None:
    alice = somebody("alice")
    leaving, staying = new_page(), new_page()
    leaving.log_in(alice, market)
    staying.log_in(alice, market)
    leaving.order("buy", "1", "98")
    leaving.expect_note(f"Placed: buy 1 {market[:-4]} at 98.")

    leaving.see("Safety")
    leaving.page.get_by_label("Cancel my orders when this page").check()
    expect(leaving.page.locator("#end-with-connection")).to_be_enabled()
    leaving.order("buy", "1", "99")
    expect(staying.open_order("Ends with its connection")).to_have_count(1)
    leaving.page.close()

    staying.expect_ended("buy", "99.00", "Canceled: its connection was lost.")
    expect(staying.page.locator("#orders tr")).to_have_count(1)
    assert exchange.book(market)["bids"] == [["98", "1"]]


def test_it_is_said_again_on_the_next_connection(
    market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    connections: list[tuple[WebSocketRoute, WebSocketRoute]] = []

    def carry(socket: WebSocketRoute) -> None:
        connections.append((socket, socket.connect_to_server()))

    page.page.route_web_socket("**/ws/v1/trading", carry)
    tab = page.log_in(somebody("alice"), market)
    page.see("Safety")
    tab.get_by_label("Cancel my orders when this page").check()
    expect(tab.locator("#end-with-connection")).to_be_enabled()
    page.order("buy", "1", "99")
    expect(page.open_order("Ends with its connection")).to_have_count(1)

    socket, server = connections[-1]
    server.close(code=3001)
    socket.close(code=1012)

    page.expect_ended("buy", "99.00", "Canceled: its connection was lost.")
    expect(tab.locator("#end-with-connection")).to_be_checked()
    page.order("buy", "1", "97")
    expect(page.open_order("Ends with its connection")).to_have_count(1)
    assert len(connections) == 2


def test_orders_stay_when_it_is_no_longer_wanted(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)
    page.see("Safety")
    box = tab.get_by_label("Cancel my orders when this page")
    box.check()
    page.order("buy", "1", "99")
    expect(page.open_order("Ends with its connection")).to_have_count(1)

    box.uncheck()
    expect(page.open_order("Ends with its connection")).to_have_count(0)
    expect(box).to_be_enabled()
    page.order("buy", "1", "98")
    page.expect_note(f"Placed: buy 1 {market[:-4]} at 98.")
    tab.reload()

    expect(tab.locator("#orders tr")).to_have_count(2)
    assert exchange.book(market)["bids"] == [["99", "1"], ["98", "1"]]
