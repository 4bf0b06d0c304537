"""One process of a cluster: started, told apart in the log, started again when it ends, stopped in peace.

Rules:
- It is asked to end by SIGTERM and given STOP_SECONDS; only then is it killed.
- Ctrl-C in a terminal reaches the starter alone: each child is a session of its own, and is stopped in
  its turn.
- One that ends by itself is started again, after a pause that doubles while it goes on ending soon.
- It is ready when it says so (markets.notify), for each start anew.
- What it writes to stderr is passed on, line by line, behind its name; its stdout is dropped.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from django.conf import settings

from markets.notify import READY

STOP_SECONDS: Final = 30.0
"""Longer than a process takes to finish what is in flight."""
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
"""Seconds before a process that ended is started again."""
LONG_LIFE: Final = 60.0
"""Seconds of life after which an end counts as the first one."""
LAST_WORDS: Final = 1.0
"""Seconds to wait for what a process that has ended wrote."""
PIECE: Final = 65_536

Say = Callable[[str], None]


class Child:
    """A process that is kept running between `start` and `stop`."""

    def __init__(
        self,
        name: str,
        arguments: tuple[str, ...],
        *,
        environment: Mapping[str, str],
        folder: Path,
        say: Say,
    ) -> None:
        self.name = name
        self._arguments = arguments
        self._environment = dict(environment)
        self._address = str(folder / name.replace(" ", "-"))
        self._say = say
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._listener: asyncio.DatagramTransport | None = None
        self._starting = asyncio.Lock()
        self._wanted = False
        self._ready = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Its process, if one runs."""
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and alive else None

    @property
    def ready(self) -> bool:
        """Whether it runs and has said that it is ready."""
        return self._ready.is_set()

    async def start(self) -> None:
        """Start it, and keep it running."""
        self._wanted = True
        if self._listener is None:
            loop = asyncio.get_running_loop()
            self._listener, _ = await loop.create_datagram_endpoint(
                lambda: _Listener(self._ready), local_addr=self._address, family=socket.AF_UNIX
            )
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._wanted = False
        async with self._starting:  # what is just being started is stopped, too
            process = self._process
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if process is not None:
            await self._end(process)

    async def restart(self) -> None:
        """Stop it and start it: with the code and the settings that are there now."""
        await self.stop()
        await self.start()

    def close(self) -> None:
        """Listen to it no more, after the last stop."""
        if self._listener is not None:
            self._listener.close()

    def kill(self) -> None:
        """End it at once; it is not started again."""
        self._wanted = False
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def _end(self, process: Process) -> None:
        self._ready.clear()
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                self._say(f"{self.name} did not end within {STOP_SECONDS:.0f} s and is killed")
                process.kill()
        await process.wait()
        if self._reader is not None:
            await asyncio.wait({self._reader}, timeout=LAST_WORDS)
        if process.returncode not in (0, -signal.SIGTERM):
            self._say(f"{self.name} ended with {_outcome(process.returncode or 0)}")

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while self._wanted and self._process is not None:
            since = loop.time()
            code = await self._process.wait()
            self._ready.clear()
            if loop.time() - since > LONG_LIFE:
                pause = FIRST_PAUSE
            if not self._wanted:
                return
            self._say(f"{self.name} ended by itself with {_outcome(code)}; it is started again")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            await self._spawn()

    async def _spawn(self) -> None:
        async with self._starting:
            if not self._wanted:
                return
            self._ready.clear()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._arguments,
                cwd=settings.BASE_DIR,
                env={**os.environ, **self._environment, "NOTIFY_SOCKET": self._address},
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=PIPE,
                start_new_session=True,
            )
        self._reader = asyncio.create_task(self._pass_on(self._process), name=f"{self.name} stderr")

    async def _pass_on(self, process: Process) -> None:
        """Pass on what it writes, whole lines at a time; a line without an end is not waited for."""
        assert process.stderr is not None
        rest = b""
        while piece := await process.stderr.read(PIECE):
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > PIECE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._say(f"{self.name} | {line.decode(errors='replace')}")
        if rest:
            self._say(f"{self.name} | {rest.decode(errors='replace')}")


class _Listener(asyncio.DatagramProtocol):
    """Hears what a child says of itself."""

    def __init__(self, ready: asyncio.Event) -> None:
        self._ready = ready

    def datagram_received(self, data: bytes, address: object) -> None:
        if READY in data.decode(errors="replace").splitlines():
            self._ready.set()


def _outcome(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
