"""Connection: one open WebSocket, its requests and answers.

Rules:
- JSON objects in text frames; a request is `{"method","params","req_id"}`, its answer carries the
  same `req_id`; everything else was pushed by the exchange.
- Whoever reads (`read`) resolves the answers on the way; exactly one task reads.
- When the connection ends, every request still in flight fails with ConnectionLost.
- A lost connection is not mended here: its owner opens a new one.
- A node that stops says so beforehand (`is_leaving`): what was asked is answered yet, what is new is better
  asked elsewhere. So it is with one that leaves a request unanswered, where there are others.
"""

import asyncio
from collections.abc import Mapping
from itertools import count
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from clients.errors import (
    ConnectionLost,
    ExchangeError,
    NotAuthenticated,
    NotConnected,
    TimedOut,
    UnexpectedAnswer,
    error_of,
)
from clients.nodes import Nodes

OPEN_TIMEOUT = 10.0
"""Seconds for the handshake."""

SEND_TIMEOUT = 5.0
"""Seconds in which the exchange must take a frame."""

CLOSE_TIMEOUT = 1.0
"""Seconds that a polite goodbye may take."""

MAX_FRAME = 64 * 2**20
"""Bytes of the longest frame taken: a snapshot of a very deep book."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""Hosts that are never reached by way of a proxy."""


STOPPING = {"status": "stopping"}
"""What the channel `system` says of a node that stops."""


def is_loopback(url: str) -> bool:
    """Tell whether the URL names this very machine."""
    return urlsplit(url).hostname in LOOPBACK


def socket_url(url: str, path: str) -> str:
    """Return the WebSocket address of `path` at the exchange's `http(s)://` address."""
    return "ws" + url.removeprefix("http") + path


class Connection:
    """One WebSocket to the exchange. Open it with `Connection.open_at`."""

    def __init__(self, socket: ClientConnection, node: str) -> None:
        self.node = node
        self.is_leaving = False
        """Whether its node said that it stops."""
        self.is_silent = False
        """Whether a request was not answered in time."""
        self._socket = socket
        self._numbers = count(1)
        self._in_flight: dict[int, asyncio.Future[Any]] = {}
        self._lost: ConnectionLost | None = None

    @classmethod
    async def open_at(cls, nodes: Nodes, path: str, *, key: str | None = None) -> Self:
        """Connect to the current node; one that cannot be reached has failed.

        Raises NotConnected, or NotAuthenticated where the key is turned away.
        """
        node = nodes.current
        try:
            return cls(await _open(socket_url(node, path), key), node)
        except NotConnected:
            nodes.failed(node)
            raise

    @property
    def is_open(self) -> bool:
        """Whether nothing has shown yet that the connection ended."""
        return self._lost is None

    async def ask(self, method: str, params: Mapping[str, Any]) -> asyncio.Future[Any]:
        """Send a request; the future gets its result, or its error. Raises ConnectionLost."""
        if self._lost is not None:
            raise self._lost
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._in_flight[number] = answer
        answer.add_done_callback(lambda done: self._forget(number, done))
        frame = {"method": method, "params": params, "req_id": number}
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                await self._socket.send(msgspec.json.encode(frame).decode())
        except (ConnectionClosed, TimeoutError) as error:
            answer.cancel()
            raise self._end(error) from error
        return answer

    async def request(self, method: str, params: Mapping[str, Any], *, timeout: float) -> Any:
        """Send a request and return its result, within `timeout` seconds; another task reads.

        Raises Refused as answered, TimedOut, ConnectionLost.
        """
        answer = await self.ask(method, params)
        try:
            return await asyncio.wait_for(answer, timeout)
        except TimeoutError as error:
            self.is_silent = True
            raise TimedOut(f"no answer to {method} within {timeout:g} s") from error

    async def read(self) -> dict[str, Any]:
        """Return the next message, answers included; raises ConnectionLost, UnexpectedAnswer."""
        try:
            frame = await self._socket.recv()
        except ConnectionClosed as error:
            raise self._end(error) from error
        try:
            message = msgspec.json.decode(frame)
        except msgspec.DecodeError as error:
            raise UnexpectedAnswer(f"a frame that is no JSON: {error}") from error
        if not isinstance(message, dict):
            raise UnexpectedAnswer(f"a frame that is no JSON object: {message!r}")
        if message.get("channel") == "system":
            self.is_leaving = self.is_leaving or message.get("data") == STOPPING
        if message.get("req_id") in self._in_flight:
            _resolve(self._in_flight[message["req_id"]], message)
        return message

    async def close(self) -> None:
        """Say goodbye; requests in flight fail with ConnectionLost."""
        await self._socket.close()
        self._end(None)

    def _end(self, error: Exception | None) -> ConnectionLost:
        if self._lost is None:
            self._lost = ConnectionLost(f"the connection ended: {error}" if error else "closed")
            for answer in list(self._in_flight.values()):
                if not answer.done():
                    answer.set_exception(ConnectionLost(str(self._lost)))
        return ConnectionLost(str(self._lost))

    def _forget(self, number: int, answer: asyncio.Future[Any]) -> None:
        self._in_flight.pop(number, None)
        if not answer.cancelled():
            answer.exception()  # seen: an answer that nobody waits for any more is no crash


async def _open(url: str, key: str | None) -> ClientConnection:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        return await connect(
            url,
            additional_headers=headers,
            open_timeout=OPEN_TIMEOUT,
            close_timeout=CLOSE_TIMEOUT,
            max_size=MAX_FRAME,
            compression=None,
            proxy=None if is_loopback(url) else True,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        if status in (401, 403):
            problem = {"code": "not_authenticated", "detail": f"{url} turned the key away"}
            raise NotAuthenticated(problem, status=status) from error
        raise NotConnected(f"{url} answered {status}") from error
    except InvalidURI as error:
        raise NotConnected(str(error)) from error
    except (OSError, InvalidHandshake, EOFError) as error:
        raise NotConnected(f"cannot connect to {url}: {error or type(error).__name__}") from error


def _resolve(answer: asyncio.Future[Any], message: dict[str, Any]) -> None:
    if answer.done():
        return
    error: ExchangeError
    if message.get("success") is True:
        answer.set_result(message.get("result"))
    elif isinstance(problem := message.get("error"), Mapping):
        error = error_of(problem, retry_after=_seconds(problem.get("retry_after")))
        answer.set_exception(error)
    else:
        error = UnexpectedAnswer(f"neither a success nor an error: {message!r}")
        answer.set_exception(error)


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
