"""What a page says, and what every page must be like."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time
from html.parser import HTMLParser
from typing import Any

from django.test import Client

CONTROLS = {"input", "select", "textarea"}


class Page(HTMLParser):
    """A page's labels and controls, its scripts and handlers, its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.faults: list[str] = []
        self.words = ""
        self.ids: list[str] = []
        self._labels_open = 0
        self._script: dict[str, str | None] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.faults += [f"{tag} {name}" for name in given if name.startswith("on")]
        if "style" in given:
            self.faults.append(f"{tag} has a style of its own")
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "label":
            self._labels_open += 1
            self.labelled.add(str(given.get("for")))
        if tag == "script":
            self._script = given
            if "src" not in given and given.get("type") != "application/json":
                self.faults.append("an inline script")
        if tag in CONTROLS and given.get("type") not in ("hidden", "submit"):
            self.controls.append(given | {"inside": "yes" if self._labels_open else None})
        source = given.get("src") or (given.get("href") if tag == "link" else None)
        if source and re.match(r"(https?:)?//", source):
            self.faults.append(f"{tag} from another site")

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._labels_open -= 1
        if tag == "script":
            self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is None:
            self.words += f" {data.strip()}" if data.strip() else ""

    def check(self) -> None:
        """Every control has a label, every id is one, nothing is inline."""
        unlabelled = [
            control
            for control in self.controls
            if not control["inside"] and control.get("id") not in self.labelled
        ]
        assert unlabelled == []
        assert sorted(set(self.ids)) == sorted(self.ids)
        assert self.faults == []


def see(browser: Client, address: str, status: int = 200) -> Page:
    """A page, which must be as every page is."""
    return seen(browser.get(address), status)


def seen(response: Any, status: int = 200) -> Page:
    """The same, of an answer that is there."""
    assert response.status_code == status, response
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy
    page = Page(response.content.decode())
    page.check()
    return page


def code_of(secret: str, later: int = 0) -> str:
    """What an authenticator shows (RFC 6238), so many steps of 30 s from now."""
    counter = struct.pack(">Q", int(time.time()) // 30 + later)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    at = digest[-1] & 15
    number = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06d}"
