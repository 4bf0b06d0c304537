"""Ten thousand random books, each opened twice: by the engine, and by an oracle that tries every tick and
sorts every order. They agree on price, volume, surplus and its side, and on what each order gets.

The oracle knows the rules and nothing of the engine: most volume, least surplus, pressure, nearest the
reference, the lower; then best price first, what is shown before what is hidden, the older first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import NamedTuple

import pytest

from markets.matching.commands import PlaceOrder, SetMarketStatus
from markets.matching.engine import Engine
from markets.matching.events import Done, Trade
from markets.matching.recall import Known
from markets.matching.types import Asset, MarketState, MarketStatus, OrderType, Side
from tests.drivers import PLAIN

BOOKS = 1_250
"""How many of each shape."""
MOST_ORDERS = 40
WIDE = replace(PLAIN, tick_size=5)
RICH = Known(
    funds={(account, asset): 10**9 for account in range(1, MOST_ORDERS + 1) for asset in Asset}
)


class Wish(NamedTuple):
    """An order of the auction; those of a list came in its order."""

    side: Side
    price: int
    quantity: int
    shown: int | None


class Shape(NamedTuple):
    """What the books of a kind are like."""

    name: str
    orders: int
    """At most."""
    levels: int
    quantity: int
    """At most."""
    tick: int = 1
    last_price: bool = True
    icebergs: bool = False


SHAPES = [
    Shape("few orders of one, few levels", orders=6, levels=4, quantity=1),
    Shape("few orders, few levels", orders=8, levels=6, quantity=5),
    Shape("few orders, many levels", orders=8, levels=60, quantity=5, tick=5),
    Shape("no last price", orders=10, levels=20, quantity=4, last_price=False),
    Shape("no last price, wide ticks", orders=10, levels=12, quantity=4, tick=5, last_price=False),
    Shape("many orders, few levels", orders=MOST_ORDERS, levels=5, quantity=9, icebergs=True),
    Shape("many orders, many levels", orders=MOST_ORDERS, levels=50, quantity=9),
    Shape("icebergs", orders=14, levels=10, quantity=30, tick=5, icebergs=True),
]


class Outcome(NamedTuple):
    """What an auction comes to."""

    price: int | None
    volume: int
    surplus: int
    """More than 0: buyers are left."""
    filled: dict[int, int]
    """By place in the list, 0 left out."""


def a_book(random: Random, shape: Shape) -> list[Wish]:
    wishes = []
    for _ in range(random.randint(1, shape.orders)):
        quantity = random.randint(1, shape.quantity)
        is_iceberg = shape.icebergs and random.random() < 0.4
        wishes.append(
            Wish(
                side=random.choice(list(Side)),
                price=shape.tick * random.randint(1, shape.levels),
                quantity=quantity,
                shown=random.randint(1, quantity) if is_iceberg else None,
            )
        )
    return wishes


# The oracle


class Candidate(NamedTuple):
    price: int
    volume: int
    surplus: int


def every_tick(wishes: list[Wish], tick: int) -> Iterator[Candidate]:
    for price in range(tick, max(wish.price for wish in wishes) + tick, tick):
        bought = sum(w.quantity for w in wishes if w.side is Side.BUY and w.price >= price)
        sold = sum(w.quantity for w in wishes if w.side is Side.SELL and w.price <= price)
        if bought and sold:
            yield Candidate(price, min(bought, sold), bought - sold)


def twice_reference(wishes: list[Wish], last_price: int | None) -> int:
    if last_price is not None:
        return 2 * last_price
    best_bid = max(wish.price for wish in wishes if wish.side is Side.BUY)
    best_ask = min(wish.price for wish in wishes if wish.side is Side.SELL)
    return best_bid + best_ask


def best_of(candidates: list[Candidate], twice: int) -> Candidate:
    most = max(candidate.volume for candidate in candidates)
    left = [candidate for candidate in candidates if candidate.volume == most]
    least = min(abs(candidate.surplus) for candidate in left)
    left = [candidate for candidate in left if abs(candidate.surplus) == least]
    if all(candidate.surplus > 0 for candidate in left):
        return max(left)
    if all(candidate.surplus < 0 for candidate in left):
        return min(left)
    return min(left, key=lambda found: (abs(2 * found.price - twice), found.price))


def allocation(wishes: list[Wish], side: Side, price: int, volume: int) -> Counter[int]:
    """Deal the volume out: every part of every order, sorted by (price, turn, place)."""
    sign = 1 if side is Side.SELL else -1
    parts = []
    for place, wish in enumerate(wishes):
        if wish.side is not side or wish.price * sign > price * sign:
            continue
        part, turn, left = wish.shown or wish.quantity, 0, wish.quantity
        while left:
            parts.append((wish.price * sign, turn, place, min(part, left)))
            left -= min(part, left)
            turn += 1
    filled: Counter[int] = Counter()
    for _, _, place, part in sorted(parts):
        filled[place] += min(part, volume)
        volume -= min(part, volume)
    return +filled


def by_the_oracle(wishes: list[Wish], tick: int, last_price: int | None) -> Outcome:
    candidates = list(every_tick(wishes, tick))
    if not candidates:
        return Outcome(None, 0, 0, {})
    price, volume, surplus = best_of(candidates, twice_reference(wishes, last_price))
    filled = Counter[int]()
    for side in Side:
        filled += allocation(wishes, side, price, volume)
    return Outcome(price, volume, surplus, dict(filled))


# The engine


def by_the_engine(wishes: list[Wish], tick: int, last_price: int | None) -> Outcome:
    """Every order has an account of its own; ids are 1, 2, 3 … in the order of the list."""
    engine = Engine(PLAIN if tick == 1 else WIDE, MarketState(MarketStatus.AUCTION, 0, last_price))
    engine.begin(RICH, 0)
    for account, wish in enumerate(wishes, start=1):
        order = PlaceOrder(account, wish.side, OrderType.LIMIT, wish.quantity, wish.price)
        engine.execute(order._replace(display_quantity=wish.shown))
    said = engine.finish().indication
    engine.accept()
    assert said is not None
    engine.begin(RICH, 1)
    opened = engine.execute(SetMarketStatus(MarketStatus.OPEN))
    assert isinstance(opened, Done)
    engine.finish()
    engine.check()
    if not any(wish.shown for wish in wishes):
        assert all(trade.taker_order > trade.maker_order for trade in opened.trades), "later takes"
    sign = -1 if said.surplus_side is Side.SELL else 1
    return Outcome(said.price, said.volume, sign * said.surplus, filled_by(opened.trades, said[:2]))


def filled_by(trades: list[Trade], said: tuple[int | None, int]) -> dict[int, int]:
    """What each order got; all at the price and of the volume that was said before."""
    assert {trade.price for trade in trades} <= {said[0]}
    assert sum(trade.quantity for trade in trades) == said[1]
    filled = Counter[int]()
    for trade in trades:
        filled[trade.taker_order - 1] += trade.quantity
        filled[trade.maker_order - 1] += trade.quantity
    return dict(filled)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_the_engine_opens_as_the_oracle_does(shape: Shape) -> None:
    random = Random(SHAPES.index(shape))
    crossed = 0
    for number in range(BOOKS):
        wishes = a_book(random, shape)
        last_price = None
        if shape.last_price and random.random() < 0.8:
            last_price = shape.tick * random.randint(1, shape.levels + 2)

        expected = by_the_oracle(wishes, shape.tick, last_price)

        found = by_the_engine(wishes, shape.tick, last_price)
        assert found == expected, (number, wishes, last_price)
        crossed += found.price is not None
    assert crossed > BOOKS // 4, "most books of a shape should have something to say"
