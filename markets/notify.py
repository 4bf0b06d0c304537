"""Tell whoever started this process that it is ready, that it lives and that it stops.

Rules:
- A starter names a datagram socket in NOTIFY_SOCKET and gets systemd's messages: systemd itself for units of
  `Type=notify`, `manage.py cluster` for its children. WATCHDOG_USEC asks for signs of life.
- Or it names a file in ALIVE_FILE (a container): the file is there while this process serves, and is touched
  every FILE_SECONDS.
- Signs of life come from the event loop, so a loop that hangs gives none.
- A starter that cannot be told is no reason to stop serving.

Source: sd_notify(3).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
ALIVE: Final = "WATCHDOG=1"
SIGNS: Final = 3
"""Signs of life in the time after which systemd would give this process up."""
FILE_SECONDS: Final = 2.0

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[None]:
    """Inside, this process is ready and gives signs of life; it says when that ends."""
    _notify(READY)
    _touch()
    signs = asyncio.create_task(_give_signs(), name="signs of life")
    try:
        yield
    finally:
        _notify(STOPPING)
        signs.cancel()
        await asyncio.gather(signs, return_exceptions=True)
        if file := _file():
            file.unlink(missing_ok=True)


async def _give_signs() -> None:
    asked = os.environ.get("WATCHDOG_USEC", "")
    watched = asked.isdigit() and int(asked) > 0
    pause = int(asked) / 1_000_000 / SIGNS if watched else FILE_SECONDS
    while watched or _file():
        if watched:
            _notify(ALIVE)
        _touch()
        await asyncio.sleep(pause)


def _notify(state: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # a name outside the file system
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as teller:
            teller.setblocking(False)
            teller.sendto(state.encode(), address)
    except OSError as error:
        logger.warning("who started this process cannot be told %s: %s", state, error)


def _file() -> Path | None:
    name = os.environ.get("ALIVE_FILE", "")
    return Path(name) if name else None


def _touch() -> None:
    if file := _file():
        try:
            file.touch()
        except OSError as error:
            logger.warning("no sign of life in %s: %s", file, error)
