"""Trading: the private socket that carries commands, several of them in flight.

Rules:
- Opened with the first command, and again with the next command after it was lost.
- One task reads it; a command waits for its own answer only.
- A node that stops, or leaves a command unanswered where there are others, gets no new commands; what it was
  asked it may answer yet.
- A lost connection fails the commands in flight with ConnectionLost; repeating them is their
  caller's business, who knows their client_order_id.
- With `cancel_on_disconnect` the exchange cancels a connection's orders when it ends in any way
  but `log_out`.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from clients.background import Background
from clients.connection import Connection
from clients.errors import ConnectionLost, UnexpectedAnswer
from clients.nodes import Nodes

PATH = "/ws/v1/trading"


class Trading:
    """One account's trading socket."""

    def __init__(
        self,
        nodes: Nodes,
        key: str | None,
        background: Background,
        *,
        timeout: float,
        cancel_on_disconnect: bool,
    ) -> None:
        self._nodes = nodes
        self._key = key
        self._background = background
        self._timeout = timeout
        self._cancel_on_disconnect = cancel_on_disconnect
        self._opening = asyncio.Lock()
        self._connection: Connection | None = None

    async def request(self, method: str, params: Mapping[str, Any]) -> Any:
        """Send one command and return its result.

        Raises Refused, NotConnected (nothing was sent) and Unanswered.
        """
        connection = await self._connected()
        answer = connection.request(method, params, timeout=self._timeout)
        return await self._background.watch(answer)

    async def log_out(self) -> None:
        """End the connection, where there is one, and let its orders stay.

        Raises Refused, ConnectionLost or TimedOut where the exchange did not say that they do.
        """
        async with self._opening:
            connection, self._connection = self._connection, None
            if connection is None or not connection.is_open:
                return
            try:
                logged_out = connection.request("logout", {}, timeout=self._timeout)
                await self._background.watch(logged_out)
            finally:
                await connection.close()

    async def _connected(self) -> Connection:
        async with self._opening:
            self._background.check()
            connection = self._connection
            if connection is not None and self._must_leave(connection):
                self._nodes.failed(connection.node)
                connection = None
            if connection is None or not connection.is_open:
                connection = self._connection = await self._open()
            return connection

    def _must_leave(self, connection: Connection) -> bool:
        silent = connection.is_silent and len(self._nodes.known) > 1
        return connection.is_open and (connection.is_leaving or silent)

    async def _open(self) -> Connection:
        connection = await Connection.open_at(self._nodes, PATH, key=self._key)
        self._background.start(self._read(connection), name="trading")
        if self._cancel_on_disconnect:
            try:
                login = {"cancel_on_disconnect": True}
                await connection.request("login", login, timeout=self._timeout)
            except BaseException:
                await connection.close()
                raise
        return connection

    async def _read(self, connection: Connection) -> None:
        try:
            with self._background.reporting(), suppress(ConnectionLost, UnexpectedAnswer):
                while True:  # the end tells the commands in flight
                    await connection.read()
            if connection is self._connection:
                self._nodes.failed(connection.node)
        finally:
            await connection.close()
