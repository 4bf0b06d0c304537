"""In maintenance nobody trades by a socket: new ones are refused, open ones closed; then all is well."""

from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from markets import maintenance
from markets.hub.outbox import CLOSE_TRY_AGAIN_LATER
from tests.api.shapes import refusal
from tests.drivers.exchange import ExchangeDriver, Trader


@pytest.fixture
def maintained(settings: Any) -> Iterator[Any]:
    """The settings, which a test changes; what was seen of them is forgotten."""
    yield settings
    settings.MAINTENANCE = False
    maintenance.look_again()


def begin(settings: Any) -> None:
    settings.MAINTENANCE = True
    maintenance.look_again()


def read_on(trader: Trader, settings: Any) -> None:
    """Begin maintenance while a socket is open, and read whatever comes."""
    with trader.socket() as socket:
        socket.ask("subscribe", channel="balances")
        begin(settings)
        while True:
            socket.receive()


def test_an_open_trading_socket_is_closed(exchange: ExchangeDriver, maintained: Any) -> None:
    alice = exchange.new_trader(USD=10)

    with pytest.raises(ConnectionClosed) as closed:
        read_on(alice, maintained)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == CLOSE_TRY_AGAIN_LATER


def test_orders_and_new_sockets_are_refused_until_it_is_over(
    exchange: ExchangeDriver, maintained: Any
) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    begin(maintained)

    assert refusal(alice.submit(market, "buy", "1", price="1")) == (503, "unavailable", [])
    with pytest.raises(InvalidStatus) as refused, alice.socket():
        pass
    assert refused.value.response.status_code == 503

    maintained.MAINTENANCE = False
    maintenance.look_again()
    alice.place(market, "buy", "1", price="1")
