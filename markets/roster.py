"""This process among those that run engines: it says that it lives, sees who else does, takes its share.

Rules:
- There is no coordinator: each process looks at the same rows and locks, and works out the same plan.
- A process whose own lock is gone is dead: at once what it held is free. One that has been silent for SILENT
  seconds, by the database's clock, and goes on so, is paused or cut off: its sessions are ended first.
- What was free at the last look, too, is taken whatever the plan says: no market waits for a plan.
- After a session was lost, what was run stays if it can be locked again before others take it, and others'
  markets get a GRACE to do the same.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from markets import shares
from markets.database import PROCESS_TOKEN
from markets.models import EngineProcess, Market
from markets.ownership import Ownership, ownership
from markets.tenure import now

SILENT: Final = 5.0
"""Seconds without a sign of life after which a process that still holds its lock is not waited for."""
GOES_ON: Final = 1.5
"""Seconds that it must be seen silent for: perhaps only the database paused, or its clock was set."""
GRACE: Final = 2.0
"""Seconds after this process lost its session in which it takes nothing that others ran."""

SILENCE: Final = ExpressionWrapper(Now() - F("seen_at"), output_field=DurationField())
"""How long a process has not signed."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Look:
    """What a look came to."""

    began: float
    lost: list[int] = field(default_factory=list)
    """Markets that were run here, and others run now."""
    taken: list[tuple[int, str]] = field(default_factory=list)
    surplus: list[int] = field(default_factory=list)
    """Markets that others should run, the first of them first."""
    others: list[str] = field(default_factory=list)
    """Channels of the other processes."""
    superseded: list[tuple[str, list[str]]] = field(default_factory=list)
    """Channels of processes that were silent, and the markets that they hold no more."""


class Roster:
    """Blocking; used from one thread, whose session holds the locks."""

    def __init__(
        self, channel: str, only: frozenset[str] | None, token: str = PROCESS_TOKEN
    ) -> None:
        self._channel = channel
        self._token = token
        self._only = only
        self._ownership: Ownership | None = None
        self._id = 0
        self._reported: set[str] = set()
        self._free_before: set[int] = set()
        self._silent: dict[int, float] = {}
        self._grace_until = 0.0
        self._leaving = False

    # What the host asks for

    def look(self, running: Sequence[int], ended: Sequence[int], report: dict[str, Any]) -> Look:
        """Say that this process lives and runs these markets, give back what ended, take what it should.

        `running`: those first that may rather be given away. Raises DatabaseError and InterfaceError.
        """
        try:
            return self._look(running, ended, report)
        except (DatabaseError, InterfaceError):
            self._drop_dead_session()
            raise

    def release(self, market: int) -> None:
        """Give a market back. Raises DatabaseError and InterfaceError."""
        if self._ownership is not None and self._ownership.alive():
            self._ownership.release(market)

    def leave(self) -> None:
        """Take nothing more; others may have all. Raises DatabaseError and InterfaceError."""
        self._leaving = True
        EngineProcess.objects.filter(pk=self._id).update(leaving=True)

    def left(self) -> None:
        """Everything is given back. Raises DatabaseError and InterfaceError."""
        EngineProcess.objects.filter(pk=self._id).delete()

    # How

    def _look(self, running: Sequence[int], ended: Sequence[int], report: dict[str, Any]) -> Look:
        look = Look(now())
        held = self._ownership
        if held is None or not held.alive() or not self._sign(report):
            held = self._join(report)
            look.lost = [market for market in running if not held.acquire(market)]
        for market in ended:
            held.release(market)
        peers = self._peers(held, look)
        look.others = [peer.channel for peer in peers if peer.pk != self._id]
        self._share(held, peers, [market for market in running if market not in look.lost], look)
        return look

    def _sign(self, report: dict[str, Any]) -> bool:
        """Sign that this process lives; False: others have taken its row away."""
        assert self._ownership is not None
        if not self._ownership.shared and report.keys() == self._reported:
            return True  # nobody else could take its markets: no write each second
        self._reported = set(report)
        signed = EngineProcess.objects.filter(pk=self._id).update(seen_at=Now(), report=report)
        return bool(signed) or not self._ownership.shared

    def _join(self, report: dict[str, Any]) -> Ownership:
        """Be one of those that run engines, with a session that holds nothing but that."""
        if self._ownership is None:
            self._ownership = ownership()
        else:
            self._grace_until = now() + GRACE
            logger.warning("engines: the session that held the markets is gone; locking them again")
        self._drop_dead_session()
        connection.ensure_connection()
        with transaction.atomic():  # seen by others when its lock is held, not before
            stale = EngineProcess.objects.all()
            if self._ownership.shared:
                stale = stale.filter(token=self._token)
            stale.delete()
            row = EngineProcess.objects.create(
                token=self._token,
                host=socket.gethostname(),
                pid=os.getpid(),
                channel=self._channel,
                only=None if self._only is None else sorted(self._only),
                started_at=Now(),
                seen_at=Now(),
                report=report,
                leaving=self._leaving,
            )
            self._ownership.enter(row.pk)
        self._id, self._reported = row.pk, set(report)
        return self._ownership

    def _peers(self, held: Ownership, look: Look) -> list[EngineProcess]:
        """The processes that live, this one among them; what the others left is cleared away."""
        if not held.shared:
            return list(EngineProcess.objects.filter(pk=self._id))
        silence = dict(EngineProcess.objects.values_list("pk", SILENCE))
        living = held.holders().processes
        peers = []
        silent, self._silent = self._silent, {}
        for peer in EngineProcess.objects.filter(pk__in=silence):
            if peer.pk == self._id:
                peers.append(peer)
            elif peer.pk not in living:
                logger.warning("engines: %s is dead", peer)
                peer.delete()
            elif silence[peer.pk] < timedelta(seconds=SILENT):
                peers.append(peer)
            else:
                since = self._silent[peer.pk] = silent.get(peer.pk, look.began)
                if look.began - since < GOES_ON:
                    peers.append(peer)
                    continue
                logger.warning("engines: %s is silent; its sessions are ended", peer)
                held.expel(peer.pk, peer.token)
                peer.delete()
                look.superseded.append((peer.channel, sorted(peer.report)))
        return peers

    def _share(
        self, held: Ownership, peers: list[EngineProcess], running: list[int], look: Look
    ) -> None:
        """Take the markets that this process should run; note those that others should."""
        symbols = dict(Market.objects.order_by("pk").values_list("pk", "symbol"))
        keys = {symbol: market for market, symbol in symbols.items()}
        holders = held.holders().markets
        runs = dict.fromkeys(running, self._id) | {
            market: holders.get(market) for market in symbols if market not in running
        }
        mine = _keys(self._only, keys)
        may = {self._id: mine} | {
            peer.pk: _keys(peer.only, keys)
            for peer in peers
            if peer.pk != self._id and not peer.leaving
        }
        planned = shares.plan(runs, may)
        free = {
            market
            for market in symbols
            if market not in holders and market not in running and (mine is None or market in mine)
        }
        held_idle = {market for market in symbols if held.holds(market) and market not in running}
        if self._leaving:
            return
        for market in sorted(free | held_idle) if look.began >= self._grace_until else ():
            wanted = planned.get(market) == self._id or market in self._free_before | held_idle
            if wanted and held.acquire(market):
                look.taken.append((market, symbols[market]))
        self._free_before = free
        look.surplus = [market for market in running if planned.get(market) != self._id]

    @staticmethod
    def _drop_dead_session() -> None:
        """A session that ended is of no use; one that lives still holds the markets."""
        driver = connection.connection
        if connection.vendor != "postgresql" or driver is None or driver.closed:
            connection.close()


def _keys(only: Iterable[str] | None, keys: Mapping[str, int]) -> frozenset[int] | None:
    """The markets of these symbols; None: all."""
    return None if only is None else frozenset(keys[name] for name in only if name in keys)
