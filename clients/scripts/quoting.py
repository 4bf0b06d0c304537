"""Quoting: where a market maker's orders belong, and what to change when they are elsewhere.

Rules:
- Pure: no I/O, no clock; chance comes in from outside.
- Prices lie on a grid of the market's ticks that does not move, so that when the centre moves by a
  step only the outermost and innermost orders change.
- The centre walks at random and is drawn back to its anchor: it never leaves REACH of it.
- Whatever is not where it belongs is canceled before anything new is submitted: a maker never meets
  itself.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from clients.decimals import round_to_step
from clients.records import Market, Order

REACH = 0.08
"""How far the centre may get from its anchor, as a ratio."""

PULL = 0.01
"""The part of the distance to the anchor that is taken back at each step of the walk."""

STEP_RATIO = Decimal("0.0002")
"""The grid's step, at the most, as a ratio of the price."""

Place = tuple[str, Decimal]
"""A side and a price."""


class AnchoredWalk:
    """A price that wanders slowly around its anchor and never far from it."""

    def __init__(
        self, start: Decimal, anchor: Decimal, random: Random, *, volatility: float
    ) -> None:
        self.anchor = anchor
        self._random = random
        self._volatility = volatility
        self._away = _within_reach(float(start / anchor) - 1)

    @property
    def price(self) -> Decimal:
        """The price now."""
        return self.anchor * (1 + Decimal(f"{self._away:.8f}"))

    def step(self) -> Decimal:
        """Walk one step and return the new price."""
        pushed = self._random.gauss(0, self._volatility)
        self._away = _within_reach(self._away * (1 - PULL) + pushed)
        return self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What brings a maker's orders to where they belong: first the cancels, then the places."""

    cancel: tuple[str, ...]
    submit: tuple[Place, ...]


def grid_step(price: Decimal, tick_size: Decimal) -> Decimal:
    """Return 1, 2 or 5 × 10^n ticks: the largest that is at most STEP_RATIO of the price."""
    step, most = tick_size, max(price * STEP_RATIO, tick_size)
    factors = (Decimal(2), Decimal("2.5"), Decimal(2))
    number = 0
    while step * factors[number % 3] <= most:
        step *= factors[number % 3]
        number += 1
    return step


def places(centre: Decimal, step: Decimal, levels: int) -> list[Place]:
    """Return the places of `levels` bids under and asks over the centre, innermost first."""
    bid = round_to_step(centre, step)
    found: list[Place] = []
    for number in range(levels):
        found.append(("buy", bid - number * step))
        found.append(("sell", bid + (number + 1) * step))
    return [(side, price) for side, price in found if price > 0]


def plan(wanted: Collection[Place], own: Mapping[str, Order], *, limit: int) -> Changes:
    """Return what to change, `limit` submissions at the most, innermost first.

    Of several orders in one place the first is kept. Everything out of place is canceled at once:
    an order that the market moves through would trade at a stale price.
    """
    taken: set[Place] = set()
    out_of_place = []
    belongs = set(wanted)
    for id, order in own.items():
        place = (order.side, order.price or Decimal(0))
        if place in belongs and place not in taken:
            taken.add(place)
        else:
            out_of_place.append(id)
    missing = [place for place in wanted if place not in taken]
    return Changes(cancel=tuple(out_of_place), submit=tuple(missing[:limit]))


def quantity_for(market: Market, price: Decimal, notional: Decimal) -> Decimal:
    """Return a quantity worth about `notional`, in whole lots and within the market's limits."""
    least = max(market.min_quantity or market.lot_size, market.lot_size)
    if market.min_notional:
        least = max(least, market.min_notional / price)
    quantity = max(round_to_step(notional / price, market.lot_size), least)
    quantity = round_to_step(quantity, market.lot_size, up=True)
    return min(quantity, market.max_quantity) if market.max_quantity else quantity


def _within_reach(away: float) -> float:
    return max(-REACH, min(REACH, away))
