"""A market order may say how much of the quote asset it spends or receives (`quote_quantity`) in place of
a quantity: as many whole lots as that pays at each price, never more than asked.
"""

import pytest

from markets.matching.types import MAX_UNITS
from tests.drivers import MarketDriver
from tests.matching.scenes import traded_at, trades_since


def test_a_buy_spends_no_more_than_asked_in_whole_lots() -> None:
    market = MarketDriver()
    market.sell("alice", 9, at=30)

    order = market.buy("bob", spending=100).order

    assert market.trades == ["bob buys 3 @ 30 from alice"]
    assert (order.status, order.quote_quantity, order.notional) == ("filled", 100, 90)
    assert (order.quantity, order.filled, order.canceled) == (3, 3, 0)
    assert market.balance("bob", "USD") == (999_910, 0)


def test_a_sell_receives_no_more_than_asked_in_whole_lots() -> None:
    market = MarketDriver()
    market.buy("alice", 9, at=30)

    order = market.sell("bob", spending=100).order

    assert market.trades == ["bob sells 3 @ 30 to alice"]
    assert (order.status, order.notional, order.quantity) == ("filled", 90, 3)
    assert market.balance("bob", "USD") == (1_000_090, 0)
    assert market.balance("bob", "BTC") == (999_997, 0)


def test_it_goes_on_from_price_to_price_with_what_is_left() -> None:
    market = MarketDriver()
    market.sell("alice", 2, at=30)
    market.sell("alice", 9, at=35)

    order = market.buy("bob", spending=140).order

    assert market.trades == ["bob buys 2 @ 30 from alice", "bob buys 2 @ 35 from alice"]
    assert (order.status, order.notional) == ("filled", 130)


def test_it_stops_at_the_first_price_that_what_is_left_does_not_pay() -> None:
    market = MarketDriver()
    market.buy("alice", 1, at=50)
    market.buy("carol", 9, at=40)

    order = market.sell("bob", spending=80).order

    assert market.trades == ["bob sells 1 @ 50 to alice"]
    assert (order.status, order.notional) == ("filled", 50)


def test_at_a_next_price_that_what_is_left_does_not_pay_it_is_done_too() -> None:
    market = MarketDriver()
    market.sell("alice", 1, at=30)
    market.sell("carol", 9, at=101)

    order = market.buy("bob", spending=100).order

    assert market.trades == ["bob buys 1 @ 30 from alice"]
    assert (order.status, order.quantity, order.notional) == ("filled", 1, 30)


def test_lots_are_those_of_the_market() -> None:
    market = MarketDriver(base_decimals=2, quote_decimals=2, tick_size=10, lot_size=10)
    market.sell("alice", 1_000, at=1_000)

    order = market.buy("bob", spending=1_299).order

    assert (order.filled, order.notional) == (120, 1_200), "1.2 at 10.00; 1.29 is no whole lots"


def test_what_a_thin_book_cannot_give_is_never_wanted() -> None:
    market = MarketDriver()
    market.sell("alice", 2, at=30)

    order = market.buy("bob", spending=100).order

    assert (order.status, order.reason) == ("canceled", "no_liquidity")
    assert (order.quantity, order.filled, order.canceled) == (2, 2, 0)
    assert market.balance("bob", "USD") == (999_940, 0)


def test_on_an_empty_book_it_comes_to_nothing() -> None:
    market = MarketDriver()

    order = market.buy("bob", spending=100).order

    assert (order.status, order.reason, order.quantity) == ("canceled", "no_liquidity", 0)


def test_where_a_lot_costs_more_than_asked_it_comes_to_nothing() -> None:
    market = traded_at(30)
    market.sell("alice", 2, at=101)

    answer = market.buy("bob", spending=100)

    assert answer.events == ["OrderAccepted", "OrderCanceled"]
    assert (answer.order.reason, answer.order.quantity) == ("no_liquidity", 0)
    assert trades_since(market) == []


def test_it_goes_no_further_than_its_slippage() -> None:
    market = MarketDriver()
    market.sell("alice", 1, at=30)
    market.sell("alice", 9, at=40)

    order = market.buy("bob", spending=100, max_slippage=100_000).order

    assert (order.filled, order.reason) == (1, "no_liquidity")


def test_fees_are_taken_from_what_is_received_as_ever() -> None:
    market = MarketDriver(taker_fee_rate=100_000)
    market.sell("alice", 9, at=30)
    market.buy("carol", 9, at=20)

    bought = market.buy("bob", spending=100).order
    sold = market.sell("bob", spending=100).order

    assert (bought.notional, bought.filled, bought.fee) == (90, 3, 1)
    assert (sold.notional, sold.filled, sold.fee) == (100, 5, 10)
    assert market.balance("bob", "USD") == (1_000_000 - 90 + 90, 0)
    assert market.balance("bob", "BTC") == (1_000_000 + 2 - 5, 0)


# What it needs


def test_a_buy_needs_all_that_it_may_spend() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "BTC", 9)
    market.deposit("bob", "USD", 99)
    market.sell("alice", 9, at=30)

    too_poor = market.buy("bob", spending=100)
    market.deposit("bob", "USD", 1)
    rich_enough = market.buy("bob", spending=100)

    assert too_poor.refusal.message == "needs 100 USD, available 99 USD"
    assert rich_enough.order.status == "filled"
    assert market.balance("bob", "USD") == (10, 0)


def test_a_sell_needs_the_lots_that_it_will_sell() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "USD", 270)
    market.deposit("bob", "BTC", 2)
    market.buy("alice", 9, at=30)

    too_poor = market.sell("bob", spending=100)
    market.deposit("bob", "BTC", 1)
    rich_enough = market.sell("bob", spending=100)

    assert too_poor.refusal.message == "needs 3 BTC, available 2 BTC"
    assert rich_enough.order.status == "filled"
    assert market.balance("bob", "BTC") == (0, 0)


def test_a_sell_over_several_prices_needs_the_lots_of_all_of_them() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "USD", 500)
    market.deposit("bob", "BTC", 1)
    market.buy("alice", 1, at=60)
    market.buy("alice", 9, at=40)

    too_poor = market.sell("bob", spending=100)
    market.deposit("bob", "BTC", 1)
    rich_enough = market.sell("bob", spending=100)

    assert too_poor.refusal.message == "needs 2 BTC, available 1 BTC"
    assert (rich_enough.order.filled, rich_enough.order.notional) == (2, 100)


# What is refused


@pytest.mark.parametrize(
    ("amount", "min_notional", "message"),
    [
        (0, 0, "quote_quantity must be more than 0"),
        (-100, 0, "quote_quantity must be more than 0"),
        (99, 100, "quote_quantity must be at least min_notional 100 USD"),
        (MAX_UNITS + 1, 0, f"quote_quantity must be at most {MAX_UNITS}"),
    ],
)
def test_it_is_more_than_nothing_at_least_min_notional_and_fits_its_column(
    amount: int, min_notional: int, message: str
) -> None:
    market = MarketDriver(min_notional=min_notional)

    answer = market.buy("bob", spending=amount)

    assert answer.refused == "invalid_order"
    assert answer.refusal.errors == {"quote_quantity": [message]}


def test_min_notional_itself_is_enough_and_the_most_is_a_question_of_money() -> None:
    market = MarketDriver(min_notional=100)

    smallest = market.buy("bob", spending=100)
    largest = market.buy("bob", spending=MAX_UNITS)

    assert (smallest.refused, largest.refused) == (None, "insufficient_funds")


@pytest.mark.parametrize(
    ("amount", "refused"), [(59, True), (60, False), (179, False), (180, True)]
)
def test_by_the_last_price_it_is_worth_what_a_quantity_may_be(amount: int, refused: bool) -> None:
    market = traded_at(30, min_quantity=1, max_quantity=5)
    market.configure(min_quantity=2)
    market.sell("alice", 5, at=30)

    answer = market.buy("bob", spending=amount)

    assert answer.refused == ("invalid_order" if refused else None)
    if refused:
        assert list(answer.refusal.errors) == ["quote_quantity"]


# Self-trade prevention


@pytest.mark.parametrize(
    ("mode", "filled", "prevented", "reason", "ladder"),
    [
        ("cancel_newest", 1, 0, "self_trade_prevention", ["40 ask: 9 carol", "30 ask: 1 bob"]),
        ("cancel_oldest", 2, 0, None, ["40 ask: 8 carol"]),
        ("cancel_both", 1, 0, "self_trade_prevention", ["40 ask: 9 carol"]),
        ("decrement", 2, 1, None, ["40 ask: 8 carol"]),
    ],
)
def test_the_takers_mode_decides_as_ever(
    mode: str, filled: int, prevented: int, reason: str | None, ladder: list[str]
) -> None:
    market = MarketDriver()
    market.sell("alice", 1, at=30)
    market.sell("bob", 1, at=30)
    market.sell("carol", 9, at=40)

    order = market.buy("bob", spending=100, self_trade_prevention=mode).order

    assert (order.filled, order.prevented, order.reason) == (filled, prevented, reason)
    assert order.quantity == filled + prevented
    assert market.ladder() == ladder


def test_an_order_of_which_all_was_prevented_has_traded_nothing() -> None:
    market = MarketDriver()
    market.sell("bob", 9, at=30)

    order = market.buy("bob", spending=100, self_trade_prevention="decrement").order

    assert (order.status, order.reason) == ("canceled", "self_trade_prevention")
    assert (order.quantity, order.prevented, order.notional) == (3, 3, 0)
    assert market.ladder() == ["30 ask: 6 bob"]


# Undo, repeats


def test_it_can_be_undone() -> None:
    market = MarketDriver()
    market.sell("alice", 9, at=30)

    with market.batch(fails=True):
        market.buy("bob", spending=100)

    assert market.ladder() == ["30 ask: 9 alice"]
    assert market.balance("bob", "USD") == (1_000_000, 0)


def test_another_amount_by_the_same_client_order_id_is_a_conflict() -> None:
    market = MarketDriver()
    market.sell("alice", 9, at=30)
    market.buy("bob", spending=100, client_order_id="b1")

    again = market.buy("bob", spending=100, client_order_id="b1")
    other = market.buy("bob", spending=90, client_order_id="b1")

    assert (again.done.duplicate, again.order.notional) == (True, 90)
    assert other.refused == "conflict"
