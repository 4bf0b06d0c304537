"""axe-core on a page, in both themes: what it finds is a list of sentences, and a test wants none.

Rules:
- The whole page as it is now is looked at, by every rule that axe has on by default; in the second theme by
  those that see colours.
- It comes from node_modules, is run through the debugger (the page's content security policy stays as it
  is), and is put in once a document.
"""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
THEMES: Final[tuple[Literal["dark", "light"], ...]] = ("dark", "light")

COLOURS: Final = ("color-contrast", "link-in-text-block")
"""The rules that see a theme; no other need be asked twice."""

_RUN = """async (only) => {
    for (const each of document.getAnimations()) {
        if (each.effect.getComputedTiming().endTime < Infinity) each.finish();
    }
    const { violations } = await axe.run(document, {
        resultTypes: ["violations"], ...(only.length ? { runOnly: only } : {}),
    });
    return violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => [id, target.flat().join(" "), failureSummary]));
}"""


@cache
def _source() -> str:
    if not AXE.is_file():
        reason = f"no {AXE.name} on this machine: `make test` gets it by npm"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return AXE.read_text()


def violations(page: Page, only: Sequence[str] = ()) -> list[str]:
    """What axe finds on the page as it is: "rule: element: how to mend it"; by all rules, or by some only."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ {_source()} }}")
    found: list[list[Any]] = page.evaluate(_RUN, list(only))
    return [f"{rule}: {target}: {summary}" for rule, target, summary in found]


def in_both_themes(page: Page) -> list[str]:
    """What axe finds in either theme, as the reader's system asks for them."""
    found = []
    for theme, rules in zip(THEMES, ((), COLOURS), strict=True):
        page.emulate_media(color_scheme=theme)
        found += [f"{theme}: {sentence}" for sentence in violations(page, rules)]
    page.emulate_media(color_scheme="null")
    return found


def expect_accessible(page: Page) -> None:
    """Fail unless axe finds nothing in either theme."""
    if found := in_both_themes(page):
        pytest.fail("axe found:\n" + "\n".join(found), pytrace=False)
