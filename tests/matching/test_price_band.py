"""The price band keeps trades within a ratio of the reference price: the last trade's, else the middle
between best bid and best ask, else there is none, and no band.

At entry (and amend) a limit price may not lie beyond it on the aggressive side. At execution the range is
fixed when the taker starts; where it would go on beyond, its rest is canceled, reason `price_band`.
"""

import pytest

from tests.drivers import MarketDriver
from tests.matching.scenes import trade_at, traded_at, trades_since

TENTH = 100_000
"""A band of 10 %."""

# At entry


@pytest.mark.parametrize(
    ("side", "price", "refused"),
    [
        ("buy", 110, None),
        ("buy", 111, "price_out_of_band"),
        ("buy", 1, None),
        ("sell", 90, None),
        ("sell", 89, "price_out_of_band"),
        ("sell", 1_000, None),
    ],
)
def test_a_limit_may_lie_at_the_edge_and_anywhere_on_the_passive_side(
    side: str, price: int, refused: str | None
) -> None:
    market = traded_at(100, price_band=TENTH)

    answer = market.place("alice", side, 5, at=price)

    assert answer.refused == refused


def test_the_refusal_says_how_far_a_price_may_go() -> None:
    market = traded_at(100, price_band=TENTH)

    buy = market.buy("alice", 5, at=111).refusal
    sell = market.sell("alice", 5, at=89).refusal

    assert buy.errors == {"price": ["price must be at most 110 now: the price band"]}
    assert sell.errors == {"price": ["price must be at least 90 now: the price band"]}


@pytest.mark.parametrize(
    "request_", [{"time_in_force": "ioc"}, {"time_in_force": "fok"}, {"post_only": True}]
)
def test_every_kind_of_limit_order_is_checked(request_: dict[str, object]) -> None:
    market = traded_at(100, price_band=TENTH)

    answer = market.buy("alice", 5, at=111, **request_)  # type: ignore[arg-type]

    assert answer.refused == "price_out_of_band"


def test_the_edge_is_the_last_tick_inside_the_band() -> None:
    market = traded_at(105, price_band=TENTH, tick_size=5)

    answers = [
        market.buy("alice", 1, at=115),
        market.buy("alice", 1, at=120),
        market.sell("bob", 1, at=95, time_in_force="fok"),
        market.sell("bob", 1, at=90, time_in_force="fok"),
    ]

    refusals = [answer.refused for answer in answers]
    assert refusals == [None, "price_out_of_band", None, "price_out_of_band"]


def test_without_a_band_any_price_goes() -> None:
    market = traded_at(100)

    assert market.buy("alice", 5, at=100_000).order.status == "open"


def test_without_a_reference_any_price_goes() -> None:
    market = MarketDriver(price_band=TENTH)

    market.buy("alice", 1, at=5)
    answer = market.buy("alice", 1, at=100_000)

    assert answer.order.status == "open", "one side alone has no middle"


def test_before_any_trade_the_reference_is_the_middle_of_the_book() -> None:
    market = MarketDriver(price_band=TENTH)
    market.buy("alice", 1, at=90)
    market.sell("bob", 1, at=130)

    just_right = market.buy("carol", 1, at=121)
    beyond = market.buy("carol", 1, at=139)

    assert just_right.order.status == "open"
    assert beyond.refusal.message == "price must be at most 138 now: the price band", "121 to 130"


def test_the_middle_may_be_half_a_unit_and_is_not_rounded() -> None:
    market = MarketDriver(price_band=TENTH)
    market.buy("alice", 1, at=94)
    market.sell("bob", 1, at=95)

    buy = market.buy("carol", 1, at=104)
    sell = market.sell("carol", 1, at=85)

    assert buy.refusal.message.startswith("price must be at most 103 "), "94.5 + 9.45 = 103.95"
    assert sell.refusal.message.startswith("price must be at least 86 "), "94.5 - 9.45 = 85.05"


def test_the_last_trade_goes_before_the_middle() -> None:
    market = traded_at(100, price_band=TENTH)
    market.buy("alice", 1, at=50)
    market.sell("bob", 1, at=160)

    assert market.buy("carol", 1, at=111).refused == "price_out_of_band"


def test_the_next_order_of_a_batch_meets_the_band_of_the_last_trade() -> None:
    market = traded_at(100, price_band=TENTH)

    with market.batch():
        before = market.buy("alice", 1, at=115)
        trade_in_batch = market.sell("bob", 1, at=110)
        market.buy("carol", 1, at=110)
        after = market.buy("alice", 1, at=115)

    assert trade_in_batch.order.status == "open"
    assert (before.refused, after.refused) == ("price_out_of_band", None)


def test_a_stop_limit_is_measured_by_its_stop_price() -> None:
    market = traded_at(100, price_band=TENTH)

    answers = [
        market.buy("alice", 1, stop=200, at=220),
        market.buy("alice", 1, stop=200, at=221),
        market.sell("alice", 1, stop=50, at=45),
        market.sell("alice", 1, stop=50, at=44),
    ]

    refusals = [answer.refused for answer in answers]
    assert refusals == [None, "price_out_of_band", None, "price_out_of_band"]


def test_a_stop_limit_is_measured_without_any_reference_too() -> None:
    market = MarketDriver(price_band=TENTH)

    assert market.buy("alice", 1, stop=200, at=221).refused == "price_out_of_band"


def test_a_stop_price_may_be_anywhere() -> None:
    market = traded_at(100, price_band=TENTH)

    assert market.buy("alice", 1, stop=500).order.status == "untriggered"


# An amend


def test_an_amend_of_the_price_is_checked() -> None:
    market = traded_at(100, price_band=TENTH)
    order = market.buy("alice", 5, at=95)

    beyond = market.amend("alice", order, at=111)
    inside = market.amend("alice", order, at=110)

    assert beyond.refused == "price_out_of_band"
    assert inside.order.price == 110


def test_an_order_that_the_band_has_left_behind_may_shrink_but_not_grow() -> None:
    market = traded_at(100, price_band=TENTH)
    order = market.buy("alice", 5, at=110)
    market.configure(price_band=50_000)

    less = market.amend("alice", order, quantity=4)
    more = market.amend("alice", order, quantity=5)

    assert less.order.quantity == 4
    assert more.refused == "price_out_of_band"
    assert market.ladder() == ["110 bid: 4 alice"]


def test_a_triggered_stop_limit_is_amended_by_the_markets_band() -> None:
    market = traded_at(90, price_band=TENTH)
    stop = market.buy("alice", 5, stop=92, at=91)
    trade_at(market, 92)
    trade_at(market, 95)

    beyond = market.amend("alice", stop, at=105)
    inside = market.amend("alice", stop, at=104)

    assert beyond.refusal.message == "price must be at most 104 now: the price band"
    assert inside.order.price == 104


# At execution


def test_a_market_order_trades_to_the_edge_and_its_rest_is_canceled() -> None:
    market = traded_at(100, price_band=TENTH)
    for price in (105, 110, 111):
        market.sell("alice", 2, at=price)

    order = market.buy("bob", 9).order

    assert trades_since(market) == ["bob buys 2 @ 105 from alice", "bob buys 2 @ 110 from alice"]
    assert (order.status, order.reason, order.canceled) == ("canceled", "price_band", 5)
    assert market.ladder() == ["111 ask: 2 alice"]


def test_a_selling_market_order_too() -> None:
    market = traded_at(100, price_band=TENTH)
    for price in (95, 90, 89):
        market.buy("alice", 2, at=price)

    order = market.sell("bob", 9).order

    assert (order.filled, order.reason) == (4, "price_band")


def test_where_the_book_ends_inside_the_band_there_is_no_liquidity() -> None:
    market = traded_at(100, price_band=TENTH)
    market.sell("alice", 2, at=110)

    order = market.buy("bob", 9).order

    assert (order.filled, order.reason) == (2, "no_liquidity")


def test_the_range_is_fixed_when_the_taker_starts() -> None:
    market = traded_at(100, price_band=TENTH)
    for price in (108, 116, 124):
        market.sell("alice", 1, at=price)

    first = market.buy("bob", 3).order
    second = market.buy("bob", 3).order

    assert (first.filled, first.reason) == (1, "price_band")
    assert (second.filled, second.reason) == (1, "price_band"), "108 allows 118"


def test_before_any_trade_the_range_is_by_the_middle() -> None:
    market = MarketDriver(price_band=TENTH)
    market.buy("alice", 1, at=90)
    market.sell("alice", 1, at=100)
    market.sell("alice", 1, at=105)

    order = market.buy("bob", 2).order

    assert (order.filled, order.reason) == (1, "price_band"), "95 allows 104"


def test_without_a_reference_a_market_order_goes_anywhere() -> None:
    market = MarketDriver(price_band=TENTH)
    market.sell("alice", 1, at=100)
    market.sell("alice", 1, at=500)

    assert market.buy("bob", 2).order.status == "filled"


@pytest.mark.parametrize(
    ("slippage", "reason"), [(20_000, "no_liquidity"), (100_000, "price_band")]
)
def test_what_stops_a_market_order_first_is_the_reason(slippage: int, reason: str) -> None:
    market = traded_at(100, price_band=TENTH)
    market.sell("alice", 1, at=108)
    market.sell("alice", 1, at=112)

    order = market.buy("bob", 2, max_slippage=slippage).order

    assert (order.filled, order.reason) == (1, reason)


@pytest.mark.parametrize("time_in_force", ["gtc", "ioc"])
def test_a_triggered_stop_limit_does_not_rest_across_what_lies_beyond(time_in_force: str) -> None:
    market = traded_at(110, price_band=TENTH)
    stop = market.sell("alice", 5, stop=100, at=90, time_in_force=time_in_force)
    market.buy("bob", 1, at=95)
    market.buy("bob", 1, at=92)
    market.configure(price_band=50_000)

    trade_at(market, 105)
    trade_at(market, 100)

    order = market.order(stop)
    assert trades_since(market, 3) == ["alice sells 1 @ 95 to bob"]
    assert (order.status, order.reason, order.canceled) == ("canceled", "price_band", 4)


def test_a_triggered_stop_limit_with_nothing_in_its_way_rests_beyond_the_band() -> None:
    market = traded_at(110, price_band=TENTH)
    stop = market.sell("alice", 5, stop=100, at=90)
    market.configure(price_band=50_000)

    trade_at(market, 105)
    trade_at(market, 100)

    assert market.order(stop).status == "open"
    assert market.ladder() == ["90 ask: 5 alice"]


def test_a_fok_stop_limit_that_the_band_stops_does_not_trade_at_all() -> None:
    market = traded_at(110, price_band=TENTH)
    stop = market.sell("alice", 2, stop=100, at=90, time_in_force="fok")
    market.buy("bob", 1, at=95)
    market.buy("bob", 1, at=92)
    market.configure(price_band=50_000)

    trade_at(market, 105)
    trade_at(market, 100)

    assert (market.order(stop).filled, market.order(stop).reason) == (0, "fok_unfillable")


def test_an_order_for_a_quote_quantity_stops_at_the_edge() -> None:
    market = traded_at(100, price_band=TENTH)
    market.sell("alice", 1, at=110)
    market.sell("alice", 9, at=111)

    order = market.buy("bob", spending=1_000).order

    assert (order.notional, order.quantity, order.reason) == (110, 1, "price_band")


# Undo, restart


def test_the_reference_survives_a_restart() -> None:
    market = traded_at(100, price_band=TENTH)
    market.sell("alice", 1, at=111)

    market.restart()

    assert market.buy("bob", 1).order.reason == "price_band"


def test_an_undone_trade_is_no_reference() -> None:
    market = traded_at(100, price_band=TENTH)

    with market.batch(fails=True):
        trade_at_edge = market.sell("alice", 1, at=110)
        market.buy("bob", 1, at=110)

    assert trade_at_edge.order.id
    assert market.buy("carol", 1, at=111).refused == "price_out_of_band"
