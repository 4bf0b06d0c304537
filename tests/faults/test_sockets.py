"""On sockets a plan's messages are late, lost, doubled, out of order or wrong, and its requests go astray.

The exchange's own sockets and the dialect's; a public one suffers the plan that its address names.
"""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError

from markets import signing_keys
from tests.binance.sockets.wire import Api, Streams, name_of
from tests.drivers.exchange import ExchangeDriver, Trader
from tests.drivers.sockets import JSON, Socket
from tests.faults.conftest import key_path, set_faults

ALWAYS = "1"


@pytest.fixture
def market(exchange: ExchangeDriver) -> str:
    """A market of the test's own, whose book is published at once."""
    return exchange.new_market(update_interval_ms=0)


@pytest.fixture
def alice(exchange: ExchangeDriver, market: str) -> Trader:
    return exchange.traders(market, 1)[0]


def market_data(alice: Trader, path: str) -> Socket:
    """A connection for market data by the address that suffers the plan."""
    return Socket(f"{alice.exchange.ws_url}{path}/ws/v1/market-data")


def api_with(alice: Trader, **plan: Any) -> Api:
    """The WebSocket API with a key that has faults."""
    row, key, secret = signing_keys.make_hmac_key(alice.account)
    assert alice.http.put(f"api-keys/{row.pk}/faults", json=plan).status_code == 200
    return Api(alice.exchange.ws_url, key, secret)


def updates(socket: Socket, count: int) -> list[tuple[int, int]]:
    """(from, to) of the next book updates."""
    found = [socket.next("book", "update") for _ in range(count)]
    return [(update["prev_sequence"], update["sequence"]) for update in found]


def place(alice: Trader, market: str, count: int) -> None:
    """Place orders one after the other, each of which changes the book, by a key that suffers nothing."""
    quiet = alice.another_key("read", "trade")
    for price in range(1, count + 1):
        quiet.place(market, "buy", "1", price=str(price))
        alice.exchange.settle(market)


# It is said loudly


def test_the_first_message_says_what_goes_wrong_and_so_does_the_handshake(
    alice: Trader,
) -> None:
    path = set_faults(alice, seed=5, drop="0.5")

    for socket in (market_data(alice, path), alice.socket()):
        with socket:
            first = socket.receive()
            assert (first["channel"], first["type"]) == ("system", "faults")
            assert (first["data"]["plan"]["drop"], first["data"]["plan"]["seed"]) == ("0.5", 5)
            response = socket.connection.response
            assert response is not None
            assert response.headers["X-Exchange-Faults"] == "drop=0.5, seed=5"


def test_every_message_of_the_dialect_says_it_and_is_otherwise_as_ever(
    market: str, alice: Trader
) -> None:
    path = set_faults(alice, delay_ms=1)
    stream = f"{name_of(market).lower()}@depth@100ms"

    with Streams(f"{alice.exchange.ws_url}{path}/ws") as streams:
        answer = streams.say({"method": "SUBSCRIBE", "params": [stream], "id": 1})
        place(alice, market, 1)
        event = streams.event("depthUpdate")

    assert answer == {"result": None, "id": 1, "faults": "on"}
    assert event.keys() == {"e", "E", "s", "U", "u", "b", "a", "faults"}


def test_a_connection_without_a_plan_hears_of_nothing_and_keeps_its_ready_frames(
    market: str, alice: Trader
) -> None:
    set_faults(alice, drop=ALWAYS)

    with alice.exchange.market_data() as socket:
        socket.ask("subscribe", channel="book", markets=[market])
        place(alice, market, 3)
        assert len(updates(socket, 3)) == 3
        assert all(message.get("channel") != "system" for message in socket.kept)


# Book messages


def test_dropped_updates_leave_a_gap_and_a_snapshot_that_is_asked_for_comes(
    market: str, alice: Trader
) -> None:
    path = set_faults(alice, drop=ALWAYS)

    with market_data(alice, path) as socket:
        socket.ask("subscribe", channel="book", markets=[market])
        assert socket.next("book", "snapshot")["bids"] == []
        place(alice, market, 2)
        socket.ask("resync", market=market)

        assert socket.next_message("book")["type"] == "snapshot"


def test_duplicated_updates_come_twice(market: str, alice: Trader) -> None:
    path = set_faults(alice, duplicate=ALWAYS)

    with market_data(alice, path) as socket:
        socket.ask("subscribe", channel="book", markets=[market])
        place(alice, market, 2)
        pairs = updates(socket, 4)

    assert pairs[0] == pairs[1]
    assert pairs[2] == pairs[3]


def test_a_reordered_message_comes_after_the_next_one(market: str, alice: Trader) -> None:
    path = set_faults(alice, reorder=ALWAYS)

    with market_data(alice, path) as socket:
        socket.ask("subscribe", channel="book", markets=[market])
        place(alice, market, 3)
        kinds = [socket.next_message("book") for _ in range(4)]

    sequences = [message["data"]["sequence"] for message in kinds if message["type"] != "heartbeat"]
    assert sequences != sorted(sequences)


def test_a_wrong_checksum_can_be_told(market: str, alice: Trader) -> None:
    path = set_faults(alice, corrupt_checksum=ALWAYS)

    with market_data(alice, path) as socket:
        socket.ask("subscribe", channel="book", markets=[market])

        assert socket.next("book", "snapshot")["checksum"] == 1  # of an empty book it is 0


def test_what_is_no_book_message_is_never_dropped(market: str, alice: Trader) -> None:
    path = set_faults(alice, drop=ALWAYS)

    with market_data(alice, path) as socket:
        socket.ask("subscribe", channel="trades", markets=[market])
        place(alice, market, 1)
        alice.another_key("trade").place(
            market, "sell", "1", price="1", self_trade_prevention="cancel_oldest"
        )
        assert socket.ask("ping")["time"]


def test_depth_updates_of_the_dialect_are_dropped_too(market: str, alice: Trader) -> None:
    path = set_faults(alice, drop=ALWAYS)
    symbol = name_of(market).lower()
    names = f"{symbol}@depth@100ms/{symbol}@bookTicker"

    with Streams(f"{alice.exchange.ws_url}{path}/stream?streams={names}") as streams:
        place(alice, market, 2)
        assert streams.of(f"{symbol}@bookTicker")
        streams.say({"method": "LIST_SUBSCRIPTIONS", "id": 3})

    assert not [m for m in streams.kept if m.get("stream") == f"{symbol}@depth@100ms"]


# Time


def test_messages_are_late_and_stay_in_their_order(market: str, alice: Trader) -> None:
    path = set_faults(alice, delay_ms=100, jitter_ms=100)

    with market_data(alice, path) as socket:
        before = time.monotonic()
        socket.ask("ping")
        assert time.monotonic() - before >= 0.1
        socket.ask("subscribe", channel="book", markets=[market])
        place(alice, market, 5)
        pairs = updates(socket, 5)

    assert [after for _, after in pairs[:-1]] == [before for before, _ in pairs[1:]]


def test_a_pong_tells_the_wrong_time(alice: Trader) -> None:
    set_faults(alice, clock_skew_ms=3_600_000)

    with alice.socket() as socket, alice.exchange.market_data() as right:
        assert socket.ask("ping")["time"] > right.ask("ping")["time"]


def test_a_connection_is_cut_without_a_closing_frame(market: str, alice: Trader) -> None:
    path = set_faults(alice, cut_seconds=1)

    with market_data(alice, path) as socket:
        socket.receive()
        with pytest.raises(ConnectionClosedError) as cut:
            socket.receive()

    assert cut.value.rcvd is None


def test_a_plan_that_is_turned_off_ends_for_the_connections_that_have_it(
    market: str, alice: Trader
) -> None:
    path = set_faults(alice, drop=ALWAYS)

    with market_data(alice, path) as socket:
        socket.ask("subscribe", channel="book", markets=[market])
        assert alice.http.delete(key_path(alice)).json()["on"] is False
        place(alice, market, 2)

        assert len(updates(socket, 2)) == 2


# Requests about orders


@pytest.mark.parametrize("log_in", ["by the handshake", "by a message"])
@pytest.mark.parametrize("fault", ["rate_limited", "unavailable"])
def test_an_order_is_refused_and_nothing_was_done(
    market: str, alice: Trader, fault: str, log_in: str
) -> None:
    set_faults(alice, **{fault: ALWAYS})
    by_message = log_in == "by a message"

    with alice.exchange.trading_socket(None if by_message else alice.key) as socket:
        if by_message:
            socket.ask("login", key=alice.key)
        order = {"market": market, "side": "buy", "quantity": "1", "price": "1"}
        refusal = socket.refused("submit_order", **order)
        socket.ask("ping")
        socket.ask("subscribe", channel="orders")

    assert refusal["code"] == fault
    assert refusal["retry_after"] > 0
    assert placed(alice) == []


def test_an_order_that_times_out_was_placed(market: str, alice: Trader) -> None:
    set_faults(alice, time_out=ALWAYS, time_out_seconds=1)
    order = {"market": market, "side": "buy", "quantity": "1", "price": "1"}

    with alice.socket() as socket:
        refusal = socket.refused("submit_order", **order, client_order_id="once")
        wrong = socket.refused("submit_order", **order | {"quantity": "0"})

    assert refusal["code"] == "timeout"
    assert wrong["code"] != "timeout"
    assert placed(alice) == ["once"]


def placed(alice: Trader) -> list[Any]:
    """The client_order_ids of the account's orders."""
    reader = alice.another_key("read")
    orders: list[JSON] = reader.http.get("orders").json()["results"]
    return [order["client_order_id"] for order in orders]


@pytest.mark.parametrize(
    ("plan", "status", "code", "orders"),
    [
        ({"rate_limited": ALWAYS}, 429, -1003, []),
        ({"unavailable": ALWAYS}, 503, -1001, []),
        ({"time_out": ALWAYS, "time_out_seconds": 1}, 504, -1007, ["once"]),
    ],
)
def test_an_order_on_the_websocket_api_goes_astray_in_the_dialects_words(
    market: str, alice: Trader, plan: JSON, status: int, code: int, orders: list[str]
) -> None:
    wanted = {
        "symbol": name_of(market),
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "price": "1",
        "quantity": "1",
        "newClientOrderId": "once",
    }

    with api_with(alice, **plan) as api:
        assert api.ask_signed("account.status")  # from now on it is known by which key it is here
        answer = api.request("order.place", **api.signed(**wanted))

    assert (answer["status"], answer["error"]["code"]) == (status, code)
    assert answer["faults"] == "on"
    assert placed(alice) == orders


def test_the_websocket_api_goes_by_the_wrong_clock(alice: Trader) -> None:
    with api_with(alice, clock_skew_ms=-60_000) as api:
        ahead = api.refused("account.status", **api.signed())
        told = api.ask("time")["serverTime"]

    assert told < time.time() * 1000 - 50_000
    assert ahead[:2] == (400, -1021)


def test_a_listen_keys_connection_suffers_its_keys_plan(market: str, alice: Trader) -> None:
    row, key, _ = signing_keys.make_hmac_key(alice.account)
    alice.http.put(f"api-keys/{row.pk}/faults", json={"delay_ms": 1})
    headers = {"X-MBX-APIKEY": key}
    made = httpx.post(f"{alice.exchange.url}/api/v3/userDataStream", headers=headers)
    listen_key = made.json()["listenKey"]

    with Streams(f"{alice.exchange.ws_url}/ws/{listen_key}") as streams:
        streams.say({"method": "LIST_SUBSCRIPTIONS", "id": 1})
        place(alice, market, 1)
        report = streams.event("executionReport")

    assert report["faults"] == "on"
