"""Every process works out by itself who should run which market, and all come to the same.

Markets and processes are small numbers; `runs` says who runs a market now, `may` who may run what.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from markets.shares import plan

ALL = None


def test_a_process_alone_runs_everything() -> None:
    assert plan({1: None, 2: None, 3: None}, {7: ALL}) == {1: 7, 2: 7, 3: 7}


def test_free_markets_go_to_whoever_runs_fewest() -> None:
    assert plan({1: 7, 2: None, 3: None}, {7: ALL, 8: ALL}) == {1: 7, 2: 8, 3: 7}


def test_a_new_process_gets_the_markets_that_come_first_of_whoever_has_too_many() -> None:
    assert plan({4: 7, 3: 7, 2: 7, 1: 7}, {7: ALL, 8: ALL}) == {4: 8, 3: 8, 2: 7, 1: 7}


def test_nothing_moves_to_make_shares_even_that_are() -> None:
    assert plan({1: 7, 2: 7, 3: 8}, {7: ALL, 8: ALL}) == {1: 7, 2: 7, 3: 8}


def test_what_a_process_that_leaves_still_runs_is_for_the_others() -> None:
    assert plan({1: 7, 2: 8}, {8: ALL}) == {1: 8, 2: 8}


def test_a_process_gets_only_markets_that_it_may_run() -> None:
    only_1 = frozenset({1})

    assert plan({1: 7, 2: 7, 3: 7}, {7: ALL, 8: only_1}) == {1: 8, 2: 7, 3: 7}
    assert plan({1: None, 2: None}, {8: only_1}) == {1: 8}


@st.composite
def _situations(draw: st.DrawFn) -> tuple[dict[int, int | None], list[int]]:
    processes = draw(st.lists(st.integers(100, 110), min_size=1, max_size=5, unique=True))
    markets = draw(st.lists(st.integers(1, 30), max_size=20, unique=True))
    runner = st.sampled_from([None, *processes, 999])
    return {market: draw(runner) for market in markets}, processes


@given(_situations())
def test_shares_are_even_stay_so_and_move_no_market_without_need(
    situation: tuple[dict[int, int | None], list[int]],
) -> None:
    runs, processes = situation
    may = dict.fromkeys(processes)

    planned = plan(runs, may)

    assert planned.keys() == runs.keys()
    counts = [Counter(planned.values())[process] for process in processes]
    assert max(counts) - min(counts) <= 1
    assert plan(planned, may) == planned
    stayed = Counter(process for market, process in planned.items() if runs[market] == process)
    for process in processes:
        before = sum(1 for runner in runs.values() if runner == process)
        assert stayed[process] == min(before, Counter(planned.values())[process])


@given(_situations(), st.data())
def test_whatever_order_the_others_markets_are_read_in_the_same_process_gets_as_many(
    situation: tuple[dict[int, int | None], list[int]], data: st.DataObject
) -> None:
    runs, processes = situation
    order = data.draw(st.permutations(sorted(runs)))
    may = dict.fromkeys(processes)

    other = plan({market: runs[market] for market in order}, may)

    assert Counter(other.values()) == Counter(plan(runs, may).values())
