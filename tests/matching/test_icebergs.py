"""An iceberg shows `display_quantity` at a time. Takers trade against what is shown first, at each price
in time order; then each iceberg's next part, from the back of its level. Its hidden quantity counts
where it can be traded, and is in no depth, no level and no checksum. (In a ladder: shown+hidden.)
"""

from zlib import crc32

import pytest

from markets.matching.types import MAX_ICEBERG_PARTS
from tests.drivers import MarketDriver

# What is shown


def test_an_iceberg_shows_its_display_quantity_and_no_more() -> None:
    market = MarketDriver()

    answer = market.sell("alice", 10, at=101, show=3)

    assert market.ladder() == ["101 ask: 3+7 alice"]
    assert (answer.order.remaining, answer.order.hidden) == (10, 7)
    assert market.batches[-1].asks == ((101, 3),)
    assert market.engine.book.asks.depth() == [(101, 3)]


def test_the_checksum_covers_what_is_shown() -> None:
    market = MarketDriver()
    market.sell("alice", 10, at=101, show=3)

    market.sell("bob", 2, at=101)

    assert market.batches[-1].checksum == crc32(b"a:101:5")


def test_an_iceberg_holds_money_for_all_of_it() -> None:
    market = MarketDriver()

    market.buy("alice", 10, at=100, show=3)

    assert market.balance("alice", "USD") == (999_000, 1_000)


def test_an_iceberg_that_shows_all_is_a_plain_order() -> None:
    market = MarketDriver()

    market.sell("alice", 10, at=101, show=10)

    assert market.ladder() == ["101 ask: 10 alice"]


def test_an_iceberg_that_takes_shows_a_part_of_what_is_left() -> None:
    market = MarketDriver()
    market.sell("bob", 4, at=101)

    market.buy("alice", 10, at=101, show=5)

    assert market.trades == ["alice buys 4 @ 101 from bob"]
    assert market.ladder() == ["101 bid: 5+1 alice"]


def test_a_triggered_stop_limit_may_be_an_iceberg() -> None:
    market = MarketDriver()
    market.buy("alice", 10, stop=100, at=105, show=4)
    market.sell("bob", 3, at=100)

    market.buy("carol", 1, at=100)

    assert market.trades[1:] == ["alice buys 2 @ 100 from bob"]
    assert market.ladder() == ["105 bid: 4+4 alice"]


# Whose turn it is


def test_each_refill_goes_to_the_back_of_its_level() -> None:
    market = MarketDriver()
    iceberg = market.sell("alice", 10, at=101, show=3)
    market.sell("bob", 5, at=101)

    market.buy("carol", 3, at=101)

    assert market.ladder() == ["101 ask: 5 bob, 3+4 alice"]
    assert market.order(iceberg).priority > iceberg.order.priority


def test_what_is_shown_of_a_part_keeps_its_place() -> None:
    market = MarketDriver()
    market.sell("alice", 10, at=101, show=3)
    market.sell("bob", 5, at=101)

    market.buy("carol", 2, at=101)

    assert market.ladder() == ["101 ask: 1+7 alice, 5 bob"]


def test_a_taker_meets_what_is_shown_in_time_order_then_the_refills_in_turn() -> None:
    market = MarketDriver()
    market.sell("alice", 7, at=101, show=3)
    market.sell("bob", 2, at=101)
    market.sell("carol", 5, at=101, show=2)

    market.buy("dave", 13, at=101)

    assert market.trades == [
        "dave buys 3 @ 101 from alice",
        "dave buys 2 @ 101 from bob",
        "dave buys 2 @ 101 from carol",
        "dave buys 3 @ 101 from alice",
        "dave buys 2 @ 101 from carol",
        "dave buys 1 @ 101 from alice",
    ]
    assert market.ladder() == ["101 ask: 1 carol"]


def test_hidden_quantity_at_a_price_trades_before_the_next_price() -> None:
    market = MarketDriver()
    market.sell("alice", 9, at=101, show=1)
    market.sell("bob", 5, at=102)

    market.buy("carol", 10, at=102)

    assert market.trades[-2:] == ["carol buys 1 @ 101 from alice", "carol buys 1 @ 102 from bob"]
    assert market.ladder() == ["102 ask: 4 bob"]


def test_the_last_part_may_be_smaller() -> None:
    market = MarketDriver(min_quantity=3)
    market.sell("alice", 7, at=101, show=3)

    market.buy("bob", 6, at=101)

    assert market.ladder() == ["101 ask: 1 alice"]
    assert market.engine.book.asks.depth() == [(101, 1)]


def test_a_refilled_level_that_looks_the_same_is_no_update() -> None:
    market = MarketDriver()
    market.sell("alice", 10, at=101, show=3)

    market.buy("bob", 3, at=101)

    assert market.ladder() == ["101 ask: 3+4 alice"]
    assert market.batches[-1].asks == ()


def test_an_iceberg_ends_like_any_order() -> None:
    market = MarketDriver()
    iceberg = market.sell("alice", 7, at=101, show=3)

    market.buy("bob", 7, at=101)

    order = market.order(iceberg)
    assert (order.status, order.filled, order.hidden) == ("filled", 7, 0)
    assert market.ladder() == []


def test_canceling_an_iceberg_cancels_what_it_hides() -> None:
    market = MarketDriver()
    iceberg = market.sell("alice", 10, at=101, show=3)

    order = market.cancel("alice", iceberg).order

    assert (order.canceled, order.hidden) == (10, 0)
    assert market.balance("alice", "BTC") == (1_000_000, 0)


# What is hidden counts


def test_fill_or_kill_counts_what_is_hidden() -> None:
    market = MarketDriver()
    market.sell("alice", 10, at=101, show=3)

    too_much = market.buy("bob", 11, at=101, time_in_force="fok").order
    all_of_it = market.buy("bob", 10, at=101, time_in_force="fok").order

    assert (too_much.filled, too_much.reason) == (0, "fok_unfillable")
    assert all_of_it.status == "filled"


def test_a_market_orders_money_counts_what_is_hidden() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "BTC", 12)
    market.deposit("bob", "USD", 1_000 + 2 * 102 - 1)
    market.sell("alice", 10, at=100, show=3)
    market.sell("alice", 2, at=102)

    too_poor = market.buy("bob", 12)
    market.deposit("bob", "USD", 1)
    rich_enough = market.buy("bob", 12)

    assert too_poor.refusal.message == "needs 1204 USD, available 1203 USD"
    assert rich_enough.order.status == "filled"
    assert market.balance("bob", "USD") == (0, 0)


# Amends


def test_less_is_taken_from_what_is_hidden_first_and_keeps_the_place() -> None:
    market = MarketDriver()
    iceberg = market.sell("alice", 10, at=101, show=3)
    market.sell("bob", 5, at=101)

    market.amend("alice", iceberg, quantity=4)

    assert market.ladder() == ["101 ask: 3+1 alice, 5 bob"]
    assert market.batches[-1].asks == ()


def test_much_less_is_taken_from_what_is_shown_too() -> None:
    market = MarketDriver()
    iceberg = market.sell("alice", 10, at=101, show=3)
    market.sell("bob", 5, at=101)

    answer = market.amend("alice", iceberg, quantity=2)

    assert market.ladder() == ["101 ask: 2 alice, 5 bob"]
    assert (answer.order.remaining, answer.order.hidden) == (2, 0)
    assert market.balance("alice", "BTC") == (999_998, 2)


def test_less_after_a_part_was_traded_leaves_that_part_as_it_is() -> None:
    market = MarketDriver()
    iceberg = market.sell("alice", 10, at=101, show=3)
    market.buy("bob", 2, at=101)

    market.amend("alice", iceberg, quantity=5)

    assert market.ladder() == ["101 ask: 1+2 alice"]


@pytest.mark.parametrize(
    ("amendment", "ladder"),
    [
        ({"quantity": 12}, ["101 ask: 5 bob, 3+7 alice"]),
        ({"at": 102}, ["102 ask: 3+5 alice", "101 ask: 5 bob"]),
    ],
)
def test_more_or_another_price_goes_to_the_back_with_a_fresh_part(
    amendment: dict[str, int], ladder: list[str]
) -> None:
    market = MarketDriver()
    iceberg = market.sell("alice", 10, at=101, show=3)
    market.sell("bob", 5, at=101)
    market.buy("carol", 2, at=101)

    market.amend("alice", iceberg, **amendment)  # type: ignore[arg-type]

    assert market.ladder() == ladder


# In how many parts


def test_an_iceberg_has_at_most_so_many_parts() -> None:
    market = MarketDriver()
    most = 2 * MAX_ICEBERG_PARTS

    too_many = market.sell("alice", most + 1, at=101, show=2)
    just_right = market.sell("alice", most, at=101, show=2)

    assert (too_many.refused, list(too_many.refusal.errors)) == (
        "invalid_order",
        ["display_quantity"],
    )
    assert just_right.order.hidden == most - 2


def test_an_amend_may_not_make_more_parts_either() -> None:
    market = MarketDriver()
    iceberg = market.sell("alice", 10, at=101, show=2)

    answer = market.amend("alice", iceberg, quantity=2 * MAX_ICEBERG_PARTS + 1)

    assert answer.refused == "invalid_order"
    assert market.ladder() == ["101 ask: 2+8 alice"]


def test_a_part_is_whole_lots_and_at_least_the_minimum() -> None:
    market = MarketDriver(lot_size=5, min_quantity=10)

    no_lots = market.sell("alice", 100, at=101, show=12)
    too_small = market.sell("alice", 100, at=101, show=5)

    assert list(no_lots.refusal.errors) == list(too_small.refusal.errors) == ["display_quantity"]
    assert "nearest: 10 and 15" in no_lots.refusal.message
    assert "at least min_quantity 10" in too_small.refusal.message


# Undo, restart


def test_a_restart_keeps_the_part_that_is_shown_and_the_queue() -> None:
    market = MarketDriver()
    market.sell("alice", 10, at=101, show=3)
    market.sell("bob", 5, at=101, show=2)
    market.buy("carol", 4, at=101)
    assert market.ladder() == ["101 ask: 1+3 bob, 3+4 alice"]

    market.restart()

    assert market.ladder() == ["101 ask: 1+3 bob, 3+4 alice"]
    market.buy("carol", 5, at=101)
    assert market.trades[2:] == [
        "carol buys 1 @ 101 from bob",
        "carol buys 3 @ 101 from alice",
        "carol buys 1 @ 101 from bob",
    ]


def test_refills_that_are_undone_never_were() -> None:
    market = MarketDriver()
    first = market.sell("alice", 10, at=101, show=3)
    market.sell("bob", 5, at=101, show=2)
    market.buy("carol", 1, at=101)
    before = market.ladder()

    with market.batch(fails=True):
        market.buy("carol", 12, at=101)
        market.amend("alice", first, quantity=9)
        market.amend("alice", first, at=102)

    assert market.ladder() == before == ["101 ask: 2+7 alice, 2+3 bob"]
