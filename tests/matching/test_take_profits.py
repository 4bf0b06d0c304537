"""A take profit is a stop the other way round: a sell waits for the last price to rise to its stop price, a
buy for it to fall. All else is as with stops. And any of them may be one that must wait: it is refused if the
last price has reached it already.
"""

import pytest

from tests.matching.scenes import trade_at, traded_at, trades_since


def test_a_sell_waits_for_the_price_to_rise() -> None:
    market = traded_at(100)
    market.buy("bob", 5, at=99)
    market.sell("alice", 5, stop=110, type="take_profit")
    before = len(market.trades)

    trade_at(market, 109)
    waits = market.waiting()
    trade_at(market, 110)

    assert waits == ["alice sells 5 from 110"]
    assert market.waiting() == []
    assert "alice sells 5 @ 99 to bob" in market.trades[before:]


def test_a_buy_waits_for_the_price_to_fall() -> None:
    market = traded_at(100)
    market.sell("bob", 5, at=101)
    market.buy("alice", 5, stop=90, at=101, type="take_profit_limit")
    before = len(market.trades)

    trade_at(market, 91)
    waits = market.waiting()
    trade_at(market, 90)

    assert waits == ["alice buys 5 from 90"]
    assert "alice buys 5 @ 101 from bob" in trades_since(market, before)


@pytest.mark.parametrize(
    ("side", "stop"), [("sell", 100), ("sell", 90), ("buy", 100), ("buy", 110)]
)
def test_what_is_reached_already_is_triggered_at_once(side: str, stop: int) -> None:
    market = traded_at(100)

    answer = market.place("alice", side, 5, stop=stop, type="take_profit")

    assert "OrderTriggered" in answer.events


def test_one_trade_triggers_both_kinds_in_the_order_of_their_places() -> None:
    market = traded_at(100)
    market.sell("dave", 1, stop=105, at=200, type="take_profit_limit")
    market.buy("alice", 1, stop=105, at=1)
    market.sell("carol", 1, stop=104, at=200, type="take_profit_limit")

    trade_at(market, 105)

    assert market.waiting() == []
    assert market.ladder() == ["200 ask: 1 dave, 1 carol", "1 bid: 1 alice"]


@pytest.mark.parametrize(
    ("side", "kind", "stop"),
    [
        ("buy", "stop", 100),
        ("sell", "stop", 100),
        ("buy", "take_profit", 100),
        ("sell", "take_profit", 100),
        ("buy", "stop", 99),
        ("sell", "take_profit", 99),
    ],
)
def test_one_that_must_wait_is_refused_if_it_is_reached(side: str, kind: str, stop: int) -> None:
    market = traded_at(100)

    answer = market.place("alice", side, 5, stop=stop, type=kind, must_wait=True)

    assert answer.refused == "stop_would_trigger"
    assert market.waiting() == []


def test_one_that_must_wait_waits() -> None:
    market = traded_at(100)

    market.buy("alice", 5, stop=101, must_wait=True)

    assert market.waiting() == ["alice buys 5 from 101"]


def test_nothing_else_must_wait() -> None:
    market = traded_at(100)

    assert market.buy("alice", 5, at=90, must_wait=True).refused == "invalid_order"


def test_it_has_no_price_and_its_limit_kind_has_one() -> None:
    market = traded_at(100)

    assert market.sell("alice", 5, stop=110, at=109, type="take_profit").refused == "invalid_order"
    assert market.sell("alice", 5, stop=110, type="take_profit_limit").refused == "invalid_order"
