"""`manage.py rolling_restart`: run one command after the other, each when the exchange is ready again."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from markets.cluster.readiness import NotReady, settle, wait_until_ready


class Command(BaseCommand):
    """Restart the processes of a cluster one by one, whoever looks after them."""

    help = (
        "Run each COMMAND in its turn, and go on only when all web processes are ready again. "
        "Each should restart one process, such as: systemctl restart exchange-engine@1. "
        "Without any it waits until all are ready"
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """What, and who says that it is ready."""
        parser.add_argument("command", nargs="*", metavar="COMMAND")
        parser.add_argument(
            "--ready",
            action="append",
            required=True,
            metavar="URL",
            help="a web process; as often as there are",
        )
        parser.add_argument(
            "--seconds", type=int, default=60, help="that each step may take to be ready"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Restart; the first that fails ends it, and what follows is left as it is."""
        asyncio.run(self._roll(options["command"], options["ready"], options["seconds"]))

    async def _roll(self, commands: list[str], urls: list[str], seconds: int) -> None:
        try:
            await settle()
            await wait_until_ready(urls, seconds)
        except NotReady as error:
            raise CommandError(f"nothing was restarted: {error}") from error
        for number, command in enumerate(commands):
            self._say(command)
            process = await asyncio.create_subprocess_shell(command)
            code = await process.wait()
            rest = "; ".join(commands[number + 1 :]) or "nothing"
            if code:
                raise CommandError(f"exit code {code}: {command}. Not done: {rest}")
            try:
                await settle()
                await wait_until_ready(urls, seconds)
            except NotReady as error:
                raise CommandError(f"after {command}: {error}. Not done: {rest}") from error
        self._say("all are ready")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
