"""A plan decides purely: ratios are met, the same seed decides the same, nonsense is refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markets.faults.plan import (
    MAX_CUT_SECONDS,
    MAX_DELAY_MS,
    NUMBERS,
    OF_MESSAGES,
    OF_REQUESTS,
    RATIOS,
    BadPlan,
    MessageFate,
    Plan,
    RequestFate,
    read_plan,
)
from markets.matching.types import MILLION

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
FEW = settings(max_examples=40, deadline=None)
LANES = st.text("socket:http0123456789", min_size=1, max_size=12)
COUNTS = st.integers(1, 10**9)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any plan that there can be."""
    values = {name: draw(st.integers(*limits)) for name, limits in NUMBERS.items()}
    values["corrupt_checksum"] = draw(st.integers(0, MILLION))
    for group in (OF_MESSAGES, OF_REQUESTS):
        cuts = sorted(draw(st.lists(st.integers(0, MILLION), min_size=3, max_size=3)))
        values |= dict(zip(group, (cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1]), strict=True))
    return Plan(**values)


@FEW
@given(plans())
def test_a_plan_comes_back_from_the_wire_as_it_went(plan: Plan) -> None:
    assert read_plan(plan.as_json()) == plan


@FEW
@given(plans(), LANES, COUNTS)
def test_the_same_plan_decides_the_same(plan: Plan, lane: str, number: int) -> None:
    again = replace(plan)

    assert again.fate_of_message(lane, number) is plan.fate_of_message(lane, number)
    assert again.fate_of_request(lane, number) is plan.fate_of_request(lane, number)
    assert again.corrupts(lane, number) is plan.corrupts(lane, number)
    assert again.delay_of(lane, number) == plan.delay_of(lane, number)


@FEW
@given(plans(), LANES, COUNTS)
def test_a_delay_is_the_fixed_part_and_at_most_the_jitter(
    plan: Plan, lane: str, number: int
) -> None:
    assert 0 <= plan.delay_of(lane, number) - plan.delay_ms <= plan.jitter_ms


@FEW
@given(plans(), LANES, COUNTS)
def test_nothing_befalls_a_message_or_a_request_whose_ratio_is_0(
    plan: Plan, lane: str, number: int
) -> None:
    message, request = plan.fate_of_message(lane, number), plan.fate_of_request(lane, number)

    assert message is MessageFate.SENT or getattr(plan, message)
    assert request is RequestFate.ANSWERED or getattr(plan, request)
    assert plan.corrupt_checksum or not plan.corrupts(lane, number)


@FEW
@given(st.sampled_from(OF_MESSAGES), st.sampled_from(OF_REQUESTS), LANES, COUNTS)
def test_a_ratio_of_1_befalls_all(of_messages: str, of_requests: str, lane: str, n: int) -> None:
    plan = Plan(**{of_messages: MILLION, of_requests: MILLION, "corrupt_checksum": MILLION})

    assert plan.fate_of_message(lane, n) == of_messages
    assert plan.fate_of_request(lane, n) == of_requests
    assert plan.corrupts(lane, n)


def test_ratios_are_met() -> None:
    plan = Plan(seed=7, drop=100_000, duplicate=200_000, reorder=300_000)

    fates = Counter(plan.fate_of_message("socket:1", number) for number in range(10_000))

    for fate, wanted in zip(MessageFate, (4000, 1000, 2000, 3000), strict=True):
        assert abs(fates[fate] - wanted) < 150, fates


def test_another_seed_another_lane_and_another_number_are_other_chances() -> None:
    plan = Plan(seed=1, drop=500_000)

    def fates(plan: Plan, lane: str) -> list[MessageFate]:
        return [plan.fate_of_message(lane, number) for number in range(64)]

    assert fates(plan, "a") != fates(plan, "b")
    assert fates(plan, "a") != fates(replace(plan, seed=2), "a")
    assert len(set(fates(plan, "a"))) == 2


@pytest.mark.parametrize("name", [field.name for field in fields(Plan)])
def test_what_is_not_named_or_null_does_not_go_wrong(name: str) -> None:
    assert read_plan({name: None}) == read_plan({}) == Plan()
    assert Plan().active == {}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"delay": 5}, "delay"),
        ({"delay_ms": -1}, "delay_ms"),
        ({"delay_ms": MAX_DELAY_MS + 1}, "delay_ms"),
        ({"delay_ms": "5"}, "delay_ms"),
        ({"delay_ms": True}, "delay_ms"),
        ({"cut_seconds": MAX_CUT_SECONDS + 1}, "cut_seconds"),
        ({"time_out_seconds": 0}, "time_out_seconds"),
        ({"drop": 0.5}, "drop"),
        ({"drop": "1.1"}, "drop"),
        ({"drop": "-0.1"}, "drop"),
        ({"drop": "0.0000001"}, "drop"),
        ({"drop": "1e-3"}, "drop"),
        ({"drop": "0.5", "reorder": "0.6"}, "drop"),
        ({"rate_limited": "0.5", "time_out": "0.500001"}, "rate_limited"),
        ({"seed": 2**32}, "seed"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(BadPlan) as refused:
        read_plan(given)

    assert list(refused.value.errors) == [field]


@FEW
@given(st.dictionaries(st.sampled_from([*RATIOS, *NUMBERS, "x"]), JSON_VALUES))
def test_whatever_is_sent_is_a_plan_or_refused(given: dict[str, Any]) -> None:
    wrong: set[str] = set()
    try:
        plan = read_plan(given)
        assert read_plan(plan.as_json()) == plan
    except BadPlan as error:
        wrong = set(error.errors)

    assert wrong <= set(given) | set(OF_MESSAGES) | set(OF_REQUESTS)


@FEW
@given(plans())
def test_a_plan_in_words_fits_a_header(plan: Plan) -> None:
    words = plan.in_words()

    assert words.isascii()
    assert words.isprintable()
    assert all(name in words for name in plan.active)
