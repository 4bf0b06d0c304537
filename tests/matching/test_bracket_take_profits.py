"""A bracket's take profit may be one that is triggered: until then it grows with what the entry brings, as
the stop loss does, and the trigger of either ends the other and what is left of the entry.
"""

from __future__ import annotations

import pytest

from tests.drivers import Answer, MarketDriver
from tests.matching.scenes import told, trade_at, traded_at


def a_bracket(profit: int | None = None) -> tuple[MarketDriver, Answer]:
    """Last trade at 102; alice buys 10 at 100, to sell from 110 on (perhaps at a limit), or from 90 on."""
    market = traded_at(102)
    pair = market.bracket("alice", "buy", 10, at=100, profit_from=110, profit=profit, loss=90)
    return market, pair


def test_both_exits_wait_for_what_the_entry_brings() -> None:
    market, bracket = a_bracket()

    asleep = market.waiting()
    market.sell("bob", 4, at=100)
    market.restart()
    market.sell("bob", 2, at=100)

    assert asleep == []
    assert market.waiting() == ["alice sells 6 from 110", "alice sells 6 from 90"]
    assert told(market, bracket)[1:] == [
        "take_profit: untriggered, 0 of 6, 6 left",
        "stop_loss: untriggered, 0 of 6, 6 left",
    ]
    assert market.ladder() == ["100 bid: 4 alice"]


@pytest.mark.parametrize("price", [110, 90])
def test_the_trigger_of_one_ends_the_other_and_the_rest_of_the_entry(price: int) -> None:
    market, bracket = a_bracket(profit=89)
    market.sell("bob", 4, at=100)
    if price == 90:
        market.cancel("alice", bracket)  # or what sells at 90 would meet it
    market.buy("bob", 9, at=89)

    trade_at(market, price)

    entry, profit, loss = market.group(bracket)
    ended, filled = (loss, profit) if price == 110 else (profit, loss)
    assert (filled.status, filled.filled) == ("filled", 4)
    assert (ended.status, ended.reason, ended.filled) == ("canceled", "bracket", 0)
    assert (entry.status, entry.filled) == ("canceled", 4)
    assert market.waiting() == []
    assert market.balance("alice", "BTC").held == 0


def test_a_take_profit_that_is_through_when_it_is_armed_is_triggered_at_once() -> None:
    market, bracket = a_bracket(profit=105)
    market.amend("alice", market.group(bracket)[1].id, stop=95)

    market.sell("bob", 4, at=100)

    assert told(market, bracket) == [
        "entry: canceled (bracket), 4 of 10, 0 left",
        "take_profit: open, 0 of 4, 4 left",
        "stop_loss: canceled (bracket), 0 of 4, 0 left",
    ]
    assert market.ladder() == ["105 ask: 4 alice"]


def test_one_that_buys_back_holds_its_worst_price_for_the_whole_entry() -> None:
    market = traded_at(100)

    market.bracket("alice", "sell", 10, at=101, profit_from=90, profit=120, loss=105, loss_at=106)

    assert market.balance("alice", "USD").held == 1200


@pytest.mark.parametrize(
    ("profit_from", "loss", "errors"),
    [
        (100, 90, {"take_profit.stop_price": ["take_profit.stop_price must be above price"]}),
        (99, None, {"take_profit.stop_price": ["take_profit.stop_price must be above price"]}),
    ],
)
def test_its_trigger_is_the_better_price(
    profit_from: int, loss: int | None, errors: dict[str, list[str]]
) -> None:
    market = traded_at(102)

    answer = market.bracket("alice", "buy", 10, at=100, profit_from=profit_from, loss=loss)

    assert answer.refusal.errors == errors
