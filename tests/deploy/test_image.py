"""The Dockerfile, read as hadolint reads it, and what would be in the image, started as it would be."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.drivers.root import ROOT

KNOWN = {
    *("FROM", "LABEL", "ENV", "RUN", "COPY", "WORKDIR", "USER", "EXPOSE", "STOPSIGNAL"),
    *("HEALTHCHECK", "ENTRYPOINT", "CMD", "ARG"),
}
"""What it may use: not ADD, MAINTAINER, VOLUME, ONBUILD or SHELL."""


class Instruction(NamedTuple):
    name: str
    value: str


def instructions() -> list[Instruction]:
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
    return [Instruction(*line.split(maxsplit=1)) for line in lines if line.strip()]


def stages() -> list[list[Instruction]]:
    found: list[list[Instruction]] = []
    for instruction in instructions():
        if instruction.name == "FROM":
            found.append([])
        found[-1].append(instruction)
    return found


def final(name: str) -> list[str]:
    """The values of an instruction in the stage that is the image."""
    return [value for each, value in stages()[-1] if each == name]


def test_only_plain_instructions_are_used() -> None:
    assert {name for name, _ in instructions()} <= KNOWN


def test_its_bases_are_one_exact_version_that_the_exchange_supports() -> None:
    bases = {stage[0].value.split()[0] for stage in stages()}

    (base,) = bases
    version = re.fullmatch(r"python:3\.(\d+)\.\d+-slim-[a-z]+", base)
    assert version, base
    assert int(version[1]) >= 11


def test_it_installs_pinned_wheels_and_keeps_no_cache_and_no_compiler() -> None:
    runs = [value for name, value in instructions() if name == "RUN"]

    for run in runs:
        assert not re.search(r"\b(apt|apt-get|sudo|curl|wget|cd)\b", run), run
        if "pip install" in run:
            assert "--no-cache-dir" in run
            assert "--only-binary=:all:" in run
            assert re.search(r"-r requirements(-node)?\.txt", run)
        if "npm" in run:
            assert "npm ci --omit=dev" in run, "what the lock file says, and no tools"
    assert sum("pip install" in run for run in runs) == 2


def test_node_is_in_no_stage_but_the_one_that_fetches_the_pages_library() -> None:
    with_node = [stage for stage in stages() if any("npm" in each.value for each in stage)]

    (stage,) = with_node
    assert stage[0].value.endswith(" AS scripts")
    assert "--from=scripts /build/node_modules ./node_modules" in final("COPY")


def test_nothing_runs_as_root() -> None:
    user = final("USER")[-1]

    assert re.fullmatch(r"[1-9]\d{4}:[1-9]\d{4}", user), "a number, so that it can be checked"
    last_copy = max(n for n, each in enumerate(stages()[-1]) if each.name in ("COPY", "RUN"))
    (set_at,) = [n for n, each in enumerate(stages()[-1]) if each.name == "USER"]
    assert set_at > last_copy, "its own files are root's: it cannot write them"


def test_folders_are_absolute_and_copies_name_stages_that_are_there() -> None:
    names = {stage[0].value.split()[-1] for stage in stages() if " AS " in stage[0].value}

    assert all(value.startswith("/") for name, value in instructions() if name == "WORKDIR")
    for name, value in instructions():
        if name == "COPY" and (source := re.match(r"--from=(\S+)", value)):
            assert source[1] in names


def test_it_ends_by_sigterm_and_starts_without_a_shell() -> None:
    (entrypoint,) = final("ENTRYPOINT")
    (command,) = final("CMD")

    assert json.loads(entrypoint) == ["python", "manage.py"]
    assert json.loads(command)[0] == "serve"
    assert final("STOPSIGNAL") == ["SIGTERM"]


def health_check() -> list[str]:
    (check,) = final("HEALTHCHECK")
    command: list[str] = json.loads(check.partition("CMD ")[2])
    assert command[0] == "python"
    return [sys.executable, *command[1:]]


def test_its_health_check_believes_a_fresh_file_only(tmp_path: Path) -> None:
    (environment,) = final("ENV")
    assert "ALIVE_FILE=/tmp/alive" in environment
    alive = tmp_path / "alive"

    def healthy() -> bool:
        there = {**os.environ, "ALIVE_FILE": str(alive)}
        done = subprocess.run(health_check(), env=there, capture_output=True, check=False)
        return done.returncode == 0

    assert not healthy()
    alive.touch()
    assert healthy()
    os.utime(alive, (0, 0))
    assert not healthy()


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The folder that the image would have, made by its COPY lines and .dockerignore."""
    patterns = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line[1:] for line in patterns if line.startswith("!")}
    unsent = [line.rpartition("/")[2] for line in patterns if line.startswith("**/")]
    assert "*" in patterns, "only what is named is sent"
    for copy in final("COPY"):
        if copy.startswith("--from="):
            continue
        source, target = copy.split()
        assert source in sent, source
        if (ROOT / source).is_dir():
            ignore = shutil.ignore_patterns(*unsent)
            shutil.copytree(ROOT / source, tmp_path / target, ignore=ignore)
        else:
            shutil.copy(ROOT / source, tmp_path / target)
    assert not any(fnmatch.fnmatch(path.name, "*.pyc") for path in tmp_path.rglob("*"))
    return tmp_path


def test_what_is_copied_is_all_it_needs_and_it_writes_nowhere(image: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "EXCHANGE_VAR": "/proc/nowhere",  # cannot be made, not even by root
        "SECRET_KEY": "k" * 64,
        "DATABASE_URL": "postgres://exchange@127.0.0.1/exchange",
        "REDIS_URL": "redis://127.0.0.1/0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    before = sorted(image.rglob("*"))

    for command in (["check"], ["serve", "--help"], ["runengine", "--help"]):
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=image,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert sorted(image.rglob("*")) == before
