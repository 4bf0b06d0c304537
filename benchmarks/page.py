"""How smooth the market's page is, and what it keeps: `python -m benchmarks.page` (make bench-page).

Rules:
- A real exchange with 1,000 levels on each side; somebody with some orders is logged in to the page in
  headless Chromium, and a maker and a taker change the book at 50 updates a second (busy_book.py).
- Frames are the times between callbacks of requestAnimationFrame; a frame that was not needed in time is one
  all the same. Long tasks are the browser's own: more than 50 ms in which the page could do nothing else.
- Memory is looked at after the collector was made to run, through the debugger, each time after as many
  updates; all in all as many as come in ten minutes, but sent as fast as the exchange answers. The chart
  gets a bar a minute; all else on the page should be of one size.
- `--profile FILE` keeps a profile of the page's processor time (Chromium's own tools open it).
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.busy_book import BusyBook, busy_book
from benchmarks.exchange import MARKETS, Exchange, Failed, furnished, running
from benchmarks.report import machine, now, number, row
from benchmarks.runs import quantile, say

BROWSERS: Final = (
    "chromium-headless-shell",  # first: it is the one that draws no windows, for less work
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
)
LEVELS: Final = 1_000
RATE: Final = 50.0
SECONDS: Final = 30.0
WANTED_P95: Final = 33.0
"""Milliseconds of a frame."""
MINUTES: Final = 10
LOOKS: Final = 5
WARM: Final = 2_000
"""Updates before the first look: by then the tape is full and every script compiled."""
OWN_ORDERS: Final = 12
NOISE: Final = 1.05
"""What the page keeps is now more, now less; so much more, and all the time, is growth."""
MIB: Final = 2**20
WATCH: Final = """() => {
    const watched = { frames: [], longTasks: [] };
    window.watched = watched;
    let before = performance.now();
    const frame = (now) => {
        watched.frames.push(now - before);
        before = now;
        watched.next = requestAnimationFrame(frame);
    };
    watched.next = requestAnimationFrame(frame);
    watched.observer = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) watched.longTasks.push(duration);
    });
    watched.observer.observe({ type: "longtask" });
}"""
WATCHED: Final = """() => {
    const { frames, longTasks, next, observer } = window.watched;
    cancelAnimationFrame(next);
    observer.disconnect();
    delete window.watched;
    return [frames.slice(1), longTasks];
}"""


class Frames(NamedTuple):
    """What was seen of the page meanwhile."""

    frames: list[float]
    """Milliseconds."""
    long_tasks: list[float]
    updates: int
    costs: dict[str, float]
    """Milliseconds an update: of scripts, styles, layout, of all tasks."""


class Look(NamedTuple):
    """What the page keeps."""

    updates: int
    heap: int
    """Bytes, after a collection."""
    nodes: int
    listeners: int


class Watch:
    """A page, looked at through the debugger."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._tools: CDPSession = page.context.new_cdp_session(page)
        self._tools.send("Performance.enable")

    def metrics(self) -> dict[str, float]:
        """Chromium's own figures, by name."""
        found = self._tools.send("Performance.getMetrics")["metrics"]
        return {metric["name"]: metric["value"] for metric in found}

    def look(self, updates: int) -> Look:
        """What is kept after a collection."""
        for _ in range(2):  # what the first one finalizes, the second one takes
            self._tools.send("HeapProfiler.collectGarbage")
        found = self.metrics()
        heap, nodes, listeners = (
            int(found[name]) for name in ("JSHeapUsedSize", "Nodes", "JSEventListeners")
        )
        return Look(updates, heap, nodes, listeners)

    def frames(self, book: BusyBook, seconds: float, profile: str | None) -> Frames:
        """Watch the page while the book changes at RATE."""
        updates = round(seconds * RATE)
        if profile:
            self._tools.send("Profiler.enable")
            self._tools.send("Profiler.start")
        self._page.evaluate(WATCH)
        before = self.metrics()
        with ThreadPoolExecutor(1) as aside:
            driven = aside.submit(book.run, updates, RATE)
            while not driven.done():
                self._page.wait_for_timeout(250)
            driven.result()
        after = self.metrics()
        frames, long_tasks = self._page.evaluate(WATCHED)
        if profile:
            self._keep(profile)
        names = ("ScriptDuration", "RecalcStyleDuration", "LayoutDuration", "TaskDuration")
        costs = {name: (after[name] - before[name]) * 1e3 / updates for name in names}
        return Frames(frames, long_tasks, updates, costs)

    def _keep(self, profile: str) -> None:
        found = self._tools.send("Profiler.stop")["profile"]
        Path(profile).write_text(json.dumps(found))
        for line in costliest(found):
            say(line)


def costliest(profile: Any, count: int = 15) -> list[str]:
    """The functions of a profile that took most by themselves, as lines of "ms function file:line"."""
    spent: Counter[str] = Counter()
    frames = {node["id"]: node["callFrame"] for node in profile["nodes"]}
    for node, delta in zip(profile["samples"], profile["timeDeltas"], strict=True):
        frame = frames[node]
        file = frame["url"].rpartition("/")[2]
        place = f" {file}:{frame['lineNumber'] + 1}" if file else ""
        spent[f"{frame['functionName'] or '(anonymous)'}{place}"] += delta
    return [f"{delta / 1e3:8.1f} ms  {where}" for where, delta in spent.most_common(count)]


def find_browser() -> str:
    """The path of one. Raises Failed."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise Failed(f"no browser on this machine: looked for {', '.join(BROWSERS)}")
    return path


def open_page(browser: Browser, made: Exchange, name: str) -> Page:
    """The market's page, somebody logged in, when its book is in step."""
    script = (
        "from django.contrib.auth.models import User; from django.test import Client; "
        f"client = Client(); client.force_login(User.objects.get(username={name!r})); "
        "print(client.cookies['sessionid'].value)"
    )
    session = made.manage("shell", "--no-imports", "--command", script).strip()
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "sessionid", "value": session, "url": made.url}])
    page = context.new_page()
    page.on("pageerror", lambda error: say(f"the page: {error}"))
    page.goto(f"{made.url}/markets/{MARKETS[0]}/")
    page.locator('#mark[data-step="in"]').wait_for()
    return page


def measure(options: argparse.Namespace) -> tuple[Frames, list[Look]]:
    """Make an exchange, fill its book, open its page, and watch."""
    with sync_playwright() as driver, furnished(accounts=3) as made, running(made):
        browser = driver.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        maker, taker, reader = made.keys
        with busy_book(made.url, MARKETS[0], (maker, taker)) as book:
            book.fill(options.levels)
            with busy_book(made.url, MARKETS[0], (reader, taker), seed=2) as own:
                own.fill(OWN_ORDERS)
            page = open_page(browser, made, "trader2")
            if options.depth:
                page.get_by_role("tab", name="Depth").click()
            watch = Watch(page)
            run_aside(page, book, WARM)
            frames = watch.frames(book, options.seconds, options.profile)
            say(f"{len(frames.frames)} frames, p95 {quantile(frames.frames, 0.95):.1f} ms")
            looks = keep_looking(page, watch, book, round(options.minutes * 60 * RATE))
        browser.close()
    return frames, looks


def keep_looking(page: Page, watch: Watch, book: BusyBook, updates: int) -> list[Look]:
    """What the page keeps before so many updates, meanwhile, and after."""
    looks = [watch.look(0)]
    for part in range(1, LOOKS + 1):
        run_aside(page, book, updates // LOOKS)
        looks.append(watch.look(part * (updates // LOOKS)))
        say(
            f"{looks[-1].updates:,} updates: {looks[-1].heap / MIB:.2f} MiB, {looks[-1].nodes} nodes"
        )
    return looks


def run_aside(page: Page, book: BusyBook, updates: int) -> None:
    """Change the book as fast as answers come; returns when the page has drawn the last of it."""
    with ThreadPoolExecutor(1) as aside:
        driven = aside.submit(book.run, updates)
        while not driven.done():
            page.wait_for_timeout(50)
        driven.result()
    page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")


def frames_table(found: Frames) -> list[str]:
    """What is printed of the frames."""
    p95 = quantile(found.frames, 0.95)
    said = (
        ("frames", f"{len(found.frames):,} for {found.updates:,} updates"),
        ("a frame: median", f"{statistics.median(found.frames):.1f} ms"),
        (
            "a frame: p95",
            f"**{p95:.1f} ms**, wanted ≤ {WANTED_P95:.0f} ms: {_reached(p95 <= WANTED_P95)}",
        ),
        ("a frame: longest", f"{max(found.frames):.1f} ms"),
        ("long tasks", _long_tasks(found.long_tasks)),
        ("scripts, an update", f"{number(found.costs['ScriptDuration'])} ms"),
        ("styles, an update", f"{number(found.costs['RecalcStyleDuration'])} ms"),
        ("layout, an update", f"{number(found.costs['LayoutDuration'])} ms"),
        ("all that the page does, an update", f"{number(found.costs['TaskDuration'])} ms"),
    )
    return [row(("what", "measured")), row(("---", "---")), *map(row, said)]


def _long_tasks(tasks: list[float]) -> str:
    return f"{len(tasks)}, the longest {max(tasks):.0f} ms" if tasks else "none"


def looks_table(looks: list[Look]) -> list[str]:
    """What is printed of the memory."""
    lines = [
        row(("updates", "heap after a collection", "DOM nodes", "event listeners")),
        row(("---:",) * 4),
    ]
    for look in looks:
        heap = f"{look.heap / MIB:.2f} MiB"
        lines.append(row((f"{look.updates:,}", heap, f"{look.nodes:,}", f"{look.listeners:,}")))
    return lines


def grew(looks: list[Look]) -> bool:
    """Whether the page keeps more at each of the last two looks than at any of the first two under way."""
    first, last = looks[1:3], looks[-2:]
    return any(
        min(getattr(look, name) for look in last)
        > NOISE * max(getattr(look, name) for look in first)
        for name in ("heap", "nodes", "listeners")
    )


def _reached(yes: bool) -> str:
    return "yes" if yes else "**no**"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--levels", type=int, default=LEVELS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="so many minutes' updates")
    parser.add_argument("--depth", action="store_true", help="show the depth, not the candles")
    parser.add_argument("--profile", metavar="FILE", help="a .cpuprofile, and what cost most")
    options = parser.parse_args(arguments)
    frames, looks = measure(options)
    print("\n".join([*frames_table(frames), "", *looks_table(looks)]))
    print(f"\nMemory grew: {'**yes**' if grew(looks) else 'no'}.")
    print(f"\n{now()}; {machine()}; {options.levels:,} levels a side, {RATE:.0f} updates/s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
