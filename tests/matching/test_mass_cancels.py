"""Mass cancels: all orders of an account, of one side, of a lost connection, of a lost gateway's
connections. Each order says why it ended; everybody else's orders stay. After a clean logout a
connection's orders outlive it.
"""

import pytest

from markets.matching.commands import KeepOrders
from markets.matching.types import Reason
from tests.drivers import Answer, MarketDriver
from tests.matching.scenes import traded_at


def reasons(market: MarketDriver, orders: list[Answer]) -> list[str | None]:
    """Why each order ended; None: it has not."""
    return [market.order(order).reason for order in orders]


def test_all_of_an_account_are_canceled_the_oldest_first() -> None:
    market = traded_at(100)
    orders = [
        market.buy("alice", 5, at=99),
        market.sell("alice", 5, at=105),
        market.buy("alice", 5, stop=110),
        market.buy("alice", 5, at=101),
    ]
    market.amend("alice", orders[0], at=98)
    market.buy("bob", 5, at=99)

    answer = market.cancel_all("alice")

    assert answer.done.canceled == tuple(order.order.id for order in orders)
    assert reasons(market, orders) == ["cancel_all"] * 4
    assert market.ladder() == ["99 bid: 5 bob"]
    assert market.balance("alice", "USD") == market.balance("alice", "BTC") == (1_000_000, 0)


@pytest.mark.parametrize(("side", "left"), [("buy", [1, 3]), ("sell", [0, 2])])
def test_of_one_side_only_that_side(side: str, left: list[int]) -> None:
    market = traded_at(100)
    orders = [
        market.buy("alice", 5, at=99),
        market.sell("alice", 5, at=105),
        market.buy("alice", 5, stop=110),
        market.sell("alice", 5, stop=90),
    ]

    answer = market.cancel_all("alice", side)

    assert [n for n, reason in enumerate(reasons(market, orders)) if reason is None] == left
    assert len(answer.done.canceled) == 2
    assert set(reasons(market, orders)) == {None, "cancel_all"}


def test_without_orders_nothing_happens() -> None:
    market = MarketDriver()
    market.buy("bob", 5, at=99)

    answer = market.cancel_all("alice")

    assert (answer.events, answer.done.canceled) == ([], ())


def test_of_a_pair_both_are_canceled() -> None:
    market = traded_at(100)
    pair = market.oco("alice", "sell", 5, limit=110, trigger=90)

    market.cancel_all("alice")

    assert [order.reason for order in market.group(pair)] == ["cancel_all", "cancel_all"]
    assert market.balance("alice", "BTC") == (1_000_000, 0)


def test_of_a_bracket_whose_entry_goes_the_exits_go_too() -> None:
    market = traded_at(100)
    bracket = market.bracket("alice", "buy", 5, at=95, profit=110, loss=90)

    answer = market.cancel_all("alice", "buy")

    assert [order.reason for order in market.group(bracket)] == ["cancel_all", "bracket", "bracket"]
    assert answer.done.canceled == (bracket.order.id,)


# Connections


def test_on_loss_of_a_connection_the_orders_that_asked_for_it_are_canceled() -> None:
    market = traded_at(100)
    orders = [
        market.buy("alice", 5, at=99, connection="web1.7"),
        market.buy("alice", 5, stop=110, connection="web1.7"),
        market.buy("alice", 5, at=99, connection="web1.8"),
        market.buy("alice", 5, at=99),
        market.buy("bob", 5, at=99, connection="web1.7"),
    ]

    market.cancel_all("alice", connection="web1.7")

    assert reasons(market, orders) == ["cancel_on_disconnect"] * 2 + [None] * 3
    assert market.ladder() == ["99 bid: 5 alice, 5 alice, 5 bob"]


def test_a_triggered_stop_and_an_amended_order_are_their_connections_still() -> None:
    market = traded_at(100)
    stop = market.buy("alice", 5, stop=100, at=95, connection="web1.7")
    order = market.buy("alice", 5, at=94, connection="web1.7")
    market.amend("alice", order, at=93)

    market.cancel_all("alice", connection="web1.7")

    assert reasons(market, [stop, order]) == ["cancel_on_disconnect"] * 2


def test_a_groups_orders_go_with_the_connection() -> None:
    market = traded_at(100)
    pair = market.oco("alice", "sell", 5, limit=110, trigger=90, connection="web1.7")

    market.cancel_all("alice", connection="web1.7")

    assert {order.reason for order in market.group(pair)} == {"cancel_on_disconnect"}
    assert market.waiting() == market.ladder() == []


def test_a_lost_gateway_takes_the_orders_of_all_its_connections() -> None:
    market = MarketDriver()
    orders = [
        market.buy("alice", 5, at=99, connection="web1.7"),
        market.buy("bob", 5, stop=110, connection="web1.8"),
        market.buy("carol", 5, at=99, connection="web2.7"),
        market.buy("dave", 5, at=99, connection="web11.7"),
        market.buy("erin", 5, at=99),
    ]

    answer = market.cancel_lost("web1")

    assert answer.done.canceled == (orders[0].order.id, orders[1].order.id)
    assert reasons(market, orders) == ["cancel_on_disconnect"] * 2 + [None] * 3


def logout(market: MarketDriver, trader: str, connection: str) -> Answer:
    """The trader's connection ends well."""
    return market.send(KeepOrders(market.account(trader), connection))


def test_after_a_clean_logout_the_connections_orders_stay_for_good() -> None:
    market = traded_at(100)
    orders = [
        market.buy("alice", 5, at=99, connection="web1.7"),
        market.buy("alice", 5, stop=110, connection="web1.7"),
    ]
    pair = market.oco("alice", "sell", 5, limit=110, trigger=90, connection="web1.7")

    answer = logout(market, "alice", "web1.7")
    market.cancel_all("alice", connection="web1.7")
    market.cancel_lost("web1")

    assert answer.events == ["OrderKept"] * 4
    assert {market.order(order).connection for order in orders} == {None}
    assert reasons(market, orders) == [None, None]
    assert {order.reason for order in market.group(pair)} == {None}
    assert market.ladder() == ["110 ask: 5 alice", "99 bid: 5 alice"]


def test_a_logout_is_one_connections_of_one_account() -> None:
    market = MarketDriver()
    orders = [
        market.buy("alice", 5, at=99, connection="web1.7"),
        market.buy("alice", 5, at=99, connection="web1.8"),
        market.buy("bob", 5, at=99, connection="web1.7"),
    ]

    logout(market, "alice", "web1.7")
    market.cancel_lost("web1")

    assert reasons(market, orders) == [None, "cancel_on_disconnect", "cancel_on_disconnect"]


def test_a_logout_changes_no_place_and_no_money() -> None:
    market = MarketDriver()
    order = market.buy("alice", 5, at=99, connection="web1.7")
    market.buy("bob", 5, at=99)

    logout(market, "alice", "web1.7")

    assert market.order(order).priority == order.order.priority
    assert market.ladder() == ["99 bid: 5 alice, 5 bob"]
    assert market.batches[-1].balances == {}


def test_a_logout_without_orders_is_no_fact() -> None:
    market = MarketDriver()

    assert logout(market, "alice", "web1.7").events == []


@pytest.mark.parametrize("status", ["halt", "auction"])
def test_where_the_market_does_not_trade_they_are_canceled_all_the_same(status: str) -> None:
    market = MarketDriver()
    orders = [
        market.buy("alice", 5, at=99, connection="web1.7"),
        market.buy("bob", 5, at=99, connection="web1.7"),
        market.buy("carol", 5, at=99),
    ]
    getattr(market, status)()

    market.cancel_all("alice", connection="web1.7")
    market.cancel_lost("web1")
    market.cancel_all("carol")

    assert reasons(market, orders) == [
        Reason.CANCEL_ON_DISCONNECT,
        Reason.CANCEL_ON_DISCONNECT,
        Reason.CANCEL_ALL,
    ]


# Undo, restart


def test_whose_connection_an_order_is_survives_a_restart() -> None:
    market = MarketDriver()
    orders = [
        market.buy("alice", 5, at=99, connection="web1.7"),
        market.buy("bob", 5, stop=110, connection="web1.8"),
    ]

    market.restart()
    market.cancel_all("alice", connection="web1.7")
    market.cancel_lost("web1")

    assert reasons(market, orders) == ["cancel_on_disconnect"] * 2


def test_a_logout_survives_a_restart_and_can_be_undone() -> None:
    market = MarketDriver()
    kept = market.buy("alice", 5, at=99, connection="web1.7")
    other = market.buy("alice", 5, at=99, connection="web1.8")
    logout(market, "alice", "web1.7")

    with market.batch(fails=True):
        logout(market, "alice", "web1.8")
    market.restart()
    market.cancel_lost("web1")

    assert reasons(market, [kept, other]) == [None, "cancel_on_disconnect"]


def test_mass_cancels_that_are_undone_never_were() -> None:
    market = traded_at(100)
    market.buy("alice", 5, at=99, connection="web1.7")
    market.buy("bob", 5, at=99)
    market.buy("alice", 5, stop=110)
    pair = market.oco("alice", "sell", 5, limit=110, trigger=90, connection="web1.7")
    before = market.ladder(), market.waiting()

    with market.batch(fails=True):
        market.cancel_all("alice", "sell")
        market.cancel_all("alice", connection="web1.7")
        market.cancel_lost("web1")
        market.cancel_all("alice")

    assert (market.ladder(), market.waiting()) == before
    assert {order.reason for order in market.group(pair)} == {None}
