"""An engine cancels the orders of a gateway that is silent, unless it did not listen itself."""

from __future__ import annotations

import pytest

from markets.consumers.engine import leases
from markets.consumers.engine.leases import DEAF_AFTER, LOST_AFTER, Leases


class Clock:
    """The time, as the test says."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of leases."""
    clock = Clock()
    monkeypatch.setattr(leases, "monotonic", clock)
    return clock


def look_each_second(clock: Clock, kept: Leases, seconds: float) -> list[str]:
    """What is lost after so many seconds of listening."""
    for _ in range(int(seconds)):
        clock.now += 1
        lost = kept.lost()
    return lost


def test_a_gateway_is_lost_when_it_was_silent_for_long(clock: Clock) -> None:
    kept = Leases(["a.1", "b.1"])

    look_each_second(clock, kept, LOST_AFTER)
    kept.heard("b")

    assert look_each_second(clock, kept, 1) == ["a"]


def test_an_engine_that_slept_gives_gateways_the_time_to_be_heard_again(clock: Clock) -> None:
    kept = Leases(["a.1"])
    kept.lost()

    clock.now += LOST_AFTER + DEAF_AFTER

    assert kept.lost() == []
    assert look_each_second(clock, kept, LOST_AFTER) == []
    assert look_each_second(clock, kept, 1) == ["a"]
