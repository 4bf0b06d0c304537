"""A pair is placed whole or refused whole; the fields of its stop are named `stop.…`. Repeated by its
client_order_ids it is the same pair. In every phase it can be undone, and survives a restart.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from markets.matching import rules
from markets.matching.commands import PlaceGroup
from markets.matching.types import OrderType, TimeInForce
from tests.drivers import Answer, MarketDriver
from tests.matching.scenes import told, trade_at, traded_at, trades_since

# What is refused


@pytest.mark.parametrize(
    ("side", "limit", "trigger", "message"),
    [
        ("sell", 110, 110, "price must be above stop.stop_price"),
        ("sell", 110, 111, "price must be above stop.stop_price"),
        ("buy", 90, 90, "stop.stop_price must be above price"),
        ("buy", 90, 89, "stop.stop_price must be above price"),
    ],
)
def test_the_limit_is_the_better_price(side: str, limit: int, trigger: int, message: str) -> None:
    market = traded_at(100)

    answer = market.oco("alice", side, 5, limit=limit, trigger=trigger)

    assert answer.refused == "invalid_order"
    assert answer.refusal.errors == {"price": [message]}
    assert market.rows.live == {}


def pair_of(market: MarketDriver, **changes: object) -> PlaceGroup:
    """A good pair but for these changes: `limit_type` is the limit order's type, and so on."""
    command = market.oco("alice", "sell", 5, limit=110, trigger=90, validate_only=True).command
    assert isinstance(command, PlaceGroup)
    limit, stop = command.orders
    limit = limit._replace(**{k[6:]: v for k, v in changes.items() if k.startswith("limit_")})  # type: ignore[arg-type]
    stop = stop._replace(**{k[5:]: v for k, v in changes.items() if k.startswith("stop_")})  # type: ignore[arg-type]
    return command._replace(orders=(limit._replace(validate_only=False), stop))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"limit_type": OrderType.MARKET, "limit_price": None}, ["type", "time_in_force"]),
        ({"limit_time_in_force": TimeInForce.IOC}, ["time_in_force"]),
        ({"limit_time_in_force": TimeInForce.FOK}, ["time_in_force"]),
        ({"stop_type": OrderType.LIMIT, "stop_price": 90}, ["stop.stop_price"]),
        ({"limit_client_order_id": "a", "stop_client_order_id": "a"}, ["client_order_id"]),
        ({"limit_price": 111}, ["price"]),
        ({"limit_quantity": 3}, ["quantity"]),
        ({"stop_stop_price": 91}, ["stop.stop_price"]),
        ({"stop_quantity": 3}, ["stop.quantity"]),
        ({"stop_price": 89}, ["stop.price"]),
        ({"stop_max_slippage": 2_000_000}, ["stop.max_slippage"]),
        ({"stop_time_in_force": TimeInForce.FOK}, ["stop.time_in_force"]),
    ],
)
def test_a_bad_field_is_named_as_the_request_names_it(
    changes: dict[str, object], fields: list[str]
) -> None:
    market = traded_at(100, tick_size=2, lot_size=1)
    market.configure(lot_size=5, min_quantity=5)

    answer = market.send(pair_of(market, **changes))

    assert answer.refused == "invalid_order"
    assert list(answer.refusal.errors) == fields


def test_a_stop_limit_beyond_the_band_is_refused_by_its_part() -> None:
    market = traded_at(100, price_band=100_000)

    answer = market.oco("alice", "sell", 5, limit=110, trigger=90, trigger_at=80)

    assert answer.refused == "price_out_of_band"
    assert list(answer.refusal.errors) == ["stop.price"]
    assert answer.refusal.message.startswith("stop: ")


def test_a_post_only_limit_that_would_take_refuses_the_pair() -> None:
    market = traded_at(100)
    market.buy("bob", 1, at=110)

    command = pair_of(market, limit_post_only=True)

    assert market.send(command).refused == "post_only_would_take"
    assert market.waiting() == []


def test_a_pair_counts_as_two_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_OPEN_ORDERS_PER_ACCOUNT", 3)
    market = traded_at(100)
    market.buy("alice", 1, at=50)
    market.buy("alice", 1, at=50)

    one_too_many = market.oco("alice", "sell", 5, limit=110, trigger=90)
    market.cancel_all("alice")
    just_right = market.oco("alice", "sell", 5, limit=110, trigger=90)

    assert one_too_many.refused == "invalid_order"
    assert len(just_right.done.group) == 2


# Repeats


def a_named_pair(market: MarketDriver, quantity: int = 5, stop_name: str = "a2") -> Answer:
    return market.oco(
        "alice", "sell", quantity, limit=110, trigger=90, client_order_id="a1", stop_name=stop_name
    )


def test_a_repeated_pair_is_the_pair_that_there_is() -> None:
    market = traded_at(100)
    first = a_named_pair(market)

    again = a_named_pair(market)

    assert (again.done.duplicate, again.events) == (True, [])
    assert again.order == first.order
    assert market.ladder() == ["110 ask: 5 alice"]


def test_a_repeated_pair_that_has_ended_is_that_pair() -> None:
    market = traded_at(100)
    a_named_pair(market)
    market.buy("bob", 5, at=110)

    again = a_named_pair(market)

    assert (again.done.duplicate, again.order.status) == (True, "filled")
    assert market.waiting() == []


def test_a_pair_that_is_named_by_its_stop_alone_is_known_by_it() -> None:
    market = traded_at(100)
    market.oco("alice", "sell", 5, limit=110, trigger=90, stop_name="a2")

    again = market.oco("alice", "sell", 5, limit=110, trigger=90, stop_name="a2")

    assert again.done.duplicate
    assert market.ladder() == ["110 ask: 5 alice"]


def test_another_pair_by_the_same_names_is_a_conflict() -> None:
    market = traded_at(100)
    a_named_pair(market)

    answers = [
        a_named_pair(market, quantity=6),
        a_named_pair(market, stop_name="a3"),
        market.sell("alice", 5, at=110, client_order_id="a1"),
        market.sell("alice", 5, stop=90, client_order_id="a2"),
    ]

    assert [answer.refused for answer in answers] == ["conflict"] * 4


def test_a_pair_of_which_one_name_is_taken_is_refused_whole() -> None:
    market = traded_at(100)
    market.buy("alice", 1, at=50, client_order_id="a2")

    answer = a_named_pair(market)

    assert answer.refused == "conflict"
    assert market.ladder() == ["50 bid: 1 alice"]


def test_either_order_is_found_by_its_name() -> None:
    market = traded_at(100)
    pair = a_named_pair(market)

    market.amend("alice", "a1", at=112)
    market.amend("alice", "a2", stop=88)
    market.cancel("alice", "a2")

    limit, stop = market.group(pair)
    assert (limit.price, stop.stop_price) == (112, 88)
    assert (stop.reason, limit.reason) == ("canceled_by_owner", "oco")


# Undo and restart, phase by phase

Step = Callable[[MarketDriver, Answer], object]
PHASES: dict[str, tuple[Step, list[str]]] = {
    "a partial fill": (
        lambda market, _: market.buy("bob", 2, at=110),
        [
            "oco_limit: partially_filled, 2 of 5, 3 left",
            "oco_stop: canceled (oco), 0 of 5, 0 left",
        ],
    ),
    "a fill": (
        lambda market, _: market.buy("bob", 5, at=110),
        ["oco_limit: filled, 5 of 5, 0 left", "oco_stop: canceled (oco), 0 of 5, 0 left"],
    ),
    "a trigger": (
        lambda market, _: trade_at_ninety(market),
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
    "prevention": (
        lambda market, _: market.buy("alice", 2, at=110, self_trade_prevention="decrement"),
        ["oco_limit: open, 0 of 5, 3 left", "oco_stop: untriggered, 0 of 5, 5 left"],
    ),
    "an amend": (
        lambda market, pair: market.amend("alice", pair, quantity=2),
        ["oco_limit: open, 0 of 2, 2 left", "oco_stop: untriggered, 0 of 5, 5 left"],
    ),
}


def trade_at_ninety(market: MarketDriver) -> None:
    market.buy("bob", 1, at=89)
    trade_at(market, 90)


def a_pair_in_every_phase() -> tuple[MarketDriver, Answer]:
    market = traded_at(100)
    return market, market.oco("alice", "sell", 5, limit=110, trigger=90, trigger_at=88)


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

    assert told(market, pair) == [
        "oco_limit: open, 0 of 5, 5 left",
        "oco_stop: untriggered, 0 of 5, 5 left",
    ]
    assert market.balance("alice", "BTC") == (999_995, 5)
    step(market, pair)
    assert told(market, pair) == after


def test_a_pair_whose_placing_is_undone_never_was() -> None:
    market = traded_at(90)
    market.buy("bob", 5, at=89)

    with market.batch(fails=True):
        market.oco("alice", "sell", 5, limit=110, trigger=80)
        market.oco("alice", "sell", 5, limit=110, trigger=90)
        market.oco("alice", "sell", 2, limit=89, trigger=80)

    assert (market.waiting(), market.ladder()) == ([], ["89 bid: 5 bob"])
    assert trades_since(market) == []
