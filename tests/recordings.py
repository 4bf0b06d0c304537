"""Real order flow whose outcome is known.

The files are no part of the repository; `EXCHANGE_DATA` names their folder.
"""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("EXCHANGE_DATA", Path(__file__).parents[2] / "shared" / "data"))


def recording(name: str) -> Path:
    """The file, or the test is skipped; in CI it fails."""
    path = FOLDER / name
    if not path.exists():
        reason = f"{path} is not here: set EXCHANGE_DATA to the folder with the recorded flow"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path
