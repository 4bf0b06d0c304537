"""What a web process has once: its gateway, its hub, and in the embedded shape its engines.

`serve` starts it; under another server (`runserver`) the first request does. It belongs to the event
loop that started it: from a thread, reach it through `asgiref.sync.async_to_sync`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from markets.engines import Application, EngineHost
from markets.gateway import Gateway
from markets.hub import Hub

LOST_SECONDS: Final = 2.0
"""How long a process that stops waits for the orders of its connections to be canceled."""


class NotStarted(RuntimeError):
    """This process serves no clients: a management command, perhaps."""


@dataclass(slots=True)
class Process:
    """The running parts."""

    gateway: Gateway
    hub: Hub
    engines: asyncio.Task[None] | None


_current: Process | None = None
_starting: asyncio.Lock | None = None


def current() -> Process:
    """The running parts. Raises NotStarted."""
    if _current is None:
        raise NotStarted("this process serves no clients")
    return _current


async def start(application: Application, *, engines: bool) -> Process:
    """Start what is not running yet; `engines`: run the markets' engines here, too."""
    global _current, _starting
    if _current is not None:
        return _current
    if _starting is None:
        _starting = asyncio.Lock()
    async with _starting:
        if _current is None:
            gateway, hub = Gateway(), Hub()
            await gateway.start()
            await hub.start()
            host = asyncio.create_task(EngineHost(application).run()) if engines else None
            _current = Process(gateway, hub, host)
    return _current


async def stop() -> None:
    """Let lost connections' orders be canceled, stop the engines after their batch, then the rest."""
    global _current, _starting
    if _current is None:
        return
    running, _current, _starting = _current, None, None
    await running.gateway.finish_lost(LOST_SECONDS)
    if running.engines is not None:
        running.engines.cancel()
        await asyncio.gather(running.engines, return_exceptions=True)
    await running.gateway.stop()
    await running.hub.stop()
