"""However long the book changes, the page draws it once a frame at most, and keeps no more than before.

No time is judged here: benchmarks/page.py measures that, with the same flow.
"""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from benchmarks.busy_book import BusyBook, busy_book
from benchmarks.page import Watch, run_aside
from tests.browser.conftest import WatchedPage
from tests.browser.running import Person, RunningExchange

pytestmark = pytest.mark.slow

LEVELS = 300
FEW = 100
WARM = 650
UPDATES = 500
"""With each of the charts. Of ten updates one is a trade: warm, the list of the last 100 is full."""
CHARTS = ("Depth", "Candles")
ROOM = 1.1
"""A heap is now larger, now smaller; updates that were kept would be more."""
COUNT_DRAWINGS = """() => {
    // A drawing is what is changed in one go; a frame is from one callback of the browser to the next.
    const counted = { drawings: 0, most: 0, thisFrame: 0, frames: 0 };
    window.counted = counted;
    const observer = new MutationObserver(() => {
        counted.drawings += 1;
        counted.thisFrame += 1;
    });
    for (const id of ["asks", "bids"]) {
        const side = document.getElementById(id);
        observer.observe(side, { subtree: true, childList: true, characterData: true, attributes: true });
    }
    const frame = () => {
        counted.most = Math.max(counted.most, counted.thisFrame);
        counted.thisFrame = 0;
        counted.frames += 1;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""


@pytest.fixture
def book(exchange: RunningExchange, market: str) -> Any:
    base = market.partition("-")[0]
    money = {"USD": "1000000000", base: "1000000"}
    maker, taker = (exchange.open_account(f"{name}-{base}", **money) for name in ("maker", "taker"))
    with busy_book(exchange.url, market, (maker.key, taker.key)) as book:
        book.fill(LEVELS)
        yield book


def change(tab: Page, book: BusyBook, updates: int) -> None:
    """So many updates with each of the charts."""
    for chart in CHARTS:
        tab.get_by_role("tab", name=chart).click()
        run_aside(tab, book, updates)


def test_updates_are_drawn_once_a_frame(
    book: BusyBook, market: str, somebody: Callable[[str], Person], page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)

    tab.evaluate(COUNT_DRAWINGS)
    change(tab, book, FEW)
    counted = tab.evaluate("() => window.counted")

    assert counted["most"] == 1, "drawings in one frame"
    assert 10 < counted["drawings"] <= counted["frames"]
    assert counted["drawings"] < FEW * len(CHARTS)
    page.expect_step("in")


@pytest.mark.long
def test_thousands_of_updates_leave_nothing_behind(
    book: BusyBook, market: str, somebody: Callable[[str], Person], page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)
    watch = Watch(tab)
    change(tab, book, WARM)
    before = watch.look(WARM)

    change(tab, book, UPDATES)
    after = watch.look(WARM + UPDATES)

    assert after.heap < ROOM * before.heap
    assert after.nodes < ROOM * before.nodes
    assert after.listeners <= before.listeners
    page.expect_step("in")
