"""The load balancer's file says what its program understands, and health checks reach what is behind it."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from django.test import Client

from tests.drivers.cluster import need_program
from tests.drivers.root import ROOT

FILE = ROOT / "deploy" / "Caddyfile"


def adapted() -> dict[str, object]:
    """What Caddy makes of its file."""
    done = subprocess.run(
        [need_program("caddy"), "adapt", "--adapter", "caddyfile", "--config", str(FILE)],
        env={
            **os.environ,
            "EXCHANGE_HOST": "exchange.example.org",
            "WEB": "web-1:8000 web-2:8000",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "not formatted" not in done.stderr, "run: caddy fmt --overwrite deploy/Caddyfile"
    config: dict[str, object] = json.loads(done.stdout)
    return config


def test_it_balances_over_the_web_processes_and_looks_at_each_every_second() -> None:
    text = json.dumps(adapted())

    assert '"upstreams": [{"dial": "web-1:8000"}, {"dial": "web-2:8000"}]' in text
    assert '"active": {"interval": 1000000000, "timeout": 3000000000, "uri": "/readyz"}' in text
    assert '"match": [{"host": ["exchange.example.org"]}]' in text


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_a_health_check_may_call_a_machine_by_any_name_without_tls(
    address: str, settings: object
) -> None:
    settings.SECURE_SSL_REDIRECT = True  # type: ignore[attr-defined]
    settings.ALLOWED_HOSTS = ["exchange.example.org"]  # type: ignore[attr-defined]

    answer = Client(headers={"host": "10.0.0.7:8000"}).get(address)

    assert answer.status_code in (200, 503), "answered, and not sent elsewhere"
    assert answer["X-Request-ID"]


def test_a_page_may_not(settings: object) -> None:
    settings.SECURE_SSL_REDIRECT = True  # type: ignore[attr-defined]
    settings.ALLOWED_HOSTS = ["exchange.example.org"]  # type: ignore[attr-defined]

    assert Client(headers={"host": "10.0.0.7:8000"}).get("/login/").status_code == 400
    assert Client(headers={"host": "exchange.example.org"}).get("/login/").status_code == 301
