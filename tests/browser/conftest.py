"""A real browser on a real exchange: one of each for the chapter, a fresh page and market for each test.

Every page is watched: a script error, a failed request or a breach of the content security policy fails
the test, unless it was forgiven beforehand.
"""

import itertools
import os
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, expect, sync_playwright

from benchmarks.exchange import Failed
from benchmarks.page import find_browser
from tests.browser.running import Person, RunningExchange

WAIT_MS = 15_000
MARKETS_AT_ONCE = 8
_numbers = itertools.count(1)

expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="package")
def playwright_driver() -> Iterator[Playwright]:
    # Not for the whole session: while it is open, no other event loop can run in this thread.
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="package")
def browser(playwright_driver: Playwright) -> Iterator[Browser]:
    try:
        path = find_browser()
    except Failed as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    browser = playwright_driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningExchange]:
    exchange = RunningExchange(tmp_path_factory.mktemp("exchange"))
    exchange.start()
    yield exchange
    exchange.stop()


class WatchedPage:
    """A page, and what went wrong on it."""

    def __init__(self, page: Page, exchange: RunningExchange) -> None:
        self.page = page
        self.exchange = exchange
        self.problems: list[str] = []
        self._forgiven: list[str] = []
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        page.on("console", lambda line: self._hear(line.type, line.text))

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.problems.append(f"{kind}: {text}")

    def forgive(self, part: str) -> None:
        """Do not mind console lines that contain this."""
        self._forgiven.append(part)

    def unforgiven(self) -> list[str]:
        """What went wrong."""
        return [
            problem
            for problem in self.problems
            if not any(part in problem for part in self._forgiven)
        ]

    def check(self) -> None:
        """Fail if anything went wrong."""
        assert self.unforgiven() == []

    def open(self, market: str) -> Page:
        """Go to a market's page and wait until its book is in step."""
        self.page.goto(f"{self.exchange.url}/markets/{market}/")
        self.expect_step("in")
        return self.page

    def log_in(self, who: Person, market: str) -> Page:
        """Open a market's page as somebody, and wait until orders can be sent."""
        session = self.exchange.session_of(who)
        self.page.context.add_cookies(
            [{"name": "sessionid", "value": session, "url": self.exchange.url}]
        )
        self.open(market)
        expect(self.balance("USD")).to_be_attached()  # on a phone it is in another part of the page
        return self.page

    def expect_step(self, step: str) -> None:
        """Wait for the mark to say `in` or `out`."""
        expect(self.page.locator("#mark")).to_have_attribute("data-step", step)

    def balance(self, asset: str) -> Locator:
        """The row of an asset among the balances: asset, available, held, total."""
        return self.page.locator(f'#balances tr[data-asset="{asset}"]')

    def expect_balance(self, asset: str, available: str, held: str, total: str) -> None:
        """Wait until the row says so."""
        cells = self.balance(asset).locator("td:not(.value)")
        expect(cells).to_have_text([asset, available, held, total])

    def see(self, name: str) -> None:
        """Choose one of the tabs of the account: `Ended orders`, `Your fills`, `Safety`."""
        self.page.get_by_role("tab", name=name).click()

    def expect_own(self, side: str, price: str, quantity: str) -> None:
        """Wait until the ladder marks an order of one's own."""
        level = self.page.locator(f"#{side} .level[data-price='{price}']")
        expect(level).to_have_class(re.compile(r"\bis-own\b"))
        expect(level.locator(".own")).to_have_text(quantity)

    def order(self, side: str, quantity: str, price: str) -> None:
        """Fill in the form and send it."""
        self.choose(side.capitalize())
        self.fill(price=price, quantity=quantity)
        self.page.locator("#submit").click()

    def choose(self, *words: str) -> None:
        """Choose a side, a type, or what a market order is measured in."""
        form = self.page.locator("#order-form")
        for word in words:
            form.get_by_role("radiogroup").get_by_text(word, exact=True).click()

    def fill(self, **fields: str) -> None:
        """Type into fields of the form, by their names."""
        for name, text in fields.items():
            self.page.locator(f"#{name}").fill(text)

    def open_order(self, text: str) -> Locator:
        """The row of the open order that has this text, with its words."""
        return self.page.locator("#orders tr", has_text=text)

    def expect_ended(self, side: str, price: str, words: str) -> None:
        """Wait until the newest ended order of this side and price says what became of it."""
        row = self.page.locator(
            f'#ended tr:has(td:nth-child(2):text-is("{side}")):has(td:nth-child(3):text-is("{price}"))'
        )
        expect(row.first.locator("+ tr")).to_have_text(words)

    def expect_note(self, text: str) -> None:
        """Wait until the form says so."""
        expect(self.page.locator("#form-note")).to_have_text(text)


OpenPage = Callable[[], WatchedPage]


@pytest.fixture
def new_page(browser: Browser, exchange: RunningExchange) -> Iterator[OpenPage]:
    """Opens pages, each of somebody else: own cookies, own connections."""
    watched: list[WatchedPage] = []

    def open_page() -> WatchedPage:
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        watched.append(WatchedPage(page, exchange))
        return watched[-1]

    yield open_page
    for each in watched:
        each.page.context.close()
        each.check()


@pytest.fixture
def page(new_page: OpenPage) -> WatchedPage:
    return new_page()


@pytest.fixture(scope="package")
def fresh_markets(exchange: RunningExchange) -> Iterator[str]:
    """Markets that nobody has used, some made at a time: the exchange takes a while to serve each."""

    def make() -> Iterator[str]:
        while True:
            symbols = [f"T{next(_numbers)}-USD" for _ in range(MARKETS_AT_ONCE)]
            yield from exchange.create_markets(symbols, taker_fee="0.001")

    return make()


@pytest.fixture
def market(fresh_markets: Iterator[str]) -> str:
    """A market that no other test uses; its base asset is what stands before the hyphen."""
    return next(fresh_markets)


@pytest.fixture
def somebody(exchange: RunningExchange, market: str) -> Callable[[str], Person]:
    """Opens accounts with 1,000,000 USD and 10 of the market's base asset."""

    def open_account(name: str) -> Person:
        base = market.partition("-")[0]
        return exchange.open_account(f"{name}-{base}", **{"USD": "1000000", base: "10"})

    return open_account
