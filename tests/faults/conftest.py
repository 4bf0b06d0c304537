"""Keys with faults, in an exchange that allows them. What a test sets is turned off after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from markets.faults.in_force import in_force
from markets.models import FaultPlan
from tests.drivers.exchange import ExchangeDriver, Trader

JSON = dict[str, Any]
SetFaults = Callable[..., str]


@pytest.fixture(autouse=True)
def allowed(exchange: ExchangeDriver, settings: Any) -> Iterator[None]:
    """Faults are allowed; afterwards nobody has any."""
    settings.FAULTS = True
    yield
    FaultPlan.objects.all().delete()
    in_force.reload()
    assert not in_force


@pytest.fixture(scope="module")
def market(exchange: ExchangeDriver) -> str:
    """The chapter's market."""
    return exchange.new_market()


def key_path(trader: Trader) -> str:
    """Where the faults of the trader's key are set."""
    return f"api-keys/{trader.key_row.pk}/faults"


def set_faults(trader: Trader, **plan: Any) -> str:
    """Let this go wrong for the trader's key; the path that suffers it, too."""
    response = trader.http.put(key_path(trader), json=plan)
    assert response.status_code == 200, response.text
    return str(response.json()["path"])


def turn_off(trader: Trader) -> None:
    """Let nothing go wrong for the trader's key any more."""
    assert trader.http.delete(key_path(trader)).status_code == 200


def injected(response: httpx.Response) -> str:
    """What was done to an answer."""
    return response.headers["X-Exchange-Faults"].partition("; injected=")[2]
