"""`validate_only` asks what would be refused: the answer is that of the real request, and nothing is done.

It holds for orders, amends and groups. What would be done is answered without an order and without facts.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.drivers import Answer, MarketDriver, picture
from tests.matching.scenes import trade_at


def a_market() -> MarketDriver:
    """Bob asks 9 at 110; the last trade was at 100; alice bids 5 at 95, under the name `old`."""
    market = MarketDriver(opening=3_000, tick_size=5, price_band=200_000)
    trade_at(market, 100)
    market.configure(min_quantity=2, min_notional=100)
    market.sell("bob", 9, at=110)
    market.buy("alice", 5, at=95, client_order_id="old")
    market.buy("alice", 5, at=90, client_order_id="ended")
    market.cancel("alice", "ended")
    return market


Ask = Callable[[MarketDriver, bool], Answer]
"""A request: really, or (True) only whether it would be refused."""

BAD_ORDERS: dict[str, tuple[str, Ask]] = {
    "a used client_order_id": (
        "conflict",
        lambda m, v: m.buy("alice", 6, at=95, client_order_id="old", validate_only=v),
    ),
    "a deadline that passed": (
        "deadline_passed",
        lambda m, v: m.buy("alice", 5, at=95, deadline_in=-1, validate_only=v),
    ),
    "fields that do not fit": (
        "invalid_order",
        lambda m, v: m.buy("alice", 5, at=95, post_only=True, time_in_force="ioc", validate_only=v),
    ),
    "no price": ("invalid_order", lambda m, v: m.buy("alice", 5, type="limit", validate_only=v)),
    "two wrong steps": ("invalid_order", lambda m, v: m.buy("alice", 1, at=97, validate_only=v)),
    "too small": ("invalid_order", lambda m, v: m.buy("alice", 2, at=45, validate_only=v)),
    "too large": (
        "invalid_order",
        lambda m, v: m.sell("alice", 2_000_000, at=110, validate_only=v),
    ),
    "an expiry that passed": (
        "invalid_order",
        lambda m, v: m.buy("alice", 5, at=95, time_in_force="gtd", expires_in=-1, validate_only=v),
    ),
    "an iceberg that shows too much": (
        "invalid_order",
        lambda m, v: m.buy("alice", 5, at=95, show=6, validate_only=v),
    ),
    "a slippage of 200 %": (
        "invalid_order",
        lambda m, v: m.buy("alice", 5, max_slippage=2_000_000, validate_only=v),
    ),
    "spending too little": (
        "invalid_order",
        lambda m, v: m.buy("alice", spending=50, validate_only=v),
    ),
    "beyond the band": (
        "price_out_of_band",
        lambda m, v: m.buy("alice", 5, at=125, validate_only=v),
    ),
    "more money than there is": (
        "insufficient_funds",
        lambda m, v: m.buy("alice", 30, at=100, validate_only=v),
    ),
    "more money for a stop": (
        "insufficient_funds",
        lambda m, v: m.buy("alice", 30, stop=105, validate_only=v),
    ),
    "more money at market": (
        "insufficient_funds",
        lambda m, v: m.buy("alice", 25, validate_only=v),
    ),
    "post-only that takes": (
        "post_only_would_take",
        lambda m, v: m.buy("alice", 5, at=110, post_only=True, validate_only=v),
    ),
}
BAD_AMENDS: dict[str, tuple[str, Ask]] = {
    "an order that has ended": (
        "order_not_open",
        lambda m, v: m.amend("alice", "ended", at=95, validate_only=v),
    ),
    "an order that never was": (
        "not_found",
        lambda m, v: m.amend("alice", "never", at=95, validate_only=v),
    ),
    "a stop price of a limit order": (
        "invalid_order",
        lambda m, v: m.amend("alice", "old", stop=95, validate_only=v),
    ),
    "a wrong tick": ("invalid_order", lambda m, v: m.amend("alice", "old", at=97, validate_only=v)),
    "beyond the band": (
        "price_out_of_band",
        lambda m, v: m.amend("alice", "old", at=125, validate_only=v),
    ),
    "more money than there is": (
        "insufficient_funds",
        lambda m, v: m.amend("alice", "old", quantity=50, validate_only=v),
    ),
    "a deadline that passed": (
        "deadline_passed",
        lambda m, v: m.amend("alice", "old", at=90, deadline_in=-1, validate_only=v),
    ),
}
BAD_GROUPS: dict[str, tuple[str, Ask]] = {
    "a stop above its limit": (
        "invalid_order",
        lambda m, v: m.oco("alice", "sell", 5, limit=110, trigger=115, validate_only=v),
    ),
    "a stop between ticks": (
        "invalid_order",
        lambda m, v: m.oco("alice", "sell", 5, limit=110, trigger=91, validate_only=v),
    ),
    "a used client_order_id": (
        "conflict",
        lambda m, v: m.oco(
            "alice", "sell", 5, limit=110, trigger=90, stop_name="old", validate_only=v
        ),
    ),
    "more money than there is": (
        "insufficient_funds",
        lambda m, v: m.oco("alice", "sell", 3_001, limit=110, trigger=90, validate_only=v),
    ),
    "a bracket without exits": (
        "invalid_order",
        lambda m, v: m.bracket("alice", "buy", 5, at=95, validate_only=v),
    ),
    "a profit below the entry": (
        "invalid_order",
        lambda m, v: m.bracket("alice", "buy", 5, at=95, profit=90, validate_only=v),
    ),
    "an entry that takes, post-only": (
        "post_only_would_take",
        lambda m, v: m.bracket(
            "alice", "buy", 5, at=110, profit=120, post_only=True, validate_only=v
        ),
    ),
}
BAD = {
    f"{kind}: {name}": bad
    for kind, asks in (("order", BAD_ORDERS), ("amend", BAD_AMENDS), ("group", BAD_GROUPS))
    for name, bad in asks.items()
}
GOOD: dict[str, Ask] = {
    "a limit order": lambda m, v: m.buy("alice", 5, at=95, validate_only=v),
    "an order that would take": lambda m, v: m.buy("alice", 5, at=110, validate_only=v),
    "a market order": lambda m, v: m.buy("alice", 5, validate_only=v),
    "an order for a quote quantity": lambda m, v: m.buy("alice", spending=500, validate_only=v),
    "a stop": lambda m, v: m.buy("alice", 5, stop=105, validate_only=v),
    "a stop that is through": lambda m, v: m.buy("alice", 5, stop=100, validate_only=v),
    "an amend that keeps the place": lambda m, v: m.amend(
        "alice", "old", quantity=4, validate_only=v
    ),
    "an amend that takes": lambda m, v: m.amend("alice", "old", at=110, validate_only=v),
    "a pair": lambda m, v: m.oco("alice", "sell", 5, limit=115, trigger=90, validate_only=v),
    "a bracket": lambda m, v: m.bracket(
        "alice", "buy", 5, at=95, profit=115, loss=90, validate_only=v
    ),
}
ASK = {**GOOD, **{name: ask for name, (_, ask) in BAD.items()}}


@pytest.mark.parametrize("name", BAD)
def test_what_is_bad_is_refused_exactly_as_the_real_request(name: str) -> None:
    code, ask = BAD[name]
    market = a_market()

    asked = ask(market, True)
    really = ask(market, False)

    assert asked.refused == code
    assert asked.refusal == really.refusal


@pytest.mark.parametrize("name", ASK)
def test_asking_changes_nothing(name: str) -> None:
    market = a_market()
    before = picture(market.engine)

    answer = ASK[name](market, True)

    assert picture(market.engine) == before
    batch = market.batches[-1]
    assert (batch.sequence, batch.balances, batch.created) == (batch.prev_sequence, {}, {})
    assert answer.refused or answer.events == []


@pytest.mark.parametrize("name", GOOD)
def test_what_is_good_is_done_when_it_is_asked_for_really(name: str) -> None:
    market = a_market()

    asked = GOOD[name](market, True)
    really = GOOD[name](market, False)

    assert (asked.refused, asked.outcome.order, asked.done.group) == (None, None, ())
    assert not asked.done.duplicate
    assert really.events


def test_asking_uses_no_client_order_id() -> None:
    market = a_market()
    market.buy("alice", 5, at=90, client_order_id="new", validate_only=True)

    answer = market.buy("alice", 6, at=90, client_order_id="new")

    assert (answer.refused, answer.done.duplicate) == (None, False)


def test_asking_for_what_was_placed_already_is_fine() -> None:
    market = a_market()

    answer = market.buy("alice", 5, at=95, client_order_id="old", validate_only=True)

    assert (answer.refused, answer.outcome.order) == (None, None)
    assert market.ladder() == ["110 ask: 9 bob", "95 bid: 5 alice"]


@pytest.mark.parametrize("status", ["halt", "close"])
def test_in_a_market_that_takes_nothing_asking_is_refused_too(status: str) -> None:
    market = a_market()
    getattr(market, status)()

    answer = market.buy("alice", 5, at=90, validate_only=True)

    assert answer.refused == "market_not_open"


def test_within_a_batch_it_answers_for_its_moment() -> None:
    market = MarketDriver(opening=0)
    market.deposit("alice", "USD", 500)

    with market.batch():
        before = market.buy("alice", 5, at=100, validate_only=True)
        market.buy("alice", 5, at=100)
        after = market.buy("alice", 5, at=100, validate_only=True)

    assert (before.refused, after.refused) == (None, "insufficient_funds")
