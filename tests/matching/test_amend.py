"""An amend keeps the id. Less at the same price keeps the place; all else goes to the back, and may take."""

import pytest

from tests.drivers import MarketDriver


def test_less_at_the_same_price_keeps_the_place() -> None:
    market = MarketDriver()
    first = market.sell("alice", 5, at=101)
    market.sell("bob", 5, at=101)

    answer = market.amend("alice", first, quantity=2)

    assert answer.events == ["OrderAmended"]
    assert (answer.order.quantity, answer.order.remaining) == (2, 2)
    assert answer.order.priority == first.order.priority
    assert market.ladder() == ["101 ask: 2 alice, 5 bob"]
    assert market.balance("alice", "BTC") == (999_998, 2)


def test_less_with_the_same_price_said_again_keeps_the_place() -> None:
    market = MarketDriver()
    first = market.sell("alice", 5, at=101)
    market.sell("bob", 5, at=101)

    market.amend("alice", first, at=101, quantity=2)

    assert market.ladder() == ["101 ask: 2 alice, 5 bob"]


def test_more_goes_to_the_back() -> None:
    market = MarketDriver()
    first = market.sell("alice", 5, at=101)
    market.sell("bob", 5, at=101)

    answer = market.amend("alice", first, quantity=6)

    assert answer.order.id == first.order.id
    assert answer.order.priority > first.order.priority
    assert market.ladder() == ["101 ask: 5 bob, 6 alice"]
    assert market.balance("alice", "BTC") == (999_994, 6)


def test_another_price_goes_to_the_back_there() -> None:
    market = MarketDriver()
    order = market.sell("alice", 5, at=101)
    market.sell("bob", 5, at=102)

    answer = market.amend("alice", order, at=102)

    assert answer.order.price == 102
    assert market.ladder() == ["102 ask: 5 bob, 5 alice"]


def test_there_and_back_again_has_lost_the_place() -> None:
    market = MarketDriver()
    order = market.sell("alice", 5, at=101)
    market.sell("bob", 5, at=101)

    with market.batch():
        market.amend("alice", order, at=102)
        market.amend("alice", order, at=101)

    assert market.ladder() == ["101 ask: 5 bob, 5 alice"]


def test_an_amend_may_name_the_client_order_id() -> None:
    market = MarketDriver()
    market.sell("alice", 5, at=101, client_order_id="mine")

    market.amend("alice", "mine", at=103, quantity=4)

    assert market.ladder() == ["103 ask: 4 alice"]


def test_quantity_is_the_new_total_with_what_is_filled() -> None:
    market = MarketDriver()
    order = market.sell("alice", 10, at=101)
    market.buy("bob", 4, at=101)

    answer = market.amend("alice", order, quantity=7)

    assert (answer.order.quantity, answer.order.filled, answer.order.remaining) == (7, 4, 3)
    assert answer.order.status == "partially_filled"


@pytest.mark.parametrize("quantity", [4, 3, 1])
def test_a_total_at_or_under_what_is_filled_cancels_the_rest(quantity: int) -> None:
    market = MarketDriver()
    order = market.sell("alice", 10, at=101)
    market.buy("bob", 4, at=101)

    answer = market.amend("alice", order, quantity=quantity)

    assert (answer.order.status, answer.order.reason) == ("canceled", "amended")
    assert (answer.order.quantity, answer.order.filled, answer.order.canceled) == (10, 4, 6)
    assert market.ladder() == []


def test_a_total_at_what_is_filled_cancels_at_any_price() -> None:
    market = MarketDriver()
    order = market.sell("alice", 10, at=101)
    market.buy("bob", 4, at=101)

    answer = market.amend("alice", order, at=90, quantity=4)

    assert (answer.order.status, answer.order.price) == ("canceled", 101)


def test_what_was_prevented_counts_as_gone() -> None:
    market = MarketDriver()
    order = market.sell("alice", 10, at=101)
    market.buy("alice", 4, at=101, self_trade_prevention="decrement")

    less = market.amend("alice", order, quantity=7)
    more = market.amend("alice", order, quantity=9)
    none = market.amend("alice", order, quantity=4)

    assert (less.order.prevented, less.order.remaining) == (4, 3)
    assert (more.order.prevented, more.order.remaining) == (4, 5)
    assert (none.order.status, none.order.canceled) == ("canceled", 5)


def test_an_amend_that_changes_nothing_is_done_and_moves_nothing() -> None:
    market = MarketDriver()
    order = market.sell("alice", 5, at=101)
    market.sell("bob", 5, at=101)

    answers = [
        market.amend("alice", order),
        market.amend("alice", order, at=101),
        market.amend("alice", order, at=101, quantity=5),
    ]

    assert [answer.events for answer in answers] == [[], [], []]
    assert all(answer.order == order.order for answer in answers)
    assert market.ladder() == ["101 ask: 5 alice, 5 bob"]


def test_an_amend_that_changes_nothing_is_done_even_under_a_minimum_that_has_risen() -> None:
    market = MarketDriver()
    order = market.sell("alice", 5, at=101)
    market.configure(min_quantity=6, min_notional=1000)

    same = market.amend("alice", order, quantity=5)
    more = market.amend("alice", order, at=102)

    assert (same.refused, same.events) == (None, [])
    assert more.refused == "invalid_order"


def test_an_amend_to_a_price_that_crosses_takes() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=99)
    market.sell("bob", 3, at=101)

    answer = market.amend("alice", order, at=102)

    assert answer.events == ["OrderAmended", "Trade"]
    assert market.trades == ["alice buys 3 @ 101 from bob"]
    assert market.ladder() == ["102 bid: 2 alice"]
    assert market.balance("alice", "USD") == (1_000_000 - 303 - 204, 204)


def test_an_amended_order_that_is_filled_whole_ends() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=99)
    market.sell("bob", 5, at=101)

    answer = market.amend("alice", order, at=101)

    assert (answer.order.status, answer.order.notional) == ("filled", 505)
    assert market.balance("alice", "USD") == (1_000_000 - 505, 0)


def test_a_refused_amend_leaves_the_order_untouched() -> None:
    market = MarketDriver(opening=0, tick_size=5, min_quantity=2, min_notional=100)
    market.deposit("alice", "USD", 1000)
    market.deposit("bob", "BTC", 2)
    market.sell("bob", 2, at=150)
    order = market.buy("alice", 5, at=100, post_only=True)

    refusals = [
        market.amend("alice", order, at=101).refused,
        market.amend("alice", order, at=95, quantity=1).refused,
        market.amend("alice", order, quantity=2_000_000).refused,
        market.amend("alice", order, at=5).refused,
        market.amend("alice", order, quantity=0).refused,
        market.amend("alice", order, at=0).refused,
        market.amend("alice", order, quantity=11).refused,
        market.amend("alice", order, at=150).refused,
    ]

    assert refusals == ["invalid_order"] * 6 + ["insufficient_funds", "post_only_would_take"]
    assert market.order(order) == order.order
    assert market.balance("alice", "USD") == (500, 500)


def test_the_money_it_holds_counts_for_its_new_price() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "USD", 600)
    order = market.buy("alice", 5, at=100)

    too_much = market.amend("alice", order, at=121)
    all_of_it = market.amend("alice", order, at=120)

    assert too_much.refused == "insufficient_funds"
    assert too_much.refusal.message == "needs 605 USD, available 600 USD"
    assert all_of_it.order.price == 120
    assert market.balance("alice", "USD") == (0, 600)


def test_less_at_the_same_price_may_be_under_the_minimum() -> None:
    market = MarketDriver(min_quantity=3, min_notional=300)
    order = market.buy("alice", 5, at=100)

    answer = market.amend("alice", order, quantity=1)

    assert answer.order.remaining == 1


def test_less_at_the_same_price_must_still_be_whole_lots() -> None:
    market = MarketDriver(lot_size=5)
    order = market.buy("alice", 20, at=100)

    answer = market.amend("alice", order, quantity=12)

    assert answer.refused == "invalid_order"
    assert "nearest: 10 and 15" in answer.refusal.message


def test_a_post_only_order_may_move_where_it_does_not_take() -> None:
    market = MarketDriver()
    market.sell("bob", 2, at=105)
    order = market.buy("alice", 5, at=100, post_only=True)

    moved = market.amend("alice", order, at=104)
    refused = market.amend("alice", order, at=105)

    assert moved.order.price == 104
    assert refused.refused == "post_only_would_take"
    assert market.ladder() == ["105 ask: 2 bob", "104 bid: 5 alice"]


def test_an_order_that_has_ended_cannot_be_amended() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    market.sell("bob", 5, at=100)

    answer = market.amend("alice", order, quantity=9)

    assert answer.refused == "order_not_open"
    assert answer.order.status == "filled"


def test_another_accounts_order_cannot_be_amended() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)

    assert market.amend("bob", order, quantity=1).refused == "not_found"
    assert market.ladder() == ["100 bid: 5 alice"]


# Across the account's own orders: the amended order is the taker, and its mode decides


def amended_across_own_order(mode: str) -> tuple[MarketDriver, list[str | int]]:
    """Alice bids 5; at 101 wait 2 of bob, 3 of alice, 1 of carol; she amends her bid to 101."""
    market = MarketDriver()
    bid = market.buy("alice", 5, at=99, self_trade_prevention=mode)
    market.sell("bob", 2, at=101)
    market.sell("alice", 3, at=101)
    market.sell("carol", 1, at=101)
    market.amend("alice", bid, at=101)
    order = market.order(bid)
    return market, [order.status, order.filled, order.canceled, order.prevented]


def test_amended_across_its_own_order_cancel_newest_ends_it() -> None:
    market, bid = amended_across_own_order("cancel_newest")

    assert bid == ["canceled", 2, 3, 0]
    assert market.ladder() == ["101 ask: 3 alice, 1 carol"]


def test_amended_across_its_own_order_cancel_oldest_goes_on() -> None:
    market, bid = amended_across_own_order("cancel_oldest")

    assert bid == ["partially_filled", 3, 0, 0]
    assert market.ladder() == ["101 bid: 2 alice"]


def test_amended_across_its_own_order_cancel_both_ends_both() -> None:
    market, bid = amended_across_own_order("cancel_both")

    assert bid == ["canceled", 2, 3, 0]
    assert market.ladder() == ["101 ask: 1 carol"]


def test_amended_across_its_own_order_decrement_shrinks_both() -> None:
    market, bid = amended_across_own_order("decrement")

    assert bid == ["canceled", 2, 0, 3]
    assert market.ladder() == ["101 ask: 1 carol"]
    assert market.balance("alice", "BTC") == (1_000_002, 0)


@pytest.mark.parametrize("mode", ["cancel_newest", "cancel_oldest", "cancel_both", "decrement"])
def test_an_amend_across_own_orders_can_be_undone(mode: str) -> None:
    market = MarketDriver()
    bid = market.buy("alice", 5, at=99, self_trade_prevention=mode)
    market.sell("bob", 2, at=101)
    market.sell("alice", 3, at=101)
    before = market.ladder()

    with market.batch(fails=True):
        market.amend("alice", bid, at=101)

    assert market.ladder() == before


def test_an_amend_that_must_keep_the_place_is_refused_if_it_would_not() -> None:
    market = MarketDriver()
    order = market.sell("alice", 5, at=100)

    more = market.amend("alice", order, quantity=6, must_keep_place=True)
    elsewhere = market.amend("alice", order, quantity=4, at=101, must_keep_place=True)
    same = market.amend("alice", order, quantity=5, must_keep_place=True)
    less = market.amend("alice", order, quantity=4, must_keep_place=True)

    assert [more.refused, elsewhere.refused, same.refused] == ["invalid_order"] * 3
    assert (less.refused, less.order.quantity) == (None, 4)
