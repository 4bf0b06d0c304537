"""Faults, injected into the real store and the real channel layer of one market."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from markets import gateway
from markets.messages import transport
from markets.publisher import Publisher
from markets.store import Store, StoreUnavailable, Transaction
from tests.drivers.exchange import ExchangeDriver
from tests.drivers.server import ServerProcess


class Faults:
    """What goes wrong next in one market; everything else is the real thing."""

    def __init__(self, exchange: ExchangeDriver, market: str, patch: pytest.MonkeyPatch) -> None:
        self.market = market
        self.exchange = exchange
        self._patch = patch

    def _wrap(self, owner: Any, name: str, fault: Callable[..., Any], times: int) -> None:
        """Let `fault(real, *arguments)` stand in for a method, `times` times, for this market."""
        real = getattr(owner, name)
        left = iter(range(times))

        def method(this: Any, *arguments: Any) -> Any:
            if getattr(this, "symbol", self.market) == self.market and next(left, None) is not None:
                return fault(lambda *changed: real(this, *(changed or arguments)))
            return real(this, *arguments)

        self._patch.setattr(owner, name, method)

    def before_commit(self, times: int = 1) -> None:
        """The database goes away before anything is written."""

        def fault(real: Callable[..., Any]) -> Any:
            raise StoreUnavailable("fault before the commit")

        self._wrap(Store, "commit", fault, times)

    def during_commit(self, times: int = 1) -> None:
        """The database gives up in the middle of the transaction."""

        def fault(real: Callable[..., Any]) -> Any:
            from django.db import OperationalError

            raise OperationalError("fault in the middle of the transaction")

        self._wrap(Transaction, "_tell_accounts", fault, times)

    def after_commit(self, times: int = 1) -> None:
        """The transaction is durable, but its answer is lost."""

        def fault(real: Callable[..., Any]) -> Any:
            real()
            raise StoreUnavailable("fault after the commit")

        self._wrap(Store, "commit", fault, times)

    def cannot_settle(self, times: int) -> None:
        """The database cannot even be asked what became of the transaction."""

        def fault(real: Callable[..., Any]) -> Any:
            raise StoreUnavailable("fault while settling")

        self._wrap(Store, "was_written", fault, times)

    def lost_updates(self, times: int) -> None:
        """Messages to the market's followers are lost."""
        real = Publisher.publish
        left = iter(range(times))
        group = transport.market_group(self.market)

        async def publish(this: Publisher, batch: Any, committed: Any) -> None:
            if this._group == group and next(left, None) is not None:
                return
            await real(this, batch, committed)

        self._patch.setattr(Publisher, "publish", publish)

    def lost_answers(self, times: int) -> None:
        """Answers from engines to the gateway are lost; it gives up soon."""
        self._patch.setattr(gateway, "ANSWER_TIMEOUT", 0.3)
        layer = self.exchange.layer
        real = layer.send
        left = iter(range(times))

        async def send(channel: str, message: dict[str, Any]) -> None:
            if message["type"] == transport.ANSWER and next(left, None) is not None:
                return
            await real(channel, message)

        self._patch.setattr(layer, "send", send)


@pytest.fixture
def market(exchange: ExchangeDriver) -> str:
    """A market of this test's own."""
    return exchange.new_market()


@pytest.fixture
def faults(exchange: ExchangeDriver, market: str, monkeypatch: pytest.MonkeyPatch) -> Faults:
    """Faults in that market."""
    return Faults(exchange, market, monkeypatch)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """An exchange of its own with the market BTC-USD, in which one is one; to be killed."""
    server = ServerProcess(tmp_path)
    server.manage(
        "create_market", "BTC-USD", "--tick-size", "1", "--lot-size", "1", "--taker-fee", "0.001"
    )
    yield server
    if server.running:
        server.kill()
