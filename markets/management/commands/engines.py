"""`manage.py engines`: who runs which market; exit 0 only if every market is run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.core.management.base import BaseCommand

from markets import clock
from markets.database import need_migrated
from markets.matching.types import SECOND
from markets.models import EngineProcess, Market
from markets.operators import MarketEngine, market_engines

NONE: Final = "-"


class Command(BaseCommand):
    """Show the processes and the markets."""

    help = "Show who runs which market, since when, and how far behind; exit 0 only if all are run."

    def handle(self, *_: Any, **__: Any) -> None:
        """Show."""
        need_migrated()
        engines = market_engines(Market.objects.all())
        self._table(
            ("PROCESS", "STARTED", "MARKETS"),
            [_process(process, engines) for process in EngineProcess.objects.all()],
        )
        self.stdout.write("")
        self._table(
            ("MARKET", "STATUS", "ENGINE", "SINCE", "SEQUENCE", "LAST BATCH", "WAITING", "BEHIND"),
            [_market(engine) for engine in engines],
        )
        idle = [engine.market.symbol for engine in engines if not engine.runs]
        if idle:
            self.stderr.write(f"nobody runs {', '.join(idle)}")
            sys.exit(1)

    def _table(self, heading: Sequence[str], rows: list[tuple[str, ...]]) -> None:
        columns = list(zip(heading, *rows, strict=True))
        widths = [max(map(len, column)) for column in columns]
        for row in (heading, *rows):
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())


def _process(process: EngineProcess, engines: list[MarketEngine]) -> tuple[str, ...]:
    own = [engine for engine in engines if engine.process == process]
    leaving = ", leaving" if process.leaving else ""
    return str(process), _moment(process.started_at), f"{len(own)}{leaving}"


def _market(engine: MarketEngine) -> tuple[str, ...]:
    since, behind = engine.since, engine.behind_ms
    return (
        engine.market.symbol,
        engine.market.status,
        _who(engine),
        NONE if since is None else _moment(since),
        str(engine.market.last_sequence),
        NONE if engine.last_batch is None else _ago(clock.now() - engine.last_batch),
        NONE if engine.waiting is None else str(engine.waiting),
        NONE if behind is None else f"{behind} ms",
    )


def _who(engine: MarketEngine) -> str:
    if engine.process is not None:
        return str(engine.process)
    return "starting" if engine.runs else "nobody"


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S}"


def _ago(microseconds: int) -> str:
    seconds = microseconds / SECOND
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{max(seconds, 0):.1f} s ago"
