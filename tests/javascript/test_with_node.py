"""What the pages' scripts do that needs no browser, told by node's own test runner: `*.test.js` here.

`node --test tests/javascript/` runs the same by itself.
"""

import subprocess
from pathlib import Path

import pytest

CHAPTERS = sorted(Path(__file__).parent.glob("*.test.js"))
SECONDS = 120


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.name)
def test_every_test_of_it_passes(chapter: Path, node: str) -> None:
    done = subprocess.run(
        [node, "--test", "--test-reporter=spec", str(chapter)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
