"""The other matching engines that `benchmarks.core` measures ours beside; each is fetched when it is missing.

Rules:
- A peer is given a flow and then told to process its next messages; it says how long they took.
- What is fetched goes into `var/bench` (ignored by git) and never among the exchange's own packages.
"""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.core_flow import Flow

FOLDER: Final = Path(__file__).resolve().parent.parent / "var" / "bench"
LIGHT: Final = "lightmatchingengine==2019.1.4"
NODE: Final = "nodejs-order-book@10.1.1"
SCRIPT: Final = Path(__file__).with_name("nodejs_order_book.js")


class LightMatchingEngine:
    """lightmatchingengine, in this process."""

    name = "lightmatchingengine 2019.1.4"

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._place = 0
        self._engine = _light_engine()

    def process(self, count: int) -> int:
        """Process the next messages; return the nanoseconds that they took."""
        messages = self._flow.messages(self._place, self._place + count)
        self._place += count
        add, cancel = self._engine.add_order, self._engine.cancel_order
        start = time.perf_counter_ns()
        for buys, price, quantity, number in messages:
            if quantity:
                add("BTC-USD", price, quantity, 1 if buys else 2)
            else:
                cancel(number, "BTC-USD")
        return time.perf_counter_ns() - start

    def close(self) -> None:
        """Nothing is left to end."""


class NodejsOrderBook:
    """nodejs-order-book, in a process of its own."""

    name = "nodejs-order-book 10.1.1"

    def __init__(self, flow: Flow) -> None:
        node = shutil.which("node")
        assert node is not None, "node is missing"
        path = FOLDER / "flow.bin"
        path.write_bytes(flow.for_peers())
        script = FOLDER / SCRIPT.name  # where node finds the package
        shutil.copyfile(SCRIPT, script)
        self._process = subprocess.Popen(
            [node, str(script), str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def process(self, count: int) -> int:
        """Process the next messages; return the nanoseconds that they took."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        print(count, file=stdin, flush=True)
        return int(stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


Peer = LightMatchingEngine | NodejsOrderBook


def peers() -> list[type[Peer]]:
    """The peers that can run here; says why one cannot."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    found: list[type[Peer]] = []
    if _fetched_light_engine():
        found.append(LightMatchingEngine)
    if _fetched_node_book():
        found.append(NodejsOrderBook)
    return found


def _light_engine() -> Any:
    return importlib.import_module("lightmatchingengine.lightmatchingengine").LightMatchingEngine()


def _fetched_light_engine() -> bool:
    target = FOLDER / "python"
    if not (target / "lightmatchingengine").exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        print(f"fetching {LIGHT} into {target.relative_to(Path.cwd())}", flush=True)
        if subprocess.run([*pip, str(target), LIGHT], check=False).returncode:
            print(f"{LIGHT} could not be fetched: its columns are left out")
            return False
    sys.path.append(str(target))
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
