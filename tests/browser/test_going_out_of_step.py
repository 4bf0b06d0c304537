"""A page that may be wrong says so at once, shows its book as not to be trusted, and heals by itself."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import WatchedPage
from tests.browser.running import Person, RunningExchange
from tests.browser.test_market_page import expect_ladder

pytestmark = pytest.mark.slow

OpenAccount = Callable[[str], Person]
Spoil = Callable[[dict[str, Any]], dict[str, Any] | None]


class Wire:
    """Between page and exchange: passes on, and spoils book updates while told to."""

    def __init__(self, page: WatchedPage) -> None:
        self.spoil: Spoil | None = None
        self.spoiled = 0
        self.requests: list[str] = []
        page.page.route_web_socket("**/ws/v1/market-data", self._carry)

    def _carry(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def down(text: str | bytes) -> None:
            message: dict[str, Any] | None = json.loads(text)
            assert message is not None
            is_update = (message.get("channel"), message.get("type")) == ("book", "update")
            if is_update and self.spoil is not None:
                message, self.spoil = self.spoil(message), None
                self.spoiled += 1
            if message is not None:
                socket.send(json.dumps(message))

        def up(text: str | bytes) -> None:
            self.requests.append(json.loads(text)["method"])
            server.send(text)

        server.on_message(down)
        socket.on_message(up)


def _lose(message: dict[str, Any]) -> None:
    del message


def _corrupt(message: dict[str, Any]) -> dict[str, Any]:
    message["data"]["bids"] = [["42", "42"]]
    return message


@pytest.mark.parametrize("fault", [_lose, _corrupt])
def test_a_lost_or_corrupted_update_is_noticed_and_healed(
    exchange: RunningExchange,
    market: str,
    somebody: OpenAccount,
    page: WatchedPage,
    fault: Spoil,
) -> None:
    alice = somebody("alice")
    wire = Wire(page)
    page.open(market)
    exchange.submit(alice, market, "buy", "1", "99")
    expect_ladder(page.page, exchange.book(market))
    assert "resync" not in wire.requests

    wire.spoil = fault
    exchange.submit(alice, market, "buy", "1", "98")
    exchange.submit(alice, market, "buy", "1", "97")

    expect_ladder(page.page, exchange.book(market))
    page.expect_step("in")
    assert wire.spoiled == 1
    assert "resync" in wire.requests


def test_while_out_of_step_the_ladder_is_veiled_and_says_why(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    silent = False

    def carry(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda text: None if silent else socket.send(text))

    page.page.route_web_socket("**/ws/v1/market-data", carry)
    page.open(market)
    exchange.submit(alice, market, "buy", "1", "99")
    expect_ladder(page.page, exchange.book(market))

    silent = True
    page.expect_step("out")

    expect(page.page.locator("#mark-word")).to_have_text("Out of step")
    expect(page.page.locator("#ladder-veil")).to_contain_text("Out of step")
    page.page.locator("#mark summary").click()
    expect(page.page.locator("#mark-reason")).to_contain_text("Out of step: nothing heard for 3 s")
    sequence = exchange.book(market)["sequence"]
    expect(page.page.locator("#mark-sequence")).to_have_text(f"#{sequence}")  # the last one proved
    expect(page.page.locator("#mark-said")).to_have_text("The order book is out of step.")
    silent = False
    page.expect_step("in")
    expect(page.page.locator("#ladder-veil")).to_be_hidden()


def test_the_page_survives_a_restart_of_the_exchange(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    tab = page.log_in(alice, market)
    page.order("buy", "1", "99")
    page.expect_note(f"Placed: buy 1 {market[:-4]} at 99.")
    # That is how a browser reports a server that is away.
    page.forgive("WebSocket connection")
    page.forgive("Failed to load resource")

    exchange.stop()
    page.expect_step("out")
    expect(tab.locator("#link")).to_have_text("connecting…")
    page.order("buy", "2", "98")
    page.expect_note("Not connected: it is sent as soon as the connection is back.")
    exchange.start()

    page.expect_step("in")
    page.expect_note(f"Placed: buy 2 {market[:-4]} at 98.")
    expect(tab.locator("#orders tr")).to_have_count(2)
    expect_ladder(tab, exchange.book(market))
