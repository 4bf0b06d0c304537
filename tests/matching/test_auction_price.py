"""How an auction finds its one price. Each rule decides among what the one before left:

1. most volume; 2. least surplus; 3. market pressure: a surplus of buyers everywhere → the highest, of
sellers → the lowest; 4. nearest the reference (last trade, else the middle between best bid and best
ask); 5. the lower. Every tick is a candidate, not only the orders' prices.
"""

import pytest

from markets.matching.auction import indicate
from markets.matching.events import Indication
from markets.matching.spec import twice_reference
from markets.matching.types import MarketState, MarketStatus, Side
from tests.drivers import MarketDriver
from tests.matching.scenes import traded_at

Level = tuple[int, int]
"""(price, quantity), best first."""


def found(
    bids: list[Level], asks: list[Level], reference: int | None = None, tick: int = 1
) -> tuple[int | None, int, str]:
    """(price, volume, surplus) of an auction of these."""
    said = indicate(
        bids, asks, tick=tick, twice_reference=None if reference is None else 2 * reference
    )
    return said.price, said.volume, f"{said.surplus} {said.surplus_side or ''}".strip()


def test_nothing_that_crosses_is_no_price() -> None:
    assert found([], []) == (None, 0, "0")
    assert found([(100, 5)], []) == (None, 0, "0")
    assert found([(100, 5)], [(101, 5)]) == (None, 0, "0")


def test_one_price_that_meets_is_the_price() -> None:
    assert found([(100, 5)], [(100, 5)]) == (100, 5, "0")


def test_the_worked_example() -> None:
    market = MarketDriver()
    market.auction()
    market.buy("alice", 2, at=99)
    market.buy("bob", 3, at=90)
    market.sell("carol", 2, at=1)
    market.sell("dave", 3, at=7)
    assert market.indication() == Indication(50, 5, 0, None), "the middle of 99 and 1"

    market.open()

    assert market.trades == ["carol sells 2 @ 50 to alice", "dave sells 3 @ 50 to bob"]
    assert market.balance("alice", "USD") == (999_900, 0)


def test_first_the_price_at_which_most_trades() -> None:
    bids = [(103, 5), (101, 10), (99, 3)]
    asks = [(100, 8), (101, 6), (102, 9)]

    assert found(bids, asks, reference=103) == (101, 14, "1 buy")


def test_then_the_price_at_which_least_is_left() -> None:
    bids = [(105, 10), (103, 4)]
    asks = [(100, 10), (104, 2)]

    assert found(bids, [(100, 10)], reference=100) == (104, 10, "0"), "4 buy up to 103"
    assert found(bids, asks, reference=100) == (104, 10, "2 sell")


def test_pressure_of_buyers_takes_the_price_up() -> None:
    assert found([(105, 12)], [(100, 10)], reference=90) == (105, 10, "2 buy")


def test_pressure_of_sellers_takes_the_price_down() -> None:
    assert found([(105, 10)], [(100, 12)], reference=120) == (100, 10, "2 sell")


@pytest.mark.parametrize(
    ("reference", "price"), [(90, 100), (100, 100), (103, 103), (105, 105), (120, 105)]
)
def test_without_pressure_the_price_is_the_nearest_to_the_reference(
    reference: int, price: int
) -> None:
    assert found([(105, 10)], [(100, 10)], reference) == (price, 10, "0")


@pytest.mark.parametrize(
    ("reference", "price", "left"),
    [(90, 100, "2 buy"), (102, 102, "2 buy"), (103, 103, "2 sell"), (120, 105, "2 sell")],
)
def test_pressure_from_both_sides_is_none(reference: int, price: int, left: str) -> None:
    bids = [(105, 10), (102, 2)]
    asks = [(100, 10), (103, 2)]

    assert found(bids, asks, reference) == (price, 10, left), "the nearest to the reference"


def test_of_two_ticks_equally_near_it_is_the_lower() -> None:
    assert found([(110, 10)], [(100, 10)], reference=105, tick=10) == (100, 10, "0")
    assert found([(110, 10)], [(100, 10)], reference=106, tick=10) == (110, 10, "0")


def test_the_middle_may_be_half_a_tick_and_is_not_rounded() -> None:
    market = MarketDriver()
    market.auction()
    market.buy("alice", 10, at=105)
    market.sell("bob", 10, at=100)

    assert market.indication().price == 102, "102.5: 102 and 103 are as near"


def test_without_a_reference_it_is_the_lower() -> None:
    assert found([(105, 10)], [(100, 10)], reference=None) == (100, 10, "0")


def test_a_price_between_the_orders_prices_is_a_candidate() -> None:
    assert found([(110, 10)], [(90, 10)], reference=97, tick=1) == (97, 10, "0")


def test_only_whole_ticks_are_candidates() -> None:
    assert found([(110, 10)], [(90, 10)], reference=97, tick=5) == (95, 10, "0")
    assert found([(110, 10)], [(90, 10)], reference=98, tick=5) == (100, 10, "0")


def test_the_reference_is_the_last_trade_while_there_is_one() -> None:
    market = traded_at(104)
    market.auction()
    market.buy("alice", 10, at=110)
    market.sell("bob", 10, at=90)

    assert market.indication().price == 104


def test_whoever_knows_the_book_alone_can_tell_the_reference() -> None:
    assert twice_reference(last_price=99, best_bid=105, best_ask=100) == 198
    assert twice_reference(last_price=None, best_bid=105, best_ask=100) == 205
    assert twice_reference(last_price=None, best_bid=105, best_ask=None) is None
    assert twice_reference(last_price=None, best_bid=None, best_ask=100) is None


def test_the_reference_survives_a_restart() -> None:
    market = traded_at(104)
    market.auction()
    market.buy("alice", 10, at=110)
    market.sell("bob", 10, at=90)

    market.restart()
    market.open()

    assert market.trades[1:] == ["bob sells 10 @ 104 to alice"]


def test_hidden_quantity_counts_for_the_price() -> None:
    market = MarketDriver()
    market.auction()
    market.buy("alice", 4, at=105)
    market.sell("bob", 10, at=100, show=1)

    assert market.indication() == Indication(100, 4, 6, Side.SELL)


def test_orders_that_do_not_cross_count_for_nothing() -> None:
    with_them = found([(105, 10), (99, 50)], [(100, 12), (106, 50)])

    assert with_them == found([(105, 10)], [(100, 12)]) == (100, 10, "2 sell")


def test_a_market_that_starts_in_an_auction_says_so_after_its_first_batch() -> None:
    market = MarketDriver()
    market.auction()
    market.restart()

    market.buy("alice", 1, at=100)

    assert market.engine.state == MarketState(MarketStatus.AUCTION, 2, None)
    assert market.indication() == Indication(None, 0, 0, None)
