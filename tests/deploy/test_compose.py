"""compose.yaml holds what it promises: no default secrets, only the balancer is reachable, ordered starts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest
from django.core.management import load_command_class

from markets.cluster.child import STOP_SECONDS
from tests.deploy import compose
from tests.drivers.root import ROOT
from tests.test_docs import OPERATIONS, rows, section, words

FILLED = {
    "EXCHANGE_HOST": "exchange.example.org",
    "SECRET_KEY": "0123456789abcdef" * 4,  # openssl rand -hex 32
    "POSTGRES_PASSWORD": "aa" * 32,
    "REDIS_PASSWORD": "bb" * 32,
}
SERVICE_KEYS = {
    *("image", "build", "init", "restart", "read_only", "tmpfs", "cap_drop", "cap_add", "user"),
    *("security_opt", "ulimits", "stop_grace_period", "stop_signal", "logging", "networks"),
    *("environment", "depends_on", "command", "healthcheck", "ports", "volumes", "shm_size"),
}
"""Those of the Compose specification that it uses."""
OURS = ("web-1", "web-2", "engine-1", "engine-2", "migrate")
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}

services: dict[str, dict[str, Any]] = compose.load(FILLED)["services"]
by_service = pytest.mark.parametrize("name", services)


def test_it_is_a_load_balancer_two_web_two_engines_postgresql_and_redis() -> None:
    assert set(services) == {*OURS, "load-balancer", "postgres", "redis"}


@pytest.mark.parametrize("name", FILLED)
def test_what_is_secret_or_a_name_has_no_default_and_is_in_the_example(name: str) -> None:
    with pytest.raises(compose.Missing, match=f"{name}: set it in .env"):
        compose.load({**FILLED, name: ""})

    assert f"\n{name}=\n" in compose.EXAMPLE.read_text()


def test_the_example_names_what_is_used_and_no_more() -> None:
    named = set(re.findall(r"^([A-Z_]+)=$", compose.EXAMPLE.read_text(), re.MULTILINE))

    assert named == {name for name, how in compose.variables().items() if how == "?"}
    assert set(compose.variables().values()) <= {"?", "-"}
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert ".env" in ignored


def test_no_password_stands_in_it() -> None:
    text = compose.FILE.read_text()

    for name, value in re.findall(r"(\w*(?:PASSWORD|SECRET|AUTH)\w*): (.+)", text):
        assert value.startswith("${"), name
    for address in re.findall(r"\w+://\S+@", text):
        assert re.search(r":\$\{\w+:\?[^}]+\}@$", address.replace(" ", "_")), address


@by_service
def test_a_service_uses_what_compose_knows(name: str) -> None:
    assert set(services[name]) <= SERVICE_KEYS


@by_service
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = services[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    if name in OURS:
        assert "cap_add" not in service
        assert "volumes" not in service


@by_service
def test_a_service_comes_back_and_its_log_does_not_fill_the_disk(name: str) -> None:
    assert services[name]["restart"] == ("on-failure" if name == "migrate" else "unless-stopped")
    assert {"max-size", "max-file"} <= set(services[name]["logging"]["options"])


@by_service
def test_an_image_is_one_version(name: str) -> None:
    image = services[name]["image"]

    if name in OURS:
        assert services[name]["build"] == "."
    else:
        assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?-[a-z]+", image), image


def test_only_the_load_balancer_can_be_reached_and_it_reaches_only_web_processes() -> None:
    networks = compose.load(FILLED)["networks"]
    on = {name: set(service["networks"]) for name, service in services.items()}

    assert [name for name, service in services.items() if "ports" in service] == ["load-balancer"]
    assert networks["inside"] == {"internal": True}
    assert on["load-balancer"] == {"front"}
    assert {name for name in services if "front" in on[name]} == {"load-balancer", "web-1", "web-2"}
    assert set().union(*on.values()) == set(networks)


def test_volumes_are_declared_and_used() -> None:
    mounted = {
        volume.partition(":")[0] for each in services.values() for volume in each.get("volumes", [])
    }

    assert {name for name in mounted if name.startswith("./")} == {"./deploy/Caddyfile"}
    declared = set(compose.load(FILLED)["volumes"])
    assert {name for name in mounted if not name.startswith("./")} == declared


@by_service
def test_a_service_waits_for_what_can_be_waited_for(name: str) -> None:
    for other, how in services[name].get("depends_on", {}).items():
        assert how["condition"] in CONDITIONS
        if how["condition"] == "service_healthy":
            assert "test" in services[other]["healthcheck"]
        if how["condition"] == "service_completed_successfully":
            assert services[other]["restart"] == "on-failure"


def test_processes_start_after_the_migration_and_that_after_postgresql() -> None:
    for name in ("web-1", "web-2", "engine-1", "engine-2"):
        assert services[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "redis": {"condition": "service_healthy"},
        }
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


@by_service
def test_a_service_says_whether_it_is_well(name: str) -> None:
    check: dict[str, Any] = services[name].get("healthcheck", {})

    if name == "migrate":
        assert check == {"disable": True}
    elif name.startswith("engine"):
        assert not check, "the image's own: a file that the event loop touches"
    else:
        assert check["test"][0] in ("CMD", "CMD-SHELL")
        assert seconds(check["interval"]) <= 5


def test_nothing_is_killed_while_it_finishes_what_is_in_flight() -> None:
    for name in OURS:
        assert seconds(services[name]["stop_grace_period"]) > STOP_SECONDS
    assert services["postgres"]["stop_signal"] == "SIGINT"


def test_a_web_process_says_that_it_stops_before_the_balancer_sends_it_more() -> None:
    caddy = (ROOT / "deploy" / "Caddyfile").read_text()
    (interval,) = re.findall(r"health_interval (\d+s)", caddy)

    for name in ("web-1", "web-2"):
        given = services[name]["environment"]
        assert int(given["EXCHANGE_STOP_NOTICE"]) >= 2 * seconds(interval)
        assert given["EXCHANGE_PUBLIC_URL"] == "https://exchange.example.org"


def test_each_command_is_one_of_ours_with_options_that_it_has() -> None:
    for name in OURS:
        command, *arguments = services[name]["command"]
        if command == "migrate":
            assert arguments == []
            continue
        parser = load_command_class("markets", command).create_parser("manage.py", command)
        parser.parse_args(arguments)


def test_each_process_gets_settings_that_there_are() -> None:
    documented = {row[0].strip("`") for row in rows(section(OPERATIONS, "## Settings"))[2:]}

    for name in OURS:
        named = set(services[name]["environment"])
        assert named <= documented
    assert "EXCHANGE_TRUSTED_PROXIES" in words(section(OPERATIONS, "### With Docker"))


def test_djangos_own_check_of_a_deployment_is_clean_with_its_settings() -> None:
    environment = {"PATH": os.environ["PATH"], **services["web-1"]["environment"]}

    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout


def test_docker_itself_reads_it_where_there_is_one() -> None:
    """`docker compose config` needs no engine. Where the plug-in is missing, the tests above stand for it."""
    docker = ["docker", "compose", "--file", str(compose.FILE)]
    try:
        there = subprocess.run([*docker, "version"], capture_output=True, check=False)
    except FileNotFoundError:
        return
    if there.returncode:
        return

    done = subprocess.run(
        [*docker, "--env-file", "/dev/null", "config", "--quiet"],
        env={"PATH": os.environ["PATH"], **FILLED},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def seconds(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([sm])", text).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "m": 60}[unit]
