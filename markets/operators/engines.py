"""Who runs which market, since when, at which sequence, and how far behind: for people to look at.

Who runs it is what the database's locks say; the rest is what its process said of it within the last second.
(A process on SQLite says only what it runs: nobody else could take it.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from markets.models import Batch, EngineProcess, Market
from markets.ownership import ownership


@dataclass(frozen=True, slots=True)
class MarketEngine:
    """A market and what is known of its engine."""

    market: Market
    runs: bool
    process: EngineProcess | None = None
    """Unknown while it has not said yet that it runs the market."""
    since: datetime | None = None
    waiting: int | None = None
    """Commands that have arrived and wait for their batch."""
    behind_ms: int | None = None
    """How long the first of them has waited."""
    last_batch: int | None = None
    """When its last batch was executed, microseconds since 1970."""


def market_engines(markets: Iterable[Market] | QuerySet[Market]) -> list[MarketEngine]:
    """What is known of each market's engine, in the order given."""
    held = ownership()
    holders = held.holders().markets
    processes = list(EngineProcess.objects.all())
    return [_engine(market, holders, processes, shared=held.shared) for market in markets]


def _engine(
    market: Market, holders: dict[int, int | None], processes: list[EngineProcess], *, shared: bool
) -> MarketEngine:
    runs = market.pk in holders
    last_batch = (
        Batch.objects.filter(market=market)
        .order_by("-sequence")
        .values_list("timestamp", flat=True)
        .first()
    )
    if not runs:
        return MarketEngine(market=market, runs=False, last_batch=last_batch)
    process = next(
        (
            process
            for process in processes
            if (process.pk == holders[market.pk] if shared else market.symbol in process.report)
        ),
        None,
    )
    said = {} if process is None else process.report.get(market.symbol, {})
    return MarketEngine(
        market=market,
        runs=True,
        process=process,
        since=datetime.fromisoformat(said["since"]) if said else None,
        waiting=said.get("waiting") if shared else None,
        behind_ms=said.get("behind_ms") if shared else None,
        last_batch=last_batch,
    )
