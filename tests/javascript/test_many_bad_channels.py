"""Over many bad channels the page's book and the Python client's do what the contract says, and so the same.

They are told as the published conformance file tells its few: see tests/conformance.
"""

import os
import subprocess
from pathlib import Path

from tests.conformance.bad_channel import BadChannel
from tests.conformance.file import text
from tests.conformance.test_book_feed import follow

CHAPTER = Path(__file__).parent / "book_feed.test.js"
SEEDS = range(1000, 1040)
SECONDS = 120


def test_both_clients_conform(node: str, tmp_path: Path) -> None:
    scenes = [BadChannel(seed).run() for seed in SEEDS]
    path = tmp_path / "book_feed.json"
    path.write_text(text(scenes))

    for scene in scenes:
        follow(scene.exchange.market, scene.steps)
    done = subprocess.run(
        [node, "--test", str(CHAPTER)],
        env={**os.environ, "BOOK_FEED": str(path)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"pass {len(SEEDS) + 1}" in done.stdout
