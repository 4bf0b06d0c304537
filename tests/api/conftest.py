"""A market and a trader that a chapter's tests share when what they ask for is refused anyway."""

from typing import Any

import pytest

from tests.drivers.exchange import ExchangeDriver, Trader


@pytest.fixture(scope="module")
def market(exchange: ExchangeDriver) -> str:
    """A market of this chapter. Leave nothing in its book."""
    return exchange.new_market()


@pytest.fixture(scope="module")
def alice(exchange: ExchangeDriver, market: str) -> Trader:
    """Somebody with plenty of money in the chapter's market."""
    return exchange.traders(market, 1)[0]


@pytest.fixture(params=[True, False], ids=["lean", "django"])
def both_lanes(request: pytest.FixtureRequest, settings: Any) -> None:
    """The test twice: with programs' orders in the lean lane, and with all requests through Django."""
    settings.LEAN = request.param
