"""What clients ask of `/ws` and `/stream` is answered by its id, whatever it is, and the connection stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus

from markets.binance import connections
from markets.binance.streams import socket as sockets
from markets.hub import outbox as outboxes
from tests.binance.sockets.wire import Streams, name_of, rest, streams
from tests.drivers.exchange import ExchangeDriver

IDS: list[Any] = [0, 1, -5, 2**53, "a text", "", None]


@pytest.fixture(scope="module")
def market(exchange: ExchangeDriver) -> str:
    return exchange.new_market()


@pytest.fixture(scope="module")
def symbol(market: str) -> str:
    return name_of(market).lower()


@pytest.fixture
def socket(exchange: ExchangeDriver) -> Iterator[Streams]:
    with streams(exchange) as found:
        yield found


@pytest.mark.parametrize("request_id", IDS, ids=repr)
def test_an_id_comes_back_with_its_type(socket: Streams, request_id: Any) -> None:
    assert socket.ask("SUBSCRIBE", "btcusdt@trade", id=request_id) is None
    assert socket.ask("LIST_SUBSCRIPTIONS", id=request_id) == ["btcusdt@trade"]
    assert socket.ask("UNSUBSCRIBE", "btcusdt@trade", id=request_id) is None
    assert socket.ask("LIST_SUBSCRIPTIONS", id=request_id) == []


def test_what_is_subscribed_twice_is_sent_once(socket: Streams, symbol: str) -> None:
    stream = f"{symbol}@depth@100ms"
    socket.ask("SUBSCRIBE", stream)
    socket.ask("SUBSCRIBE", stream, stream)

    first, second = socket.event("depthUpdate"), socket.event("depthUpdate")

    assert second["U"] == first["u"] + 1


def test_what_is_unsubscribed_ends_and_no_name_is_refused(socket: Streams, symbol: str) -> None:
    names = [f"{symbol}@bookTicker", "nobody@trade", f"{symbol}@nothing", "!all@arr"]
    socket.ask("SUBSCRIBE", *names)
    assert socket.ask("LIST_SUBSCRIPTIONS") == names

    socket.ask("UNSUBSCRIBE", f"{symbol}@bookTicker", "never@subscribed")
    socket.kept.clear()
    with pytest.raises(TimeoutError):
        socket.receive(timeout=1.5)

    assert socket.ask("LIST_SUBSCRIPTIONS") == names[1:]


def test_events_come_with_their_streams_name_when_that_is_asked_for(
    socket: Streams, symbol: str
) -> None:
    stream = f"{symbol}@bookTicker"
    assert socket.ask("GET_PROPERTY", "combined") is False
    socket.ask("SUBSCRIBE", stream)
    assert socket.first(lambda message: "u" in message)["s"] == symbol.upper()

    socket.ask("SET_PROPERTY", "combined", True)

    assert socket.of(stream)["s"] == symbol.upper()
    assert socket.ask("GET_PROPERTY", "combined") is True


@pytest.mark.parametrize(
    "path",
    ["/ws/{0}@bookTicker", "/ws/{0}%40bookTicker", "/ws/other@trade/{0}@bookTicker"],
)
def test_an_address_may_name_streams_that_come_bare(
    exchange: ExchangeDriver, symbol: str, path: str
) -> None:
    with Streams(exchange.ws_url + path.format(symbol)) as socket:
        assert socket.receive()["s"] == symbol.upper()


@pytest.mark.parametrize(
    "query", ["streams={0}@bookTicker/x@trade", "streams={0}%40bookTicker%2F!ticker%40arr"]
)
def test_an_address_may_name_streams_that_come_with_their_names(
    exchange: ExchangeDriver, symbol: str, query: str
) -> None:
    with Streams(f"{exchange.ws_url}/stream?{query.format(symbol)}") as socket:
        message = socket.receive()

    assert message["stream"] == f"{symbol}@bookTicker"
    assert message.keys() == {"stream", "data"}


def test_a_number_after_ws_means_nothing(exchange: ExchangeDriver, symbol: str) -> None:
    with Streams(f"{exchange.ws_url}/ws/7") as socket:
        socket.ask("SUBSCRIBE", f"{symbol}@bookTicker", id=3)
        assert socket.receive()["s"] == symbol.upper()


def test_a_browsers_origin_is_not_looked_at(exchange: ExchangeDriver) -> None:
    with Streams(f"{exchange.ws_url}/ws", origin="https://elsewhere.example") as socket:
        assert socket.ask("LIST_SUBSCRIPTIONS") == []


def test_a_stream_of_a_market_that_is_made_later_begins_then(exchange: ExchangeDriver) -> None:
    later = f"T{int(name_of(exchange.new_market())[1:-4]) + 1}X-USD"
    with streams(exchange, f"{name_of(later).lower()}@miniTicker") as socket:
        assert exchange.new_market() == later
        assert socket.event("24hrMiniTicker")["s"] == name_of(later)


BAD: list[tuple[Any, int, Any]] = [
    ("{", 3, None),
    ("", 3, None),
    ("[1]", 2, None),
    ("7", 2, None),
    ({"id": 4}, 2, 4),
    ({"method": "subscribe", "id": "x"}, 2, "x"),
    ({"method": ["SUBSCRIBE"], "id": 0}, 2, 0),
    ({"method": "SUBSCRIBE", "params": "btcusdt@trade", "id": 1}, 2, 1),
    ({"method": "SUBSCRIBE", "params": [1], "id": 1}, 2, 1),
    ({"method": "SUBSCRIBE", "params": [""], "id": 1}, 2, 1),
    ({"method": "SUBSCRIBE", "params": ["x" * 200], "id": 1}, 2, 1),
    ({"method": "SUBSCRIBE", "params": [], "id": True}, 2, None),
    ({"method": "SUBSCRIBE", "params": [], "id": 1.5}, 2, None),
    ({"method": "SUBSCRIBE", "params": [], "id": {"a": 1}}, 2, None),
    ({"method": "SUBSCRIBE", "params": [], "id": "x" * 200}, 2, None),
    ({"method": "SET_PROPERTY", "params": ["other", True], "id": 1}, 0, 1),
    ({"method": "SET_PROPERTY", "params": ["combined", "true"], "id": 1}, 1, 1),
    ({"method": "SET_PROPERTY", "params": ["combined"], "id": 1}, 2, 1),
    ({"method": "SET_PROPERTY", "params": [1, True], "id": 1}, 2, 1),
    ({"method": "GET_PROPERTY", "params": ["combined", 1], "id": 1}, 2, 1),
    ({"method": "GET_PROPERTY", "id": 1}, 2, 1),
    (b"binary", 2, None),
]


@pytest.mark.parametrize(("frame", "code", "request_id"), BAD, ids=lambda value: repr(value)[:40])
def test_what_is_no_request_is_answered_with_an_error(
    socket: Streams, frame: Any, code: int, request_id: Any
) -> None:
    answer = socket.say(frame)

    assert answer.keys() == {"error", "id"}
    assert answer["error"].keys() == {"code", "msg"}
    assert (answer["error"]["code"], answer["id"]) == (code, request_id)
    assert answer["error"]["msg"]
    assert socket.ask("LIST_SUBSCRIPTIONS") == []


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
METHODS = st.sampled_from(
    ["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY", "x"]
)
REQUESTS = st.fixed_dictionaries({}, optional={"method": METHODS, "params": JUNK, "id": JUNK})


@given(frame=REQUESTS | JUNK)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_frame_is_answered(exchange: ExchangeDriver, frame: Any) -> None:
    text = json.dumps(frame)
    with streams(exchange) as socket:
        answer = socket.say(text)

        assert answer.keys() in ({"result", "id"}, {"error", "id"})
        assert isinstance(socket.ask("LIST_SUBSCRIPTIONS"), list)


# Limits


def test_a_connection_has_so_many_streams_and_no_more(
    socket: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "MAX_STREAMS", 3)
    socket.ask("SUBSCRIBE", "a@trade", "b@trade")

    answer = socket.say({"method": "SUBSCRIBE", "params": ["c@trade", "d@trade"], "id": 9})

    assert (answer["error"]["code"], answer["id"]) == (2, 9)
    assert socket.ask("LIST_SUBSCRIPTIONS") == ["a@trade", "b@trade"]


def test_who_speaks_too_much_is_told_and_then_cut_off(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MESSAGES_AT_ONCE", 5)
    monkeypatch.setattr(connections, "MESSAGES_A_SECOND", 0.001)
    monkeypatch.setattr(connections, "MAX_REFUSED", 3)
    with streams(exchange) as socket:
        for _ in range(5):
            socket.ask("LIST_SUBSCRIPTIONS")

        codes = [socket.say("{}")["error"]["code"] for _ in range(2)]
        socket.connection.send("{}")
        with pytest.raises(ConnectionClosed) as closed:
            socket.read_to_the_end()

    assert codes == [-1003, -1003]
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_an_address_has_so_many_connections_and_no_more(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with streams(exchange) as one:
        one.ask("LIST_SUBSCRIPTIONS")
        monkeypatch.setattr(connections, "MAX_CONNECTIONS", connections._connections["127.0.0.1"])
        with pytest.raises(InvalidStatus) as refused:
            streams(exchange)

    assert refused.value.response.status_code == 429


def test_a_socket_that_lags_is_cut_and_costs_others_nothing(
    exchange: ExchangeDriver, market: str, symbol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "MAX_FRAMES", 0)
    with streams(exchange, f"{symbol}@bookTicker") as slow:
        slow.receive()
        [(follower, _)] = _followers(symbol)

        async def let_it_lag() -> None:
            follower.outbox._send_ready = lambda _: False

        exchange.in_loop(let_it_lag())
        with pytest.raises(ConnectionClosed) as closed:
            slow.read_to_the_end()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013
    exchange.wait_until(lambda: not _followers(symbol), "nobody follows it")
    assert rest(exchange, "ping") == {}


def _followers(symbol: str) -> list[Any]:
    from markets.binance.streams.board import board

    stream = board()._streams.get(f"{symbol}@bookTicker")
    return [] if stream is None else list(stream.followers.items())
