"""The web processes that are alive, and where clients find them: `GET /api/v1/nodes`.

Rules:
- A web process of the cluster writes its address into the database, says each HEARTBEAT that it lives, and
  takes the row away when it stops. Who was not heard for ALIVE_WITHIN is not named, by the database's clock.
- What the database refuses is tried again with the next heartbeat; nobody waits for it.
- The embedded shape is the only one there is, and writes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from django.db import DatabaseError, InterfaceError
from django.db.models.functions import Now

from markets.models import Node

HEARTBEAT: Final = 2.0
ALIVE_WITHIN: Final = timedelta(seconds=8)
FORGET_AFTER: Final = timedelta(hours=1)
"""What a process left behind that was killed is taken away after so long."""

logger = logging.getLogger(__name__)
Read = Callable[..., Awaitable[Any]]
"""Runs a function in a thread that may use the database."""


class Registration:
    """One web process's row."""

    def __init__(self, name: str, url: str, read: Read) -> None:
        self._name = name
        self._url = url
        self._read = read
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Register, and stay registered."""
        await self._try(_say_alive, self._name, self._url)
        self._task = asyncio.create_task(self._keep(), name="node")

    async def withdraw(self) -> None:
        """Be found no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
            await self._try(_forget, self._name)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            await self._try(_say_alive, self._name, self._url)

    async def _try(self, call: Callable[..., None], *args: str) -> None:
        try:
            await self._read(call, *args)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("nodes: %s", error)


def alive_urls() -> list[str]:
    """Where the web processes are that were heard of late."""
    heard = Node.objects.filter(seen_at__gt=Now() - ALIVE_WITHIN).order_by("url")
    return list(heard.values_list("url", flat=True).distinct())


def _say_alive(name: str, url: str) -> None:
    if not Node.objects.filter(pk=name).update(seen_at=Now()):
        Node.objects.create(name=name, url=url, started_at=Now(), seen_at=Now())
    Node.objects.filter(seen_at__lt=Now() - FORGET_AFTER).delete()


def _forget(name: str) -> None:
    Node.objects.filter(pk=name).delete()
