"""Whoever is asked to stop, stops: a cancel is not forgotten, also where Python 3.11 would."""

from __future__ import annotations

import asyncio

import pytest

from markets import event_loop

PATIENCE = 2.0


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that serves; put back afterwards."""
    monkeypatch.setattr(asyncio, "wait_for", asyncio.wait_for)
    event_loop.never_forget_a_cancel()


async def test_a_cancel_in_the_turn_of_the_answer_is_not_forgotten() -> None:
    written = asyncio.get_running_loop().create_future()

    async def write() -> None:
        await written

    async def send_and_listen() -> None:
        await asyncio.wait_for(write(), 60)
        await asyncio.Event().wait()

    sender = asyncio.create_task(send_and_listen())
    for _ in range(3):
        await asyncio.sleep(0)  # it waits

    written.set_result(None)
    await asyncio.sleep(0)
    sender.cancel()

    await asyncio.wait({sender}, timeout=PATIENCE)
    assert sender.cancelled()


async def test_an_answer_and_a_failure_are_passed_on() -> None:
    async def divide(number: int) -> int:
        await asyncio.sleep(0)
        return 1 // number

    assert await asyncio.wait_for(divide(1), 60) == 1
    assert await asyncio.wait_for(divide(1), None) == 1
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(divide(0), 60)


async def test_what_takes_too_long_is_canceled() -> None:
    ended = []

    async def listen() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("canceled")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(listen(), 0.01)
    assert ended == ["canceled"]
