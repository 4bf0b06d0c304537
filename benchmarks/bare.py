"""The machine's bare limits: an echo and a fan-out on the exchange's own server, and a bare commit.

Rules:
- `python -m benchmarks.bare` serves: `serve`'s own server (`server_of`), with another application. A
  WebSocket's text frames and an HTTP body come back as they are; a frame to `/fan-out` is sent to every
  socket at `/crowd`, too, in a plain loop.
- `commits` is one row and one durable commit at a time, with SQLite's settings of the exchange.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


crowd: set[Send] = set()


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Send back what comes."""
    if scope["type"] == "http":
        await _echo_body(receive, send)
        return
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/crowd":
        crowd.add(send)
    while (message := await receive())["type"] == "websocket.receive":
        frame = {"type": "websocket.send", "text": message["text"]}
        await send(frame)
        if scope["path"] == "/fan-out":
            for send_to in crowd:
                await send_to(frame)
    crowd.discard(send)


async def _echo_body(receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def serve() -> None:
    """Serve until Ctrl-C."""
    from markets.management.commands.serve import server_of

    server = server_of(application)
    listener = socket.socket()
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", 0))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    await stop.wait()
    server.should_exit = True
    await serving


def commits(folder: str, seconds: float) -> list[float]:
    """How long one-row commits took, in seconds, sorted."""
    connection = sqlite3.connect(f"{folder}/bare.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, text TEXT)")
    took: list[float] = []
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO bare (text) VALUES (?)", ("x" * 300,))
        connection.execute("COMMIT")
        took.append(time.perf_counter() - began)
    connection.close()
    return sorted(took)


if __name__ == "__main__":
    uvloop.run(serve())
