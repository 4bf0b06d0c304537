"""`/ws` and `/stream`: a program's subscriptions to streams, and their events.

Rules:
- `/ws/NAME…` and `/stream?streams=NAME/NAME` begin with those streams; `/stream` sends events with their
  stream's name, `/ws` without, until `SET_PROPERTY combined` says otherwise.
- No name is refused. What is subscribed twice is sent once.
- A listenKey is a name, too: an account's private events.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from django.db import DatabaseError, InterfaceError

from markets import process
from markets.accounts import Principal
from markets.binance.calls import JSON
from markets.binance.connections import DialectConnection, serve
from markets.binance.errors import DialectError
from markets.binance.socket_api.session import find
from markets.binance.streams.beat import Chunk
from markets.binance.streams.board import board
from markets.binance.streams.requests import (
    BAD_REQUEST,
    MAX_NAME_LENGTH,
    TOO_MANY,
    Id,
    Refused,
    StreamRequest,
    read_stream_request,
)
from markets.binance.time_unit import now_json
from markets.binance.user_data.listen_keys import api_key_of, is_listen_key
from markets.binance.user_data.subscriptions import Subscriptions
from markets.consumers.connection import Receive, Scope, Send
from markets.hub.outbox import CLOSE_TRY_AGAIN_LATER

MAX_STREAMS: Final = 1024
"""Of one connection."""
RAW: Final = "/ws"
COMBINED: Final = "/stream"


async def stream_consumer(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application of the market streams."""
    await serve(StreamSocket, scope, receive, send)


def names_of_address(scope: Scope) -> list[str]:
    """The streams that an address names."""
    path: str = scope["path"]
    if path.startswith(COMBINED):
        query = parse_qs(scope["query_string"].decode("latin-1"))
        names = "/".join(query.get("streams", []))
    else:
        names = unquote(path.removeprefix(RAW))
    return [name for name in names.split("/") if 0 < len(name) <= MAX_NAME_LENGTH]


class StreamSocket(DialectConnection):
    """A follower of streams."""

    kind = "streams"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.combined = self.scope["path"].startswith(COMBINED)
        self._names: dict[str, None] = {}
        self._accounts = Subscriptions(self.outbox)

    async def opened(self) -> None:
        """Follow what the address names; beyond MAX_STREAMS nothing."""
        await self._follow(names_of_address(self.scope)[:MAX_STREAMS])

    async def _follow(self, names: list[str]) -> None:
        for name in names:
            if name not in self._names:
                self._names[name] = None
                board().follow(name, self)
                if is_listen_key(name):
                    await self._follow_account(name)

    def _leave(self, names: list[str]) -> None:
        for name in names:
            if name in self._names:
                del self._names[name]
                board().leave(name, self)
                if name in self._accounts.names:
                    self._accounts.end(name)

    async def _follow_account(self, listen_key: str) -> None:
        """Follow the account of a listenKey; one that nobody has is a stream without events."""
        try:
            who = await self._who(listen_key)
        except (DatabaseError, InterfaceError):
            self.outbox.close(CLOSE_TRY_AGAIN_LATER)
            return
        if who is None:
            return

        async def is_alive() -> bool:
            return await self._who(listen_key) is not None

        def put(event: JSON) -> None:
            self.put({"stream": listen_key, "data": event} if self.combined else event)

        await self._accounts.begin(
            listen_key,
            who,
            is_alive,
            put,
            answer=lambda: None,
            end=lambda: {"e": "listenKeyExpired", "E": now_json(), "listenKey": listen_key},
        )

    async def _who(self, listen_key: str) -> Principal | None:
        """Whose listenKey it is, if anybody's whose API key may be used from here."""
        api_key = await process.current().hub.read(api_key_of, listen_key)
        if api_key is None:
            return None
        try:
            who = (await find(api_key, self.address)).who
        except DialectError:
            return None
        self.names_key(api_key)
        return who if who.can_read else None

    def put_chunks(self, chunks: list[Chunk]) -> None:
        """Send a beat's events, written at once if the client reads."""
        if len(chunks) == 1:
            self.outbox.put_frames(chunks[0].frames, chunks[0].encoded)
        else:
            frames = [frame for chunk in chunks for frame in chunk.frames]
            self.outbox.put_frames(frames, b"".join([chunk.encoded for chunk in chunks]))

    # Requests

    async def take(self, text: str) -> None:
        """Answer a request."""
        try:
            if self.speaks_too_much():
                raise Refused(TOO_MANY, "Too many requests; slow down.")
            request = read_stream_request(text)
            await self._carry_out(request)
        except Refused as refused:
            self._say_refused(refused)

    def _say_refused(self, refused: Refused) -> None:
        error = {"code": refused.code, "msg": refused.message}
        self.put({"error": error, "id": refused.request_id})

    def refuse_binary(self) -> None:
        """Requests are texts."""
        self._say_refused(Refused(BAD_REQUEST, "Invalid request: send text frames, not binary"))

    async def _carry_out(self, request: StreamRequest) -> None:
        match request.method:
            case "SUBSCRIBE":
                names = request.names()
                if len(self._names.keys() | set(names)) > MAX_STREAMS:
                    raise request.refused(
                        BAD_REQUEST, f"Invalid request: more than {MAX_STREAMS} streams"
                    )
                self._answer(request.id, None)
                await self._follow(names)
            case "UNSUBSCRIBE":
                self._leave(request.names())
                self._answer(request.id, None)
            case "LIST_SUBSCRIPTIONS":
                self._answer(request.id, list(self._names))
            case "SET_PROPERTY":
                self.combined = request.property(2)[1]
                self._answer(request.id, None)
            case "GET_PROPERTY":
                request.property(1)
                self._answer(request.id, self.combined)

    def _answer(self, request_id: Id, result: object) -> None:
        self.put({"result": result, "id": request_id})

    def say_stopping(self) -> None:
        """Tell the client that this process stops."""
        self.put(self.shutdown_event())

    async def answered(self) -> None:
        """All requests are answered at once."""
        await asyncio.sleep(0)

    async def closed(self) -> None:
        """Follow no more."""
        await super().closed()
        await self._accounts.close()
        self._leave(list(self._names))
