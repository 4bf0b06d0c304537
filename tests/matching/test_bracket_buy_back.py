"""A bracket whose entry sells has exits that buy back. They hold their money for the whole entry from the
start, at the most that either needs; what the entry does not bring, and what they do not use, is released.
"""

import pytest

from tests.drivers import Answer, MarketDriver
from tests.matching.scenes import told, trade_at, traded_at, trades_since


def a_buy_back(**changes: int) -> tuple[MarketDriver, Answer]:
    """Last trade at 98; alice sells 10 at 100, to buy back at 90, or from 110 on (at 121 at worst)."""
    market = traded_at(98, **changes)
    return market, market.bracket("alice", "sell", 10, at=100, profit=90, loss=110)


def test_the_exits_hold_their_worst_price_for_the_whole_entry_from_the_start() -> None:
    market, _ = a_buy_back()

    assert market.balance("alice", "BTC") == (999_990, 10)
    assert market.balance("alice", "USD") == (1_000_000 - 1_210, 1_210)


@pytest.mark.parametrize(
    ("profit", "loss", "loss_at", "held"),
    [(90, None, None, 900), (None, 110, None, 1_210), (90, 110, 112, 1_120)],
)
def test_the_most_that_either_needs(
    profit: int | None, loss: int | None, loss_at: int | None, held: int
) -> None:
    market = traded_at(98)

    market.bracket("alice", "sell", 10, at=100, profit=profit, loss=loss, loss_at=loss_at)

    assert market.balance("alice", "USD") == (1_000_000 - held, held)


def test_a_bracket_that_could_not_buy_back_is_refused_whole() -> None:
    market = traded_at(98)
    market.deposit("alice", "USD", 1_209 - 1_000_000)

    too_poor = market.bracket("alice", "sell", 10, at=100, profit=90, loss=110)
    market.deposit("alice", "USD", 1)
    rich_enough = market.bracket("alice", "sell", 10, at=100, profit=90, loss=110)

    assert too_poor.refusal.message == "needs 1210 USD, available 1209 USD"
    assert len(rich_enough.done.group) == 3
    assert market.balance("alice", "USD") == (0, 1_210)


def test_what_the_entry_brings_is_not_needed_for_the_exits() -> None:
    market, bracket = a_buy_back()

    market.buy("bob", 4, at=100)

    assert told(market, bracket) == [
        "entry: partially_filled, 4 of 10, 6 left",
        "take_profit: open, 0 of 4, 4 left",
        "stop_loss: untriggered, 0 of 4, 4 left",
    ]
    assert market.balance("alice", "USD") == (1_000_000 - 1_210 + 400, 1_210)
    assert market.ladder() == ["100 ask: 6 alice", "90 bid: 4 alice"]


def test_the_fee_of_a_selling_entry_takes_nothing_off_what_is_bought_back() -> None:
    market, bracket = a_buy_back(maker_fee_rate=100_000, taker_fee_rate=100_000)

    market.buy("bob", 10, at=100)

    assert told(market, bracket)[1] == "take_profit: open, 0 of 10, 10 left"


def test_a_take_profit_pays_from_the_hold_and_releases_what_the_stop_needed_more() -> None:
    market, bracket = a_buy_back()
    market.buy("bob", 10, at=100)

    market.sell("carol", 3, at=90)

    assert told(market, bracket)[1:] == [
        "take_profit: partially_filled, 3 of 10, 7 left",
        "stop_loss: untriggered, 0 of 10, 7 left",
    ]
    assert market.balance("alice", "USD") == (1_001_000 - 270 - 847, 847)
    market.sell("carol", 7, at=90)
    assert market.balance("alice", "USD") == (1_000_100, 0)
    assert market.balance("alice", "BTC") == (1_000_000, 0)


def test_a_stop_loss_pays_from_the_hold_and_releases_the_rest() -> None:
    market, bracket = a_buy_back()
    market.buy("bob", 10, at=100)
    market.sell("carol", 20, at=112)

    trade_at(market, 110)

    assert trades_since(market)[-1] == "alice buys 10 @ 112 from carol"
    assert told(market, bracket)[1:] == [
        "take_profit: canceled (bracket), 0 of 10, 0 left",
        "stop_loss: filled, 10 of 10, 0 left",
    ]
    assert market.balance("alice", "USD") == (1_001_000 - 1_120, 0)


def test_with_nothing_else_to_spend_a_stop_loss_still_pays_its_worst_price() -> None:
    market = traded_at(98)
    market.deposit("alice", "USD", 1_210 - 1_000_000)
    market.bracket("alice", "sell", 10, at=100, profit=90, loss=110)
    market.buy("bob", 10, at=100)
    market.deposit("alice", "USD", -1_000)
    market.sell("carol", 20, at=121)

    trade_at(market, 110)

    assert trades_since(market)[-1] == "alice buys 10 @ 121 from carol"
    assert market.balance("alice", "USD") == (0, 0)


def test_an_entry_that_ends_releases_what_the_exits_will_not_need() -> None:
    market, bracket = a_buy_back()
    market.buy("bob", 4, at=100)

    market.cancel("alice", bracket)

    assert market.balance("alice", "USD") == (1_000_400 - 484, 484)
    assert market.balance("alice", "BTC") == (999_996, 0)


def test_an_entry_that_brought_nothing_releases_all() -> None:
    market, bracket = a_buy_back()

    market.cancel("alice", bracket)

    assert market.balance("alice", "USD") == market.balance("alice", "BTC") == (1_000_000, 0)
    assert market.rows.live == {}


def test_a_market_order_that_sells_holds_for_what_it_will_bring() -> None:
    market = traded_at(98)
    market.buy("bob", 4, at=97)

    bracket = market.bracket("alice", "sell", 10, profit=90, loss=110)

    assert told(market, bracket) == [
        "entry: canceled (no_liquidity), 4 of 10, 0 left",
        "take_profit: open, 0 of 4, 4 left",
        "stop_loss: untriggered, 0 of 4, 4 left",
    ]
    assert market.balance("alice", "USD") == (1_000_000 + 388 - 484, 484)


def test_an_exit_that_is_amended_to_need_more_must_be_paid_for() -> None:
    market = traded_at(98)
    market.deposit("alice", "USD", 1_210 - 1_000_000)
    bracket = market.bracket("alice", "sell", 10, at=100, profit=90, loss=110)
    _, profit, loss = market.group(bracket)

    dearer = market.amend("alice", loss.id, stop=111)
    cheaper = market.amend("alice", loss.id, stop=109)
    anywhere_below = market.amend("alice", profit.id, at=95)

    assert dearer.refusal.message == "needs 1220 USD, available 1210 USD"
    assert (cheaper.refused, anywhere_below.refused) == (None, None)
    assert market.balance("alice", "USD") == (20, 1_190)


def test_an_entry_that_is_amended_to_more_must_be_paid_for() -> None:
    market = traded_at(98)
    market.deposit("alice", "USD", 1_331 - 1_000_000)
    bracket = market.bracket("alice", "sell", 10, at=100, profit=90, loss=110)

    too_much = market.amend("alice", bracket, quantity=12)
    just_right = market.amend("alice", bracket, quantity=11)

    assert too_much.refusal.message == "needs 1452 USD, available 1331 USD"
    assert just_right.order.quantity == 11
    assert market.balance("alice", "USD") == (0, 1_331)
    less = market.amend("alice", bracket, quantity=5)
    assert less.order.quantity == 5
    assert market.balance("alice", "USD") == (726, 605)


def test_what_an_entry_is_prevented_from_is_released() -> None:
    market, bracket = a_buy_back()

    market.buy("alice", 4, at=100, self_trade_prevention="decrement")

    assert told(market, bracket)[0] == "entry: open, 0 of 10, 6 left"
    assert market.balance("alice", "USD") == (1_000_000 - 726, 726)


def test_a_restart_holds_the_same() -> None:
    market, _ = a_buy_back()
    market.restart()
    market.buy("bob", 4, at=100)
    market.sell("carol", 1, at=90)
    held = market.balance("alice", "USD").held

    market.restart()
    market.buy("bob", 6, at=100)

    assert held == 1_210 - 121
    assert market.balance("alice", "USD").held == 1_210 - 121
    market.cancel_all("alice")
    assert market.balance("alice", "USD") == (1_000_000 + 1_000 - 90, 0)


def test_what_is_undone_held_nothing() -> None:
    market, _ = a_buy_back()
    before = market.balance("alice", "USD")

    with market.batch(fails=True):
        market.buy("bob", 4, at=100)
        market.sell("carol", 9, at=90)
        market.bracket("alice", "sell", 10, at=101, profit=90, loss=110)

    assert market.balance("alice", "USD") == before
    market.cancel_all("alice")
    assert market.balance("alice", "USD") == (1_000_000, 0)
