"""`manage.py runengine`: an engine process of the cluster shape."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from exchange_site import asgi
from markets import event_loop, metrics, notify
from markets.database import need_migrated
from markets.engines import EngineHost


class Command(BaseCommand):
    """Run engines until interrupted."""

    help = "Run the engines of the markets named, or of all that nobody runs (needs REDIS_URL)."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which markets, and where its metrics are."""
        metrics.add_arguments(parser, settings.METRICS_HOST, settings.METRICS_PORT)
        parser.add_argument("--markets", help="symbols with commas between; default: all unowned")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run."""
        if not settings.REDIS_URL:
            raise CommandError(
                "an engine of its own needs REDIS_URL; the embedded shape is `serve`"
            )
        need_migrated()
        markets = frozenset(options["markets"].split(",")) if options["markets"] else None
        shown = metrics.shown_at(options["metrics_host"], options["metrics_port"])
        with shown, contextlib.suppress(KeyboardInterrupt):
            event_loop.run(self._run(markets))

    async def _run(self, markets: frozenset[str] | None) -> None:
        host = asyncio.create_task(EngineHost(asgi.router, markets).run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, host.cancel)
        async with notify.serving():
            with contextlib.suppress(asyncio.CancelledError):
                await host
        self.stdout.write("stopped; every batch was finished")
