"""The units for systemd and the Procfile: they start what there is, with few rights, and stop it in peace."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import load_command_class

from markets.cluster.child import STOP_SECONDS
from tests.drivers.cluster import need_program
from tests.drivers.root import ROOT

UNITS = ROOT / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
MOST_EXPOSED = 20
"""In tenths, as `systemd-analyze security` counts: 0 is a cell, 96 a service without any of it."""
by_unit = pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)


def setting(unit: Path, name: str) -> str:
    (value,) = re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)
    return str(value)


def arguments_of_a_command(line: str) -> None:
    """Assert that a line is a management command of ours with options that it has."""
    words = shlex.split(line)
    command, *arguments = words[words.index("manage.py") + 1 :]
    if command == "migrate":
        return
    parser = load_command_class("markets", command).create_parser("manage.py", command)
    parser.parse_args(arguments)


@by_unit
def test_a_unit_starts_a_command_of_ours(unit: Path) -> None:
    instance = "8001" if "web" in unit.name else "1"

    arguments_of_a_command(setting(unit, "ExecStart").replace("%i", instance))


@by_unit
def test_a_unit_stops_in_peace_and_comes_back(unit: Path) -> None:
    assert setting(unit, "KillSignal") == "SIGTERM"
    assert int(setting(unit, "TimeoutStopSec")) > STOP_SECONDS
    assert setting(unit, "Restart") == "always"
    assert setting(unit, "StartLimitIntervalSec") == "0", "the database may be away for long"


@by_unit
def test_a_unit_is_started_when_it_says_so_and_replaced_when_it_hangs(unit: Path) -> None:
    assert setting(unit, "Type") == "notify"
    assert int(setting(unit, "WatchdogSec")) <= 60


@by_unit
def test_a_unit_is_nobody_and_may_write_nothing(unit: Path) -> None:
    assert setting(unit, "DynamicUser") == "yes"
    assert setting(unit, "NoNewPrivileges") == "yes"
    assert setting(unit, "ProtectSystem") == "strict"
    assert setting(unit, "CapabilityBoundingSet") == ""
    assert setting(unit, "EnvironmentFile") == "/etc/exchange/settings"
    assert int(setting(unit, "LimitNOFILE")) >= 65_536, "each socket is a file"


def test_the_target_wants_units_that_are_there_and_they_are_part_of_it() -> None:
    wanted = re.findall(r"exchange-\w+@", (UNITS / "exchange.target").read_text())

    assert {f"{name}.service" for name in wanted} == {path.name for path in SERVICES}
    for unit in SERVICES:
        assert setting(unit, "PartOf") == "exchange.target"


def test_systemd_finds_nothing_wrong_with_them(tmp_path: Path) -> None:
    analyze = need_program("systemd-analyze")
    for unit in UNITS.iterdir():
        here = re.sub(r"/opt/exchange/\.venv/bin/python", sys.executable, unit.read_text())
        (tmp_path / unit.name).write_text(here.replace("/opt/exchange", str(ROOT)))
    named = ["exchange-web@8001.service", "exchange-engine@1.service"]

    verified = subprocess.run(
        [analyze, "verify", "--recursive-errors=no", "exchange.target", *named],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    exposed = subprocess.run(
        [analyze, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", *named],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert verified.returncode == 0, verified.stderr
    assert verified.stderr == ""
    assert exposed.returncode == 0, exposed.stdout


def test_the_procfile_starts_commands_of_ours() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    named = dict(line.split(": ", 1) for line in lines)

    assert list(named) == ["release", "web", "engine"]
    for line in named.values():
        arguments_of_a_command(line.replace("$PORT", "8001"))
