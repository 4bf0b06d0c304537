"""Whoever runs management commands on an exchange: in one process for all of them, each as manage.py does."""

from __future__ import annotations

import json
import subprocess
import sys
import weakref
from collections.abc import Mapping
from typing import Final

from tests.drivers.root import ROOT

STOP_SECONDS: Final = 30


class Operator:
    """Commands in an environment. The process starts with the first, and ends with whoever could ask."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    def manage(self, *arguments: str) -> str:
        """Run a management command, which must succeed; what it printed."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.drivers.command_line"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            weakref.finalize(self, self._process.communicate, timeout=STOP_SECONDS)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()
        code, printed, errors = json.loads(self._process.stdout.readline())
        assert code == 0, f"{arguments}: {printed}{errors}"
        return str(printed)
