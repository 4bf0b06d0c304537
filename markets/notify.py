"""Tell whoever started this process that it is ready, that it lives and that it stops (systemd's protocol).

Rules:
- The starter names a datagram socket in NOTIFY_SOCKET: systemd for units of `Type=notify`, `manage.py
  cluster` for its children. Without that name nothing is said.
- WATCHDOG_USEC asks for a sign of life; it comes from the event loop, so a loop that hangs gives none.
- A starter that is gone is no reason to stop serving.

Source: sd_notify(3).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
ALIVE: Final = "WATCHDOG=1"
SIGNS: Final = 3
"""Signs of life in the time after which the starter would give this process up."""

logger = logging.getLogger(__name__)


def notify(state: str) -> None:
    """Say it, if anybody asked to be told."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # a name outside the file system
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as teller:
            teller.sendto(state.encode(), address)
    except OSError as error:
        logger.warning("who started this process cannot be told %s: %s", state, error)


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[None]:
    """Inside, this process is ready and gives signs of life; it says when that ends."""
    notify(READY)
    signs = asyncio.create_task(_give_signs(), name="signs of life")
    try:
        yield
    finally:
        notify(STOPPING)
        signs.cancel()
        await asyncio.gather(signs, return_exceptions=True)


async def _give_signs() -> None:
    asked = os.environ.get("WATCHDOG_USEC", "")
    if not asked.isdigit() or int(asked) == 0:
        return
    while True:
        notify(ALIVE)
        await asyncio.sleep(int(asked) / 1_000_000 / SIGNS)
