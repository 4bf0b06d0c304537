"""The processes of a small cluster on one machine: started in order, watched, restarted one by one, stopped.

Rules:
- Engines start before web processes and end after them: a web process that stops still has its answers.
- A rolling restart takes one process at a time and goes on only when that one is ready and every web
  process sees an engine for every open market. If that does not come, it ends there, and what has not been
  restarted runs on as it was.
- A stop is asked for twice if it is meant: the second time nothing is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from markets.cluster.child import Child, Say
from markets.cluster.readiness import LOOK_SECONDS, NotReady, settle, wait_until_ready

READY_SECONDS: Final = 60.0
"""How long a process, or the markets after it, may take to be ready."""


class Supervisor:
    """Engines, web processes at `urls`, and what else runs beside them."""

    def __init__(
        self,
        engines: Sequence[Child],
        webs: Sequence[Child],
        urls: Sequence[str],
        beside: Sequence[Child],
        say: Say,
    ) -> None:
        self._serving = (*engines, *webs)
        self._beside = tuple(beside)
        self._all = (*self._serving, *self._beside)
        self._urls = urls
        self._say = say
        self._stop = asyncio.Event()
        self._roll = asyncio.Event()

    def stop(self) -> None:
        """End all in their order; asked again: at once."""
        if self._stop.is_set():
            for child in self._all:
                child.kill()
        self._stop.set()

    def roll(self) -> None:
        """Restart all, one by one, as soon as a restart that runs already is done."""
        self._roll.set()

    async def run(self, prepare: Callable[[], Awaitable[bool]], greeting: str) -> None:
        """Serve until `stop`; `prepare` brings the database up to date before a rolling restart."""
        stopping = asyncio.create_task(self._stop.wait())
        working = asyncio.create_task(self._work(prepare, greeting))
        try:
            await asyncio.wait({stopping, working}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (working, stopping):
                task.cancel()
            outcome, _ = await asyncio.gather(working, stopping, return_exceptions=True)
            for child in reversed(self._all):
                await child.stop()
                child.close()
        if isinstance(outcome, Exception):
            raise outcome

    async def _work(self, prepare: Callable[[], Awaitable[bool]], greeting: str) -> None:
        await self._start()
        self._say(greeting)
        while True:
            await self._roll.wait()
            self._roll.clear()
            try:
                await self._restart_all(prepare)
            except NotReady as error:
                self._say(f"rolling restart: ended, {error}; what follows was left as it was")

    async def _start(self) -> None:
        for child in self._serving:
            await child.start()
        try:
            for child in self._serving:
                await self._wait_for(child)
            await wait_until_ready(self._urls, READY_SECONDS)
        except NotReady as error:
            self._say(f"WARNING: {error}. It goes on trying")
        for child in self._beside:
            await child.start()

    async def _restart_all(self, prepare: Callable[[], Awaitable[bool]]) -> None:
        if not await prepare():
            raise NotReady("the database could not be brought up to date")
        await wait_until_ready(self._urls, READY_SECONDS)
        for child in self._all:
            self._say(f"rolling restart: {child.name}")
            await child.restart()
            if child in self._serving:
                await self._wait_for(child)
                await settle()
                if not child.ready:
                    raise NotReady(f"{child.name} does not stay up")
                await wait_until_ready(self._urls, READY_SECONDS)
        self._say("rolling restart: done")

    async def _wait_for(self, child: Child) -> None:
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not child.ready:
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise NotReady(f"{child.name} not ready within {READY_SECONDS:.0f} s") from None
