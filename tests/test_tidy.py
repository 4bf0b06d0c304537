"""The house stays tidy: arrows point down, modules stay small, words stay the field's own."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("exchange_site", "markets", "clients")
MOST_LINES = 500
"""Past some 300 a module should become a package; past this it must."""
FORBIDDEN_FILES = {"utils.py", "helpers.py", "common.py", "misc.py", "signals.py", "mixins.py"}
LAYER = "markets/redis_layer.py"
KEEP_TIME = {"connection.py", "rest.py", "retry.py"}
"""Modules of the client whose floats are seconds."""
FORBIDDEN_NAMES = re.compile(r"(Manager|Processor|Helper|Util|Utils|Service|Handler|Mixin)$")


def modules(*packages: str) -> Iterator[Path]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def offenders(paths: Iterator[Path], forbidden: str) -> dict[str, list[str]]:
    """Files that import something they must not, and what."""
    pattern = re.compile(forbidden)
    return {
        str(path.relative_to(ROOT)): found
        for path in paths
        if (found := sorted(name for name in imports(path) if pattern.match(name)))
    }


def test_the_core_points_nowhere() -> None:
    standard = r"__future__|collections|dataclasses|enum|hashlib|itertools|typing|zlib"
    others = rf"(?!({standard}|sortedcontainers|markets\.matching)\b)[a-z]"

    assert offenders(modules("markets/matching"), others) == {}


def test_the_core_reads_no_clock_and_no_randomness() -> None:
    assert offenders(modules("markets/matching"), r"(time|datetime|random|secrets|uuid|os)\b") == {}


def test_clients_and_markets_never_import_each_other() -> None:
    assert (
        offenders(modules("clients"), r"(django|markets|exchange_site|channels|rest_framework)\b")
        == {}
    )
    assert offenders(modules("markets", "exchange_site"), r"clients\b") == {}


def test_only_the_engine_consumer_and_what_it_tells_know_the_store() -> None:
    known = {
        "markets/consumers/engine/batches.py",
        "markets/consumers/engine/loop.py",
        "markets/publisher.py",
    }

    users = offenders(modules("markets", "exchange_site"), r"markets\.store\b")

    outside = {
        path
        for path in users
        if not path.startswith(("markets/store/", "markets/management/")) and path not in known
    }
    assert outside == set()


def test_only_the_gateway_sends_to_engines_and_only_the_publisher_to_groups() -> None:
    senders = {
        call: {
            str(path.relative_to(ROOT))
            for path in modules("markets", "exchange_site")
            if call in path.read_text()
        }
        for call in ("engine_channel(", ".group_send(")
    }

    assert senders[".group_send("] == {"markets/publisher.py", LAYER}  # the layer hands it on
    assert senders["engine_channel("] == {
        "markets/gateway.py",
        "markets/engines.py",  # listens there, and says that an operator's command waits
        "markets/messages/transport.py",  # defines it
    }


def test_readers_know_no_engine() -> None:
    readers = [
        path
        for path in modules("markets")
        if path.name in ("views.py", "queries.py", "history.py", "private_feed.py")
        or "hub" in path.parts
    ]

    assert offenders(iter(readers), r"markets\.(matching\.engine|store|consumers\.engine)\b") == {}


@pytest.mark.parametrize(
    "path", list(modules(*PACKAGES, "tests")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_module_is_small_and_says_what_it_is(path: Path) -> None:
    text = path.read_text()

    assert len(text.splitlines()) <= MOST_LINES
    assert path.name not in FORBIDDEN_FILES
    if text.strip() and path.is_relative_to(ROOT / "tests") is False:
        assert ast.get_docstring(ast.parse(text)), "a module opens with a sentence"


def test_names_say_what_a_thing_is() -> None:
    named = {
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in modules(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and FORBIDDEN_NAMES.search(node.name)
    }

    assert named == set()


def test_no_float_comes_near_money() -> None:
    places = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules("markets", "clients")
        if not path.is_relative_to(ROOT / "clients/scripts") and path.name not in KEEP_TIME
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "float"
    }

    assert places == set()


def test_nothing_is_left_for_later_in_the_code() -> None:
    left = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")
    found = {
        str(path.relative_to(ROOT)) for path in modules(*PACKAGES) if left.search(path.read_text())
    }

    assert found == set()


def test_every_version_is_pinned() -> None:
    for name in (
        "requirements.txt",
        *(f"requirements-{kind}.txt" for kind in ("bots", "dev", "node")),
    ):
        for line in (ROOT / name).read_text().splitlines():
            wanted = line.partition("#")[0].strip()
            assert not wanted or wanted.startswith("-r ") or "==" in wanted, line
    package = json.loads((ROOT / "package.json").read_text())
    for version in (package["dependencies"] | package["devDependencies"]).values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), version
