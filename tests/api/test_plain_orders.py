"""A plain order is read by a quicker way: what that takes, it reads as the careful one does; the rest is
left to the careful one.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.matching.spec import MarketSpec
from markets.order_requests import PlainOrder, place_order, plain_order
from markets.problems import Problem

SPEC = MarketSpec(
    symbol="GOLD-USD",
    base="GOLD",
    quote="USD",
    base_decimals=3,
    quote_decimals=2,
    tick_size=10,
    lot_size=100,
    min_quantity=100,
    max_quantity=10**9,
    min_notional=0,
    maker_fee_rate=0,
    taker_fee_rate=0,
)
PLAIN = {"market": "GOLD-USD", "side": "buy", "quantity": "1", "price": "100.5"}

numbers = st.one_of(
    st.decimals(0, 10**6, places=2).map(str),
    st.sampled_from(["1", "0", "007", "1.", ".5", "-1", "1e3", "0.00001", "", " 1", "١", "9" * 40]),
    st.integers(),
    st.floats(),
    st.none(),
)
words = st.sampled_from(
    ["limit", "market", "gtc", "ioc", "fok", "buy", "sell", "cancel_both", "GTC", "", "x"]
)
rubbish = st.one_of(numbers, words, st.booleans(), st.lists(words, max_size=1), st.text(max_size=3))
requests = st.fixed_dictionaries(
    {"market": st.just("GOLD-USD")},
    optional={
        "side": words | rubbish,
        "quantity": numbers,
        "price": numbers,
        "type": words | rubbish,
        "time_in_force": words | rubbish,
        "client_order_id": st.sampled_from(["a", "A-1.b:c_", "é", "", "a" * 65]) | rubbish,
        "post_only": st.booleans() | rubbish,
        "self_trade_prevention": words | rubbish,
        "stop_price": numbers,
        "surprise": rubbish,
    },
)


def quickly(params: dict[str, Any]) -> object:
    try:
        wish = msgspec.json.decode(msgspec.json.encode(params), type=PlainOrder)
    except msgspec.DecodeError:
        return None
    return plain_order(wish, 7, SPEC, "there")


@given(requests)
def test_what_the_quick_way_takes_it_reads_as_the_careful_one(params: dict[str, Any]) -> None:
    command = quickly(params)

    if command is not None:
        assert place_order(params, 7, lambda _: SPEC, "there") == ("GOLD-USD", command)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"type": "market", "price": None},
        {"time_in_force": "ioc", "client_order_id": "mine-1"},
        {"post_only": True, "self_trade_prevention": "decrement"},
    ],
)
def test_the_quick_way_takes_what_most_people_send(more: dict[str, Any]) -> None:
    assert quickly({**PLAIN, **more}) is not None


@pytest.mark.parametrize(
    "more",
    [
        {"quantity": 1},
        {"price": "1e3"},
        {"quantity": "0.0001"},
        {"stop_price": "90"},
        {"side": None},
    ],
)
def test_it_leaves_everything_else_to_the_careful_one(more: dict[str, Any]) -> None:
    assert quickly({**PLAIN, **more}) is None


def test_the_careful_one_says_what_is_wrong() -> None:
    with pytest.raises(Problem, match=r"not a multiple of lot_size 0\.1"):
        place_order({**PLAIN, "quantity": "0.0001"}, 7, lambda _: SPEC)
