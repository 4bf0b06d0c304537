"""A stop waits, out of the book, until the last price reaches its stop price: a buy's from below, a
sell's from above. The trade itself triggers it. It is handled after the command that triggered it and
before the next one, in the order of (the trade that triggered, the place that the stop got).
"""

import pytest

from tests.drivers import MarketDriver
from tests.matching.scenes import trade_at, traded_at, trades_since

# Waiting


def test_a_stop_waits_out_of_the_book() -> None:
    market = traded_at(100)

    answer = market.buy("alice", 5, stop=110)

    assert answer.events == ["OrderAccepted"]
    assert (answer.order.type, answer.order.status) == ("stop", "untriggered")
    assert market.waiting() == ["alice buys 5 from 110"]
    assert market.ladder() == []
    assert market.batches[-1].bids == market.batches[-1].asks == ()


def test_a_stop_limit_waits_in_the_same_way() -> None:
    market = traded_at(100)

    answer = market.sell("alice", 5, stop=90, at=88)

    assert (answer.order.type, answer.order.status) == ("stop_limit", "untriggered")
    assert (answer.order.stop_price, answer.order.price) == (90, 88)
    assert market.waiting() == ["alice sells 5 from 90"]
    assert market.ladder() == []


def test_nobody_trades_with_a_stop_that_waits() -> None:
    market = traded_at(100)
    market.sell("alice", 5, stop=90, at=88)

    order = market.buy("bob", 5, at=99).order

    assert (order.status, order.filled) == ("open", 0)


# The trigger


@pytest.mark.parametrize(("price", "triggers"), [(109, False), (110, True), (111, True)])
def test_a_buy_stop_is_triggered_at_its_price_or_above(price: int, triggers: bool) -> None:
    market = traded_at(100)
    stop = market.buy("alice", 5, stop=110)

    trade_at(market, price)

    assert (market.order(stop).status != "untriggered") is triggers


@pytest.mark.parametrize(("price", "triggers"), [(91, False), (90, True), (89, True)])
def test_a_sell_stop_is_triggered_at_its_price_or_below(price: int, triggers: bool) -> None:
    market = traded_at(100)
    stop = market.sell("alice", 5, stop=90)

    trade_at(market, price)

    assert (market.order(stop).status != "untriggered") is triggers


def test_a_triggered_stop_trades_as_a_market_order_in_the_same_command() -> None:
    market = traded_at(100)
    stop = market.buy("alice", 5, stop=110)
    market.sell("bob", 1, at=110)
    market.sell("carol", 3, at=111)
    market.sell("dave", 3, at=112)

    answer = market.buy("erin", 1, at=110)

    assert answer.events == ["OrderAccepted", "Trade", "OrderTriggered", "Trade", "Trade"]
    assert trades_since(market) == [
        "erin buys 1 @ 110 from bob",
        "alice buys 3 @ 111 from carol",
        "alice buys 2 @ 112 from dave",
    ]
    assert market.order(stop).status == "filled"
    assert market.ladder() == ["112 ask: 1 dave"]
    assert market.waiting() == []


def test_a_triggered_stop_limit_trades_and_rests_as_a_limit_order() -> None:
    market = traded_at(100)
    stop = market.sell("alice", 5, stop=90, at=88)
    market.buy("bob", 1, at=90)
    market.buy("carol", 2, at=89)
    market.buy("dave", 9, at=87)

    market.sell("erin", 1, at=90)

    assert trades_since(market)[1:] == ["alice sells 2 @ 89 to carol"]
    assert market.order(stop).status == "partially_filled"
    assert market.ladder() == ["88 ask: 3 alice", "87 bid: 9 dave"]


def test_the_place_of_a_triggered_stop_limit_is_that_of_its_trigger() -> None:
    market = traded_at(100)
    stop = market.sell("alice", 5, stop=90, at=95)
    market.sell("bob", 4, at=95)

    trade_at(market, 90)

    assert market.order(stop).priority > stop.order.priority
    assert market.ladder() == ["95 ask: 4 bob, 5 alice"]


def test_quotes_alone_trigger_nothing() -> None:
    market = traded_at(100)
    market.buy("alice", 5, stop=110)

    market.buy("bob", 1, at=120)
    market.sell("carol", 1, at=121)

    assert market.waiting() == ["alice buys 5 from 110"]


@pytest.mark.parametrize(
    ("side", "stop"), [("buy", 100), ("buy", 99), ("sell", 100), ("sell", 101)]
)
def test_a_stop_that_is_already_through_triggers_at_once(side: str, stop: int) -> None:
    market = traded_at(100)
    market.buy("bob", 5, at=98)
    market.sell("bob", 5, at=102)

    answer = market.place("alice", side, 5, stop=stop)

    assert answer.events == ["OrderAccepted", "OrderTriggered", "Trade"]
    assert answer.order.status == "filled"


def test_before_any_trade_no_stop_is_through() -> None:
    market = MarketDriver()
    market.sell("bob", 5, at=120)

    stop = market.buy("alice", 5, stop=110)

    assert stop.order.status == "untriggered"


def test_a_stop_is_triggered_once() -> None:
    market = traded_at(100)
    stop = market.buy("alice", 5, stop=110, at=111)
    trade_at(market, 110)

    market.sell("bob", 2, at=111)
    trade_at(market, 115)

    assert (market.order(stop).status, market.order(stop).filled) == ("partially_filled", 2)


def test_a_prevented_trade_triggers_nothing() -> None:
    market = traded_at(100)
    market.sell("bob", 1, at=110)
    market.buy("alice", 5, stop=110)

    market.buy("bob", 1, at=110, self_trade_prevention="cancel_both")

    assert market.waiting() == ["alice buys 5 from 110"]


# The order of triggers


def test_of_stops_that_one_trade_triggers_the_older_goes_first_whatever_its_price() -> None:
    market = traded_at(100)
    market.buy("alice", 1, stop=112)
    market.buy("bob", 1, stop=110)
    market.buy("carol", 1, stop=111)
    market.sell("dave", 9, at=112)

    market.buy("erin", 1, at=112)

    assert [trade.split()[0] for trade in trades_since(market, 2)] == ["alice", "bob", "carol"]


def test_the_trade_that_triggered_counts_before_the_stops_age() -> None:
    market = traded_at(100)
    market.buy("alice", 1, stop=112)
    market.buy("bob", 1, stop=111)
    for price in (111, 112):
        market.sell("dave", 1, at=price)
    market.sell("dave", 9, at=113)

    market.buy("erin", 2, at=112)

    assert trades_since(market) == [
        "erin buys 1 @ 111 from dave",
        "erin buys 1 @ 112 from dave",
        "bob buys 1 @ 113 from dave",
        "alice buys 1 @ 113 from dave",
    ]


def test_buys_and_sells_that_one_trade_triggers_go_by_age_too() -> None:
    market = traded_at(100)
    market.auction()
    market.sell("alice", 1, stop=105, at=50)
    market.buy("bob", 1, stop=95, at=150)

    market.open()

    assert trades_since(market) == ["bob buys 1 @ 50 from alice"]


def test_a_stop_does_not_trade_before_the_command_that_triggers_it_is_done() -> None:
    market = traded_at(100)
    market.buy("alice", 2, stop=110)
    market.sell("bob", 1, at=110)
    market.sell("bob", 2, at=111)
    market.sell("bob", 2, at=112)

    market.buy("carol", 3, at=112)

    assert trades_since(market) == [
        "carol buys 1 @ 110 from bob",
        "carol buys 2 @ 111 from bob",
        "alice buys 2 @ 112 from bob",
    ]


def test_a_stop_trades_before_the_next_command_of_the_batch() -> None:
    market = traded_at(100)
    market.buy("alice", 2, stop=110)
    market.sell("bob", 1, at=110)
    market.sell("bob", 2, at=111)

    with market.batch():
        market.buy("carol", 1, at=110)
        too_late = market.buy("dave", 2, at=111)

    assert trades_since(market)[1:] == ["alice buys 2 @ 111 from bob"]
    assert too_late.order.status == "open"


def test_a_stop_that_triggers_another_comes_before_it() -> None:
    market = traded_at(100)
    for trader, stop in (("carol", 112), ("bob", 111), ("alice", 110)):
        market.buy(trader, 1, stop=stop)
    for price in (110, 111, 112, 113):
        market.sell("dave", 1, at=price)

    answer = market.buy("erin", 1, at=110)

    assert answer.events == ["OrderAccepted", "Trade"] + ["OrderTriggered", "Trade"] * 3
    assert trades_since(market) == [
        "erin buys 1 @ 110 from dave",
        "alice buys 1 @ 111 from dave",
        "bob buys 1 @ 112 from dave",
        "carol buys 1 @ 113 from dave",
    ]


def test_what_a_stop_triggers_comes_after_all_that_were_triggered_before() -> None:
    market = traded_at(100)
    market.buy("carol", 1, stop=112)
    market.buy("alice", 1, stop=110)
    market.buy("bob", 1, stop=110)
    for price in (110, 112, 113, 114):
        market.sell("dave", 1, at=price)

    market.buy("erin", 1, at=110)

    assert trades_since(market)[1:] == [
        "alice buys 1 @ 112 from dave",
        "bob buys 1 @ 113 from dave",
        "carol buys 1 @ 114 from dave",
    ]


def test_a_long_chain_comes_to_an_end_in_its_order() -> None:
    market = traded_at(100)
    prices = range(110, 310)
    for price in reversed(prices):
        market.buy("alice", 1, stop=price)
    for price in prices:
        market.sell("bob", 1, at=price)

    market.buy("carol", 1, at=110)

    assert trades_since(market, 2) == [f"alice buys 1 @ {price} from bob" for price in prices[1:]]
    assert market.waiting() == []
    assert market.rows.live == {}


def test_a_triggered_stop_never_trades_with_its_own_account() -> None:
    market = traded_at(100)
    stop = market.buy("alice", 5, stop=110, self_trade_prevention="cancel_oldest")
    market.sell("alice", 2, at=111)
    market.sell("bob", 5, at=112)

    trade_at(market, 110)

    assert trades_since(market, 2) == ["alice buys 5 @ 112 from bob"]
    assert market.order(stop).status == "filled"


# Undo, restart


def test_stops_survive_a_restart_in_their_order() -> None:
    market = traded_at(100)
    market.buy("alice", 1, stop=112)
    market.buy("bob", 1, stop=110)
    market.buy("carol", 1, stop=112)
    market.sell("erin", 1, stop=90)

    market.restart()

    assert market.waiting() == [
        "bob buys 1 from 110",
        "alice buys 1 from 112",
        "carol buys 1 from 112",
        "erin sells 1 from 90",
    ]
    market.sell("dave", 9, at=112)
    market.buy("frank", 1, at=112)
    assert [trade.split()[0] for trade in trades_since(market, 2)] == ["alice", "bob", "carol"]


def test_a_triggered_stop_limit_that_rests_survives_a_restart_as_what_it_is_now() -> None:
    market = traded_at(100)
    stop = market.sell("alice", 5, stop=90, at=95)
    trade_at(market, 90)

    market.restart()

    assert market.order(stop).status == "open"
    assert market.waiting() == []
    assert market.ladder() == ["95 ask: 5 alice"]


def test_a_chain_of_triggers_that_is_undone_never_was() -> None:
    market = traded_at(100)
    for trader, stop in (("carol", 112), ("bob", 111), ("alice", 110)):
        market.buy(trader, 1, stop=stop)
    for price in (110, 111, 112):
        market.sell("dave", 1, at=price)
    ladder, waiting = market.ladder(), market.waiting()

    with market.batch(fails=True):
        market.buy("erin", 1, at=110)
        market.buy("alice", 1, stop=110)

    assert (market.ladder(), market.waiting()) == (ladder, waiting)
    assert market.trades == ["zoe buys 1 @ 100 from yuri"]
