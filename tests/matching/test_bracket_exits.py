"""The exits of a bracket: what the take profit trades the stop loss wants less; the stop's trigger cancels
the take profit; when an exit has ended, the other exit and the rest of the entry are canceled.

An exit whose price has been reached already when it is armed trades at once.
"""

import pytest

from tests.matching.scenes import a_bracket, told, trade_at, traded_at, trades_since


def test_what_the_take_profit_trades_the_stop_loss_wants_less() -> None:
    market, bracket = a_bracket()
    market.sell("bob", 10, at=100)

    answer = market.buy("carol", 3, at=110)

    assert answer.events == ["OrderAccepted", "Trade", "QuantityReduced"]
    assert told(market, bracket)[1:] == [
        "take_profit: partially_filled, 3 of 10, 7 left",
        "stop_loss: untriggered, 0 of 10, 7 left",
    ]
    assert market.balance("alice", "BTC") == (1_000_000, 7)


def test_a_take_profit_that_is_filled_cancels_the_stop_loss() -> None:
    market, bracket = a_bracket()
    market.sell("bob", 10, at=100)

    market.buy("carol", 10, at=110)

    assert told(market, bracket)[1:] == [
        "take_profit: filled, 10 of 10, 0 left",
        "stop_loss: canceled (bracket), 0 of 10, 0 left",
    ]
    assert market.balance("alice", "USD") == (1_000_100, 0)
    assert market.balance("alice", "BTC") == (1_000_000, 0)


def test_the_stops_trigger_cancels_the_take_profit_and_sells_what_is_left() -> None:
    market, bracket = a_bracket()
    market.sell("bob", 10, at=100)
    market.buy("carol", 3, at=110)
    market.buy("dave", 9, at=88)

    trade_at(market, 90)

    assert told(market, bracket)[1:] == [
        "take_profit: canceled (bracket), 3 of 10, 0 left",
        "stop_loss: filled, 7 of 10, 0 left",
    ]
    assert trades_since(market)[-1] == "alice sells 7 @ 88 to dave"
    assert market.balance("alice", "BTC") == (1_000_000, 0)


def test_an_exit_that_has_ended_cancels_the_rest_of_the_entry() -> None:
    market, bracket = a_bracket()
    market.sell("bob", 4, at=100)

    market.buy("carol", 4, at=110)

    assert told(market, bracket) == [
        "entry: canceled (bracket), 4 of 10, 0 left",
        "take_profit: filled, 4 of 4, 0 left",
        "stop_loss: canceled (bracket), 0 of 4, 0 left",
    ]
    assert market.balance("alice", "USD") == (1_000_040, 0)


@pytest.mark.parametrize("canceled", [1, 2])
@pytest.mark.parametrize("brought", [0, 4])
def test_an_exit_that_is_canceled_ends_the_bracket(canceled: int, brought: int) -> None:
    market, bracket = a_bracket()
    if brought:
        market.sell("bob", brought, at=100)

    market.cancel("alice", market.group(bracket)[canceled].id)

    reasons = ["bracket", "bracket", "bracket"]
    reasons[canceled] = "canceled_by_owner"
    assert [order.reason for order in market.group(bracket)] == reasons
    assert market.rows.live == {}
    assert market.balance("alice", "BTC") == (1_000_000 + brought, 0)


def test_a_take_profit_alone_is_enough() -> None:
    market = traded_at(102)
    bracket = market.bracket("alice", "buy", 4, at=100, profit=110)
    market.sell("bob", 4, at=100)

    market.buy("carol", 4, at=110)

    assert told(market, bracket) == [
        "entry: filled, 4 of 4, 0 left",
        "take_profit: filled, 4 of 4, 0 left",
    ]


def test_a_stop_loss_alone_is_enough() -> None:
    market = traded_at(102)
    bracket = market.bracket("alice", "buy", 4, at=100, loss=90)
    market.sell("bob", 4, at=100)
    market.buy("carol", 9, at=85)

    trade_at(market, 90)

    assert told(market, bracket) == [
        "entry: filled, 4 of 4, 0 left",
        "stop_loss: filled, 4 of 4, 0 left",
    ]


def test_a_stop_loss_may_be_a_stop_limit() -> None:
    market = traded_at(102)
    bracket = market.bracket("alice", "buy", 4, at=100, profit=110, loss=90, loss_at=88)
    market.sell("bob", 4, at=100)

    trade_at(market, 90)

    assert market.ladder() == ["88 ask: 4 alice"]
    assert told(market, bracket)[1:] == [
        "take_profit: canceled (bracket), 0 of 4, 0 left",
        "stop_loss: open, 0 of 4, 4 left",
    ]
    assert market.balance("alice", "BTC") == (1_000_000, 4)


def test_what_a_stop_loss_finds_no_liquidity_for_is_free_again() -> None:
    market, bracket = a_bracket()
    market.sell("bob", 10, at=100)

    trade_at(market, 90)

    assert told(market, bracket)[2] == "stop_loss: canceled (no_liquidity), 0 of 10, 0 left"
    assert market.balance("alice", "BTC") == (1_000_010, 0)


def test_prevention_of_the_take_profit_is_no_trade_of_it() -> None:
    market, bracket = a_bracket()
    market.sell("bob", 10, at=100)

    market.buy("alice", 3, at=110, self_trade_prevention="decrement")

    assert told(market, bracket)[1:] == [
        "take_profit: open, 0 of 10, 7 left",
        "stop_loss: untriggered, 0 of 10, 10 left",
    ]
    assert market.balance("alice", "BTC") == (1_000_000, 10)


def test_a_take_profit_that_prevention_ends_ends_the_bracket() -> None:
    market, bracket = a_bracket()
    market.sell("bob", 4, at=100)

    market.buy("alice", 3, at=110, self_trade_prevention="cancel_oldest")

    assert [order.reason for order in market.group(bracket)] == [
        "bracket",
        "self_trade_prevention",
        "bracket",
    ]


# Reached already when they are armed


def test_a_take_profit_that_can_trade_when_it_is_armed_trades_at_once() -> None:
    market = traded_at(102)
    bracket = market.bracket("alice", "buy", 4, at=100, profit=110, loss=90)
    market.amend("alice", market.group(bracket)[1].id, at=97)
    market.buy("carol", 3, at=98)

    answer = market.sell("bob", 4, at=100)

    assert answer.events == [
        "OrderAccepted",
        "Trade",
        "OrderArmed",
        "OrderArmed",
        "Trade",
        "QuantityReduced",
    ]
    assert trades_since(market)[1:] == ["alice sells 3 @ 98 to carol"]
    assert told(market, bracket)[1:] == [
        "take_profit: partially_filled, 3 of 4, 1 left",
        "stop_loss: untriggered, 0 of 4, 1 left",
    ]
    assert market.ladder() == ["97 ask: 1 alice"]
    assert market.balance("alice", "BTC") == (1_000_000, 1)


def test_a_take_profit_that_meets_its_own_entry_is_prevented_as_ever() -> None:
    market, bracket = a_bracket()
    market.amend("alice", market.group(bracket)[1].id, at=97)

    market.sell("bob", 4, at=100)

    assert [order.reason for order in market.group(bracket)] == [
        "bracket",
        "self_trade_prevention",
        "bracket",
    ]
    assert market.rows.live == {}


def test_a_stop_loss_that_is_through_when_it_is_armed_triggers_at_once() -> None:
    market = traded_at(102)
    bracket = market.bracket("alice", "buy", 4, at=100, profit=110, loss=95)
    market.amend("alice", market.group(bracket)[2].id, stop=101)
    market.buy("carol", 9, at=98)

    market.sell("bob", 4, at=100)

    assert trades_since(market) == ["bob sells 4 @ 100 to alice", "alice sells 4 @ 98 to carol"]
    assert told(market, bracket) == [
        "entry: filled, 4 of 4, 0 left",
        "take_profit: canceled (bracket), 0 of 4, 0 left",
        "stop_loss: filled, 4 of 4, 0 left",
    ]


def test_a_stop_loss_that_is_through_ends_the_rest_of_the_entry_first() -> None:
    market = traded_at(102)
    bracket = market.bracket("alice", "buy", 10, at=100, profit=110, loss=95)
    market.amend("alice", market.group(bracket)[2].id, stop=101)
    market.buy("carol", 9, at=98)

    market.sell("bob", 4, at=100)

    assert trades_since(market)[1:] == ["alice sells 4 @ 98 to carol"], "not to alice at 100"
    assert told(market, bracket) == [
        "entry: canceled (bracket), 4 of 10, 0 left",
        "take_profit: canceled (bracket), 0 of 4, 0 left",
        "stop_loss: filled, 4 of 4, 0 left",
    ]


def test_of_two_that_are_reached_the_take_profit_trades_before_the_stop_loss() -> None:
    market = traded_at(102)
    bracket = market.bracket("alice", "buy", 4, at=100, profit=110, loss=95)
    _, profit, loss = market.group(bracket)
    market.amend("alice", loss.id, stop=101)
    market.amend("alice", profit.id, at=97)
    market.buy("carol", 3, at=98)
    market.buy("carol", 9, at=96)

    market.sell("bob", 4, at=100)

    assert trades_since(market)[1:] == [
        "alice sells 3 @ 98 to carol",
        "alice sells 1 @ 96 to carol",
    ]
    assert told(market, bracket)[1:] == [
        "take_profit: canceled (bracket), 3 of 4, 0 left",
        "stop_loss: filled, 1 of 4, 0 left",
    ]
    assert market.balance("alice", "BTC") == (1_000_000, 0)


# Amends


def test_the_exits_prices_can_be_amended_before_and_after_they_are_armed() -> None:
    market, bracket = a_bracket()
    _, profit, loss = market.group(bracket)

    market.amend("alice", profit.id, at=115)
    market.amend("alice", loss.id, stop=85)
    market.sell("bob", 10, at=100)
    market.amend("alice", profit.id, at=114)
    market.amend("alice", loss.id, stop=86)

    assert market.ladder() == ["114 ask: 10 alice"]
    assert market.waiting() == ["alice sells 10 from 86"]
    assert market.balance("alice", "BTC") == (1_000_000, 10)


def test_how_much_an_exit_wants_is_not_its_owners_to_say() -> None:
    market, bracket = a_bracket()
    market.sell("bob", 4, at=100)
    _, profit, loss = market.group(bracket)

    answers = [market.amend("alice", order.id, quantity=3) for order in (profit, loss)]

    assert [answer.refused for answer in answers] == ["invalid_order"] * 2
    assert [list(answer.refusal.errors) for answer in answers] == [["quantity"], ["quantity"]]


def test_a_take_profit_amended_into_a_trade_takes() -> None:
    market, bracket = a_bracket()
    market.sell("bob", 10, at=100)
    market.buy("carol", 4, at=101)

    market.amend("alice", market.group(bracket)[1].id, at=101)

    assert trades_since(market)[1:] == ["alice sells 4 @ 101 to carol"]
    assert told(market, bracket)[1:] == [
        "take_profit: partially_filled, 4 of 10, 6 left",
        "stop_loss: untriggered, 0 of 10, 6 left",
    ]


def test_an_entry_amended_to_more_arms_the_exits_with_what_it_brings() -> None:
    market, bracket = a_bracket()
    market.sell("bob", 10, at=103)

    market.amend("alice", bracket, at=103, quantity=12)

    assert told(market, bracket) == [
        "entry: partially_filled, 10 of 12, 2 left",
        "take_profit: open, 0 of 10, 10 left",
        "stop_loss: untriggered, 0 of 10, 10 left",
    ]


# In an auction


def test_an_auction_arms_the_exits_when_it_has_uncrossed() -> None:
    market = traded_at(102)
    market.auction()
    bracket = market.bracket("alice", "buy", 10, at=100, profit=110, loss=90)
    market.sell("bob", 4, at=95)
    market.sell("carol", 9, at=99)
    assert market.ladder() == ["99 ask: 9 carol", "95 ask: 4 bob", "100 bid: 10 alice"]

    market.open()

    assert told(market, bracket)[1:] == [
        "take_profit: open, 0 of 10, 10 left",
        "stop_loss: untriggered, 0 of 10, 10 left",
    ]
    assert market.balance("alice", "BTC") == (1_000_000, 10)
    assert market.balance("alice", "USD") == (1_000_000 - 990, 0)


def test_the_exits_take_part_in_an_auction() -> None:
    market, bracket = a_bracket()
    market.sell("bob", 10, at=100)
    market.auction()
    market.buy("carol", 6, at=112)

    market.open()

    assert trades_since(market)[1:] == ["carol buys 6 @ 110 from alice"]
    assert told(market, bracket)[1:] == [
        "take_profit: partially_filled, 6 of 10, 4 left",
        "stop_loss: untriggered, 0 of 10, 4 left",
    ]
