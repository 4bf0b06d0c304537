"""Which gateways are alive whose connections have orders here that end with them.

A connection's own gateway cancels its orders when it is lost. A gateway that died cannot: it says each
second that it lives, and once it was silent for LOST_AFTER its orders are canceled. An engine that did not
listen (its process slept) does not hold that against anybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import Final

LOST_AFTER: Final = 5.0
"""Seconds of silence after which a gateway, and all its connections, are lost."""
DEAF_AFTER: Final = LOST_AFTER / 2
"""Seconds without a look after which this engine was asleep itself; it looks each second."""


def gateway_of(connection: str) -> str:
    """The gateway that a connection belongs to."""
    return connection.partition(".")[0]


class Leases:
    """When each gateway was heard last."""

    def __init__(self, connections: Iterable[str | None]) -> None:
        self._heard: dict[str, float] = {}
        self._looked = monotonic()
        for connection in connections:
            self.heard_of(connection)

    def heard_of(self, connection: str | None) -> None:
        """A gateway sent something of a connection."""
        if connection is not None:
            self.heard(gateway_of(connection))

    def heard(self, gateway: str) -> None:
        """A gateway lives."""
        self._heard[gateway] = monotonic()

    def lost(self) -> list[str]:
        """The gateways that have been silent too long."""
        now = monotonic()
        if now - self._looked > DEAF_AFTER:
            self._heard = dict.fromkeys(self._heard, now)
        self._looked = now
        since = now - LOST_AFTER
        return [gateway for gateway, heard in self._heard.items() if heard < since]

    def forget(self, gateway: str) -> None:
        """Its orders are canceled."""
        self._heard.pop(gateway, None)
