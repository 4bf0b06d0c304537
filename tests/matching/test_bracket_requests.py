"""A bracket is placed whole or refused whole; the fields of its exits are named `take_profit.…` and
`stop_loss.…`. Repeated by its client_order_id it is the same bracket. In every phase it can be undone,
and survives a restart.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from markets.matching import rules
from markets.matching.commands import PlaceGroup
from markets.matching.types import GroupRole
from tests.drivers import Answer, MarketDriver
from tests.matching.scenes import a_bracket, told, trade_at, traded_at

# What is refused


@pytest.mark.parametrize(
    ("side", "entry", "profit", "loss", "errors"),
    [
        ("buy", 100, 100, 90, {"take_profit.price": "take_profit.price must be above price"}),
        ("buy", 100, 99, None, {"take_profit.price": "take_profit.price must be above price"}),
        ("buy", 100, 110, 100, {"price": "price must be above stop_loss.stop_price"}),
        ("buy", 100, None, 101, {"price": "price must be above stop_loss.stop_price"}),
        ("sell", 100, 100, 110, {"take_profit.price": "price must be above take_profit.price"}),
        ("sell", 100, 90, 100, {"price": "stop_loss.stop_price must be above price"}),
        (
            "buy",
            None,
            90,
            90,
            {"take_profit.price": "take_profit.price must be above stop_loss.stop_price"},
        ),
        (
            "sell",
            None,
            110,
            90,
            {"take_profit.price": "stop_loss.stop_price must be above take_profit.price"},
        ),
        (
            "buy",
            100,
            None,
            None,
            {"take_profit": "a bracket needs a take_profit, a stop_loss or both"},
        ),
    ],
)
def test_the_prices_lie_in_order(
    side: str, entry: int | None, profit: int | None, loss: int | None, errors: dict[str, str]
) -> None:
    market = traded_at(100)
    request = {} if entry is None else {"at": entry}

    answer = market.bracket("alice", side, 5, profit=profit, loss=loss, **request)  # type: ignore[arg-type]

    assert answer.refused == "invalid_order"
    assert answer.refusal.errors == {name: [message] for name, message in errors.items()}
    assert market.rows.live == {}


def test_a_stop_entry_is_measured_by_its_stop_price() -> None:
    market = traded_at(100)

    bad = market.bracket("alice", "buy", 5, stop=110, profit=110)
    good = market.bracket("alice", "buy", 5, stop=110, profit=111, loss=109)

    assert list(bad.refusal.errors) == ["take_profit.price"]
    assert good.refused is None


def a_command(market: MarketDriver) -> PlaceGroup:
    """A good bracket, not placed yet."""
    command = market.bracket(
        "alice", "buy", 10, at=100, profit=110, loss=90, validate_only=True
    ).command
    assert isinstance(command, PlaceGroup)
    entry, *exits = command.orders
    return command._replace(orders=(entry._replace(validate_only=False), *exits))


@pytest.mark.parametrize(
    ("part", "changes", "fields"),
    [
        (0, {"price": 101}, ["price"]),
        (0, {"quantity": 11}, ["quantity"]),
        (0, {"quantity": None, "quote_quantity": 500}, ["quantity"]),
        (0, {"display_quantity": 20}, ["display_quantity"]),
        (1, {"price": 111}, ["take_profit.price"]),
        (1, {"price": None}, ["take_profit.price"]),
        (2, {"stop_price": 91}, ["stop_loss.stop_price"]),
        (2, {"price": 89}, ["stop_loss.price"]),
        (2, {"max_slippage": 2_000_000}, ["stop_loss.max_slippage"]),
    ],
)
def test_a_bad_field_is_named_as_the_request_names_it(
    part: int, changes: dict[str, object], fields: list[str]
) -> None:
    market = traded_at(100, tick_size=2)
    market.configure(lot_size=5, min_quantity=5)
    command = a_command(market)
    orders = list(command.orders)
    orders[part] = orders[part]._replace(**changes)  # type: ignore[arg-type]

    answer = market.send(command._replace(orders=tuple(orders)))

    assert answer.refused == "invalid_order"
    assert list(answer.refusal.errors) == fields
    assert market.rows.live == {}


def test_the_orders_of_a_bracket_need_different_names() -> None:
    market = traded_at(100)
    command = a_command(market)
    orders = tuple(order._replace(client_order_id="same") for order in command.orders)

    answer = market.send(command._replace(orders=orders))

    assert list(answer.refusal.errors) == ["client_order_id"]


def test_exits_are_measured_by_the_whole_entry() -> None:
    market = traded_at(100, min_notional=0)
    market.configure(min_notional=950)

    too_small = market.bracket("alice", "buy", 10, at=100, profit=110, loss=94)
    just_right = market.bracket("alice", "buy", 10, at=100, profit=110, loss=95)

    assert list(too_small.refusal.errors) == ["stop_loss.quantity"]
    assert just_right.refused is None


def test_an_exit_beyond_the_band_is_refused_by_its_part() -> None:
    market = traded_at(100, price_band=100_000)

    answer = market.bracket("alice", "buy", 10, at=100, loss=90, loss_at=80)

    assert (answer.refused, list(answer.refusal.errors)) == (
        "price_out_of_band",
        ["stop_loss.price"],
    )


def test_an_entry_that_cannot_be_paid_or_would_take_refuses_the_bracket() -> None:
    market = traded_at(100)
    market.deposit("alice", "USD", 999 - 1_000_000)
    market.sell("bob", 1, at=100)

    too_poor = market.bracket("alice", "buy", 10, at=100, profit=110)
    takes = market.bracket("alice", "buy", 9, at=100, profit=110, post_only=True)

    assert (too_poor.refused, takes.refused) == ("insufficient_funds", "post_only_would_take")
    assert market.ladder() == ["100 ask: 1 bob"]


def test_a_bracket_counts_as_all_of_its_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_OPEN_ORDERS_PER_ACCOUNT", 3)
    market = traded_at(100)
    market.buy("alice", 1, at=50)

    one_too_many = market.bracket("alice", "buy", 10, at=100, profit=110, loss=90)
    just_right = market.bracket("alice", "buy", 10, at=100, profit=110)

    assert (one_too_many.refused, just_right.refused) == ("invalid_order", None)


# Repeats


def a_named_bracket(market: MarketDriver, profit: int = 110) -> Answer:
    return market.bracket(
        "alice", "buy", 10, at=100, profit=profit, loss=90, client_order_id="entry"
    )


def test_a_repeated_bracket_is_the_bracket_that_there_is() -> None:
    market = traded_at(102)
    a_named_bracket(market)
    market.sell("bob", 4, at=100)

    again = a_named_bracket(market)

    assert (again.done.duplicate, again.order.filled, again.events) == (True, 4, [])
    assert market.ladder() == ["110 ask: 4 alice", "100 bid: 6 alice"]


def test_a_repeat_after_a_restart_and_after_the_end_is_that_bracket() -> None:
    market = traded_at(102)
    first = a_named_bracket(market)
    market.cancel("alice", "entry")
    market.restart()

    again = a_named_bracket(market)

    assert (again.done.duplicate, again.order.id) == (True, first.order.id)
    assert market.rows.live == {}


def test_other_exits_or_none_by_the_same_name_are_a_conflict() -> None:
    market = traded_at(102)
    a_named_bracket(market)

    answers = [
        a_named_bracket(market, profit=111),
        market.bracket("alice", "buy", 10, at=100, profit=110, client_order_id="entry"),
        market.buy("alice", 10, at=100, client_order_id="entry"),
    ]

    assert [answer.refused for answer in answers] == ["conflict"] * 3


def test_exits_may_have_names_of_their_own() -> None:
    market = traded_at(102)
    command = a_command(market)
    names = ("entry", "profit", "loss")
    orders = zip(command.orders, names, strict=True)
    named = command._replace(
        orders=tuple(order._replace(client_order_id=name) for order, name in orders)
    )
    bracket = market.send(named)

    market.amend("alice", "profit", at=115)
    market.cancel("alice", "loss")

    assert [order.role for order in market.group(bracket)] == [
        GroupRole.ENTRY,
        GroupRole.TAKE_PROFIT,
        GroupRole.STOP_LOSS,
    ]
    assert [order.reason for order in market.group(bracket)] == [
        "bracket",
        "bracket",
        "canceled_by_owner",
    ]


# Undo and restart, phase by phase

Step = Callable[[MarketDriver, Answer], object]
STEPS: dict[str, Step] = {
    "the entry trades in part": lambda market, _: market.sell("bob", 4, at=100),
    "the take profit trades in part": lambda market, _: market.buy("carol", 1, at=110),
    "the entry trades more": lambda market, _: market.sell("bob", 3, at=100),
    "the take profit moves": lambda market, bracket: market.amend(
        "alice", market.group(bracket)[1].id, at=111
    ),
    "the entry is canceled": lambda market, bracket: market.cancel("alice", bracket),
    "the stop loss is triggered": lambda market, _: trade_at(market, 90),
    "what rests of it trades": lambda market, _: market.buy("dave", 3, at=88),
}
AFTER = {
    "the entry trades in part": [
        "entry: partially_filled, 4 of 10, 6 left",
        "take_profit: open, 0 of 4, 4 left",
        "stop_loss: untriggered, 0 of 4, 4 left",
    ],
    "the take profit trades in part": [
        "entry: partially_filled, 4 of 10, 6 left",
        "take_profit: partially_filled, 1 of 4, 3 left",
        "stop_loss: untriggered, 0 of 4, 3 left",
    ],
    "the entry trades more": [
        "entry: partially_filled, 7 of 10, 3 left",
        "take_profit: partially_filled, 1 of 7, 6 left",
        "stop_loss: untriggered, 0 of 7, 6 left",
    ],
    "the take profit moves": [
        "entry: partially_filled, 7 of 10, 3 left",
        "take_profit: partially_filled, 1 of 7, 6 left",
        "stop_loss: untriggered, 0 of 7, 6 left",
    ],
    "the entry is canceled": [
        "entry: canceled (canceled_by_owner), 7 of 10, 0 left",
        "take_profit: partially_filled, 1 of 7, 6 left",
        "stop_loss: untriggered, 0 of 7, 6 left",
    ],
    "the stop loss is triggered": [
        "entry: canceled (canceled_by_owner), 7 of 10, 0 left",
        "take_profit: canceled (bracket), 1 of 7, 0 left",
        "stop_loss: open, 0 of 7, 6 left",
    ],
    "what rests of it trades": [
        "entry: canceled (canceled_by_owner), 7 of 10, 0 left",
        "take_profit: canceled (bracket), 1 of 7, 0 left",
        "stop_loss: partially_filled, 3 of 7, 3 left",
    ],
}


@pytest.mark.parametrize("restarted", [False, True], ids=["as it is", "restarted"])
def test_every_step_can_be_undone_and_survives_a_restart(restarted: bool) -> None:
    market = traded_at(102)
    bracket = market.bracket("alice", "buy", 10, at=100, profit=110, loss=90, loss_at=88)

    for name, step in STEPS.items():
        before = told(market, bracket)
        if restarted:
            market.restart()
        with market.batch(fails=True):
            step(market, bracket)
        assert told(market, bracket) == before, name

        step(market, bracket)

        assert told(market, bracket) == AFTER[name]
    market.cancel_all("alice")
    assert market.balance("alice", "BTC").held == 0


def test_all_of_it_in_one_batch_comes_to_the_same() -> None:
    market = traded_at(102)
    bracket = market.bracket("alice", "buy", 10, at=100, profit=110, loss=90, loss_at=88)

    with market.batch():
        for step in STEPS.values():
            step(market, bracket)

    assert told(market, bracket) == AFTER["what rests of it trades"]


def test_a_bracket_whose_placing_is_undone_never_was() -> None:
    market, bracket = a_bracket()
    before = market.ladder(), market.waiting(), told(market, bracket)
    market.sell("bob", 5, at=101)

    with market.batch(fails=True):
        market.bracket("alice", "buy", 10, at=101, profit=110, loss=90)

    market.cancel_all("bob")
    assert (market.ladder(), market.waiting(), told(market, bracket)) == before
