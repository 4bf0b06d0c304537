"""A ping is text, since clients read it as such before they answer it; and its answer is known again."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import uvicorn
from uvicorn.server import ServerState
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from markets.management.commands.serve import server_of


class Line(asyncio.Transport):
    """What the server writes."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: Any) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing is left open."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


async def accepts(scope: Any, receive: Any, send: Any) -> None:
    """An application that takes everybody and says nothing."""
    del scope
    await receive()
    await send({"type": "websocket.accept"})
    await receive()


async def test_a_ping_is_text_and_comes_back() -> None:
    config: uvicorn.Config = server_of(accepts).config
    config.load()
    server = cast(Any, config.ws_protocol_class)(config, ServerState(), {})
    line = Line()
    server.connection_made(line)
    client = ClientProtocol(parse_uri("ws://localhost/ws"))
    client.send_request(client.connect())

    def heard() -> list[Any]:
        """The client takes what was written, and the server what the client answers."""
        written, line.written = line.written, b""
        client.receive_data(written)
        server.data_received(b"".join(client.data_to_send()))
        return client.events_received()

    heard()
    while not line.written:
        await asyncio.sleep(0)
    heard()

    server.send_keepalive_ping()
    (ping,) = (frame for frame in heard() if isinstance(frame, Frame))

    assert ping.opcode is Opcode.PING
    assert bytes(ping.data).decode().isdecimal()
    assert server.pong_timer is None, "the pong was taken for this ping's"
    server.connection_lost(None)
