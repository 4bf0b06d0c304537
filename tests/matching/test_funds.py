"""An order holds what it needs while it rests; a taker pays the price it trades at and no more.

A buy needs price × quantity of the quote asset, a sell its quantity of the base asset.
"""

from tests.drivers import MarketDriver


def test_a_resting_buy_holds_its_price_times_its_quantity() -> None:
    market = MarketDriver()

    market.buy("alice", 5, at=100)

    assert market.balance("alice", "USD") == (999_500, 500)
    assert market.balance("alice", "BTC") == (1_000_000, 0)


def test_a_resting_sell_holds_its_quantity() -> None:
    market = MarketDriver()

    market.sell("alice", 5, at=100)

    assert market.balance("alice", "BTC") == (999_995, 5)
    assert market.balance("alice", "USD") == (1_000_000, 0)


def test_a_trade_moves_money_from_hold_to_the_other_side() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100)

    market.sell("bob", 2, at=100)

    assert market.balance("alice", "USD") == (999_500, 300)
    assert market.balance("alice", "BTC") == (1_000_002, 0)
    assert market.balance("bob", "USD") == (1_000_200, 0)
    assert market.balance("bob", "BTC") == (999_998, 0)


def test_a_taker_keeps_its_price_improvement() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "BTC", 5)
    market.deposit("bob", "USD", 550)
    market.sell("alice", 5, at=100)

    market.buy("bob", 5, at=110)

    assert market.balance("bob", "USD") == (50, 0)


def test_what_rests_of_a_taker_holds_its_own_price() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "BTC", 2)
    market.deposit("bob", "USD", 550)
    market.sell("alice", 2, at=100)

    market.buy("bob", 5, at=110)

    assert market.balance("bob", "USD") == (20, 330)


def test_an_order_that_needs_more_than_there_is_is_refused() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "USD", 499)
    market.deposit("bob", "BTC", 4)

    buy = market.buy("alice", 5, at=100)
    sell = market.sell("bob", 5, at=100)

    assert buy.refused == sell.refused == "insufficient_funds"
    assert buy.refusal.message == "needs 500 USD, available 499 USD"
    assert sell.refusal.message == "needs 5 BTC, available 4 BTC"


def test_a_limit_order_needs_its_limit_even_where_it_would_trade_for_less() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "BTC", 5)
    market.deposit("bob", "USD", 500)
    market.sell("alice", 5, at=100)

    answer = market.buy("bob", 5, at=101)

    assert answer.refused == "insufficient_funds"


def test_what_is_held_cannot_be_spent_again() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "USD", 900)
    market.buy("alice", 5, at=100)

    second = market.buy("alice", 5, at=100)
    smaller = market.buy("alice", 4, at=100)

    assert second.refused == "insufficient_funds"
    assert smaller.order.status == "open"
    assert market.balance("alice", "USD") == (0, 900)


def test_what_is_held_cannot_be_spent_again_in_the_same_batch() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "USD", 900)

    with market.batch():
        market.buy("alice", 5, at=100)
        second = market.buy("alice", 5, at=100)

    assert second.refused == "insufficient_funds"


def test_what_a_trade_brought_can_be_spent_in_the_same_batch() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "USD", 500)
    market.deposit("bob", "BTC", 5)

    with market.batch():
        market.sell("bob", 5, at=100)
        market.buy("alice", 5, at=100)
        from_the_maker = market.buy("bob", 5, at=100)
        from_the_taker = market.sell("alice", 5, at=101)

    assert from_the_maker.order.status == from_the_taker.order.status == "open"
    assert market.ladder() == ["101 ask: 5 alice", "100 bid: 5 bob"]


def test_what_a_cancel_released_can_be_spent_in_the_same_batch() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "USD", 500)
    order = market.buy("alice", 5, at=100)

    with market.batch():
        market.cancel("alice", order)
        again = market.buy("alice", 50, at=10)

    assert again.order.status == "open"
    assert market.balance("alice", "USD") == (0, 500)


def test_an_order_that_does_not_rest_holds_nothing() -> None:
    market = MarketDriver()

    market.buy("alice", 5, at=100, time_in_force="ioc")
    market.buy("alice", 5, at=100, time_in_force="fok")
    market.sell("alice", 5)

    assert market.balance("alice", "USD") == market.balance("alice", "BTC") == (1_000_000, 0)


def test_an_unfillable_fok_needs_its_money_all_the_same() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "USD", 499)

    answer = market.buy("alice", 5, at=100, time_in_force="fok")

    assert answer.refused == "insufficient_funds"


def test_amounts_are_exact_in_the_smallest_units() -> None:
    market = MarketDriver(opening=0, base_decimals=8, quote_decimals=2, tick_size=1, lot_size=10**8)
    market.deposit("alice", "BTC", 3 * 10**8)
    market.deposit("bob", "USD", 2 * 12345)
    market.configure(max_quantity=10**12)
    market.sell("alice", 3 * 10**8, at=12345)

    market.buy("bob", 2 * 10**8, at=12345)

    assert market.balance("alice", "USD") == (24690, 0)
    assert market.balance("bob", "USD") == (0, 0)
    assert market.balance("alice", "BTC") == (0, 10**8)


def test_the_engine_asks_for_the_funds_of_those_who_spend_and_no_others() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    canceling = market.cancel("alice", order).command
    buying = market.buy("bob", 5, at=100).command

    assert market.engine.needs([canceling]).accounts == set()
    assert market.engine.needs([canceling, buying]).accounts == {market.account("bob")}
