"""A waiting stop can be amended: its stop price, its quantity, a stop-limit's price. Less at the same
prices keeps its place among the stops; anything else goes to the back. If the new stop price has been
reached already, it triggers at once. A triggered stop has no stop price any more.
"""

import pytest

from markets.matching.events import OrderAmended
from tests.drivers import MarketDriver
from tests.matching.scenes import trade_at, traded_at, trades_since


def test_another_stop_price_moves_the_trigger() -> None:
    market = traded_at(90)
    stop = market.buy("alice", 5, stop=100)
    market.sell("bob", 9, at=121)

    answer = market.amend("alice", stop, stop=120)
    trade_at(market, 119)

    assert answer.events == ["OrderAmended"]
    assert (answer.order.id, answer.order.stop_price) == (stop.order.id, 120)
    assert market.waiting() == ["alice buys 5 from 120"]
    trade_at(market, 120)
    assert trades_since(market, 3) == ["alice buys 5 @ 121 from bob"]


def test_another_stop_price_of_a_buy_is_another_worst_price_and_hold() -> None:
    market = MarketDriver()
    stop = market.buy("alice", 5, stop=100)

    answer = market.amend("alice", stop, stop=120)

    assert answer.order.price == 132
    assert market.balance("alice", "USD") == (1_000_000 - 660, 660)


def test_less_at_the_same_stop_price_keeps_the_place() -> None:
    market = traded_at(90)
    first = market.buy("alice", 5, stop=100)
    market.buy("bob", 5, stop=100)
    market.sell("carol", 9, at=101)

    answer = market.amend("alice", first, quantity=2)
    trade_at(market, 100)

    assert answer.order.priority == first.order.priority
    assert trades_since(market, 2) == [
        "alice buys 2 @ 101 from carol",
        "bob buys 5 @ 101 from carol",
    ]


@pytest.mark.parametrize("amendment", [{"quantity": 6}, {"stop": 99}])
def test_more_or_another_stop_price_goes_to_the_back_of_the_triggers(
    amendment: dict[str, int],
) -> None:
    market = traded_at(90)
    first = market.buy("alice", 5, stop=100)
    market.buy("bob", 1, stop=100)
    market.sell("carol", 1, at=101)

    market.amend("alice", first, **amendment)  # type: ignore[arg-type]
    trade_at(market, 100)

    assert trades_since(market, 2) == ["bob buys 1 @ 101 from carol"]


def test_a_stop_limits_price_can_be_amended_while_it_waits() -> None:
    market = traded_at(90)
    stop = market.buy("alice", 5, stop=100, at=103)

    answer = market.amend("alice", stop, at=105, quantity=4)

    assert (answer.order.status, answer.order.price) == ("untriggered", 105)
    assert market.balance("alice", "USD") == (1_000_000 - 420, 420)
    trade_at(market, 100)
    assert market.ladder() == ["105 bid: 4 alice"]


def test_a_triggered_stop_limit_is_amended_as_a_limit_order() -> None:
    market = traded_at(90)
    stop = market.buy("alice", 5, stop=100, at=103)
    trade_at(market, 100)
    market.sell("bob", 2, at=104)

    market.amend("alice", stop, at=104)

    assert trades_since(market, 2) == ["alice buys 2 @ 104 from bob"]
    assert market.ladder() == ["104 bid: 3 alice"]


@pytest.mark.parametrize("stop_price", [100, 99])
def test_a_stop_price_that_has_been_reached_triggers_at_once(stop_price: int) -> None:
    market = traded_at(100)
    stop = market.buy("alice", 5, stop=110)
    market.sell("bob", 9, at=101)

    answer = market.amend("alice", stop, stop=stop_price)

    assert answer.events == ["OrderAmended", "OrderTriggered", "Trade"]
    assert (answer.order.status, answer.order.notional) == ("filled", 505)
    assert market.balance("alice", "USD") == (1_000_000 - 505, 0)


def test_in_an_auction_an_amended_stop_that_is_through_waits_for_the_opening() -> None:
    market = traded_at(100)
    stop = market.buy("alice", 5, stop=110)
    market.auction()
    market.sell("bob", 9, at=101)

    answer = market.amend("alice", stop, stop=100)

    assert answer.order.status == "untriggered"
    market.open()
    assert trades_since(market) == ["alice buys 5 @ 101 from bob"]


def test_the_fact_says_the_new_terms_and_whether_the_place_was_kept() -> None:
    market = MarketDriver()
    limit = market.buy("alice", 5, at=90)
    stop = market.buy("alice", 5, stop=100)
    stop_limit = market.buy("alice", 5, stop=100, at=103)

    with market.batch():
        amends = [
            market.amend("alice", limit, quantity=4),
            market.amend("alice", limit, at=91),
            market.amend("alice", stop, quantity=4),
            market.amend("alice", stop, stop=101),
            market.amend("alice", stop_limit, at=104),
        ]

    facts = [answer.done.events[0] for answer in amends]
    first = facts[0].sequence
    assert facts == [
        OrderAmended(first, limit.order.id, 90, None, 4, kept_priority=True),
        OrderAmended(first + 1, limit.order.id, 91, None, 4, kept_priority=False),
        OrderAmended(first + 2, stop.order.id, None, 100, 4, kept_priority=True),
        OrderAmended(first + 3, stop.order.id, None, 101, 4, kept_priority=False),
        OrderAmended(first + 4, stop_limit.order.id, 104, 100, 5, kept_priority=False),
    ]


# What is refused


def test_a_stop_has_no_price_to_amend() -> None:
    market = MarketDriver()
    stop = market.buy("alice", 5, stop=100)

    answer = market.amend("alice", stop, at=105)

    assert (answer.refused, list(answer.refusal.errors)) == ("invalid_order", ["price"])


def test_a_limit_order_has_no_stop_price_to_amend() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)

    answer = market.amend("alice", order, stop=105)

    assert (answer.refused, list(answer.refusal.errors)) == ("invalid_order", ["stop_price"])


def test_a_triggered_stop_limit_has_no_stop_price_to_amend() -> None:
    market = traded_at(90)
    stop = market.buy("alice", 5, stop=100, at=103)
    trade_at(market, 100)

    answer = market.amend("alice", stop, stop=105)

    assert (answer.refused, list(answer.refusal.errors)) == ("invalid_order", ["stop_price"])


def test_a_refused_amend_leaves_the_stop_untouched() -> None:
    market = MarketDriver(opening=0, tick_size=5, lot_size=2, min_quantity=4, min_notional=300)
    market.deposit("alice", "USD", 550)
    stop = market.buy("alice", 4, stop=100)

    refusals = [
        market.amend("alice", stop, stop=101),
        market.amend("alice", stop, quantity=3),
        market.amend("alice", stop, stop=95, quantity=2),
        market.amend("alice", stop, stop=70, quantity=4),
        market.amend("alice", stop, quantity=6),
        market.amend("alice", stop, stop=130),
    ]

    assert [(refusal.refused, *refusal.refusal.errors) for refusal in refusals] == [
        ("invalid_order", "stop_price"),
        ("invalid_order", "quantity"),
        ("invalid_order", "quantity"),
        ("invalid_order", "quantity"),
        ("insufficient_funds",),
        ("insufficient_funds",),
    ]
    assert market.order(stop) == stop.order
    assert market.waiting() == ["alice buys 4 from 100"]
    assert market.balance("alice", "USD") == (110, 440)


def test_the_money_that_a_stop_holds_counts_for_its_new_stop_price() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "USD", 660)
    stop = market.buy("alice", 5, stop=100)

    too_much = market.amend("alice", stop, stop=121)
    all_of_it = market.amend("alice", stop, stop=120)

    assert too_much.refusal.message == "needs 665 USD, available 660 USD"
    assert all_of_it.order.stop_price == 120
    assert market.balance("alice", "USD") == (0, 660)


def test_a_stop_limits_new_prices_lie_within_the_band_of_each_other() -> None:
    market = MarketDriver(price_band=100_000)
    stop = market.buy("alice", 5, stop=100, at=110)

    too_far = [market.amend("alice", stop, at=111), market.amend("alice", stop, stop=99)]
    both = market.amend("alice", stop, stop=110, at=121)

    assert [answer.refused for answer in too_far] == ["price_out_of_band"] * 2
    assert (both.order.stop_price, both.order.price) == (110, 121)


# Undo, restart


def test_an_amended_stop_survives_a_restart_at_its_new_place() -> None:
    market = MarketDriver()
    first = market.buy("alice", 5, stop=100)
    market.buy("bob", 5, stop=100)
    market.amend("alice", first, quantity=6)

    market.restart()

    assert market.waiting() == ["bob buys 5 from 100", "alice buys 6 from 100"]


def test_amends_of_a_stop_that_are_undone_never_were() -> None:
    market = traded_at(90)
    first = market.buy("alice", 5, stop=100)
    market.buy("bob", 5, stop=100)
    market.sell("carol", 9, at=95)

    with market.batch(fails=True):
        market.amend("alice", first, quantity=4)
        market.amend("alice", first, stop=105)
        market.amend("alice", first, stop=90)

    assert market.waiting() == ["alice buys 5 from 100", "bob buys 5 from 100"]
    assert market.ladder() == ["95 ask: 9 carol"]
    assert market.order(first) == first.order
