"""A small cluster of real processes: web and engine, on a database and a Redis of a test's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx

from tests.drivers.root import ROOT
from tests.drivers.server import ServerProcess
from tests.waiting import wait_until

READY_SECONDS = 60.0


class SmallCluster:
    """As many web processes as wanted, and one engine process."""

    def __init__(
        self, folder: Path, database_url: str, redis_url: str, *, webs: int = 2, **environment: str
    ) -> None:
        self.webs = [
            ServerProcess(
                folder,
                DATABASE_URL=database_url,
                REDIS_URL=redis_url,
                SECRET_KEY="the same for all",
                **environment,
            )
            for _ in range(webs)
        ]
        self.manage = self.webs[0].manage
        self.open_account = self.webs[0].open_account
        self.engine: subprocess.Popen[bytes] | None = None

    @property
    def urls(self) -> list[str]:
        """Where the web processes are."""
        return [web.url for web in self.webs]

    def start(self) -> None:
        """Start all; returns when every web process is ready."""
        command = [sys.executable, "manage.py", "runengine"]
        self.engine = subprocess.Popen(command, cwd=ROOT, env=self.webs[0].environment)
        for web in self.webs:
            web.start("--web")
        for web in self.webs:
            self.wait_until_ready(web)

    def wait_until_ready(self, web: ServerProcess) -> None:
        """Wait until a web process says that it is ready."""
        wait_until(
            lambda: httpx.get(f"{web.url}/readyz", timeout=30).status_code == 200,
            f"{web.url} is ready",
            READY_SECONDS,
        )

    def stop(self) -> None:
        """Stop what still runs; all must end well, and the books must be right."""
        for web in self.webs:
            if web.running:
                assert web.stop() == 0
        assert self.engine is not None
        self.engine.terminate()
        assert self.engine.wait(30) == 0
        self.manage("audit")

    def kill(self) -> None:
        """End what still runs, whatever state it is in."""
        for web in self.webs:
            if web.running:
                web.kill()
        if self.engine is not None and self.engine.poll() is None:
            self.engine.kill()
            self.engine.wait(30)
