"""In an auction orders are collected and not matched; after each batch the market says what would come of
it. A timed auction opens the market by itself.

Limit orders and stops that may rest are taken; market, ioc, fok and post-only orders are not. The price
band has no say. (What happens when it opens: test_uncross.)
"""

import pytest

from markets.matching.commands import SetMarketStatus
from markets.matching.events import Indication
from markets.matching.types import SECOND, MarketState, MarketStatus
from tests.drivers import MarketDriver
from tests.matching.scenes import an_auction, traded_at, trades_since

NOTHING = Indication(None, 0, 0, None)


# Collecting


def test_orders_that_cross_are_collected_and_not_matched() -> None:
    market = an_auction()

    market.sell("alice", 5, at=100)
    answer = market.buy("bob", 5, at=105)

    assert answer.events == ["OrderAccepted"]
    assert answer.order.status == "open"
    assert market.trades == []
    assert market.ladder() == ["100 ask: 5 alice", "105 bid: 5 bob"]
    assert market.balance("bob", "USD") == (1_000_000 - 525, 525)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({}, "type"),
        ({"spending": 100}, "type"),
        ({"at": 100, "time_in_force": "ioc"}, "time_in_force"),
        ({"at": 100, "time_in_force": "fok"}, "time_in_force"),
        ({"at": 100, "post_only": True}, "post_only"),
        ({"at": 100, "stop": 100, "time_in_force": "ioc"}, "time_in_force"),
    ],
)
def test_what_cannot_rest_is_refused_and_the_field_named(
    request_: dict[str, object], field: str
) -> None:
    market = an_auction()
    quantity = None if "spending" in request_ else 5

    answer = market.buy("alice", quantity, **request_)  # type: ignore[arg-type]

    assert (answer.refused, list(answer.refusal.errors)) == ("invalid_order", [field])


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"at": 100}, "open"),
        ({"at": 100, "time_in_force": "gtd", "expires_in": 60}, "open"),
        ({"at": 100, "show": 2}, "open"),
        ({"stop": 100}, "untriggered"),
        ({"at": 100, "stop": 100}, "untriggered"),
    ],
)
def test_what_may_rest_is_taken(request_: dict[str, object], status: str) -> None:
    market = an_auction()

    answer = market.buy("alice", 5, **request_)  # type: ignore[arg-type]

    assert answer.order.status == status


def test_amends_and_cancels_are_taken_and_match_nothing() -> None:
    market = an_auction()
    market.sell("alice", 5, at=100)
    first = market.buy("bob", 5, at=99)
    second = market.buy("carol", 5, at=98)

    market.amend("bob", first, at=101)
    market.cancel("carol", second)

    assert market.trades == []
    assert market.ladder() == ["100 ask: 5 alice", "101 bid: 5 bob"]


def test_the_band_has_no_say() -> None:
    market = traded_at(100, price_band=100_000)
    market.auction()

    market.buy("alice", 5, at=200)
    order = market.sell("bob", 5, at=20)
    market.amend("bob", order, at=10)
    market.open()

    assert trades_since(market) == ["bob sells 5 @ 100 to alice"]


# What it would come to


def test_after_each_batch_the_market_says_what_would_come_of_it() -> None:
    market = an_auction()
    said = [market.indication()]
    market.sell("alice", 5, at=100)
    said.append(market.indication())
    bid = market.buy("bob", 8, at=105)
    said.append(market.indication())
    market.amend("bob", bid, quantity=3)
    said.append(market.indication())
    market.cancel("bob", bid)
    said.append(market.indication())

    assert said == [
        NOTHING,
        NOTHING,
        Indication(105, 5, 3, bid.order.side),
        Indication(100, 3, 2, bid.order.side.opposite),
        NOTHING,
    ]


def test_outside_an_auction_there_is_nothing_to_say() -> None:
    market = an_auction()
    market.open()

    assert market.batches[-1].indication is None


def test_what_opens_is_what_was_said() -> None:
    market = an_auction()
    market.sell("alice", 5, at=97)
    market.sell("bob", 4, at=99)
    market.buy("carol", 7, at=104)
    said = market.indication()

    market.open()

    assert said.price is not None
    assert {trade.price for trade in market.rows.trades} == {said.price}
    assert sum(trade.quantity for trade in market.rows.trades) == said.volume == 7


# Timed


def test_a_timed_auction_opens_by_itself() -> None:
    market = MarketDriver()
    market.auction(60)
    opens_at = market.now + 60 * SECOND
    market.sell("alice", 5, at=100)
    market.buy("bob", 5, at=100)
    assert market.engine.state.auction_ends_at == market.engine.next_due == opens_at

    market.wait(59)
    assert market.engine.state.status == "auction"
    answer = market.wait(1)

    assert answer.events == ["MarketStatusChanged", "Trade"]
    assert market.trades == ["bob buys 5 @ 100 from alice"]
    assert market.engine.state == MarketState(MarketStatus.OPEN, 5, 100)


def test_an_auction_without_a_time_waits_for_an_operator() -> None:
    market = MarketDriver()
    market.auction()

    assert market.engine.next_due is None
    assert market.wait(86_400).events == []
    assert market.engine.state.status == "auction"


def test_another_time_may_be_set_while_it_lasts() -> None:
    market = MarketDriver()
    market.auction(60)

    answer = market.auction(600)
    market.wait(60)

    assert answer.events == ["MarketStatusChanged"]
    assert market.engine.state.status == "auction"
    market.wait(540)
    assert market.engine.state.status == "open"


def test_only_an_auction_has_a_time() -> None:
    market = MarketDriver()

    answer = market.send(SetMarketStatus(MarketStatus.HALTED, seconds=60))

    assert answer.refused == "invalid_order"
    assert market.engine.state.status == "open"


# Undo, restart


def test_an_auction_survives_a_restart_with_all_that_it_collected() -> None:
    market = MarketDriver()
    market.auction(60)
    market.sell("alice", 10, at=99, show=3)
    market.buy("bob", 5, at=105)
    before = market.ladder()

    market.restart()

    assert market.ladder() == before
    market.wait(60)
    assert {trade.quantity for trade in market.rows.trades} == {3, 2}
