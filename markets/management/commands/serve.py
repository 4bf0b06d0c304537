"""`manage.py serve`: the exchange in one process, or with --web a web process of the cluster shape."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from exchange_site import asgi
from markets import event_loop, metrics, notify, process
from markets.consumers.connection import MAX_FRAME_BYTES
from markets.database import need_migrated
from markets.demo import Demo, prepare_demo
from markets.greeting import greeting
from markets.ready_frames import ReadyProtocol

BACKLOG = 2048
PING_INTERVAL = 10.0
"""Seconds between pings to a socket, and to wait for their pongs: a network that is gone is noticed within
twice as many."""


class Command(BaseCommand):
    """Serve until interrupted."""

    help = "Serve the exchange: web, engines and sockets in one process (--web: no engines)."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Where, and in which shape."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--demo",
            action="store_true",
            help="play money, demo people, and traders that move the markets",
        )
        parser.add_argument(
            "--web",
            action="store_true",
            help="a web process of the cluster shape (needs REDIS_URL)",
        )
        metrics.add_arguments(parser, settings.METRICS_HOST, settings.METRICS_PORT)

    def handle(self, *_: Any, **options: Any) -> None:
        """Bind, say where, serve."""
        if options["web"] and not settings.REDIS_URL:
            raise CommandError("--web needs REDIS_URL: engines run in other processes")
        need_migrated()
        shown = metrics.shown_at(options["metrics_host"], options["metrics_port"])
        with _alone(engines=not options["web"]), shown:
            demo = _demo() if options["demo"] else None
            listener = _listen(options["host"], options["port"])
            url = f"http://{_shown(options['host'])}:{listener.getsockname()[1]}"
            event_loop.run(self._serve(listener, url, demo, engines=not options["web"]))

    async def _serve(
        self, listener: socket.socket, url: str, demo: Demo | None, *, engines: bool
    ) -> None:
        await process.start(asgi.router, engines=engines)
        if settings.REDIS_URL:
            await process.announce(settings.PUBLIC_URL or url)
        server = server_of(asgi.application)
        stop = _stop_signal(server)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)  # uvicorn has no event for it
        self.stdout.write(greeting([url], demo))
        self.stdout.flush()
        # Of a cluster's web processes none is the one whose traders they are.
        traders = await _start_traders(url, demo) if demo is not None and engines else None
        try:
            async with notify.serving():
                await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if traders is not None and traders.returncode is None:
                traders.send_signal(signal.SIGINT)
                await traders.wait()
            if not serving.done():
                await _leave(server)
            server.should_exit = True
            await serving
            await process.stop()
            self.stdout.write("stopped; everything is on disk")


def _stop_signal(server: uvicorn.Server) -> asyncio.Task[bool]:
    """Done at Ctrl-C or SIGTERM; a second one does not wait for clients."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask() -> None:
        server.force_exit = asked.is_set()
        asked.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask)
    return asyncio.create_task(asked.wait())


async def _leave(server: uvicorn.Server) -> None:
    """Let clients go; a second Ctrl-C ends that."""
    leaving = asyncio.create_task(process.leave(settings.STOP_NOTICE))
    while not leaving.done() and not server.force_exit:
        await asyncio.wait({leaving}, timeout=0.1)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)


def _demo() -> Demo:
    """Make this process a sandbox, and what there is to play with."""
    demo = prepare_demo()
    settings.SANDBOX = True
    settings.DEMO_PEOPLE = [{"name": name, "password": word} for name, word in demo.people.items()]
    return demo


class _Server(uvicorn.Server):
    """uvicorn, told to stop by us: its own signal handlers would end the process before the engines."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server_of(application: Callable[..., Any]) -> uvicorn.Server:
    """The server that measures best: uvicorn, with websockets' sans-I/O core and uvloop where it runs."""
    return _Server(
        uvicorn.Config(
            application,
            lifespan="off",
            ws=ReadyProtocol,
            ws_max_size=MAX_FRAME_BYTES,
            ws_ping_interval=PING_INTERVAL,
            ws_ping_timeout=PING_INTERVAL,
            ws_per_message_deflate=False,
            backlog=BACKLOG,
            log_config=None,  # as ours: `LOGGING`
            log_level="warning",
            access_log=False,
            server_header=False,
            forwarded_allow_ips=settings.TRUSTED_PROXIES,
            timeout_graceful_shutdown=5,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # uvloop does it by itself; with asyncio alone each answer would wait 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CommandError(
            f"cannot listen on {host}:{port}: {error.strerror}. Try another: make run PORT=8001"
        ) from error
    return listener


@contextlib.contextmanager
def _alone(*, engines: bool) -> Iterator[None]:
    """Refuse to serve files that another exchange has: its engines would be out of our reach."""
    if not engines or settings.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3":
        yield
        return
    path = f"{settings.DATABASES['default']['NAME']}-serve.lock"
    with open(path, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                "another exchange runs on these files; stop it, or set EXCHANGE_VAR to another folder"
            ) from None
        yield


def _shown(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104


async def _start_traders(url: str, demo: Demo) -> asyncio.subprocess.Process:
    """The demo traders: a program of their own, on the public client library, like anyone's."""
    environment = {**os.environ, "EXCHANGE_DEMO_KEYS": json.dumps(demo.trader_keys)}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "clients",
        "demo",
        "--url",
        url,
        env=environment,
        cwd=settings.BASE_DIR,
    )
