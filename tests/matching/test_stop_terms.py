"""A stop's money is held from entry: a sell's quantity, a buy's worst price — by its `max_slippage`, else
the price band, else 10 % above the stop price; a stop-limit's limit. What is not used is released.

While it waits it can be canceled and amended; once triggered it is a market or a limit order, and its
time in force counts. While the market does not trade, it waits.
"""

import pytest

from markets.matching import rules
from tests.drivers import MarketDriver
from tests.matching.scenes import trade_at, traded_at, trades_since

# Money


@pytest.mark.parametrize(
    ("band", "slippage", "held"),
    [
        (None, None, 5 * 110),
        (250_000, None, 5 * 125),
        (None, 20_000, 5 * 102),
        (250_000, 20_000, 5 * 102),
        (None, 0, 5 * 100),
        (None, 1_000_000, 5 * 200),
    ],
)
def test_a_buy_holds_its_worst_price(band: int | None, slippage: int | None, held: int) -> None:
    market = MarketDriver(price_band=band)
    request = {} if slippage is None else {"max_slippage": slippage}

    order = market.buy("alice", 5, stop=100, **request).order  # type: ignore[arg-type]

    assert order.price == held // 5
    assert market.balance("alice", "USD") == (1_000_000 - held, held)


def test_the_worst_price_is_a_whole_tick() -> None:
    market = MarketDriver(tick_size=20)

    order = market.buy("alice", 5, stop=120).order

    assert order.price == 120, "132 is no tick"


def test_a_sell_holds_its_quantity_and_has_no_worst_price_of_its_own() -> None:
    market = MarketDriver()

    plain = market.sell("alice", 5, stop=100).order
    careful = market.sell("bob", 5, stop=100, max_slippage=30_000).order

    assert (plain.price, careful.price) == (None, 97)
    assert market.balance("alice", "BTC") == market.balance("bob", "BTC") == (999_995, 5)


def test_a_stop_limit_holds_its_limit() -> None:
    market = MarketDriver()

    market.buy("alice", 5, stop=100, at=103)
    market.sell("bob", 5, stop=100, at=97)

    assert market.balance("alice", "USD") == (1_000_000 - 515, 515)
    assert market.balance("bob", "BTC") == (999_995, 5)


def test_a_stop_that_costs_a_unit_more_than_there_is_is_refused() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "USD", 549)

    too_poor = market.buy("alice", 5, stop=100)
    market.deposit("alice", "USD", 1)
    rich_enough = market.buy("alice", 5, stop=100)

    assert too_poor.refused == "insufficient_funds"
    assert too_poor.refusal.message == "needs 550 USD, available 549 USD"
    assert rich_enough.order.status == "untriggered"
    assert market.balance("alice", "USD") == (0, 550)


def test_what_a_stop_does_not_need_when_it_trades_is_released() -> None:
    market = traded_at(90)
    market.buy("alice", 5, stop=100)
    market.sell("bob", 5, at=101)

    trade_at(market, 100)

    assert trades_since(market, 2) == ["alice buys 5 @ 101 from bob"]
    assert market.balance("alice", "USD") == (1_000_000 - 505, 0)


def test_what_a_stop_limit_does_not_need_when_it_trades_is_released_its_rest_held() -> None:
    market = traded_at(90)
    market.buy("alice", 5, stop=100, at=105)
    market.sell("bob", 2, at=101)

    trade_at(market, 100)

    assert market.ladder() == ["105 bid: 3 alice"]
    assert market.balance("alice", "USD") == (1_000_000 - 202 - 315, 315)


# How far a triggered stop goes


def test_a_buy_trades_up_to_its_worst_price_and_the_rest_finds_no_liquidity() -> None:
    market = traded_at(90)
    stop = market.buy("alice", 5, stop=100)
    market.sell("bob", 2, at=110)
    market.sell("bob", 9, at=111)

    trade_at(market, 100)

    order = market.order(stop)
    assert trades_since(market, 2) == ["alice buys 2 @ 110 from bob"]
    assert (order.status, order.reason, order.canceled) == ("canceled", "no_liquidity", 3)
    assert market.balance("alice", "USD") == (1_000_000 - 220, 0)


def test_a_sell_without_slippage_takes_what_there_is() -> None:
    market = traded_at(100)
    stop = market.sell("alice", 5, stop=90)
    market.buy("bob", 2, at=80)
    market.buy("bob", 2, at=1)

    trade_at(market, 90)

    order = market.order(stop)
    assert (order.filled, order.canceled, order.reason) == (4, 1, "no_liquidity")


def test_a_sell_stops_at_its_slippage_below_the_stop_price() -> None:
    market = traded_at(120)
    stop = market.sell("alice", 5, stop=100, max_slippage=50_000)
    market.buy("bob", 2, at=95)
    market.buy("bob", 2, at=94)

    trade_at(market, 99)

    assert (market.order(stop).filled, market.order(stop).reason) == (2, "no_liquidity")


def test_the_price_band_stops_it_by_the_trade_that_triggered_it() -> None:
    market = traded_at(100, price_band=100_000)
    stop = market.sell("alice", 5, stop=95)
    market.buy("bob", 2, at=86)
    market.buy("carol", 2, at=85)

    trade_at(market, 95)

    order = market.order(stop)
    assert trades_since(market, 2) == ["alice sells 2 @ 86 to bob"]
    assert (order.canceled, order.reason) == (3, "price_band")


def test_inside_the_band_a_stop_that_runs_out_of_book_finds_no_liquidity() -> None:
    market = traded_at(100, price_band=100_000)
    stop = market.sell("alice", 5, stop=95)

    trade_at(market, 95)

    assert market.order(stop).reason == "no_liquidity"


# Time in force of what was triggered


def test_a_triggered_ioc_stop_limit_does_not_rest() -> None:
    market = traded_at(90)
    stop = market.buy("alice", 5, stop=100, at=105, time_in_force="ioc")
    market.sell("bob", 2, at=101)

    trade_at(market, 100)

    order = market.order(stop)
    assert (order.filled, order.canceled, order.reason) == (2, 3, "ioc_remainder")
    assert market.balance("alice", "USD") == (1_000_000 - 202, 0)


@pytest.mark.parametrize(("there", "filled"), [(4, 0), (5, 5)])
def test_a_triggered_fok_stop_limit_is_whole_or_not_at_all(there: int, filled: int) -> None:
    market = traded_at(90)
    stop = market.buy("alice", 5, stop=100, at=105, time_in_force="fok")
    market.sell("bob", there, at=101)

    trade_at(market, 100)

    order = market.order(stop)
    assert order.filled == filled
    assert order.reason == (None if filled else "fok_unfillable")
    assert market.balance("alice", "USD").held == 0


def test_a_triggered_gtd_stop_limit_rests_until_it_expires() -> None:
    market = traded_at(90)
    stop = market.buy("alice", 5, stop=100, at=105, time_in_force="gtd", expires_in=60)
    trade_at(market, 100)
    assert market.ladder() == ["105 bid: 5 alice"]

    market.wait(60)

    assert (market.order(stop).status, market.order(stop).reason) == ("expired", "expired")
    assert market.ladder() == []


# Cancel, count


def test_a_waiting_stop_can_be_canceled_and_its_money_is_released() -> None:
    market = MarketDriver()
    stop = market.buy("alice", 5, stop=100, client_order_id="mine")

    order = market.cancel("alice", "mine").order

    assert (order.id, order.status, order.reason) == (
        stop.order.id,
        "canceled",
        "canceled_by_owner",
    )
    assert market.waiting() == []
    assert market.balance("alice", "USD") == (1_000_000, 0)


def test_a_canceled_stop_is_not_triggered_in_the_same_batch() -> None:
    market = traded_at(90)
    stop = market.buy("alice", 5, stop=100)
    market.sell("bob", 9, at=100)

    with market.batch():
        market.cancel("alice", stop)
        market.buy("carol", 1, at=100)

    assert trades_since(market) == ["carol buys 1 @ 100 from bob"]


@pytest.mark.parametrize("time_in_force", ["gtc", "ioc"])
def test_a_waiting_stop_counts_as_an_open_order(
    monkeypatch: pytest.MonkeyPatch, time_in_force: str
) -> None:
    monkeypatch.setattr(rules, "MAX_OPEN_ORDERS_PER_ACCOUNT", 1)
    market = MarketDriver()
    market.buy("alice", 5, stop=100)

    one_more = market.buy("alice", 5, stop=100, at=100, time_in_force=time_in_force)

    assert one_more.refused == "invalid_order"
    assert "1 open orders" in one_more.refusal.message


# Where the market does not trade


def test_in_a_halt_stops_wait_and_can_be_canceled() -> None:
    market = traded_at(90)
    stop = market.buy("alice", 5, stop=100)
    other = market.buy("bob", 5, stop=100)
    market.halt()

    canceled = market.cancel("bob", other)

    assert canceled.order.status == "canceled"
    assert market.amend("alice", stop, stop=85).refused == "market_not_open"
    assert market.buy("carol", 1, stop=95).refused == "market_not_open"
    market.open()
    assert market.waiting() == ["alice buys 5 from 100"]


def test_in_an_auction_a_stop_that_is_through_waits_for_the_opening() -> None:
    market = traded_at(100)
    market.auction()
    stop = market.buy("alice", 2, stop=99)
    market.sell("bob", 5, at=102)
    assert stop.order.status == "untriggered"
    market.restart()

    answer = market.open()

    assert answer.events == ["MarketStatusChanged", "OrderTriggered", "Trade"]
    assert trades_since(market) == ["alice buys 2 @ 102 from bob"]


def test_an_auctions_price_triggers_stops_after_the_whole_uncross() -> None:
    market = traded_at(100)
    stop = market.sell("alice", 5, stop=95)
    market.auction()
    market.buy("bob", 3, at=94)
    market.buy("carol", 9, at=94)
    market.sell("dave", 6, at=94)

    market.open()

    assert trades_since(market) == [
        "dave sells 3 @ 94 to bob",
        "dave sells 3 @ 94 to carol",
        "alice sells 5 @ 94 to carol",
    ]
    assert market.order(stop).status == "filled"


def test_closing_cancels_waiting_stops() -> None:
    market = MarketDriver()
    stop = market.buy("alice", 5, stop=100)

    market.close()

    assert (market.order(stop).status, market.order(stop).reason) == ("canceled", "market_closed")
    assert market.balance("alice", "USD") == (1_000_000, 0)
