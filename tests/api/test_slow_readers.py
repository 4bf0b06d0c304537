"""Who does not read gets no growing queue: market data is dropped for a fresh snapshot, then the connection;
and everybody else is served as ever."""

import asyncio
import socket as sockets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from markets import process
from markets.consumers import connection as consumer
from markets.hub import outbox as outboxes
from markets.hub.outbox import Outbox
from tests.api.test_market_data_socket import follow, follow_to
from tests.drivers.exchange import ExchangeDriver
from tests.drivers.sockets import Socket

SMALL_WINDOW = 65_536


@contextmanager
def slow_reader(exchange: ExchangeDriver, path: str, key: str | None = None) -> Iterator[Socket]:
    """A client with little room for what it does not read, and that reads only when it is asked to."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, SMALL_WINDOW)
    raw.connect(("127.0.0.1", int(exchange.url.rsplit(":", 1)[1])))
    with Socket(f"{exchange.ws_url}/ws/v1/{path}", key, sock=raw, max_queue=1) as socket:
        yield socket


def ask(socket: Socket, times: int, method: str, **params: Any) -> None:
    """Ask for more than a connection holds, and read nothing."""
    for _ in range(times):
        socket.send(method, **params)


def read_to_the_end(socket: Socket) -> None:
    """Read until the connection is closed."""
    while True:
        socket.receive()


def outboxes_of(market: str) -> list[Outbox]:
    """The server's side of those who follow a book."""
    return list(process.current().hub.markets[market]._subscribers["book"])


def orders_deep_in_the_book(market: str, count: int, above: int = 0) -> dict[str, Any]:
    orders = [
        {"market": market, "side": "sell", "quantity": "1", "price": str(above + price)}
        for price in range(1, count + 1)
    ]
    return {"orders": orders}


def test_a_slow_reader_is_sent_a_fresh_snapshot_and_costs_others_nothing(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "MAX_MARKET_FRAMES", 20)
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    alice.http.post("orders/batch", json=orders_deep_in_the_book(market, 400))
    exchange.settle(market)

    with slow_reader(exchange, "market-data") as slow, exchange.market_data() as quick:
        behind = follow(slow, market)
        [outbox] = outboxes_of(market)
        level = follow(quick, market)
        while not outbox._lagging:
            slow.send("resync", market=market)
            exchange.in_loop(asyncio.sleep(0.001))  # what can be sent is sent
            assert len(outbox._market_frames) <= 20
        alice.http.delete("orders", params={"market": market, "side": "sell"})
        alice.place(market, "buy", "1", price="1")
        last = exchange.sequence(market)
        follow_to(quick, level, last)
        assert len(outbox._market_frames) <= 20
        follow_to(slow, behind, last)

    assert (level.snapshots, level.updates) == (1, 2)
    assert behind.updates == 0, "what it missed is in the snapshot"
    assert behind.levels() == level.levels()


def test_who_reads_nothing_at_all_is_disconnected(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "STALL_TIMEOUT", 0.2)
    monkeypatch.setattr(consumer, "CLOSE_TIMEOUT", 0.2)
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    alice.http.post("orders/batch", json=orders_deep_in_the_book(market, 500, 10**10))
    exchange.settle(market)
    view = process.current().hub.markets[market]

    with slow_reader(exchange, "market-data") as slow:
        follow(slow, market)
        ask(slow, 500, "resync", market=market)
        exchange.wait_until(lambda: view.followers("book") == 0, "the server lets go")
        with pytest.raises(ConnectionClosed) as closed:
            read_to_the_end(slow)

    assert closed.value.rcvd is None or closed.value.rcvd.code == 1013


def test_answers_that_nobody_reads_end_the_connection_not_the_memory(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "MAX_BYTES", 100_000)
    monkeypatch.setattr(outboxes, "STALL_TIMEOUT", 0.5)
    monkeypatch.setattr(consumer, "CLOSE_TIMEOUT", 0.2)
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    alice.http.post("orders/batch", json=orders_deep_in_the_book(market, 400))

    account, listeners = alice.account.pk, process.current().hub._listeners
    with slow_reader(exchange, "trading", alice.key) as slow:
        slow.ask("subscribe", channel="orders")
        ask(slow, 60, "subscribe", channel="orders")
        exchange.wait_until(lambda: account not in listeners, "the server lets go")
        with pytest.raises(ConnectionClosed) as closed:
            read_to_the_end(slow)

        assert closed.value.rcvd is None or closed.value.rcvd.code == 1013

    with alice.socket() as again:
        again.ask("subscribe", channel="orders")
        assert len(again.next("orders", "snapshot")["orders"]) == 400
