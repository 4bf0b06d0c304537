"""A market order may say how far it goes: `max_slippage`, a ratio from the best opposite price.

Where there is a worst price, by slippage or by the price band, a buy needs quantity × that price; what
it does not use is free again at once.
"""

import pytest

from tests.drivers import MarketDriver


@pytest.mark.parametrize(("slippage", "filled"), [(0, 1), (9_999, 1), (10_000, 3), (20_000, 6)])
def test_a_buy_goes_no_further_than_its_slippage_above_the_best_ask(
    slippage: int, filled: int
) -> None:
    market = MarketDriver()
    for quantity, price in ((1, 100), (2, 101), (3, 102), (4, 103)):
        market.sell("alice", quantity, at=price)

    order = market.buy("bob", 10, max_slippage=slippage).order

    assert (order.filled, order.canceled) == (filled, 10 - filled)
    assert (order.status, order.reason) == ("canceled", "no_liquidity")


@pytest.mark.parametrize(("slippage", "filled"), [(0, 1), (9_999, 1), (10_000, 3), (1_000_000, 6)])
def test_a_sell_goes_no_further_than_its_slippage_below_the_best_bid(
    slippage: int, filled: int
) -> None:
    market = MarketDriver()
    for quantity, price in ((1, 100), (2, 99), (3, 1)):
        market.buy("alice", quantity, at=price)

    order = market.sell("bob", 10, max_slippage=slippage).order

    assert (order.filled, order.canceled) == (filled, 10 - filled)


def test_slippage_is_measured_when_the_order_starts() -> None:
    market = MarketDriver()
    for price in (100, 102, 104):
        market.sell("alice", 1, at=price)

    order = market.buy("bob", 3, max_slippage=20_000).order

    assert order.filled == 2, "to 102 from 100, not to 104 from 102"


def test_slippage_on_an_empty_book_is_no_matter() -> None:
    market = MarketDriver()

    assert market.buy("bob", 5, max_slippage=0).order.reason == "no_liquidity"


@pytest.mark.parametrize("slippage", [-1, 1_000_001])
def test_slippage_is_a_ratio_from_nothing_to_one(slippage: int) -> None:
    market = MarketDriver()

    answer = market.buy("bob", 5, max_slippage=slippage)

    assert (answer.refused, list(answer.refusal.errors)) == ("invalid_order", ["max_slippage"])


# What a buy needs where there is a worst price


def test_a_buy_with_slippage_needs_its_quantity_at_the_worst_price() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "BTC", 10)
    market.deposit("bob", "USD", 5 * 110 - 1)
    market.sell("alice", 2, at=100)
    market.sell("alice", 9, at=200)

    too_poor = market.buy("bob", 5, max_slippage=100_000)
    market.deposit("bob", "USD", 1)
    rich_enough = market.buy("bob", 5, max_slippage=100_000)

    assert too_poor.refusal.message == "needs 550 USD, available 549 USD"
    assert (rich_enough.order.filled, rich_enough.order.canceled) == (2, 3)
    assert market.balance("bob", "USD") == (350, 0)


def test_a_buy_under_a_band_needs_its_quantity_at_the_edge_of_the_band() -> None:
    market = MarketDriver(opening=0, price_band=200_000)
    market.deposit("alice", "BTC", 10)
    market.deposit("alice", "USD", 80)
    market.deposit("bob", "USD", 5 * 108 - 1)
    market.buy("alice", 1, at=80)
    market.sell("alice", 9, at=100)

    too_poor = market.buy("bob", 5)
    market.deposit("bob", "USD", 1)
    rich_enough = market.buy("bob", 5)

    assert too_poor.refusal.message == "needs 540 USD, available 539 USD"
    assert rich_enough.order.status == "filled"
    assert market.balance("bob", "USD") == (40, 0)


def test_of_slippage_and_band_the_narrower_counts() -> None:
    market = MarketDriver(opening=0, price_band=100_000)
    market.deposit("alice", "BTC", 10)
    market.deposit("alice", "USD", 100)
    market.deposit("bob", "USD", 1_000)
    market.sell("alice", 1, at=100)
    market.buy("bob", 1, at=100)
    market.sell("alice", 9, at=104)

    by_slippage = market.buy("bob", 9, max_slippage=50_000)
    by_band = market.buy("bob", 9, max_slippage=60_000)

    assert by_slippage.refusal.message == "needs 981 USD, available 900 USD"
    assert by_band.refusal.message == "needs 990 USD, available 900 USD"


def test_a_sell_needs_its_quantity_whatever_its_slippage() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "USD", 100)
    market.deposit("bob", "BTC", 4)
    market.buy("alice", 1, at=100)

    assert market.sell("bob", 5, max_slippage=0).refused == "insufficient_funds"
    assert market.sell("bob", 4, max_slippage=0).order.filled == 1
    assert market.balance("bob", "BTC") == (3, 0)


# Undo


def test_an_order_with_slippage_can_be_undone() -> None:
    market = MarketDriver()
    market.sell("alice", 9, at=30)

    with market.batch(fails=True):
        market.buy("bob", 10, max_slippage=0)

    assert market.ladder() == ["30 ask: 9 alice"]
    assert market.balance("bob", "USD") == (1_000_000, 0)
