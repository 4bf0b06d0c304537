"""Whoever has no plan is served by the very same objects, untouched, also while others have one."""

from __future__ import annotations

from typing import Any

import pytest

from markets.faults import edge
from markets.faults.in_force import in_force
from tests.drivers.exchange import ExchangeDriver, Trader
from tests.faults.conftest import set_faults, turn_off

Scope = dict[str, Any]


@pytest.fixture
def alice(exchange: ExchangeDriver) -> Trader:
    return exchange.new_trader()


async def receive() -> Scope:
    return {"type": "http.request"}


async def send(message: Scope) -> None:
    del message


async def served(scope: Scope) -> tuple[object, ...]:
    """What the site is given for a request."""
    given: list[tuple[object, ...]] = []

    async def site(*parts: object) -> None:
        given.append(parts)

    await edge.serve(site, scope, receive, send)
    (parts,) = given
    return parts


def scope_of(kind: str, path: str, *headers: tuple[bytes, bytes]) -> Scope:
    return {"type": kind, "method": "GET", "path": path, "headers": list(headers)}


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "header",
    [
        (b"accept", b"*/*"),
        (b"authorization", b"Bearer ex_of-somebody-else"),
        (b"authorization", b"Basic YTpi"),
        (b"authorization", b""),
        (b"x-mbx-apikey", b"\xff\x00"),
    ],
)
def test_a_request_of_somebody_else_goes_on_as_it_came(
    exchange: ExchangeDriver, alice: Trader, kind: str, header: tuple[bytes, bytes]
) -> None:
    set_faults(alice, rate_limited="1", drop="1")
    scope = scope_of(kind, "/api/v1/orders", header)

    got = exchange.in_loop(served(scope))

    assert all(a is b for a, b in zip(got, (scope, receive, send), strict=True))


def test_a_request_of_a_key_whose_faults_are_off_goes_on_as_it_came(
    exchange: ExchangeDriver, alice: Trader
) -> None:
    set_faults(alice, rate_limited="1")
    turn_off(alice)
    assert alice.key is not None
    scope = scope_of("http", "/api/v1/orders", (b"authorization", b"Bearer " + alice.key.encode()))

    got = exchange.in_loop(served(scope))

    assert all(a is b for a, b in zip(got, (scope, receive, send), strict=True))


def test_where_nobody_has_a_plan_there_is_nothing_to_look_at(exchange: ExchangeDriver) -> None:
    assert not in_force
    assert in_force.of_key("ex_anything") is None
