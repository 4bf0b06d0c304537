"""Every page in both themes at three widths, as pictures to look at: `make screenshots`.

A demonstration of its own is started, with traders; what somebody would have after a while (orders, fills, a
transfer, a key) is made first. Pictures go to var/screenshots/ unless `--to` says otherwise, named
PAGE-THEME-WIDTH.png; a page that answers with an error of ours ends the run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.drivers.server import ROOT, ServerProcess

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS: Final = {"phone": (360, 780), "tablet": (900, 1100), "wide": (1680, 1000)}
Theme = Literal["dark", "light"]
THEMES: Final[tuple[Theme, ...]] = ("dark", "light")
WAIT_MS: Final = 20_000
TRADES_FIRST: Final = 8
"""Trades in the market before the first picture: a tape with something on it."""


@dataclass(frozen=True)
class Shot:
    """A page: where, seen by whom (nobody: a visitor), and what must be there before the picture is taken."""

    name: str
    path: str
    who: str = ""
    ready: str = "main"
    status: int = 200
    before: Callable[[Page], None] | None = None


def _in_step(page: Page) -> None:
    """The book is there; on a phone it may be behind a tab."""
    page.locator('#mark[data-step="in"]').wait_for(state="attached")
    page.locator("#bids .level").first.wait_for(state="attached")


def _with_account(page: Page) -> None:
    _in_step(page)
    page.locator("#balances tr").first.wait_for(state="attached")
    page.locator("#orders tr").first.wait_for(state="attached")


SHOTS: Final = (
    Shot("market-visitor", "/markets/BTC-USD/", before=_in_step),
    Shot("market", "/markets/BTC-USD/", "alice", before=_with_account),
    Shot("log-in", "/login/"),
    Shot("not-found", "/nowhere/", status=404),
    Shot("problems", "/api/docs/problems"),
    Shot("admin", "/admin/", "admin"),
)


class Demonstration:
    """`serve --demo` in a folder of its own, and what makes its pages worth looking at."""

    def __init__(self, folder: Path) -> None:
        self._server = ServerProcess(folder)
        self._server.start("--demo")
        self._folder = folder
        self.url = self._server.url

    def stop(self) -> None:
        """Ctrl-C."""
        self._server.stop()

    def cookies_of(self, name: str) -> str:
        """A session of somebody who is logged in."""
        script = (
            "from django.contrib.auth.models import User; from django.test import Client; "
            f"client = Client(); client.force_login(User.objects.get(username={name!r})); "
            "print(client.cookies['sessionid'].value)"
        )
        return self._server.manage("shell", "--verbosity=0", "-c", script).strip()

    def live_a_while(self) -> None:
        """alice trades: resting orders around the market, some fills; and the market has its own history."""
        key = json.loads((self._folder / "demo_keys.json").read_text())["alice"]
        with httpx.Client(
            base_url=f"{self.url}/api/v1/", headers={"Authorization": f"Bearer {key}"}
        ) as alice:
            while len(alice.get("markets/BTC-USD/trades").json()) < TRADES_FIRST:
                time.sleep(0.5)
            book = alice.get("markets/BTC-USD/book", params={"depth": 20}).json()
            for side, level, quantity in (
                ("buy", book["bids"][3], "0.05"),
                ("buy", book["bids"][9], "0.2"),
                ("sell", book["asks"][4], "0.08"),
                ("buy", book["asks"][0], "0.01"),
                ("sell", book["bids"][0], "0.015"),
            ):
                order = {"market": "BTC-USD", "side": side, "quantity": quantity, "price": level[0]}
                alice.post("orders", json=order).raise_for_status()


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


def take(shot: Shot, context: BrowserContext, url: str, to: Path) -> None:
    """One picture, of the whole page. Raises SystemExit if the page is not what it should be."""
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    answer = page.goto(url + shot.path)
    if answer is None or answer.status != shot.status:
        sys.exit(f"{shot.path}: {answer.status if answer else 'no answer'}, not {shot.status}")
    page.locator(shot.ready).first.wait_for()
    if shot.before is not None:
        shot.before(page)
    page.screenshot(path=to, full_page=True)
    page.close()


def take_all(browser: Browser, shown: Demonstration, to: Path, only: str) -> int:
    """All whose name contains `only`; how many there are."""
    sessions = {who: shown.cookies_of(who) for who in {shot.who for shot in SHOTS if shot.who}}
    taken = 0
    for theme in THEMES:
        for width, (across, down) in WIDTHS.items():
            for who in sorted({shot.who for shot in SHOTS}):
                context = browser.new_context(
                    color_scheme=theme, viewport={"width": across, "height": down}
                )
                if who:
                    cookie = {"name": "sessionid", "value": sessions[who], "url": shown.url}
                    context.add_cookies([cookie])  # type: ignore[list-item]
                for shot in SHOTS:
                    if shot.who == who and only in shot.name:
                        name = f"{shot.name}-{theme}-{width}.png"
                        take(shot, context, shown.url, to / name)
                        taken += 1
                context.close()
    return taken


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--to", type=Path, default=ROOT / "var" / "screenshots")
    parser.add_argument("--only", default="", help="pages whose name contains this")
    options = parser.parse_args()
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        sys.exit(f"no browser on this machine: looked for {', '.join(BROWSERS)}")
    options.to.mkdir(parents=True, exist_ok=True)
    with demonstration() as shown, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        taken = take_all(browser, shown, options.to, options.only)
        browser.close()
    print(f"{taken} pictures in {options.to}")


if __name__ == "__main__":
    main()
