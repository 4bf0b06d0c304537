"""The in-memory layer forgets what has expired, and looks for that once in a while only."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from markets import memory_layer
from markets.memory_layer import MemoryLayer

EXPIRED: Final = {"expiry": -1}


async def look(layer: MemoryLayer) -> None:
    """What every wait for a message does first."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await layer.receive("nothing-comes")


async def test_what_has_expired_is_forgotten() -> None:
    layer = MemoryLayer(**EXPIRED)
    await layer.group_add("group", "a")
    await layer.group_send("group", {"type": "late"})

    layer._expire_at = 0.0
    await look(layer)

    assert "a" not in layer.channels
    assert layer.groups == {"group": {}}


async def test_not_at_every_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_layer, "EXPIRY_INTERVAL", 3600.0)
    layer = MemoryLayer(**EXPIRED)
    await look(layer)
    await layer.send("a", {"type": "late"})

    await look(layer)

    assert "a" in layer.channels
