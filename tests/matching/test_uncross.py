"""When an auction opens, all that crosses trades at one price: best price first, then the order that came
first. The order placed later is the taker of a trade; what is left keeps its place.

Icebergs take part with what they hide; self-trades are prevented as ever; stops that the price triggers
trade when all is done. (How the one price is found: test_auction_price.)
"""

import pytest

from tests.drivers import MarketDriver
from tests.matching.scenes import an_auction, traded_at, trades_since


def test_all_trades_are_at_one_price_by_priority() -> None:
    market = an_auction()
    market.sell("alice", 3, at=98)
    market.sell("bob", 3, at=97)
    market.sell("carol", 3, at=98)
    market.buy("dave", 2, at=103)
    market.buy("erin", 5, at=105)

    answer = market.open()

    assert answer.events == ["MarketStatusChanged"] + ["Trade"] * 4
    assert market.trades == [
        "erin buys 3 @ 98 from bob",
        "erin buys 2 @ 98 from alice",
        "dave buys 1 @ 98 from alice",
        "dave buys 1 @ 98 from carol",
    ]
    assert market.ladder() == ["98 ask: 2 carol"]


def test_the_order_placed_later_is_the_taker() -> None:
    market = an_auction(maker_fee_rate=10_000, taker_fee_rate=20_000)
    market.buy("alice", 100, at=100)
    market.sell("bob", 100, at=100)
    market.sell("carol", 100, at=90)
    market.buy("dave", 100, at=100)

    market.open()

    assert market.trades == [
        "carol sells 100 @ 100 to alice",
        "dave buys 100 @ 100 from bob",
    ]
    assert [(trade.taker_fee, trade.maker_fee) for trade in market.rows.trades] == [
        (200, 1),
        (2, 100),
    ]


def test_an_order_amended_to_the_back_is_no_younger_for_it() -> None:
    market = an_auction()
    first = market.buy("alice", 5, at=100)
    market.sell("bob", 5, at=100)
    market.amend("alice", first, at=101)

    market.open()

    assert market.trades == ["bob sells 5 @ 100 to alice"]


def test_buyers_get_back_what_they_offered_above_the_price() -> None:
    market = an_auction()
    market.buy("alice", 5, at=110)
    market.buy("bob", 5, at=120)
    market.sell("carol", 20, at=100)

    market.open()

    assert market.balance("alice", "USD") == (999_500, 0)
    assert market.balance("bob", "USD") == (999_500, 0)
    assert market.balance("carol", "USD") == (1_001_000, 0)
    assert market.balance("carol", "BTC") == (999_980, 10)


def test_what_is_left_keeps_its_place() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100)
    market.buy("bob", 5, at=100)
    market.auction()
    market.buy("carol", 5, at=100)
    market.sell("dave", 3, at=100)
    market.sell("dave", 4, at=110)

    market.open()

    assert market.trades == ["dave sells 3 @ 100 to alice"]
    assert market.ladder() == ["110 ask: 4 dave", "100 bid: 2 alice, 5 bob, 5 carol"]
    market.sell("erin", 3, at=100)
    assert market.trades[1:] == ["erin sells 2 @ 100 to alice", "erin sells 1 @ 100 to bob"]


def test_where_nothing_crosses_it_just_opens() -> None:
    market = an_auction()
    market.sell("alice", 5, at=101)
    market.buy("bob", 5, at=100)

    answer = market.open()

    assert answer.events == ["MarketStatusChanged"]
    assert market.sell("carol", 1).order.status == "filled"


def test_the_auctions_price_is_the_last_price() -> None:
    market = traded_at(50)
    market.auction()
    market.sell("alice", 5, at=100)
    market.buy("bob", 5, at=100)

    market.open()

    assert market.engine.state.last_price == 100


# Icebergs


def test_icebergs_take_part_with_what_they_hide() -> None:
    market = an_auction()
    market.sell("alice", 10, at=100, show=3)
    market.sell("bob", 4, at=100)
    market.buy("carol", 12, at=100)
    assert market.indication().volume == 12

    market.open()

    assert market.trades == [
        "carol buys 3 @ 100 from alice",
        "carol buys 4 @ 100 from bob",
        "carol buys 3 @ 100 from alice",
        "carol buys 2 @ 100 from alice",
    ]
    assert market.ladder() == ["100 ask: 1+1 alice"]


def test_hidden_quantity_at_a_better_price_goes_before_what_is_shown_at_a_worse() -> None:
    market = an_auction()
    market.buy("alice", 4, at=100)
    market.buy("bob", 6, at=101, show=1)
    market.sell("carol", 8, at=99)

    market.open()

    assert market.trades == [
        "carol sells 1 @ 100 to bob",
        *["carol sells 1 @ 100 to bob"] * 5,
        "carol sells 2 @ 100 to alice",
    ]
    assert market.ladder() == ["100 bid: 2 alice"]


# Stops


def test_stops_trade_after_the_whole_uncross() -> None:
    market = traded_at(90)
    market.buy("erin", 2, stop=100)
    market.auction()
    market.sell("alice", 3, at=100)
    market.sell("bob", 9, at=100)
    market.buy("carol", 5, at=100)

    answer = market.open()

    assert answer.events == [
        "MarketStatusChanged",
        "Trade",
        "Trade",
        "OrderTriggered",
        "Trade",
    ]
    assert trades_since(market)[-1] == "erin buys 2 @ 100 from bob"


# Self-trade prevention


@pytest.mark.parametrize(
    ("mode", "trades", "ladder"),
    [
        ("cancel_newest", ["carol sells 5 @ 100 to alice"], ["100 bid: 5 bob"]),
        ("cancel_oldest", ["alice sells 5 @ 100 to bob"], ["100 ask: 5 carol"]),
        ("cancel_both", ["carol sells 5 @ 100 to bob"], []),
        ("decrement", ["carol sells 5 @ 100 to bob"], []),
    ],
)
def test_an_account_does_not_trade_with_itself_by_the_later_orders_mode(
    mode: str, trades: list[str], ladder: list[str]
) -> None:
    market = an_auction()
    market.buy("alice", 5, at=101, self_trade_prevention="decrement")
    market.buy("bob", 5, at=100)
    market.sell("alice", 5, at=100, self_trade_prevention=mode)
    market.sell("carol", 5, at=100)

    market.open()

    assert market.trades == trades
    assert market.ladder() == ladder


def test_what_prevention_leaves_crossed_trades_at_a_price_of_its_own() -> None:
    market = an_auction()
    market.buy("alice", 10, at=100)
    market.sell("alice", 5, at=90, self_trade_prevention="cancel_both")
    market.buy("bob", 2, at=95)
    market.sell("carol", 5, at=94)
    assert (market.indication().price, market.indication().volume) == (96, 10)

    market.open()

    assert market.trades == ["carol sells 2 @ 94 to bob"]
    assert market.ladder() == ["94 ask: 3 carol"]


# Undo


def test_an_opening_that_is_undone_never_was() -> None:
    market = an_auction()
    market.sell("alice", 10, at=99, show=3)
    market.buy("bob", 5, at=105)
    market.buy("alice", 9, at=104, self_trade_prevention="decrement")
    market.buy("carol", 1, stop=100)
    before = market.ladder()

    with market.batch(fails=True):
        market.open()
        market.buy("dave", 1, at=105)

    assert market.ladder() == before
    assert market.engine.state.status == "auction"
    assert market.waiting() == ["carol buys 1 from 100"]
