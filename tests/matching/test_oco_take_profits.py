"""The first order of a pair may be a take profit: it waits, as the stop does, and the trigger of either
cancels the other at that moment, before anything trades. All else is as with a limit order and a stop.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from markets.matching.commands import PlaceGroup
from tests.drivers import Answer, MarketDriver
from tests.matching.scenes import told, trade_at, traded_at, trades_since

UNTOUCHED = ["oco_limit: untriggered, 0 of 5, 5 left", "oco_stop: untriggered, 0 of 5, 5 left"]
PROFIT_TAKEN = ["oco_limit: filled, 5 of 5, 0 left", "oco_stop: canceled (oco), 0 of 5, 0 left"]
STOPPED = ["oco_limit: canceled (oco), 0 of 5, 0 left", "oco_stop: filled, 5 of 5, 0 left"]


def a_pair(price: int = 100, limit: int | None = None) -> tuple[MarketDriver, Answer]:
    """Last trade at 100; alice sells 5 from 110 on (perhaps at a limit), or from 90 on."""
    market = traded_at(price)
    return market, market.oco("alice", "sell", 5, profit_from=110, limit=limit, trigger=90)


# Placing


def test_both_wait_and_neither_is_in_the_book() -> None:
    market, pair = a_pair()

    assert told(market, pair) == UNTOUCHED
    assert [order.type for order in market.group(pair)] == ["take_profit", "stop"]
    assert market.ladder() == []
    assert market.waiting() == ["alice sells 5 from 110", "alice sells 5 from 90"]
    assert market.balance("alice", "BTC") == (999_995, 5), "held once"


@pytest.mark.parametrize(
    ("limit", "trigger_at", "held"),
    [
        (None, None, 5 * 100),  # the stop's worst price, a tenth above 91
        (None, 92, 5 * 93),  # the take profit's worst price, a tenth above 85
        (84, 92, 5 * 92),
        (95, 92, 5 * 95),
    ],
)
def test_a_pair_that_buys_holds_the_most_that_either_needs(
    limit: int | None, trigger_at: int | None, held: int
) -> None:
    market = traded_at(90)

    market.oco("alice", "buy", 5, profit_from=85, limit=limit, trigger=91, trigger_at=trigger_at)

    assert market.balance("alice", "USD") == (1_000_000 - held, held)


def test_a_pair_that_costs_a_unit_more_than_there_is_is_refused_whole() -> None:
    market = traded_at(90)
    market.deposit("alice", "USD", 464 - 1_000_000)

    too_poor = market.oco("alice", "buy", 5, profit_from=85, trigger=91, trigger_at=92)
    market.deposit("alice", "USD", 1)
    rich_enough = market.oco("alice", "buy", 5, profit_from=85, trigger=91, trigger_at=92)

    assert too_poor.refusal.message == "needs 465 USD, available 464 USD"
    assert len(rich_enough.done.group) == 2


@pytest.mark.parametrize(("price", "after"), [(110, PROFIT_TAKEN), (90, STOPPED)])
def test_one_that_is_through_is_triggered_at_once(price: int, after: list[str]) -> None:
    market = traded_at(price)
    market.buy("bob", 5, at=89)

    pair = market.oco("alice", "sell", 5, profit_from=110, trigger=90)

    assert told(market, pair) == after


@pytest.mark.parametrize(("price", "field"), [(110, "stop_price"), (90, "stop.stop_price")])
def test_one_that_must_wait_and_would_not_refuses_the_pair(price: int, field: str) -> None:
    market = traded_at(price)

    answer = market.oco("alice", "sell", 5, profit_from=110, trigger=90, must_wait=True)

    assert (answer.refused, list(answer.refusal.errors)) == ("stop_would_trigger", [field])


# What is refused


@pytest.mark.parametrize(
    ("side", "profit_from", "trigger", "message"),
    [
        ("sell", 110, 110, "stop_price must be above stop.stop_price"),
        ("sell", 110, 111, "stop_price must be above stop.stop_price"),
        ("buy", 90, 90, "stop.stop_price must be above stop_price"),
        ("buy", 90, 89, "stop.stop_price must be above stop_price"),
    ],
)
def test_the_take_profit_is_triggered_at_the_better_price(
    side: str, profit_from: int, trigger: int, message: str
) -> None:
    market = traded_at(100)

    # A limit says nothing of where its order is triggered.
    answer = market.oco("alice", side, 5, profit_from=profit_from, limit=100, trigger=trigger)

    assert answer.refusal.errors == {"stop_price": [message]}


def test_a_first_order_that_is_a_stop_is_refused() -> None:
    market, pair = a_pair()
    command = pair.command
    assert isinstance(command, PlaceGroup)

    answer = market.send(command._replace(orders=(command.orders[1], command.orders[1])))

    assert answer.refused == "invalid_order"
    assert answer.refusal.errors["type"] == [
        "the first order of an oco is a limit order or a take profit"
    ]


def test_what_it_is_after_its_trigger_may_be_ioc() -> None:
    market = traded_at(100)
    wish = {"profit_from": 110, "limit": 109, "trigger": 90, "trigger_at": 90}

    ioc = market.oco("alice", "sell", 5, time_in_force="ioc", **wish)  # type: ignore[arg-type]
    trade_at(market, 110)

    assert told(market, ioc) == [
        "oco_limit: canceled (ioc_remainder), 0 of 5, 0 left",
        "oco_stop: canceled (oco), 0 of 5, 0 left",
    ]
    assert market.oco("alice", "sell", 5, limit=110, trigger=90, time_in_force="ioc").refused


# A trigger


def test_the_take_profits_trigger_cancels_the_stop_before_it_trades() -> None:
    market, pair = a_pair()
    market.buy("bob", 9, at=89)

    trade_at(market, 110)

    answered = market.batches[-1].outcomes[-1].events  # type: ignore[union-attr]
    assert [type(event).__name__ for event in answered[-3:]] == [
        "OrderTriggered",
        "OrderCanceled",
        "Trade",
    ]
    assert trades_since(market, 2) == ["alice sells 5 @ 89 to bob"], "and triggers no stop"
    assert told(market, pair) == PROFIT_TAKEN
    assert market.waiting() == []
    assert market.balance("alice", "BTC") == (999_995, 0)


def test_the_stops_trigger_cancels_the_take_profit_before_it_trades() -> None:
    market, pair = a_pair()
    market.buy("bob", 9, at=89)

    trade_at(market, 90)

    assert told(market, pair) == STOPPED
    assert market.waiting() == []
    assert market.balance("alice", "BTC") == (999_995, 0)


@pytest.mark.parametrize(("prices", "after"), [((110, 90), PROFIT_TAKEN), ((90, 110), STOPPED)])
def test_of_two_that_one_command_reaches_the_first_goes(
    prices: tuple[int, int], after: list[str]
) -> None:
    market, pair = a_pair()
    side, other = ("sell", "buy") if prices[0] > prices[1] else ("buy", "sell")
    for price in prices:
        market.place("bob", other, 1, at=price)
    market.buy("dave", 5, at=80)

    market.place("carol", side, 2, at=prices[1])

    assert told(market, pair) == after
    assert market.waiting() == []


def test_a_triggered_take_profit_limit_rests_alone() -> None:
    market, pair = a_pair(limit=109)
    market.buy("bob", 2, at=109)

    trade_at(market, 110)

    assert told(market, pair) == [
        "oco_limit: partially_filled, 2 of 5, 3 left",
        "oco_stop: canceled (oco), 0 of 5, 0 left",
    ]
    assert market.ladder() == ["109 ask: 3 alice"]
    assert market.balance("alice", "BTC") == (999_995, 3)


def test_what_a_triggered_take_profit_finds_no_liquidity_for_is_free_again() -> None:
    market, pair = a_pair()

    trade_at(market, 110)

    assert told(market, pair) == [
        "oco_limit: canceled (no_liquidity), 0 of 5, 0 left",
        "oco_stop: canceled (oco), 0 of 5, 0 left",
    ]
    assert market.balance("alice", "BTC") == (1_000_000, 0)


def test_a_buying_take_profit_pays_from_what_was_held() -> None:
    market = traded_at(90)
    market.deposit("alice", "USD", 500 - 1_000_000)
    market.oco("alice", "buy", 5, profit_from=85, trigger=91)
    market.sell("bob", 9, at=93)

    trade_at(market, 85)

    assert trades_since(market, 2) == ["alice buys 5 @ 93 from bob"]
    assert market.balance("alice", "USD") == (500 - 465, 0)


# Amends, and the end of one


def test_an_amended_take_profit_that_is_through_cancels_the_stop() -> None:
    market, pair = a_pair()
    market.buy("bob", 9, at=99)

    market.amend("alice", pair, stop=100)

    assert told(market, pair) == PROFIT_TAKEN


def test_amends_change_what_is_held_for_both() -> None:
    market = traded_at(90)
    pair = market.oco("alice", "buy", 5, profit_from=85, trigger=91)
    _, stop = market.group(pair)

    market.amend("alice", stop.id, quantity=2)
    after_less = market.balance("alice", "USD").held
    market.amend("alice", pair, stop=80)

    assert (after_less, market.balance("alice", "USD").held) == (5 * 93, 5 * 88)


@pytest.mark.parametrize("canceled", [0, 1])
def test_canceling_one_cancels_the_other(canceled: int) -> None:
    market, pair = a_pair()

    market.cancel("alice", market.group(pair)[canceled].id)

    orders = market.group(pair)
    assert orders[canceled].reason == "canceled_by_owner"
    assert orders[1 - canceled].reason == "oco"
    assert market.balance("alice", "BTC") == (1_000_000, 0)


def test_a_pair_expires_together() -> None:
    market = traded_at(100)
    pair = market.oco(
        "alice", "sell", 5, profit_from=110, trigger=90, time_in_force="gtd", expires_in=60
    )

    market.wait(60)

    assert [order.reason for order in market.group(pair)] == ["expired", "oco"]


# Auctions, repeats


def test_in_an_auction_both_wait_and_its_price_triggers_one() -> None:
    market, pair = a_pair()
    market.auction()
    market.sell("carol", 3, at=110)
    market.buy("bob", 9, at=110)
    waits = told(market, pair)

    market.open()

    assert waits == UNTOUCHED
    assert trades_since(market) == ["bob buys 3 @ 110 from carol", "alice sells 5 @ 110 to bob"]
    assert told(market, pair) == PROFIT_TAKEN


def test_a_repeated_pair_is_the_pair_that_there_is() -> None:
    market = traded_at(100)

    def place(profit_from: int) -> Answer:
        names = {"client_order_id": "a1", "stop_name": "a2"}
        return market.oco("alice", "sell", 5, profit_from=profit_from, trigger=90, **names)  # type: ignore[arg-type]

    first = place(110)

    assert (place(110).done.duplicate, place(110).order) == (True, first.order)
    assert place(111).refused == "conflict"
    assert (
        market.oco("alice", "sell", 5, limit=110, trigger=90, stop_name="a2").refused == "conflict"
    )


# Undo and restart, phase by phase

Step = Callable[[MarketDriver, Answer], object]
PHASES: dict[str, tuple[Step, list[str]]] = {
    "the take profit's trigger": (
        lambda market, _: trade_at(market, 110),
        [
            "oco_limit: partially_filled, 1 of 5, 4 left",
            "oco_stop: canceled (oco), 0 of 5, 0 left",
        ],
    ),
    "the stop's trigger": (
        lambda market, _: trade_at(market, 90),
        [
            "oco_limit: canceled (oco), 0 of 5, 0 left",
            "oco_stop: partially_filled, 1 of 5, 4 left",
        ],
    ),
    "a cancel": (
        lambda market, pair: market.cancel("alice", pair),
        [
            "oco_limit: canceled (canceled_by_owner), 0 of 5, 0 left",
            "oco_stop: canceled (oco), 0 of 5, 0 left",
        ],
    ),
    "an amend": (
        lambda market, pair: market.amend("alice", pair, stop=111, quantity=2),
        ["oco_limit: untriggered, 0 of 2, 2 left", "oco_stop: untriggered, 0 of 5, 5 left"],
    ),
}


def a_pair_in_every_phase() -> tuple[MarketDriver, Answer]:
    market = traded_at(100)
    pair = market.oco("alice", "sell", 5, profit_from=110, limit=89, trigger=90, trigger_at=89)
    market.buy("bob", 1, at=89)
    return market, pair


@pytest.mark.parametrize("phase", PHASES)
def test_a_pair_survives_a_restart_after(phase: str) -> None:
    market, pair = a_pair_in_every_phase()
    step, after = PHASES[phase]
    market.restart()
    step(market, pair)

    market.restart()

    assert told(market, pair) == after
    market.cancel_all("alice")
    assert market.balance("alice", "BTC").held == 0


@pytest.mark.parametrize("phase", PHASES)
def test_what_is_undone_never_was(phase: str) -> None:
    market, pair = a_pair_in_every_phase()
    step, after = PHASES[phase]

    with market.batch(fails=True):
        step(market, pair)

    assert told(market, pair) == UNTOUCHED
    assert market.balance("alice", "BTC") == (999_995, 5)
    step(market, pair)
    assert told(market, pair) == after
