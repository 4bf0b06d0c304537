"""Threads that are played: each call runs in one go, some time after it was asked for.

Rules:
- A pool runs as many calls at once as it has threads, each with a database connection of its own.
- Between two statements of a call, outside of its transactions, another call may be run: that is how
  processes get in each other's way.
- Where its call runs, no event loop does.
"""

from __future__ import annotations

import asyncio
from asyncio import events
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from markets.store import StoreUnavailable
from tests.simulation.dice import Dice
from tests.simulation.loop import VirtualLoop, context_of
from tests.simulation.processes import RUNNING, Process, ProcessDied

DELAY: Final = 0.0005
"""Seconds until a thread takes a call, and until its answer is heard, on average."""
NOTICED: Final = 0.1
"""Seconds until a thread finds out that the database is gone, on average."""
MOST_NESTED: Final = 3


class Pool:
    """The threads of one executor."""

    def __init__(self, process: Process | None, count: int) -> None:
        self.process = process
        self.connections: list[BaseDatabaseWrapper | None] = [None] * count
        """Of idle threads."""
        self.waiting: deque[Call] = deque()


class Call:
    """What a thread is to do, or is about to."""

    def __init__(self, pool: Pool, call: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        self.pool = pool
        self.call = call
        self.future = future
        self.connection: BaseDatabaseWrapper | None = None


class Threads:
    """All threads of all processes."""

    def __init__(self, loop: VirtualLoop, dice: Dice) -> None:
        self._loop = loop
        self._dice = dice
        self._pools: dict[tuple[Process | None, object], Pool] = {}
        self._started: list[Call] = []
        """Calls that have a thread and do not run yet."""
        self._nested = 0

    def submit(
        self, executor: Any, call: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> asyncio.Future[Any]:
        """Let a thread of the running process do something."""
        process = RUNNING.get()
        pool = self._pools.get((process, executor))
        if pool is None:
            pool = self._pools[process, executor] = Pool(
                process, executor._max_workers if executor else 1
            )
        future: asyncio.Future[Any] = self._loop.create_future()
        pool.waiting.append(Call(pool, lambda: call(*arguments), future))
        self._start_waiting(pool)
        return future

    def _start_waiting(self, pool: Pool) -> None:
        while pool.waiting and pool.connections:
            call = pool.waiting.popleft()
            call.connection = pool.connections.pop()
            self._started.append(call)
            when = self._loop.time() + self._dice.delay(DELAY)
            self._loop.call_at(when, self._run, call, context=context_of(pool.process))

    def interrupt(self) -> None:
        """A thread waits for a statement: another one may run, of any process."""
        ready = [
            call
            for call in self._started
            if call.pool.process is None
            or (call.pool.process.alive and not call.pool.process.paused)
        ]
        if ready and self._nested < MOST_NESTED:
            call = self._dice.random.choice(ready)
            context_of(call.pool.process).run(self._run, call)

    def _run(self, call: Call) -> None:
        if call not in self._started:
            return  # it ran in between
        self._started.remove(call)
        if call.future.cancelled():
            self._free(call)
            return
        if call.connection is None:
            call.connection = connections.create_connection("default")
            if call.pool.process is not None:
                call.pool.process.connections.append(call.connection)
        running = events._get_running_loop()
        events._set_running_loop(None)  # from here on, "the connection" is the thread's
        outer, connections["default"] = connections["default"], call.connection
        self._nested += 1
        result: Any = None
        error: Exception | None = None
        try:
            with Process.switch(call.pool.process):
                result = call.call()
        except ProcessDied:
            return  # there is nobody to hear of it
        except Exception as caught:  # noqa: BLE001 - whoever waits for the thread gets it
            error = caught
        finally:
            self._nested -= 1
            connections["default"] = outer
            events._set_running_loop(running)
        gone = isinstance(error, DatabaseError | StoreUnavailable)
        when = self._loop.time() + self._dice.delay(NOTICED if gone else DELAY)
        context = context_of(call.pool.process)
        self._loop.call_at(when, self._answer, call, result, error, context=context)

    def _answer(self, call: Call, result: Any, error: Exception | None) -> None:
        self._free(call)
        if call.future.cancelled():
            return
        if error is None:
            call.future.set_result(result)
        else:
            call.future.set_exception(error)
            call.future.exception()  # whoever waits may die before it hears

    def _free(self, call: Call) -> None:
        call.pool.connections.append(call.connection)
        self._start_waiting(call.pool)
