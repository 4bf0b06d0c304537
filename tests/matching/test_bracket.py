"""A bracket: an entry and, on the other side, a take profit (limit), a stop loss (stop), or both.

The exits want what the entry has brought so far, less its fee, in whole lots; they hold it once. An entry
that ends leaves the exits what it brought; if that is nothing, they end too. (What becomes of the exits:
test_bracket_exits.)
"""

import pytest

from tests.drivers import MarketDriver
from tests.matching.scenes import a_bracket, told, trade_at, traded_at

NOTHING_YET = [
    "entry: open, 0 of 10, 10 left",
    "take_profit: untriggered, 0 of 0, 0 left",
    "stop_loss: untriggered, 0 of 0, 0 left",
]


# The entry


def test_until_the_entry_trades_its_exits_want_nothing() -> None:
    market, bracket = a_bracket()

    assert bracket.events == ["OrderAccepted"] * 3
    assert told(market, bracket) == NOTHING_YET
    assert {order.group for order in market.group(bracket)} == {bracket.order.id}
    assert market.ladder() == ["100 bid: 10 alice"]
    assert market.waiting() == []
    assert market.balance("alice", "USD") == (999_000, 1_000)
    assert market.balance("alice", "BTC") == (1_000_000, 0)


def test_each_fill_of_the_entry_arms_the_exits_with_as_much() -> None:
    market, bracket = a_bracket()

    answer = market.sell("bob", 4, at=100)
    first = told(market, bracket)
    market.sell("bob", 6, at=100)

    assert answer.events == ["OrderAccepted", "Trade", "OrderArmed", "OrderArmed"]
    assert first == [
        "entry: partially_filled, 4 of 10, 6 left",
        "take_profit: open, 0 of 4, 4 left",
        "stop_loss: untriggered, 0 of 4, 4 left",
    ]
    assert market.ladder() == ["110 ask: 10 alice"]
    assert market.waiting() == ["alice sells 10 from 90"]


def test_the_exits_hold_what_the_entry_brought_once() -> None:
    market, _ = a_bracket()

    market.sell("bob", 4, at=100)

    assert market.balance("alice", "BTC") == (1_000_000, 4)
    assert market.balance("alice", "USD") == (999_000, 600)


def test_an_entry_that_takes_at_once_arms_at_once() -> None:
    market = traded_at(102)
    market.sell("bob", 4, at=99)

    bracket = market.bracket("alice", "buy", 10, at=100, profit=110, loss=90)

    assert bracket.events == ["OrderAccepted"] * 3 + ["Trade", "OrderArmed", "OrderArmed"]
    assert market.ladder() == ["110 ask: 4 alice", "100 bid: 6 alice"]


def test_a_growing_take_profit_goes_to_the_back_of_its_level() -> None:
    market, _ = a_bracket()
    market.sell("bob", 4, at=100)
    market.sell("carol", 5, at=110)

    market.sell("bob", 1, at=100)

    assert market.ladder() == ["110 ask: 5 carol, 5 alice", "100 bid: 5 alice"]


def test_what_the_fee_takes_the_exits_do_not_want() -> None:
    market, bracket = a_bracket(maker_fee_rate=100_000, taker_fee_rate=100_000)

    market.sell("bob", 10, at=100)

    assert told(market, bracket)[1:] == [
        "take_profit: open, 0 of 9, 9 left",
        "stop_loss: untriggered, 0 of 9, 9 left",
    ]
    assert market.balance("alice", "BTC") == (1_000_000, 9)


def test_what_a_rebate_adds_the_exits_want_too() -> None:
    market, bracket = a_bracket(maker_fee_rate=-100_000, taker_fee_rate=100_000)

    market.sell("bob", 10, at=100)

    assert told(market, bracket)[1] == "take_profit: open, 0 of 11, 11 left"
    assert market.balance("alice", "BTC") == (1_000_000, 11)


def test_the_exits_want_whole_lots_only() -> None:
    market, bracket = a_bracket(lot_size=1, maker_fee_rate=100_000, taker_fee_rate=100_000)
    market.cancel_all("alice")
    market.configure(lot_size=5, min_quantity=5)
    bracket = market.bracket("alice", "buy", 20, at=100, profit=110, loss=90)

    market.sell("bob", 5, at=100)
    after_4 = told(market, bracket)[1]
    market.sell("bob", 5, at=100)
    after_8 = told(market, bracket)[1]
    market.sell("bob", 10, at=100)
    after_17 = told(market, bracket)[1]

    assert after_4 == "take_profit: untriggered, 0 of 0, 0 left"
    assert after_8 == "take_profit: open, 0 of 5, 5 left"
    assert after_17 == "take_profit: open, 0 of 15, 15 left"
    assert market.balance("alice", "BTC") == (1_000_002, 15)


def test_an_entry_that_brought_less_than_a_lot_leaves_no_exits() -> None:
    market = MarketDriver(
        lot_size=5, min_quantity=5, maker_fee_rate=100_000, taker_fee_rate=100_000
    )
    bracket = market.bracket("alice", "buy", 5, at=100, profit=110, loss=90)

    market.sell("bob", 5, at=100)

    assert told(market, bracket) == [
        "entry: filled, 5 of 5, 0 left",
        "take_profit: canceled (bracket), 0 of 0, 0 left",
        "stop_loss: canceled (bracket), 0 of 0, 0 left",
    ]
    assert market.balance("alice", "BTC") == (1_000_004, 0)


def test_a_market_order_may_be_an_entry() -> None:
    market = traded_at(102)
    market.sell("bob", 4, at=103)

    bracket = market.bracket("alice", "buy", 10, profit=110, loss=90)

    assert told(market, bracket) == [
        "entry: canceled (no_liquidity), 4 of 10, 0 left",
        "take_profit: open, 0 of 4, 4 left",
        "stop_loss: untriggered, 0 of 4, 4 left",
    ]


def test_a_market_order_that_brings_nothing_leaves_nothing() -> None:
    market = traded_at(102)

    bracket = market.bracket("alice", "buy", 10, profit=110, loss=90)

    assert [order.reason for order in market.group(bracket)] == [
        "no_liquidity",
        "bracket",
        "bracket",
    ]


def test_a_stop_may_be_an_entry_and_arms_when_it_has_traded() -> None:
    market = traded_at(102)
    bracket = market.bracket("alice", "buy", 4, stop=105, profit=120, loss=90)
    market.sell("bob", 9, at=106)
    assert market.waiting() == ["alice buys 4 from 105"]

    trade_at(market, 105)

    assert told(market, bracket) == [
        "entry: filled, 4 of 4, 0 left",
        "take_profit: open, 0 of 4, 4 left",
        "stop_loss: untriggered, 0 of 4, 4 left",
    ]


def test_an_iceberg_may_be_an_entry() -> None:
    market = traded_at(102)
    market.bracket("alice", "buy", 10, at=100, show=3, profit=110)

    market.sell("bob", 4, at=100)

    assert market.ladder() == ["110 ask: 4 alice", "100 bid: 2+4 alice"]


# The entry's end


def test_an_entry_canceled_before_it_traded_cancels_its_exits() -> None:
    market, bracket = a_bracket()

    market.cancel("alice", bracket)

    assert told(market, bracket) == [
        "entry: canceled (canceled_by_owner), 0 of 10, 0 left",
        "take_profit: canceled (bracket), 0 of 0, 0 left",
        "stop_loss: canceled (bracket), 0 of 0, 0 left",
    ]
    assert market.rows.live == {}


def test_an_entry_canceled_later_keeps_the_exits_for_what_it_brought() -> None:
    market, bracket = a_bracket()
    market.sell("bob", 4, at=100)

    market.cancel("alice", bracket)

    assert told(market, bracket) == [
        "entry: canceled (canceled_by_owner), 4 of 10, 0 left",
        "take_profit: open, 0 of 4, 4 left",
        "stop_loss: untriggered, 0 of 4, 4 left",
    ]
    assert market.balance("alice", "BTC") == (1_000_000, 4)
    assert market.balance("alice", "USD") == (999_600, 0)


def test_an_entry_amended_to_what_is_filled_keeps_the_exits_too() -> None:
    market, bracket = a_bracket()
    market.sell("bob", 4, at=100)

    market.amend("alice", bracket, quantity=4)

    assert told(market, bracket)[:2] == [
        "entry: canceled (amended), 4 of 10, 0 left",
        "take_profit: open, 0 of 4, 4 left",
    ]


@pytest.mark.parametrize("sold", [0, 4])
def test_an_entry_that_expires_ends_as_one_that_is_canceled(sold: int) -> None:
    market = traded_at(102)
    bracket = market.bracket(
        "alice", "buy", 10, at=100, profit=110, time_in_force="gtd", expires_in=60
    )
    if sold:
        market.sell("bob", sold, at=100)

    market.wait(60)

    assert told(market, bracket) == [
        f"entry: expired (expired), {sold} of 10, 0 left",
        "take_profit: open, 0 of 4, 4 left"
        if sold
        else "take_profit: canceled (bracket), 0 of 0, 0 left",
    ]


@pytest.mark.parametrize(
    ("time_in_force", "filled", "reason"),
    [("ioc", 4, "ioc_remainder"), ("fok", 0, "fok_unfillable")],
)
def test_an_entry_that_does_not_rest_keeps_exits_for_what_it_took(
    time_in_force: str, filled: int, reason: str
) -> None:
    market = traded_at(102)
    market.sell("bob", 4, at=100)

    bracket = market.bracket("alice", "buy", 10, at=100, profit=110, time_in_force=time_in_force)

    assert told(market, bracket) == [
        f"entry: canceled ({reason}), {filled} of 10, 0 left",
        "take_profit: open, 0 of 4, 4 left"
        if filled
        else "take_profit: canceled (bracket), 0 of 0, 0 left",
    ]


@pytest.mark.parametrize(
    ("mode", "entry"),
    [
        ("cancel_newest", "entry: canceled (self_trade_prevention), 4 of 10, 0 left"),
        ("cancel_oldest", "entry: partially_filled, 4 of 10, 6 left"),
        ("cancel_both", "entry: canceled (self_trade_prevention), 4 of 10, 0 left"),
        ("decrement", "entry: partially_filled, 4 of 10, 4 left"),
    ],
)
def test_what_is_prevented_brings_nothing(mode: str, entry: str) -> None:
    market = traded_at(102)
    market.sell("bob", 4, at=99)
    market.sell("alice", 2, at=100)

    bracket = market.bracket(
        "alice", "buy", 10, at=100, profit=110, loss=90, self_trade_prevention=mode
    )

    assert told(market, bracket) == [
        entry,
        "take_profit: open, 0 of 4, 4 left",
        "stop_loss: untriggered, 0 of 4, 4 left",
    ]
