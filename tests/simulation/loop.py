"""The event loop of a simulation: virtual time, and processes that can be paused or killed.

Rules:
- When nothing is ready, time jumps to the next timer. Each callback takes a microsecond.
- Every callback belongs to the process in whose context it was made. A dead process's callbacks never run
  (not even `finally`), a paused one's wait until it is resumed.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Final, TypeVar

from tests.simulation.processes import RUNNING, Process

T = TypeVar("T")
START: Final = 100_000_000_000
"""The clock at the beginning, in microseconds: far enough from 0 that nothing seems to have just happened."""
MICROSECONDS: Final = 1_000_000


class VirtualTask(asyncio.Task[Any]):
    """A task whose place in a set depends on when it was made, not on where it lies in memory."""

    numbers = itertools.count()
    _number: int

    def __new__(cls, *args: Any, **keywords: Any) -> VirtualTask:
        task = super().__new__(cls)
        task._number = next(cls.numbers)
        return task

    def __hash__(self) -> int:
        return self._number


def _make_task(
    loop: asyncio.AbstractEventLoop, coroutine: Any, context: Context | None = None
) -> VirtualTask:
    return VirtualTask(coroutine, loop=loop, context=context)


def context_of(process: Process | None) -> Context:
    """Where code of a process runs; None: the world's."""
    context = Context()
    context.run(RUNNING.set, process)
    return context


class VirtualLoop(asyncio.BaseEventLoop):
    """An asyncio loop without sockets, threads or waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.micros = START
        self.run_call: Callable[..., asyncio.Future[Any]]
        """What stands in for threads."""
        VirtualTask.numbers = itertools.count()
        self.set_task_factory(_make_task)

    def time(self) -> float:
        """Seconds; they never go back."""
        return self.micros / MICROSECONDS

    def _run_once(self) -> None:
        ready: deque[events.Handle] = self._ready  # type: ignore[attr-defined]
        scheduled: list[events.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        if not ready and scheduled:
            self.micros = max(self.micros, int(scheduled[0].when() * MICROSECONDS) + 1)
        end = self.time()
        while scheduled and scheduled[0].when() <= end:
            timer = heapq.heappop(scheduled)
            timer._scheduled = False  # type: ignore[attr-defined]
            ready.append(timer)
        for _ in range(len(ready)):
            self._run_handle(ready.popleft())
            self.micros += 1

    def _run_handle(self, handle: events.Handle) -> None:
        if handle.cancelled():
            return
        process = handle._context.get(RUNNING)  # type: ignore[attr-defined]
        if process is None:
            handle._run()
        elif process.paused:
            process.parked.append(handle)
        elif process.alive:
            with Process.switch(process):
                handle._run()

    def resume(self, process: Process) -> None:
        """Let a paused process go on with what waited."""
        process.paused = False
        self._ready.extend(process.parked)  # type: ignore[attr-defined]
        process.parked.clear()

    def start(self, coroutine: Coroutine[Any, Any, T], process: Process | None) -> asyncio.Task[T]:
        """A task of a process; of nobody's: of the world around them."""
        return self.create_task(coroutine, context=context_of(process))

    def later(self, seconds: float, call: Callable[..., object], *arguments: Any) -> None:
        """Call something of the world's, whatever becomes of the process that caused it."""
        self.call_at(self.time() + seconds, call, *arguments, context=context_of(None))

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Play a thread."""
        return self.run_call(executor, func, args)

    def _process_events(self, event_list: object) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nothing sleeps that would have to be woken."""
