"""Rest: the calls under `/api/v1/`, one attempt each.

Rules:
- A 2xx answer's JSON is returned; a problem document is raised as the exception of its code.
- What was surely not sent raises NotConnected; what was sent and not answered raises Unanswered.
- Nothing is repeated here: the caller knows what may be. But the next attempt goes to another node, where
  there is one, if this one cannot be reached, does not answer, or is busy or unavailable.
"""

from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from clients.connection import is_loopback
from clients.errors import (
    ConnectionLost,
    NotConnected,
    RateLimited,
    TimedOut,
    TryLater,
    UnexpectedAnswer,
    error_of,
)
from clients.nodes import Nodes

API = "/api/v1/"


class Rest:
    """A pool of HTTP connections to each node that was asked."""

    def __init__(self, nodes: Nodes, *, key: str | None, timeout: float) -> None:
        self._nodes = nodes
        self._timeout = timeout
        self._headers = {"Accept": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._pools: dict[str, httpx.AsyncClient] = {}

    def _pool(self, node: str) -> httpx.AsyncClient:
        if node not in self._pools:
            self._pools[node] = httpx.AsyncClient(
                base_url=node + API,
                headers=self._headers,
                timeout=self._timeout,
                trust_env=not is_loopback(node),
            )
        return self._pools[node]

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send one request and return the answer's JSON, None for an empty one.

        `path` is relative to `/api/v1/`, or a whole URL of the exchange's (a page's `next`). A
        query's None values are left out. Raises Refused, NotConnected, Unanswered and
        UnexpectedAnswer.
        """
        node = self._nodes.current
        try:
            return await self._call(node, method, path, query=query, body=body)
        except RateLimited:
            raise
        except (NotConnected, ConnectionLost, TimedOut, TryLater):
            self._nodes.failed(node)
            raise

    async def _call(
        self,
        node: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
    ) -> Any:
        content = None if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"} if content is not None else {}
        params = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            answer = await self._pool(node).request(
                method, path, params=params or None, content=content, headers=headers
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotConnected(f"cannot connect to {node}: {_words(error)}") from error
        except httpx.TimeoutException as error:
            raise TimedOut(f"no answer to {method} {path} in time") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise ConnectionLost(f"the connection ended: {_words(error)}") from error
        return _read(answer)

    async def close(self) -> None:
        """Close the connections."""
        for pool in self._pools.values():
            await pool.aclose()
        self._pools.clear()


def _read(answer: httpx.Response) -> Any:
    try:
        body = msgspec.json.decode(answer.content) if answer.content else None
    except msgspec.DecodeError as error:
        if answer.is_success:
            raise UnexpectedAnswer(f"{answer.url} answered no JSON: {error}") from error
        body = None
    if answer.is_success:
        return body
    problem = body if isinstance(body, Mapping) else {"detail": f"{answer.url} {_status(answer)}"}
    raise error_of(
        problem, status=answer.status_code, retry_after=_seconds(answer.headers.get("Retry-After"))
    )


def _status(answer: httpx.Response) -> str:
    return f"answered {answer.status_code} {answer.reason_phrase}".strip()


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
