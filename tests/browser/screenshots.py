"""Every page in both themes at three widths, as pictures to look at: `make screenshots`.

A demonstration of its own is started, with traders; what somebody would have after a while (orders of each
kind, fills, a transfer, a key, a halted market) is made first. Pictures go to var/screenshots/ unless `--to`
says otherwise, named PAGE-THEME-WIDTH.png; a page that answers otherwise than it should ends the run.

`--readme` takes the two pictures of the README in place of all that.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.exchange import Failed
from benchmarks.page import find_browser
from tests.browser.every_page import EVERY_PAGE, Addresses, SitePage, look_up
from tests.drivers.root import ROOT
from tests.drivers.server import ServerProcess

THEMES: Final = ("dark", "light")
WIDTHS: Final = {"phone": (360, 780), "tablet": (900, 1100), "wide": (1680, 1000)}
WAIT_MS: Final = 20_000
TRADES_FIRST: Final = 8
"""Trades in the market before the first picture: a tape with something on it."""
MARKET: Final = "BTC-USD"
README: Final = ROOT / "docs" / "screenshots"
README_MAX_BYTES: Final = 250_000
PASSWORDS: Final = {"trader": ("alice", "alice-demo"), "operator": ("admin", "admin-demo")}
NEWCOMER: Final = ("nina", "nina-sees-it-first")

_DRAWN: Final = """() => new Promise((resolve) =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 60))))"""
"""What follows a change of the window is drawn a frame or two later."""


class Shot(NamedTuple):
    """A page, and what must be done or be there before its pictures are taken."""

    page: SitePage
    before: Callable[[Page], None] | None = None


def _in_step(page: Page) -> None:
    """The book is there; on a phone it may be behind a tab."""
    page.locator('#mark[data-step="in"]').wait_for(state="attached")
    page.locator("#bids .level").first.wait_for(state="attached")


def _with_account(page: Page) -> None:
    _in_step(page)
    page.locator("#balances tr").first.wait_for(state="attached")
    page.locator("#orders tr").first.wait_for(state="attached")


def _ended_orders(page: Page) -> None:
    _with_account(page)
    page.get_by_role("tab", name="Ended orders").click()
    page.get_by_role("tab", name="Depth").click()
    page.locator("#ended tr").first.wait_for(state="attached")


def _form_with_errors(page: Page) -> None:
    _with_account(page)
    page.locator("#order-form").get_by_text("OCO", exact=True).click()
    page.locator("#quantity").fill("0.000001")
    page.locator("#price").fill("64000.001")
    page.locator("#submit").click()
    page.locator("#quantity-error").wait_for(state="attached")


def _preview(page: Page) -> None:
    """What an operator is shown before a market changes."""
    page.get_by_label("Taker fee rate").fill("0.002")
    page.get_by_label("Price band").fill("0.1")
    page.get_by_role("button", name="Show what changes…").click()
    page.locator("table.figures").wait_for()


BEFORE: Final = {
    "market-visitor": _in_step,
    "market": _with_account,
    "market-newcomer": _in_step,
}
MARKET_PAGE: Final = next(page for page in EVERY_PAGE if page.name == "market")
EDITOR: Final = next(page for page in EVERY_PAGE if page.name == "admin-market")
ALIKE: Final = (
    "trades",
    "batches",
    "transfers",
    "keys",
    "assets",
    "users",
    "mail-addresses",
    "sessions",
)
"""Lists of the admin that look as its others do."""
SHOTS: Final = (
    *(
        Shot(page, BEFORE.get(page.name))
        for page in EVERY_PAGE
        if page.name.removeprefix("admin-") not in ALIKE or not page.name.startswith("admin-")
    ),
    Shot(MARKET_PAGE._replace(name="market-history"), _ended_orders),
    Shot(MARKET_PAGE._replace(name="market-form-refused"), _form_with_errors),
    Shot(EDITOR._replace(name="admin-market-preview"), _preview),
)


class Demonstration:
    """`serve --demo` in a folder of its own, and what makes its pages worth looking at."""

    def __init__(self, folder: Path) -> None:
        self._server = ServerProcess(folder)
        self._server.start("--demo")
        self._folder = folder
        self.url = self._server.url
        self.manage = self._server.manage

    def stop(self) -> None:
        """Ctrl-C."""
        self._server.stop()

    def live_a_while(self) -> None:
        """alice trades, as anybody would; nina has just signed up; one market is halted."""
        self.manage("open_account", NEWCOMER[0], f"--password={NEWCOMER[1]}")
        self.manage("open_account", "alice", "--deposit=USD=25000.5")
        self.manage("set_market_status", "SOL-USD", "halted")
        key = json.loads((self._folder / "demo_keys.json").read_text())["alice"]
        with httpx.Client(
            base_url=f"{self.url}/api/v1/", headers={"Authorization": f"Bearer {key}"}
        ) as alice:
            while len(alice.get(f"markets/{MARKET}/trades").json()) < TRADES_FIRST:
                time.sleep(0.5)
            trade(alice)
            limited = {"allowed_ips": ["192.0.2.0/24"], "expires_at": "2126-01-01T00:00:00Z"}
            alice.post("api-keys", json={"name": "reader", "scopes": ["read"], **limited})


def trade(alice: httpx.Client) -> None:
    """Orders that rest, wait, trade, end, and hide a part."""
    book = alice.get(f"markets/{MARKET}/book", params={"depth": 20}).json()
    asks, bids = ([level[0] for level in book[side]] for side in ("asks", "bids"))
    wishes: list[dict[str, Any]] = [
        {"side": "buy", "quantity": "0.05", "price": bids[3]},
        {"side": "buy", "quantity": "0.2", "price": bids[9], "display_quantity": "0.05"},
        {"side": "sell", "quantity": "0.08", "price": asks[4]},
        {"side": "buy", "quantity": "0.01", "price": asks[0]},
        {"side": "sell", "quantity": "0.015", "price": bids[0]},
        {"side": "buy", "quantity": "0.02", "price": asks[2], "time_in_force": "ioc"},
        {"side": "sell", "quantity": "0.3", "type": "stop", "stop_price": bids[-1]},
    ]
    for wish in wishes:
        alice.post("orders", json={"market": MARKET, **wish}).raise_for_status()
    passing = {"market": MARKET, "side": "buy", "quantity": "0.1", "price": bids[-2]}
    order = alice.post("orders", json=passing).raise_for_status().json()
    alice.delete(f"orders/{order['id']}").raise_for_status()


@contextmanager
def demonstration() -> Iterator[Demonstration]:
    """One that lived a while already."""
    with tempfile.TemporaryDirectory() as folder:
        shown = Demonstration(Path(folder))
        try:
            shown.live_a_while()
            yield shown
        finally:
            shown.stop()


def open_page(shot: Shot, context: BrowserContext, url: str, path: str) -> Page:
    """The page, ready. Raises SystemExit if it is not what it should be."""
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    answer = page.goto(url + path)
    if answer is None or answer.status != shot.page.status:
        sys.exit(f"{path}: {answer.status if answer else 'no answer'}, not {shot.page.status}")
    if shot.before is not None:
        shot.before(page)
    return page


def take(shot: Shot, page: Page, to: Path) -> int:
    """A picture of the whole page in each theme at each width; how many."""
    for width, (across, down) in WIDTHS.items():
        page.set_viewport_size({"width": across, "height": down})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            page.evaluate(_DRAWN)
            page.screenshot(path=to / f"{shot.page.name}-{theme}-{width}.png", full_page=True)
    return len(WIDTHS) * len(THEMES)


def browser_of(who: str, browser: Browser, shown: Demonstration, addresses: Addresses) -> Any:
    """A browser in which somebody is logged in, by name and password; a visitor's for nobody."""
    context = browser.new_context(viewport={"width": 1680, "height": 1000})
    addresses.put_in_the_way_of(context, shown.url)
    if not who:
        return context
    name, password = NEWCOMER if who == "newcomer" else PASSWORDS[who]
    page = context.new_page()
    page.goto(f"{shown.url}/login/?next=/account/security/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    # Adding a second factor asks once more.
    page.goto(f"{shown.url}/account/confirm/?next=/account/security/")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Security").wait_for()
    page.close()
    return context


def take_all(browser: Browser, shown: Demonstration, to: Path, only: str) -> int:
    """All whose name contains `only`; how many pictures there are."""
    wanted = [shot for shot in SHOTS if only in shot.page.name]
    addresses = look_up(shown.manage, market=MARKET, trader="alice")
    taken = 0
    for who in sorted({shot.page.who for shot in wanted}):
        context = browser_of(who, browser, shown, addresses)
        for shot in wanted:
            if shot.page.who == who:
                page = open_page(shot, context, shown.url, addresses.of(shot.page))
                taken += take(shot, page, to)
                page.close()
        context.close()
    return taken


def take_for_readme(browser: Browser, shown: Demonstration) -> int:
    """The trading page on a desk, dark, and in a hand, light; neither too big for a repository."""
    README.mkdir(exist_ok=True)
    addresses = look_up(shown.manage, market=MARKET, trader="alice")
    context = browser_of("trader", browser, shown, addresses)
    shot = Shot(MARKET_PAGE, _with_account)
    for name, theme, across, down in (
        ("market-dark", "dark", 1440, 860),
        ("market-light-phone", "light", 390, 780),
    ):
        page = open_page(shot, context, shown.url, addresses.of(shot.page))
        page.set_viewport_size({"width": across, "height": down})
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        if across < WIDTHS["tablet"][0]:
            page.locator("#views [data-view='book']").click()
        page.evaluate(_DRAWN)
        path = README / f"{name}.png"
        page.screenshot(path=path)
        if path.stat().st_size > README_MAX_BYTES:
            sys.exit(f"{path} has {path.stat().st_size} bytes, more than {README_MAX_BYTES}")
        page.close()
    return 2


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--to", type=Path, default=ROOT / "var" / "screenshots")
    parser.add_argument("--only", default="", help="pages whose name contains this")
    parser.add_argument("--readme", action="store_true", help=f"the two in {README}")
    options = parser.parse_args()
    try:
        path = find_browser()
    except Failed as error:
        sys.exit(str(error))
    options.to.mkdir(parents=True, exist_ok=True)
    with demonstration() as shown, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        if options.readme:
            taken, to = take_for_readme(browser, shown), README
        else:
            taken, to = take_all(browser, shown, options.to, options.only), options.to
        browser.close()
    print(f"{taken} pictures in {to}")


if __name__ == "__main__":
    main()
