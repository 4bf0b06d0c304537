"""Background: the tasks that a client runs beside its user, none of which fails in silence.

Rules:
- A task that fails is remembered; whoever waits through `watch`, and whoever asks through `check`,
  gets its exception.
- `close` cancels every task, waits until it has ended, and raises a failure nobody was told of;
  whoever waits then gets ClientClosed.
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from clients.errors import ClientClosed

T = TypeVar("T")


class Background:
    """A set of running tasks, and the first failure among them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()
        self._failure: BaseException | None = None
        self._told = False

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """Run `work` until it ends or `close` is called."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def check(self) -> None:
        """Raise the failure of a task, where there is one, or ClientClosed."""
        if self._failure is not None:
            self._told = True
            raise self._failure
        if self._over.is_set():
            raise ClientClosed("the client is closed")

    async def watch(self, awaitable: Awaitable[T]) -> T:
        """Wait for `awaitable`, but no longer than the tasks hold."""
        wanted = asyncio.ensure_future(awaitable)
        failed = asyncio.create_task(self._over.wait())
        try:
            self.check()
            await asyncio.wait({wanted, failed}, return_when=asyncio.FIRST_COMPLETED)
            if not wanted.done():
                self.check()
            return await wanted
        finally:
            failed.cancel()
            wanted.cancel()

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Report a failure of the block at once, before the task has tidied up after itself."""
        try:
            yield
        except Exception as error:
            self._fail(error)
            raise

    async def close(self) -> None:
        """Cancel all tasks and wait for them; raises a failure nobody was told of."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._over.set()
        if self._failure is not None and not self._told:
            self.check()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()):
            self._fail(failure)

    def _fail(self, failure: BaseException) -> None:
        if self._failure is None:
            self._failure = failure
        self._over.set()
