"""Trading: the private socket that carries commands, several of them in flight.

Rules:
- Opened with the first command, and again with the next command after it was lost.
- One task reads it; a command waits for its own answer only.
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


class Trading:
    """One account's trading socket."""

    def __init__(
        self,
        url: str,
        key: str | None,
        background: Background,
        *,
        timeout: float,
        cancel_on_disconnect: bool,
    ) -> None:
        self._url = url
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
            if self._connection is None or not self._connection.is_open:
                self._connection = await self._open()
            return self._connection

    async def _open(self) -> Connection:
        connection = await Connection.open(self._url, key=self._key)
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
        finally:
            await connection.close()
