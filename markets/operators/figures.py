"""How every market goes, for the operator's front page: cheap to ask, however much was traded.

Rules:
- Nothing here counts or adds up a table: rates come from a market's newest batches, which say how many
  orders and trades each had; the last trade is the end of a range of ids; open orders are counted up to a
  bound.
- Best prices are the local book's of this web process, as its clients see it, and only while that is in step.
- What is not known is None, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.db.models import Sum

from markets import clock, process
from markets.hub import Hub
from markets.matching.types import SECOND, format_units
from markets.models import Batch, Market, Trade, of_market
from markets.operators.engines import MarketEngine, market_engines
from markets.operators.wishes import open_orders_of

RATE_SECONDS: Final = 10
"""Rates are over so long."""
MAX_BATCHES: Final = 1_000
"""Batches that are added up for a rate; a market that has more in RATE_SECONDS is measured over less time."""


@dataclass(frozen=True, slots=True)
class BestPrices:
    """Where a market's book begins, as decimals; and whether this process vouches for it."""

    bid: str | None = None
    ask: str | None = None
    in_step: bool = False
    engine_heard: bool = False


@dataclass(frozen=True, slots=True)
class LastTrade:
    """A market's newest trade: its price as a decimal, its time in microseconds since 1970."""

    price: str
    at: int


@dataclass(frozen=True, slots=True)
class MarketFigures:
    """What there is to see of one market."""

    engine: MarketEngine
    best: BestPrices | None
    """None: this process follows no markets."""
    orders_per_second: int | str
    trades_per_second: int | str
    last_trade: LastTrade | None
    open_orders: int

    @property
    def market(self) -> Market:
        """Whose figures these are."""
        return self.engine.market


def market_figures(markets: Iterable[Market]) -> list[MarketFigures]:
    """The figures of these markets (with their assets), in the order given."""
    engines = market_engines(markets)
    best = _best_prices([engine.market.symbol for engine in engines])
    now = clock.now()
    return [_figures(engine, best, now) for engine in engines]


def _figures(engine: MarketEngine, best: dict[str, BestPrices] | None, now: int) -> MarketFigures:
    market = engine.market
    orders, trades = _rates(market, engine.last_batch, now)
    return MarketFigures(
        engine=engine,
        best=None if best is None else best.get(market.symbol, BestPrices()),
        orders_per_second=orders,
        trades_per_second=trades,
        last_trade=_last_trade(market),
        open_orders=open_orders_of(market),
    )


def _rates(market: Market, last: int | None, now: int) -> tuple[int | str, int | str]:
    """New orders and trades a second; `last` is when the newest batch was."""
    span = RATE_SECONDS * SECOND
    if last is None or last <= now - span:
        return "0", "0"
    newest = Batch.objects.filter(market=market).order_by("-sequence")
    edge = newest.values_list("timestamp", flat=True)[MAX_BATCHES - 1 : MAX_BATCHES].first()
    if edge is not None:
        span = min(span, max(now - edge, 1))
    # The newest first, whatever their time: an idle market's batches are not all looked through.
    recent = Batch.objects.filter(
        pk__in=newest.values("pk")[:MAX_BATCHES], timestamp__gt=now - span
    )
    sums = recent.aggregate(orders=Sum("orders"), trades=Sum("trades"))
    return _a_second(sums["orders"] or 0, span), _a_second(sums["trades"] or 0, span)


def _a_second(count: int, microseconds: int) -> int | str:
    """Whole from 10 a second on, else with a decimal."""
    tenths = (10 * count * SECOND + microseconds // 2) // microseconds
    return tenths // 10 if tenths >= 100 else format_units(tenths, 1)


def _last_trade(market: Market) -> LastTrade | None:
    row = (
        Trade.objects.filter(of_market(market.pk))
        .order_by("-pk")
        .values_list("price", "timestamp")
        .first()
    )
    if row is None:
        return None
    return LastTrade(format_units(row[0], market.quote.decimals), row[1])


def _best_prices(symbols: list[str]) -> dict[str, BestPrices] | None:
    try:
        hub = process.current().hub
    except process.NotStarted:
        return None
    found: dict[str, BestPrices] = async_to_sync(_read_books)(hub, symbols)
    return found


async def _read_books(hub: Hub, symbols: list[str]) -> dict[str, BestPrices]:
    """Read in the loop that the hub lives in."""
    found: dict[str, BestPrices] = {}
    for symbol in symbols:
        view = hub.markets.get(symbol)
        if view is not None:
            bid, ask = view.book.bids.best(), view.book.asks.best()
            found[symbol] = BestPrices(_price(bid), _price(ask), view.in_step, view.engine_alive)
    return found


def _price(level: Any) -> str | None:
    return level[0] if level else None
