"""Candles and volumes, added up from the trades after they were made: nobody reads millions of them again.

Rules:
- The trades are the truth. Up to a market's tally they are in its candles and volumes; who reads those adds
  the trades after it. So nothing is ever late, and a tally that is forgotten is made anew.
- Whoever runs a market's engine adds up, in another thread and transaction: no order waits for it.
- A portion and its tally are one transaction; who finds the tally moved meanwhile changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db import transaction

from markets import models
from markets.history import (
    CANDLE_FIELDS,
    KEPT_INTERVALS,
    Candle,
    added_up,
    ids_of,
    recent_volumes,
    tally_of,
)

PORTION: Final = 10_000
"""Trades that are added up in one transaction."""
MOST_PORTIONS: Final = 5
"""Portions of one market in one go."""


def add_up(markets: Iterable[int]) -> bool:
    """Add up what was traded in these markets (by key); whether there is more."""
    more = False
    for market in markets:
        for _ in range(MOST_PORTIONS):
            if not _add_portion(market):
                break
        else:
            more = True
    return more


def forget(market: models.Market) -> None:
    """Forget what is added up: it is read from the trades until it is added up again."""
    with transaction.atomic():
        for model in (models.Tally, models.Candle, models.DayVolume):
            model.objects.filter(market=market).delete()


def _add_portion(market: int) -> bool:
    """Add up the next trades; whether there may be more."""
    after = tally_of(market)
    first, last = ids_of(market, after, None)
    trades = models.Trade.objects.filter(pk__gt=first, pk__lte=last)
    portion = list(trades.order_by("pk").values_list("sequence", flat=True)[:PORTION])
    if not portion:
        return False
    to = portion[-1]
    candles = [
        (seconds, candle)
        for seconds in KEPT_INTERVALS
        for candle in added_up(market, seconds, after, to)
    ]
    volumes = recent_volumes(market, after, to)
    models.Tally.objects.get_or_create(market_id=market)
    with transaction.atomic():
        if models.Tally.objects.filter(market=market, sequence=after).update(sequence=to):
            for seconds in KEPT_INTERVALS:
                _add_candles(market, seconds, [each for of, each in candles if of == seconds])
            _add_volumes(market, volumes)
    return len(portion) == PORTION


def _add_candles(market: int, seconds: int, later: list[Candle]) -> None:
    starts = [candle.start for candle in later]
    kept = models.Candle.objects.filter(market=market, seconds=seconds, start__in=starts)
    found = {row[0]: Candle(*row) for row in kept.values_list(*CANDLE_FIELDS)}
    for candle in later:
        if candle.start in found:
            found[candle.start].add(candle)
        else:
            found[candle.start] = candle
    models.Candle.objects.bulk_create(
        [
            models.Candle(
                market_id=market,
                seconds=seconds,
                **{name: getattr(candle, name) for name in CANDLE_FIELDS},
            )
            for candle in found.values()
        ],
        update_conflicts=True,
        unique_fields=["market", "seconds", "start"],
        update_fields=CANDLE_FIELDS[1:],
    )


def _add_volumes(market: int, later: list[tuple[int, int, int]]) -> None:
    days = {day for _, day, _ in later}
    kept = models.DayVolume.objects.filter(market=market, day__in=days)
    found = {
        (account, day): amount
        for account, day, amount in kept.values_list("account_id", "day", "amount")
    }
    models.DayVolume.objects.bulk_create(
        [
            models.DayVolume(
                market_id=market,
                account_id=account,
                day=day,
                amount=amount + found.get((account, day), 0),
            )
            for account, day, amount in later
        ],
        update_conflicts=True,
        unique_fields=["market", "day", "account"],
        update_fields=["amount"],
    )
