"""What a command costs in the engine as the market grows (make bench-complexity).

Rules:
- The core alone: no database, no wire. Each figure is the median over rounds of many commands, each
  executed in a batch of its own that is undone, so that every command meets the same market.
- Beside each figure stands its ratio to the smallest market's in the same run, since machines are
  noisy; and beside the sizes the growth of their logarithm, which is what the ratio may follow.
- Prices are spread so that a market of N orders has N/20 levels, at least 10.
"""

from __future__ import annotations

import argparse
import gc
import math
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from markets.matching.commands import AmendOrder, CancelOrder, Command, PlaceOrder
from markets.matching.engine import Engine
from markets.matching.recall import Known
from markets.matching.spec import MarketSpec
from markets.matching.types import (
    Asset,
    MarketState,
    MarketStatus,
    OrderState,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

SIZES = (10, 1_000, 100_000, 1_000_000)
STOPS = 100_000
ORDERS_PER_LEVEL = 20
FEWEST_LEVELS = 5
MIDDLE = 1_000_000_000
ACCOUNTS = 1_000
TAKER = ACCOUNTS + 1
COMMANDS = 200
ROUNDS = 15
SPEC = MarketSpec(
    symbol="BTC-USD",
    base="BTC",
    quote="USD",
    base_decimals=0,
    quote_decimals=0,
    tick_size=1,
    lot_size=1,
    min_quantity=1,
    max_quantity=10**9,
    min_notional=0,
    maker_fee_rate=500,
    taker_fee_rate=1000,
)
Make = Callable[[random.Random], Command]


def order_state(number: int, side: Side, price: int, stop_price: int | None = None) -> OrderState:
    """An order as it would be read from its row."""
    return OrderState(
        id=number,
        account=number % ACCOUNTS + 1,
        client_order_id=None,
        side=side,
        type=OrderType.LIMIT if stop_price is None else OrderType.STOP,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        self_trade_prevention=SelfTradePrevention.CANCEL_NEWEST,
        price=price,
        stop_price=stop_price,
        quantity=10,
        quote_quantity=None,
        max_slippage=None,
        display_quantity=None,
        expires_at=None,
        remaining=10,
        hidden=0,
        filled=0,
        canceled=0,
        prevented=0,
        notional=0,
        fee=0,
        status=OrderStatus.OPEN if stop_price is None else OrderStatus.UNTRIGGERED,
        reason=None,
        group=None,
        role=None,
        connection=None,
        sequence=number,
        priority=number,
        created_at=0,
        updated_at=0,
        request="",
    )


def levels_of(resting: int) -> int:
    """How many levels each side of a market of that size has."""
    return max(FEWEST_LEVELS, resting // ORDERS_PER_LEVEL // 2)


def a_market(resting: int, stops: int) -> Engine:
    """A market with so many orders in its book, half of them on each side, and stops waiting."""
    levels = levels_of(resting)

    def orders() -> Iterator[OrderState]:
        for number in range(1, resting + 1):
            distance = 1 + number // 2 % levels
            if number % 2:
                yield order_state(number, Side.SELL, MIDDLE + distance)
            else:
                yield order_state(number, Side.BUY, MIDDLE - distance)
        for number in range(resting + 1, resting + stops + 1):
            stop_price = MIDDLE + 2 + levels + number  # beyond the book: none triggers by itself
            yield order_state(number, Side.BUY, 2 * stop_price, stop_price)
        # One stop that the best ask's price triggers.
        yield order_state(resting + stops + 1, Side.BUY, 2 * MIDDLE, MIDDLE + 1)

    last = resting + stops + 1
    return Engine.load(SPEC, MarketState(MarketStatus.OPEN, last, MIDDLE), orders())


def commands_of(resting: int, stops: int) -> dict[str, Make]:
    """What is timed: a command of each kind, at a random place in the book."""
    levels = levels_of(resting)

    def price(chance: random.Random) -> int:
        return MIDDLE - 1 - chance.randrange(levels)

    def number(chance: random.Random) -> int:
        return chance.randrange(1, resting + 1)

    def stop(chance: random.Random) -> Command:
        stop_price = MIDDLE + levels + chance.randrange(1, max(2, stops))
        return PlaceOrder(TAKER, Side.BUY, OrderType.STOP, 10, stop_price=stop_price)

    def amend_down(chance: random.Random) -> Command:
        order = number(chance)
        return AmendOrder(order % ACCOUNTS + 1, order, quantity=5)

    def amend_price(chance: random.Random) -> Command:
        order = number(chance) // 2 * 2 or 2
        where = 1 + order // 2 % levels  # how far from the middle it is: anywhere but there
        new = MIDDLE - 1 - (where + chance.randrange(levels - 1)) % levels
        return AmendOrder(order % ACCOUNTS + 1, order, price=new)

    return {
        "submit": lambda chance: PlaceOrder(TAKER, Side.BUY, OrderType.LIMIT, 10, price(chance)),
        "submit a stop": stop,
        "amend, less": amend_down,
        "amend, price": amend_price,
        "cancel": lambda chance: CancelOrder(None, number(chance)),
        "take and trigger": lambda _: PlaceOrder(TAKER, Side.BUY, OrderType.MARKET, 1),
    }


def microseconds(engine: Engine, make: Make, chance: random.Random) -> float:
    """The median cost of a command, undone each time."""
    funds = {(account, asset): 10**24 for account in range(ACCOUNTS + 2) for asset in Asset}
    known = Known(funds=funds)
    rounds: list[float] = []
    for _ in range(ROUNDS):
        batch = [make(chance) for _ in range(COMMANDS)]
        spent = 0
        for command in batch:
            engine.begin(known, 1)
            start = time.perf_counter_ns()
            engine.execute(command)
            spent += time.perf_counter_ns() - start
            engine.undo()
        rounds.append(spent / COMMANDS / 1000)
    return statistics.median(rounds)


def table(sizes: Sequence[int], stops: int) -> None:
    """Print the costs at each size, and how they grew."""
    print(f"\nwith {stops:,} stops waiting: microseconds a command (times the smallest market's)")
    costs: dict[str, list[float]] = {}
    for resting in sizes:
        engine = a_market(resting, stops)
        gc.freeze()
        for name, make in commands_of(resting, stops).items():
            costs.setdefault(name, []).append(microseconds(engine, make, random.Random(resting)))
        del engine
        gc.unfreeze()
        gc.collect()
    heads = [f"{resting:,}" for resting in sizes]
    print(f"{'resting orders':18}" + "".join(f"{head:>16}" for head in heads))
    grown = [math.log2(size) / math.log2(sizes[0]) for size in sizes]
    print(f"{'logarithm grows':18}" + "".join(f"{f'x {ratio:.2f}':>16}" for ratio in grown))
    for name, found in costs.items():
        cells = [f"{cost:.1f} (x {cost / found[0]:.2f})" for cost in found]
        print(f"{name:18}" + "".join(f"{cell:>16}" for cell in cells))


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="leave the largest market out")
    args = parser.parse_args()
    sizes = SIZES[:-1] if args.quick else SIZES
    for stops in (0, STOPS):
        table(sizes, stops)
    return 0


if __name__ == "__main__":
    sys.exit(main())
