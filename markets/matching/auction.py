"""The call auction: which single price orders that cross would trade at, and the trades at it.

The price is found by these rules, each among what the one before left (Euronext, Xetra):
most volume; least surplus; if the surplus is on the buy side everywhere the highest, on the sell side
the lowest; nearest the reference price; the lower. Every tick is a candidate, not only orders' prices.
All trades are at that price, best price and oldest order first; what is left keeps its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from markets.matching.events import Indication
from markets.matching.levels import BookSide
from markets.matching.market import Market
from markets.matching.matcher import Matcher
from markets.matching.types import Side

Quantities = Sequence[tuple[int, int]]
"""(price, quantity) of one side, best price first, hidden parts included."""

NO_INDICATION = Indication(None, 0, 0, None)


class _Candidates(NamedTuple):
    """A run of ticks at which an auction would come to the same."""

    lowest: int
    highest: int
    bought: int
    sold: int

    @property
    def volume(self) -> int:
        return min(self.bought, self.sold)

    @property
    def surplus(self) -> int:
        """More than 0: buyers are left."""
        return self.bought - self.sold


def indicate(
    bids: Quantities, asks: Quantities, *, tick: int, twice_reference: int | None
) -> Indication:
    """What an auction of these orders comes to; `twice_reference` is the reference price doubled."""
    runs = _runs(bids, asks, tick)
    if not runs:
        return NO_INDICATION
    volume = max(run.volume for run in runs)
    most = [run for run in runs if run.volume == volume]
    least = min(abs(run.surplus) for run in most)
    best = [run for run in most if abs(run.surplus) == least]
    price = _choose(best, tick, twice_reference)
    chosen = next(run for run in best if run.lowest <= price <= run.highest)
    side = None if not least else Side.BUY if chosen.surplus > 0 else Side.SELL
    return Indication(price, volume, least, side)


def _choose(best: list[_Candidates], tick: int, twice_reference: int | None) -> int:
    """The price among equally good runs, which lie side by side in the order of their prices."""
    lowest, highest = best[0].lowest, best[-1].highest
    if all(run.surplus > 0 for run in best):
        return highest
    if all(run.surplus < 0 for run in best) or twice_reference is None:
        return lowest
    below = twice_reference // (2 * tick) * tick
    nearer_above = twice_reference - 2 * below > 2 * (below + tick) - twice_reference
    return min(max(below + tick if nearer_above else below, lowest), highest)


def _runs(bids: Quantities, asks: Quantities, tick: int) -> list[_Candidates]:
    """The runs of ticks from the best ask to the best bid, lowest first; none if they do not cross."""
    if not bids or not asks or bids[0][0] < asks[0][0]:
        return []
    lowest, highest = asks[0][0], bids[0][0]
    bought, sold = dict(_cumulated(bids)), dict(_cumulated(asks))
    prices = sorted({price for price in (*bought, *sold) if lowest <= price <= highest})
    bought_at = _as_seen_from_above(prices, bought)
    sold_there = 0
    runs: list[_Candidates] = []
    for price, following in pairwise([*prices, highest + tick]):
        sold_there = sold.get(price, sold_there)
        bought_there, bought_above = bought_at[price]
        runs.append(_Candidates(price, price, bought_there, sold_there))
        if following - price > tick:
            runs.append(_Candidates(price + tick, following - tick, bought_above, sold_there))
    return runs


def _cumulated(side: Quantities) -> Iterable[tuple[int, int]]:
    """Price → what trades at it or at a price that is better for the other side."""
    totals = accumulate(quantity for _, quantity in side)
    return zip((price for price, _ in side), totals, strict=True)


def _as_seen_from_above(
    prices: Sequence[int], bought: dict[int, int]
) -> dict[int, tuple[int, int]]:
    """For each price: what is bought at it, and just above it."""
    found: dict[int, tuple[int, int]] = {}
    above = 0
    for price in reversed(prices):
        there = bought.get(price, above)
        found[price] = (there, above)
        above = there
    return found


def quantities_of(side: BookSide, limit: int) -> list[tuple[int, int]]:
    """The levels that may take part when the other side's best price is the limit."""
    return [(level.price, level.quantity + level.hidden) for level in side.crossing(limit)]


def indication_of(market: Market) -> Indication:
    """What the auction at hand would come to now; at a cost that depends on what crosses."""
    bid, ask = market.book.bids.best, market.book.asks.best
    if bid is None or ask is None:
        return NO_INDICATION
    return indicate(
        quantities_of(market.book.bids, ask.price),
        quantities_of(market.book.asks, bid.price),
        tick=market.spec.tick_size,
        twice_reference=market.twice_reference,
    )


def uncross(market: Market, matcher: Matcher) -> None:
    """Trade what crosses at one price (again, where self-trade prevention left more that crosses)."""
    while market.book.is_crossed:
        price = indication_of(market).price
        assert price is not None
        while (bid := market.book.bids.best) and (ask := market.book.asks.best):
            if bid.price < price or ask.price > price:
                break
            assert bid.first is not None
            assert ask.first is not None
            older, newer = sorted((bid.first, ask.first), key=lambda order: order.id)
            quantity = min(older.shown, newer.shown)
            if older.account != newer.account:
                matcher.trade_resting(newer, older, price, quantity)
            else:
                matcher.prevent(newer, older, quantity)
