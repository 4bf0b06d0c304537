"""The other matching engines that `benchmarks.core` measures ours beside; each is fetched when it is missing.

Rules:
- A peer is given a flow and then told to process its next messages; it says how long they took.
- What is fetched goes into `var/bench` (ignored by git) and never among the exchange's own packages.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.core_flow import Flow
from markets.event_loop import MADE

SCRIPTS: Final = Path(__file__).resolve().parent
FOLDER: Final = SCRIPTS.parent / "var" / "bench"
LIGHT: Final = "lightmatchingengine==2019.1.4"
NODE: Final = "nodejs-order-book@10.1.1"


class Peer:
    """Another engine, in a process of its own."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self._command = command
        self._process: subprocess.Popen[str] | None = None

    def start(self, flow: Flow) -> None:
        """Begin with an empty book and a flow."""
        path = FOLDER / "flow.bin"
        path.write_bytes(flow.for_peers())
        self._process = subprocess.Popen(
            [*self._command, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def process(self, count: int) -> int:
        """Process the next messages; return the nanoseconds that they took."""
        assert self._process is not None, "start first"
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        print(count, file=stdin, flush=True)
        return int(stdout.readline())

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def peers() -> list[Peer]:
    """The peers that can run here; says why one cannot."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    found: list[Peer] = []
    if _fetched_light_engine():
        command = [
            sys.executable,
            str(SCRIPTS / "light_matching_engine.py"),
            str(FOLDER / "python"),
            ",".join(map(str, MADE)),
        ]
        found.append(Peer(LIGHT.replace("==", " "), command))
    if _fetched_node_book():
        script = FOLDER / "nodejs_order_book.js"  # where node finds the package
        shutil.copyfile(SCRIPTS / script.name, script)
        found.append(Peer(NODE.replace("@", " "), [shutil.which("node") or "node", str(script)]))
    return found


def _fetched_light_engine() -> bool:
    target = FOLDER / "python"
    if not (target / "lightmatchingengine").exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        print(f"fetching {LIGHT} into {target.relative_to(Path.cwd())}", flush=True)
        if subprocess.run([*pip, str(target), LIGHT], check=False).returncode:
            print(f"{LIGHT} could not be fetched: its columns are left out")
            return False
    return True


def _fetched_node_book() -> bool:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        print("node or npm is missing: nodejs-order-book's columns are left out")
        return False
    if not (FOLDER / "node_modules" / "nodejs-order-book").exists():
        print(f"fetching {NODE} into {FOLDER.relative_to(Path.cwd())}", flush=True)
        install = [npm, "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(FOLDER)]
        if subprocess.run([*install, NODE], check=False).returncode:
            print(f"{NODE} could not be fetched: its columns are left out")
            return False
    return True
