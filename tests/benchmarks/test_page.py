"""The page's benchmark tells the truth: memory that grows is seen, and what cost most is named."""

from benchmarks.page import Look, costliest, grew

MIB = 2**20


def looks(*heaps: float, nodes: int = 6000) -> list[Look]:
    return [Look(at, round(heap * MIB), nodes, 180) for at, heap in enumerate(heaps)]


def test_memory_that_goes_up_and_down_did_not_grow() -> None:
    assert not grew(looks(4.7, 5.5, 5.2, 5.8, 5.1, 5.2))


def test_memory_that_goes_up_all_the_time_did() -> None:
    assert grew(looks(4.7, 5.0, 5.3, 5.6, 5.9, 6.2))


def test_elements_that_are_never_taken_away_are_growth_too() -> None:
    more = [look._replace(nodes=6000 + 500 * at) for at, look in enumerate(looks(*[5.0] * 6))]

    assert grew(more)


def test_what_cost_most_comes_first_with_its_place() -> None:
    frame = {"url": "http://127.0.0.1/static/markets/ladder.js", "lineNumber": 41}
    profile = {
        "nodes": [
            {"id": 1, "callFrame": {"functionName": "(idle)", "url": "", "lineNumber": -1}},
            {"id": 2, "callFrame": {"functionName": "draw", **frame}},
        ],
        "samples": [1, 2, 2],
        "timeDeltas": [500, 1000, 2000],
    }

    assert costliest(profile) == ["     3.0 ms  draw ladder.js:42", "     0.5 ms  (idle)"]
