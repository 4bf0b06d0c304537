"""A made-up past for a demo's market: candles of two days before anybody came, for a chart to begin with.

Rules:
- Candles only, of play money: no trade, order or account stands behind them, and none is pretended.
- It ends at the price where the demo's traders begin. A market that traded, or has candles, is left alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from random import Random
from typing import Final

from markets import models
from markets.history import CANDLE_FIELDS, KEPT_INTERVALS, Candle
from markets.matching.spec import MarketSpec

MINUTE: Final = 60
MINUTES: Final = 2 * 24 * 60
STEPS: Final = 6
"""Trades a minute of the made-up past."""
VOLATILITY: Final = 0.0003
"""Standard deviation of a step, as a ratio of the price."""
PULL: Final = 0.0004
"""The part of the distance to where it ends that a step takes back."""
MONEY: Final = (20, 900)
"""What a step trades, in the quote asset."""
CHUNK: Final = 500


def make_past(market: models.Market, price: int) -> None:
    """Give a market that never traded two days of candles that end at a whole number of its quote asset."""
    if (
        models.Candle.objects.filter(market=market).exists()
        or models.Trade.objects.filter(market=market).exists()
    ):
        return
    spec = market.spec(fee_account=0)
    end = int(time.time()) // MINUTE * MINUTE
    random = Random(market.symbol)  # noqa: S311 - a game
    minutes = list(_minutes(spec, price * 10**spec.quote_decimals, end, random))
    models.Candle.objects.bulk_create(
        (
            models.Candle(
                market=market,
                seconds=seconds,
                **{name: getattr(candle, name) for name in CANDLE_FIELDS},
            )
            for seconds in KEPT_INTERVALS
            for candle in _joined(minutes, seconds)
        ),
        batch_size=CHUNK,
        ignore_conflicts=True,
    )


def _minutes(spec: MarketSpec, price: int, end: int, random: Random) -> Iterable[Candle]:
    """One candle a minute, oldest first: walked back from the end, where the price is known."""
    away = 0.0
    backwards = []
    for minute in range(1, MINUTES + 1):
        walked = []
        for _ in range(STEPS):
            walked.append(_on_tick(spec, price, away))
            away = away * (1 - PULL) + random.gauss(0, VOLATILITY)
        walked.reverse()
        money = [random.randint(*MONEY) * 10**spec.quote_decimals for _ in walked]
        lots = [
            max(spec.lots_for(each, at), spec.lot_size)
            for each, at in zip(money, walked, strict=True)
        ]
        backwards.append(
            Candle(
                start=end - minute * MINUTE,
                open=walked[0],
                high=max(walked),
                low=min(walked),
                close=walked[-1],
                volume=sum(lots),
                quote_volume=sum(
                    spec.notional(at, each) for at, each in zip(walked, lots, strict=True)
                ),
                trade_count=len(walked),
            )
        )
    return reversed(backwards)


def _on_tick(spec: MarketSpec, price: int, away: float) -> int:
    """The tick nearest to a price that is so far away (a ratio) from another: play, so a float will do."""
    return max(round(price * (1 + away) / spec.tick_size), 1) * spec.tick_size


def _joined(minutes: list[Candle], seconds: int) -> list[Candle]:
    """The same in longer candles, oldest first; the minutes stay as they are."""
    found: dict[int, Candle] = {}
    for minute in minutes:
        start = minute.start // seconds * seconds
        values = {name: getattr(minute, name) for name in CANDLE_FIELDS} | {"start": start}
        if start in found:
            found[start].add(Candle(**values))
        else:
            found[start] = Candle(**values)
    return list(found.values())
