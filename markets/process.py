"""What a web process has once: its gateway, its hub, and in the embedded shape its engines.

`serve` starts it; under another server (`runserver`) the first request does. It belongs to the event
loop that started it: from a thread, reach it through `asgiref.sync.async_to_sync`.

A process that stops first leaves (`leave`): it says so, takes nothing new, answers what is in flight, and
closes its sockets. Then the server is stopped, then this (`stop`).
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Final, Protocol

from markets.engines import Application, EngineHost
from markets.faults.in_force import in_force
from markets.gateway import ANSWER_TIMEOUT, Gateway
from markets.hub import Hub
from markets.nodes import Registration

LOST_SECONDS: Final = 2.0
"""How long a process that stops waits for the orders of its connections to be canceled."""

LEAVE_SECONDS: Final = ANSWER_TIMEOUT + 1.0
"""How long it waits for what is in flight; that takes some milliseconds, unless an engine is away."""


class NotStarted(RuntimeError):
    """This process serves no clients: a management command, perhaps."""


class LiveSocket(Protocol):
    """A client's connection."""

    def say_stopping(self) -> None:
        """Tell the client that this process stops."""
        ...

    async def leave(self) -> None:
        """Answer what is in flight, then close."""
        ...


@dataclass(slots=True)
class Process:
    """The running parts."""

    gateway: Gateway
    hub: Hub
    host: EngineHost | None
    engines: asyncio.Task[None] | None
    """What runs the host."""
    loop: asyncio.AbstractEventLoop
    sockets: set[LiveSocket] = field(default_factory=set)
    registration: Registration | None = None
    stopping: bool = False
    """It takes nothing new."""


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
            await in_force.start(hub.read)
            host = EngineHost(application) if engines else None
            task = None if host is None else asyncio.create_task(host.run())
            _current = Process(gateway, hub, host, task, asyncio.get_running_loop())
    return _current


def look_at_once() -> None:
    """Let this process, if it serves, find a new market now and not within a second. From any thread."""
    if _current is not None:
        _current.loop.call_soon_threadsafe(_current.hub.nudge)
        if _current.host is not None:
            _current.loop.call_soon_threadsafe(_current.host.nudge)


async def announce(url: str) -> None:
    """Let clients of other web processes find this one at `url`."""
    running = current()
    running.registration = Registration(running.gateway.name, url, running.hub.read)
    await running.registration.start()


async def leave(notice: float) -> None:
    """Say that this process stops, take nothing new, and after `notice` seconds let everybody go."""
    running = current()
    running.stopping = True
    running.gateway.refuse_new()
    if running.registration is not None:
        await running.registration.withdraw()
    for socket in running.sockets:
        socket.say_stopping()
    await asyncio.sleep(notice)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LEAVE_SECONDS):
            await running.gateway.quiet()
            await asyncio.gather(*(socket.leave() for socket in running.sockets))


async def stop() -> None:
    """Let lost connections' orders be canceled, stop the engines after their batch, then the rest."""
    global _current, _starting
    if _current is None:
        return
    running, _current, _starting = _current, None, None
    if running.registration is not None:
        await running.registration.withdraw()
    await running.gateway.finish_lost(LOST_SECONDS)
    if running.engines is not None:
        running.engines.cancel()
        await asyncio.gather(running.engines, return_exceptions=True)
    await in_force.stop()
    await running.gateway.stop()
    await running.hub.stop()
