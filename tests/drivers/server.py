"""The ServerProcess: a real `manage.py serve` in a folder of its own, to be killed and started again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final

from benchmarks.migrated import copy_database
from tests.drivers.operator import Operator
from tests.drivers.root import ROOT

STARTUP_SECONDS: Final = 60
_ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:\d+")


class ServerProcess:
    """An exchange of its own; `environment` may point it at another database, which has its tables."""

    def __init__(self, var: Path, **environment: str) -> None:
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
        } | {"EXCHANGE_VAR": str(var), "PYTHONUNBUFFERED": "1", **environment}
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self.output: list[str] = []
        self.manage = Operator(self.environment).manage
        if "DATABASE_URL" not in environment:
            copy_database(var)

    def try_manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command in a process of its own, whatever comes of it."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def open_account(self, name: str, *arguments: str) -> str:
        """Open an account with a key; the key."""
        printed: dict[str, Any] = json.loads(
            self.manage("open_account", name, "--api-key", *arguments)
        )
        return str(printed["key"])

    def start(self, *arguments: str) -> None:
        """Serve; returns when it says where."""
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", "0", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._process = process
        timer = threading.Timer(STARTUP_SECONDS, process.kill)
        timer.start()
        assert process.stdout is not None
        for line in process.stdout:
            self.output.append(line)
            if found := _ADDRESS.search(line):
                self.url = found[0]
                break
        timer.cancel()
        assert process.poll() is None, "".join(self.output)
        threading.Thread(target=self._drain, args=(process.stdout,), daemon=True).start()

    def _drain(self, stdout: Any) -> None:
        for line in stdout:
            self.output.append(line)

    def kill(self) -> None:
        """kill -9: no warning, no clean-up."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def interrupt(self) -> None:
        """Ctrl-C, without waiting for what comes of it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)

    def stop(self) -> int:
        """Ctrl-C; its exit code."""
        self.interrupt()
        return self.wait()

    def wait(self) -> int:
        """Wait until it has ended; its exit code."""
        assert self._process is not None
        return self._process.wait(30)

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None
