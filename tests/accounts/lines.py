"""A whole statement, read page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from markets.models import Account
from markets.statement import Line, Place, Statement, Wanted


def in_pages(account: Account, size: int, **wanted: Any) -> Iterator[Line]:
    statement = Statement(account.pk, Wanted(**wanted))
    after: Place | None = None
    while True:
        page = statement.page(after, size)
        yield from page.lines
        if page.after is None:
            return
        assert after is None or page.after < after
        after = Place.read(page.after.text())
