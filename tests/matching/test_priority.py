"""Best price first, then the order that got its place first; the trade price is the resting order's."""

from tests.drivers import MarketDriver


def test_the_best_price_trades_first() -> None:
    market = MarketDriver()
    market.sell("alice", 5, at=102)
    market.sell("bob", 5, at=101)

    market.buy("carol", 7, at=102)

    assert market.trades == ["carol buys 5 @ 101 from bob", "carol buys 2 @ 102 from alice"]
    assert market.ladder() == ["102 ask: 3 alice"]


def test_the_highest_bid_trades_first() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=98)
    market.buy("bob", 5, at=99)

    market.sell("carol", 7, at=98)

    assert market.trades == ["carol sells 5 @ 99 to bob", "carol sells 2 @ 98 to alice"]
    assert market.ladder() == ["98 bid: 3 alice"]


def test_at_one_price_the_first_to_come_trades_first() -> None:
    market = MarketDriver()
    market.sell("alice", 2, at=101)
    market.sell("bob", 2, at=101)
    market.sell("carol", 2, at=101)

    market.buy("dave", 3, at=101)

    assert market.trades == ["dave buys 2 @ 101 from alice", "dave buys 1 @ 101 from bob"]
    assert market.ladder() == ["101 ask: 1 bob, 2 carol"]


def test_a_partial_fill_keeps_its_place() -> None:
    market = MarketDriver()
    market.sell("alice", 5, at=101)
    market.buy("carol", 2, at=101)
    market.sell("bob", 5, at=101)

    market.buy("carol", 4, at=101)

    assert market.trades[1:] == ["carol buys 3 @ 101 from alice", "carol buys 1 @ 101 from bob"]


def test_the_trade_price_is_the_resting_orders() -> None:
    market = MarketDriver()
    market.sell("alice", 5, at=101)
    market.buy("bob", 5, at=99)

    market.buy("carol", 5, at=110)
    market.sell("carol", 5, at=90)

    assert market.trades == ["carol buys 5 @ 101 from alice", "carol sells 5 @ 99 to bob"]


def test_orders_that_do_not_cross_do_not_trade() -> None:
    market = MarketDriver()

    market.sell("alice", 5, at=101)
    market.buy("bob", 5, at=100)

    assert market.trades == []
    assert market.ladder() == ["101 ask: 5 alice", "100 bid: 5 bob"]


def test_what_is_left_of_a_taker_rests_at_its_own_price() -> None:
    market = MarketDriver()
    market.sell("alice", 5, at=101)

    taker = market.buy("bob", 8, at=103)

    assert market.ladder() == ["103 bid: 3 bob"]
    assert (taker.order.status, taker.order.filled) == ("partially_filled", 5)
    assert market.engine.state.last_price == 101


def test_priority_survives_a_restart() -> None:
    market = MarketDriver()
    first = market.sell("alice", 2, at=101)
    market.sell("bob", 2, at=101)
    market.amend("alice", first, quantity=3)
    before = market.ladder()

    market.restart()

    assert before == market.ladder() == ["101 ask: 2 bob, 3 alice"]


def test_a_trade_is_told_with_both_sides_and_the_price() -> None:
    market = MarketDriver()
    maker = market.sell("alice", 5, at=101)

    taker = market.buy("bob", 2, at=105)

    [trade] = taker.done.trades
    assert (trade.price, trade.quantity, trade.amount) == (101, 2, 202)
    assert (trade.taker_order, trade.maker_order) == (taker.order.id, maker.order.id)
    assert (trade.taker_side, trade.timestamp) == ("buy", market.now)
    assert trade.id == trade.sequence
    assert [order.id for order in taker.done.orders] == [taker.order.id, maker.order.id]
