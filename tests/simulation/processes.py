"""A process of the simulation: its own globals, its own clock, and an end that nothing can catch."""

from __future__ import annotations

import os
import secrets
import socket
from asyncio import Handle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from random import Random
from types import ModuleType
from typing import Any, ClassVar, Final

from django.db.backends.base.base import BaseDatabaseWrapper

from markets import process
from markets.consumers.engine import batches, loop
from markets.database import DatabaseThreads

RUNNING: Final[ContextVar[Process | None]] = ContextVar("running", default=None)
"""Whose code is running; None: the world's."""


class ProcessDied(BaseException):
    """The process ends at this very statement."""


class Process:
    """One web or engine process, from its start to its death. A new start is a new one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.paused = False
        self.parked: list[Handle] = []
        """What is to run when it is resumed."""
        self.wall_offset = 0
        """Microseconds that its clock is ahead of the world's."""
        self.cut_off = False
        """It reaches neither the channel layer nor its clients."""
        self.connections: list[BaseDatabaseWrapper] = []
        self.at_death: list[Callable[[], object]] = []
        threads = DatabaseThreads("engines", batches.MAX_THREADS)
        self._globals: list[tuple[ModuleType, str, Any]] = [
            (process, "_current", None),
            (process, "_starting", None),
            (batches, "threads", threads),
            (loop, "threads", threads),
        ]

    def __repr__(self) -> str:
        return self.name

    @property
    def parts(self) -> process.Process | None:
        """Its gateway and hub, when it has started."""
        parts: process.Process | None = self._globals[0][2]
        return parts

    def _enter(self) -> None:
        for module, name, value in self._globals:
            vars(module)[name] = value

    def _leave(self) -> None:
        self._globals = [(module, name, vars(module)[name]) for module, name, _ in self._globals]
        process._current = None  # between processes nobody is running

    def die(self) -> None:
        """kill -9: nothing of it runs any more, and what it held falls back."""
        if self.alive:
            self.alive = False
            self.parked.clear()
            for connection in self.connections:
                if connection.connection is not None:
                    connection.connection.drop()
            for call in self.at_death:
                call()

    _inside: ClassVar[Process | None] = None

    @classmethod
    @contextmanager
    def switch(cls, inside: Process | None) -> Iterator[None]:
        """Code of a process (None: the world) runs: what is global in a process is that one's."""
        outside = cls._inside
        if outside is not None:
            outside._leave()
        if inside is not None:
            inside._enter()
        cls._inside = inside
        try:
            yield
        finally:
            if inside is not None:
                inside._leave()
            if outside is not None:
                outside._enter()
            cls._inside = outside


def give_names(random: Random) -> None:
    """What the machine would say of itself, and what must not be guessed, is known by the seed."""
    vars(secrets)["token_hex"] = lambda count: random.randbytes(count).hex()
    vars(os)["getpid"] = lambda: 0
    vars(socket)["gethostname"] = lambda: str(RUNNING.get())
