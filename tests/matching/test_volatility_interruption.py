"""A market may interrupt itself: where a taker would trade beyond the price band, it begins an auction of
`volatility_auction` seconds in place of the trade. It is off unless the operator sets it.

A market order's or stop's rest is canceled as ever; what may rest rests, crossed. Stops that were
triggered and not handled yet wait for the opening, which comes by itself.
"""

import pytest

from markets.matching.types import SECOND
from tests.drivers import MarketDriver
from tests.matching.scenes import trade_at, traded_at, trades_since

TENTH = 100_000
"""A band of 10 %."""


def interruptible() -> MarketDriver:
    """Last trade at 100; asks: 2 at 105, 2 at 120, of which the band allows the first only."""
    market = traded_at(100, price_band=TENTH, volatility_auction=30)
    market.sell("alice", 2, at=105)
    market.sell("alice", 2, at=120)
    return market


def test_by_default_there_is_none() -> None:
    market = traded_at(100, price_band=TENTH)
    market.sell("alice", 2, at=115)

    market.buy("bob", 1)

    assert market.engine.state.status == "open"


@pytest.mark.parametrize("changes", [{"volatility_auction": 30}, {"volatility_auction": -1}])
def test_it_needs_a_band_and_a_time(changes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="volatility_auction"):
        MarketDriver(**changes)  # type: ignore[arg-type]


def test_a_market_order_that_would_leave_the_band_begins_an_auction() -> None:
    market = interruptible()

    answer = market.buy("bob", 5)

    assert answer.events == ["OrderAccepted", "Trade", "MarketStatusChanged", "OrderCanceled"]
    assert trades_since(market) == ["bob buys 2 @ 105 from alice"]
    assert (answer.order.canceled, answer.order.reason) == (3, "price_band")
    assert market.engine.state.status == "auction"
    assert market.engine.state.auction_ends_at == market.now + 30 * SECOND


def test_a_market_order_that_the_book_or_its_slippage_stops_begins_none() -> None:
    market = interruptible()

    market.buy("bob", 5, max_slippage=20_000)
    market.buy("bob", 5, at=110, time_in_force="ioc")

    assert market.engine.state.status == "open"


def test_a_triggered_stop_that_would_leave_the_band_begins_one() -> None:
    market = interruptible()
    stop = market.buy("bob", 5, stop=102, max_slippage=300_000)

    trade_at(market, 102)

    assert trades_since(market, 2) == ["bob buys 2 @ 105 from alice"]
    assert market.order(stop).reason == "price_band"
    assert market.engine.state.status == "auction"


def a_stop_limit_interrupts(time_in_force: str = "gtc") -> MarketDriver:
    """Bob's stop-limit, triggered at 104, would buy to 114 where 2 more wait at 112; the band, 5 % by
    then, allows 109.
    """
    market = traded_at(100, price_band=TENTH, volatility_auction=30)
    market.buy("bob", 5, stop=104, at=114, time_in_force=time_in_force)
    market.sell("alice", 2, at=105)
    market.sell("alice", 2, at=112)
    market.configure(price_band=50_000)
    trade_at(market, 104)
    return market


def test_what_may_rest_rests_crossed() -> None:
    market = a_stop_limit_interrupts()

    assert trades_since(market, 2) == ["bob buys 2 @ 105 from alice"]
    assert market.engine.state.status == "auction"
    assert market.ladder() == ["112 ask: 2 alice", "114 bid: 3 bob"]
    indication = market.indication()
    assert (indication.volume, indication.surplus, indication.surplus_side) == (2, 1, "buy")


def test_what_may_not_rest_is_canceled() -> None:
    market = a_stop_limit_interrupts("ioc")

    assert market.engine.state.status == "auction"
    assert market.ladder() == ["112 ask: 2 alice"]


def test_it_opens_by_itself_and_the_auction_finds_the_price() -> None:
    market = a_stop_limit_interrupts()
    market.wait(29)
    assert market.engine.state.status == "auction"

    answer = market.wait(1)

    assert answer.events == ["MarketStatusChanged", "Trade"]
    assert market.trades[-1] == "alice sells 2 @ 114 to bob"
    assert market.engine.state.status == "open"
    assert market.ladder() == ["114 bid: 1 bob"]


def test_while_it_lasts_orders_are_collected_whatever_the_band() -> None:
    market = interruptible()
    market.buy("bob", 5)

    market.buy("carol", 2, at=150)
    market.sell("dave", 1, at=50)

    assert len(trades_since(market)) == 1
    assert market.indication().volume == 2


def test_the_next_commands_of_the_batch_meet_the_auction() -> None:
    market = interruptible()

    with market.batch():
        market.buy("bob", 5)
        refused = market.buy("carol", 1)
        collected = market.buy("carol", 1, at=121)

    assert list(refused.refusal.errors) == ["type"]
    assert collected.order.status == "open"
    assert market.ladder() == ["120 ask: 2 alice", "121 bid: 1 carol"]


def test_stops_that_were_triggered_and_not_handled_wait_for_the_opening() -> None:
    market = interruptible()
    market.buy("bob", 5, stop=104, max_slippage=TENTH * 2)
    market.buy("carol", 1, stop=104)
    market.buy("dave", 1, stop=105)

    market.buy("erin", 1, at=105)

    assert trades_since(market) == ["erin buys 1 @ 105 from alice", "bob buys 1 @ 105 from alice"]
    assert market.engine.state.status == "auction"
    assert market.waiting() == ["carol buys 1 from 104", "dave buys 1 from 105"]
    market.restart()
    market.sell("alice", 2, at=106)
    market.wait(30)
    assert trades_since(market)[2:] == [
        "carol buys 1 @ 106 from alice",
        "dave buys 1 @ 106 from alice",
    ]


def test_the_opening_may_be_interrupted_again() -> None:
    market = interruptible()
    market.buy("bob", 5)
    market.buy("carol", 1, stop=105, max_slippage=TENTH * 2)

    answer = market.wait(30)

    assert answer.events == [
        "MarketStatusChanged",
        "OrderTriggered",
        "MarketStatusChanged",
        "OrderCanceled",
    ]
    assert market.engine.state.auction_ends_at == market.now + 30 * SECOND


def test_an_operator_may_open_earlier_or_halt_instead() -> None:
    market = interruptible()
    market.buy("bob", 5)

    market.halt()
    market.wait(60)

    assert market.engine.state.status == "halted"
    assert market.engine.next_due is None
    market.open()
    assert market.engine.state.status == "open"


def test_it_survives_a_restart() -> None:
    market = a_stop_limit_interrupts()

    market.restart()
    market.wait(30)

    assert market.trades[-1] == "alice sells 2 @ 114 to bob"


def test_it_can_be_undone() -> None:
    market = interruptible()
    market.buy("bob", 5, stop=104, max_slippage=TENTH * 2)
    market.buy("carol", 1, stop=104)

    with market.batch(fails=True):
        interrupting = market.buy("erin", 1, at=105)

    assert "MarketStatusChanged" in interrupting.events
    assert market.engine.state.status == "open"
    assert market.waiting() == ["bob buys 5 from 104", "carol buys 1 from 104"]
    assert market.ladder() == ["120 ask: 2 alice", "105 ask: 2 alice"]
