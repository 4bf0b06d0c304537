"""node, where this machine has it."""

import os
import shutil

import pytest


@pytest.fixture(scope="session")
def node() -> str:
    path = shutil.which("node")
    if path is None:
        reason = "no node on this machine: `make test` gets one"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path
