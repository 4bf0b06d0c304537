"""What a faulty connection holds back is bounded, and lost when the connection ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from markets.faults.in_force import KeyFaults
from markets.faults.line import MAX_HELD, MAX_HELD_BYTES, Line, OrderAsked
from markets.faults.plan import MAX_DELAY_MS, Plan

YIELDS = 5


class PlainWire:
    """A socket on which nobody asks about orders."""

    id_field = "id"
    marks_messages = True

    def order_asked(self, text: str) -> OrderAsked | None:
        del text
        return None


async def receive() -> dict[str, Any]:
    return {"type": "websocket.disconnect"}


@pytest.fixture
def sent() -> list[str]:
    """What came out of the line."""
    return []


@pytest_asyncio.fixture
async def line(sent: list[str]) -> AsyncIterator[Line]:
    """A line that holds all back for as long as there can be."""

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])

    faults = KeyFaults("hashed", "token")
    faults.change(Plan(delay_ms=MAX_DELAY_MS))
    line = Line(faults, PlainWire(), receive, send)
    line.start()
    yield line
    await line.stop()


async def waits(line: Line, text: str) -> bool:
    """Whether whoever sends this must wait."""
    sending = asyncio.ensure_future(line.send({"type": "websocket.send", "text": text}))
    for _ in range(YIELDS):
        await asyncio.sleep(0)
    done = sending.done()
    sending.cancel()
    return not done


@pytest.mark.parametrize(
    ("count", "text"), [(MAX_HELD, "{}"), (3, "x" * (MAX_HELD_BYTES // 2))], ids=["many", "large"]
)
async def test_when_it_is_full_whoever_sends_must_wait(line: Line, count: int, text: str) -> None:
    for _ in range(count):
        assert not await waits(line, text)

    assert await waits(line, "{}")


async def test_what_is_held_back_is_lost_when_the_connection_is_closed(
    line: Line, sent: list[str]
) -> None:
    await line.send({"type": "websocket.send", "text": "{}"})

    await line.send({"type": "websocket.close", "code": 1012})

    assert sent == ["websocket.close"]
