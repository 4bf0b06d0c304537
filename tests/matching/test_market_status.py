"""What a market does is its status:

| status  | place, amend                    | cancel | match                          |
| ------- | ------------------------------- | ------ | ------------------------------ |
| open    | yes                             | yes    | yes                            |
| auction | limits and stops that may rest  | yes    | when it opens, all at one price |
| halted  | no                              | yes    | no                             |
| closed  | no                              | -      | no: every order was canceled   |

A repeated client_order_id is answered in any of them: the order exists already.
"""

import pytest

from markets.matching.commands import SetMarketStatus
from markets.matching.types import MarketStatus
from tests.drivers import MarketDriver
from tests.matching.scenes import traded_at, trades_since

STATUSES = ["open", "halted", "auction", "closed"]


def set_status(market: MarketDriver, status: str) -> None:
    market.send(SetMarketStatus(MarketStatus(status)))


@pytest.mark.parametrize(
    ("status", "place", "amend", "cancel", "matches"),
    [
        ("open", None, None, None, True),
        ("auction", None, None, None, False),
        ("halted", "market_not_open", "market_not_open", None, False),
        ("closed", "market_not_open", "order_not_open", "order_not_open", False),
    ],
)
def test_the_table(
    status: str, place: str | None, amend: str | None, cancel: str | None, matches: bool
) -> None:
    market = MarketDriver()
    bids = [market.buy("alice", 5, at=100) for _ in range(3)]
    set_status(market, status)

    placed = [
        market.buy("bob", 1, at=90),
        market.buy("bob", 1, stop=90),
        market.oco("bob", "sell", 1, limit=200, trigger=80),
        market.bracket("bob", "buy", 1, at=90, profit=110),
    ]
    amended = [market.amend("alice", bids[0], at=99), market.amend("alice", bids[0], quantity=1)]
    canceled = market.cancel("alice", bids[1])
    market.sell("bob", 5, at=100)

    assert {answer.refused for answer in placed} == {place}
    assert {answer.refused for answer in amended} == {amend}
    assert canceled.refused == cancel
    assert market.trades == (["bob sells 5 @ 100 to alice"] if matches else [])


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_a_market_goes_from_any_status_to_any_other(before: str, after: str) -> None:
    market = MarketDriver()
    set_status(market, before)
    sequence = market.engine.state.sequence

    answer = market.send(SetMarketStatus(MarketStatus(after)))

    assert market.engine.state.status == after
    assert answer.events == ([] if before == after else ["MarketStatusChanged"])
    assert market.engine.state.sequence == sequence + len(answer.events)
    assert [notice.sequence for notice in market.batches[-1].notices] == (
        [] if before == after else [market.engine.state.sequence]
    )


@pytest.mark.parametrize("status", STATUSES)
def test_a_market_wakes_in_the_status_in_which_it_fell_asleep(status: str) -> None:
    market = traded_at(100)
    market.buy("alice", 5, at=99)
    market.buy("alice", 5, stop=110)
    set_status(market, status)

    market.restart()

    assert market.engine.state.status == status
    assert bool(market.ladder()) == bool(market.waiting()) == (status != "closed")


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_a_change_that_could_not_be_kept_never_was(before: str, after: str) -> None:
    market = traded_at(100)
    market.buy("alice", 5, at=99)
    market.sell("bob", 5, stop=90)
    set_status(market, before)
    ladder, waiting = market.ladder(), market.waiting()

    with market.batch(fails=True):
        set_status(market, after)

    assert market.engine.state.status == before
    assert (market.ladder(), market.waiting()) == (ladder, waiting)


def test_a_halted_market_takes_no_orders_and_no_amends() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    market.halt()

    refusals = [
        market.buy("bob", 5, at=100).refused,
        market.sell("bob", 5).refused,
        market.amend("alice", order, quantity=1).refused,
        market.amend("alice", order, at=101).refused,
    ]

    assert refusals == ["market_not_open"] * 4
    assert market.ladder() == ["100 bid: 5 alice"]


def test_a_halted_market_takes_cancels() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    market.sell("bob", 5, at=101)
    market.halt()

    one = market.cancel("alice", order)
    all_of_them = market.cancel_all("bob")

    assert one.order.status == "canceled"
    assert len(all_of_them.done.canceled) == 1
    assert market.ladder() == []


def test_after_a_halt_the_book_is_as_it_was() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100)
    market.halt()
    market.restart()

    market.open()
    market.sell("bob", 2, at=100)

    assert market.trades == ["bob sells 2 @ 100 to alice"]


def test_a_halt_keeps_what_an_auction_collected_and_the_opening_uncrosses_it() -> None:
    market = MarketDriver()
    market.auction(60)
    market.sell("alice", 5, at=99)
    market.buy("bob", 7, at=101)

    market.halt()
    market.restart()
    market.wait(60)
    assert market.ladder() == ["99 ask: 5 alice", "101 bid: 7 bob"]
    assert market.trades == []
    market.open()

    assert market.trades == ["bob buys 5 @ 101 from alice"]
    assert market.ladder() == ["101 bid: 2 bob"]


def test_an_auction_after_a_halt_goes_on_with_what_was_collected() -> None:
    market = MarketDriver()
    market.auction()
    market.sell("alice", 5, at=99)
    market.buy("bob", 5, at=101)
    market.halt()

    market.auction()

    assert market.indication().volume == 5


def test_an_auction_that_closes_trades_nothing() -> None:
    market = MarketDriver()
    market.auction(60)
    market.sell("alice", 5, at=99)
    market.buy("bob", 5, at=101)

    market.close()
    market.wait(60)

    assert market.trades == []
    assert market.engine.state.status == "closed"
    assert market.balance("bob", "USD") == (1_000_000, 0)


def test_a_market_that_was_closed_opens_empty_and_remembers_its_last_price() -> None:
    market = traded_at(100)
    market.buy("alice", 5, at=99)
    market.close()

    market.open()
    stop = market.buy("bob", 1, stop=100)

    assert market.ladder() == []
    assert stop.events == ["OrderAccepted", "OrderTriggered", "OrderCanceled"]
    assert trades_since(market) == []


def test_closing_cancels_stops_and_groups_too() -> None:
    market = traded_at(100)
    market.buy("alice", 5, stop=110)
    market.sell("alice", 5, stop=90, at=85)
    pair = market.oco("bob", "sell", 5, limit=120, trigger=80)
    bracket = market.bracket("carol", "buy", 5, at=95, profit=130, loss=85)

    answer = market.close()

    orders = [*market.group(pair), *market.group(bracket)]
    assert {order.reason for order in orders} == {"market_closed"}
    assert len(answer.done.canceled) == 7
    assert market.waiting() == market.ladder() == []
    for trader, asset in (("alice", "USD"), ("alice", "BTC"), ("bob", "BTC"), ("carol", "USD")):
        assert market.balance(trader, asset) == (1_000_000, 0)


def test_closing_cancels_all_orders_and_releases_all_money() -> None:
    market = MarketDriver()
    bid = market.buy("alice", 5, at=100)
    ask = market.sell("bob", 5, at=101)

    answer = market.close()

    assert answer.done.canceled == (bid.order.id, ask.order.id)
    assert market.order(bid).reason == market.order(ask).reason == "market_closed"
    assert market.ladder() == []
    assert market.balance("alice", "USD") == market.balance("bob", "BTC") == (1_000_000, 0)


def test_closing_goes_by_age_whatever_the_orders_went_through() -> None:
    market = MarketDriver()
    orders = [market.buy(trader, 1, at=100) for trader in ("bob", "alice", "carol")]
    market.amend("bob", orders[0], quantity=2)

    answer = market.close()

    assert answer.done.canceled == tuple(order.order.id for order in orders)


def test_a_closed_market_takes_nothing() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=100)
    market.close()

    assert market.buy("bob", 5, at=100).refused == "market_not_open"
    assert market.cancel("alice", order).refused == "order_not_open"
    assert market.amend("alice", order, quantity=1).refused == "order_not_open"


@pytest.mark.parametrize("status", ["halt", "close"])
def test_a_repeated_client_order_id_is_answered_all_the_same(status: str) -> None:
    market = MarketDriver()
    first = market.buy("alice", 5, at=100, client_order_id="a1")
    getattr(market, status)()

    again = market.buy("alice", 5, at=100, client_order_id="a1")

    assert again.done.duplicate
    assert again.order.id == first.order.id


def test_a_change_of_status_is_a_fact_and_a_notice() -> None:
    market = MarketDriver()

    market.halt()

    [notice] = market.batches[-1].notices
    assert notice.sequence == 1
    assert market.engine.state.status == "halted"


def test_the_status_it_has_already_is_no_fact() -> None:
    market = MarketDriver()

    answer = market.open()

    assert answer.events == []
    assert market.engine.state.sequence == 0


def test_a_status_holds_within_its_batch() -> None:
    market = MarketDriver()

    with market.batch():
        before = market.buy("alice", 1, at=100)
        market.halt()
        during = market.buy("alice", 2, at=100)
        market.open()
        after = market.buy("alice", 3, at=100)

    assert (before.refused, during.refused, after.refused) == (None, "market_not_open", None)
    assert market.ladder() == ["100 bid: 1 alice, 3 alice"]


def test_a_closing_that_fails_never_was() -> None:
    market = MarketDriver()
    market.buy("alice", 5, at=100)
    market.sell("bob", 5, at=101)

    with market.batch(fails=True):
        market.close()

    assert market.ladder() == ["101 ask: 5 bob", "100 bid: 5 alice"]
    assert market.engine.state.status == "open"
