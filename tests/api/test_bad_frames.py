"""Whatever a frame says, it is answered, and the connection stays; only what is too big or no text closes it,
and that connection alone.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from markets.models import Order
from tests.api.bad_values import AMENDABLE, NUL, ORDER_FIELDS, shown
from tests.api.test_bad_requests import NOT_JSON, NOT_OBJECTS
from tests.drivers.exchange import ExchangeDriver, Trader
from tests.drivers.sockets import Socket, error_of


@pytest.fixture(scope="module")
def market(exchange: ExchangeDriver) -> str:
    return exchange.new_market(tick_size="0.5", lot_size="0.01")


@pytest.fixture(scope="module")
def trading(alice: Trader) -> Iterator[Socket]:
    """One connection for trading, which must outlive this chapter."""
    with alice.socket() as socket:
        yield socket
        assert socket.ask("ping")


@pytest.fixture(scope="module")
def public(exchange: ExchangeDriver) -> Iterator[Socket]:
    """One connection for market data, which must outlive this chapter."""
    with exchange.market_data() as socket:
        yield socket
        assert socket.ask("ping")


@pytest.fixture(params=["trading", "public"])
def socket(request: pytest.FixtureRequest) -> Socket:
    """Each of them."""
    found: Socket = request.getfixturevalue(request.param)
    return found


# Frames


@pytest.mark.parametrize("frame", [*NOT_JSON, *NOT_OBJECTS], ids=shown)
def test_a_frame_that_is_no_json_object(socket: Socket, frame: bytes) -> None:
    try:
        text = frame.decode()
    except UnicodeDecodeError:
        return  # no text at all: see below

    answer = socket.say(text)

    assert error_of(answer)["code"] == "invalid_request"
    assert (answer["method"], answer["req_id"]) == (None, None)


@pytest.mark.parametrize("frame", [b"", b"{}", b'{"method": "ping"}', bytes(range(256))], ids=shown)
def test_a_binary_frame_is_answered(socket: Socket, frame: bytes) -> None:
    error = error_of(socket.say(frame))

    assert (error["code"], "text" in error["message"]) == ("invalid_request", True)


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({}, "method"),
        ({"method": None}, "method"),
        ({"method": 1}, "method"),
        ({"method": ["ping"]}, "method"),
        ({"method": {"ping": 1}}, "method"),
        ({"method": ""}, "known are"),
        ({"method": "PING"}, "known are"),
        ({"method": "withdraw"}, "known are"),
        ({"method": NUL}, "known are"),
        ({"method": "x" * 100_000}, "known are"),
        ({"method": "ping", "params": []}, "params"),
        ({"method": "ping", "params": "x"}, "params"),
        ({"method": "ping", "params": 1.5}, "params"),
        ({"method": "ping", "key": "x"}, "known are"),
        ({"method": "ping", "": 1}, "known are"),
        ({"method": "ping", NUL: 1}, "known are"),
    ],
    ids=shown,
)
def test_a_request_that_makes_no_sense_is_answered_by_its_req_id(
    socket: Socket, request_: dict[str, Any], says: str
) -> None:
    answer = socket.say(json.dumps({**request_, "req_id": 77}))

    assert answer["req_id"] == 77
    error = error_of(answer)
    assert error["code"] == "invalid_request"
    assert says in error["message"]
    assert len(error["message"]) < 1000


@pytest.mark.parametrize(
    "req_id", ["1.5", "true", "[]", "{}", "[1]", '"' + "x" * 129 + '"', "1" * 200, "1e3"], ids=shown
)
def test_a_req_id_that_is_none(socket: Socket, req_id: str) -> None:
    answer = socket.say(f'{{"method": "ping", "req_id": {req_id}}}')

    assert (error_of(answer)["code"], answer["req_id"]) == ("invalid_request", None)


def connect_to(path: str, exchange: ExchangeDriver, trader: Trader) -> Socket:
    return trader.socket() if path == "trading" else exchange.market_data()


@pytest.mark.parametrize("path", ["trading", "market-data"])
@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (Frame(Opcode.TEXT, b"x" * 2 * 1024 * 1024), 1009),
        (Frame(Opcode.BINARY, b"x" * 2 * 1024 * 1024), 1009),
        (Frame(Opcode.TEXT, b'{"method": "\xff\xfe"}'), 1007),
        (Frame(Opcode.TEXT, b"\xed\xa0\x80"), 1007),
    ],
    ids=["a text too big", "bytes too big", "no UTF-8", "a surrogate in UTF-8"],
)
def test_what_is_too_big_or_no_text_closes_that_connection_only(
    exchange: ExchangeDriver, alice: Trader, path: str, frame: Frame, code: int
) -> None:
    with connect_to(path, exchange, alice) as other, connect_to(path, exchange, alice) as socket:
        socket.connection.protocol.send_frame(frame)
        begins = b"".join(socket.connection.protocol.data_to_send())[:1000]
        socket.connection.socket.sendall(begins)  # its length alone says that it is too big

        with pytest.raises(ConnectionClosed) as closed:
            socket.receive()
        assert other.ask("ping")

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code


def test_a_frame_of_just_under_a_mebibyte_is_read(socket: Socket) -> None:
    answer = socket.say(json.dumps({"method": "ping", "params": {"x": "y" * 1_000_000}}))

    assert answer["method"] in ("pong", "ping")


# Trading


@pytest.mark.parametrize(("field", "value", "code"), ORDER_FIELDS, ids=shown)
def test_a_new_orders_bad_field_is_named(
    trading: Socket, market: str, field: str, value: object, code: str
) -> None:
    order = {"market": market, "side": "buy", "quantity": "1", "price": "10", field: value}

    error = trading.refused("submit_order", **order)

    assert (error["code"], list(error["errors"])) == (code, [field])


@pytest.mark.parametrize(("field", "value", "code"), AMENDABLE, ids=shown)
def test_an_amendments_bad_field_is_named(
    trading: Socket, alice: Trader, market: str, field: str, value: object, code: str
) -> None:
    if not Order.objects.filter(client_order_id="resting", account=alice.account).exists():
        alice.place(market, "buy", "3", price="10", client_order_id="resting")
    change = {field: value} if field in ("price", "quantity") else {field: value, "price": "9"}

    error = trading.refused("amend_order", client_order_id="resting", **change)

    assert (error["code"], list(error["errors"])) == (code, [field])


@pytest.mark.parametrize("method", ["cancel_order", "amend_order"])
@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({}, "invalid_request"),
        ({"id": None}, "invalid_request"),
        ({"id": "1", "client_order_id": "x"}, "invalid_request"),
        ({"id": 1}, "invalid_request"),
        ({"id": 1.5}, "invalid_request"),
        ({"id": True}, "invalid_request"),
        ({"id": ["1"]}, "invalid_request"),
        ({"id": {}}, "invalid_request"),
        ({"id": ""}, "not_found"),
        ({"id": "-1"}, "not_found"),
        ({"id": "abc"}, "not_found"),
        ({"id": NUL}, "not_found"),
        ({"id": "9" * 5000}, "not_found"),
        ({"id": "٣"}, "not_found"),
        ({"client_order_id": 1}, "invalid_request"),
        ({"client_order_id": []}, "invalid_request"),
        ({"client_order_id": ""}, "not_found"),
        ({"client_order_id": NUL}, "not_found"),
        ({"client_order_id": "x" * 5000}, "not_found"),
    ],
    ids=shown,
)
def test_an_order_that_cannot_be(
    trading: Socket, method: str, named: dict[str, Any], code: str
) -> None:
    changes = {"price": "10"} if method == "amend_order" else {}

    assert trading.refused(method, **named, **changes)["code"] == code


@pytest.mark.parametrize(
    ("method", "params", "field"),
    [
        ("cancel_order", {"id": "1", "market": "x"}, "market"),
        ("cancel_all", {"side": "both"}, "side"),
        ("cancel_all", {"side": ["buy"]}, "side"),
        ("cancel_all", {"side": {}}, "side"),
        ("cancel_all", {"market": 1}, "market"),
        ("cancel_all", {"market": []}, "market"),
        ("cancel_all", {"flavour": "sour"}, "flavour"),
        ("submit_orders", {}, "orders"),
        ("submit_orders", {"orders": []}, "orders"),
        ("submit_orders", {"orders": [{}] * 501}, "orders"),
        ("submit_orders", {"orders": {}}, "orders"),
        ("submit_orders", {"orders": [], "atomic": True}, "atomic"),
        ("subscribe", {}, "channel"),
        ("subscribe", {"channel": "book"}, "channel"),
        ("subscribe", {"channel": ["orders"]}, "channel"),
        ("subscribe", {"channel": {}}, "channel"),
        ("subscribe", {"channels": []}, "channel"),
        ("subscribe", {"channels": "orders"}, "channel"),
        ("subscribe", {"channels": [[]]}, "channel"),
        ("subscribe", {"channels": ["orders", "book"]}, "channel"),
        ("subscribe", {"channel": "orders", "from_sequence": -1}, "from_sequence"),
        ("subscribe", {"channel": "orders", "from_sequence": "1"}, "from_sequence"),
        ("subscribe", {"channel": "orders", "from_sequence": 1.5}, "from_sequence"),
        ("subscribe", {"channel": "orders", "from_sequence": True}, "from_sequence"),
        ("subscribe", {"channel": "orders", "from_sequence": 10**40}, "from_sequence"),
        ("subscribe", {"channel": "orders", "since": 1}, "since"),
        ("unsubscribe", {"channel": "book"}, "channel"),
        ("login", {}, "key"),
        ("login", {"key": 1}, "key"),
        ("login", {"key": ["x"]}, "key"),
        ("login", {"key": "x", "password": "y"}, "password"),
        ("login", {"key": "x", "cancel_on_disconnect": "yes"}, "cancel_on_disconnect"),
    ],
    ids=shown,
)
def test_params_that_make_no_sense_are_refused_by_name(
    trading: Socket, method: str, params: dict[str, Any], field: str
) -> None:
    error = trading.refused(method, **params)

    assert error["code"] in ("invalid_request", "invalid_order")
    assert field in error["errors"]


@pytest.mark.parametrize("key", ["", NUL, "\U0001f4b0", "x" * 100_000])
def test_a_login_with_a_key_that_cannot_be(trading: Socket, key: str) -> None:
    assert trading.refused("login", key=key)["code"] == "not_authenticated"


@pytest.mark.parametrize("params", [{}, {"timeout_seconds": "60"}, {"timeout_seconds": -1}])
def test_the_dead_mans_switch_takes_whole_seconds_of_a_day(
    trading: Socket, params: dict[str, Any]
) -> None:
    error = trading.refused("cancel_all_after", **params)

    assert (error["code"], list(error["errors"])) == ("invalid_request", ["timeout_seconds"])


@pytest.mark.parametrize("method", ["submit_oco", "submit_bracket"])
def test_a_group_of_nothing_is_refused_by_name(trading: Socket, method: str) -> None:
    error = trading.refused(method)

    assert error["code"] == "invalid_request"
    assert {"market", "side", "quantity"} <= set(error["errors"])


# Market data


@pytest.mark.parametrize("method", ["subscribe", "unsubscribe"])
@pytest.mark.parametrize(
    ("params", "code", "field"),
    [
        ({"channel": None}, "invalid_request", "channel"),
        ({"channel": "orders"}, "invalid_request", "channel"),
        ({"channel": ["book"]}, "invalid_request", "channel"),
        ({"channel": {}}, "invalid_request", "channel"),
        ({"channel": "candles:1m"}, "invalid_request", "channel"),
        ({"markets": None}, "invalid_request", "markets"),
        ({"markets": []}, "invalid_request", "markets"),
        ({"markets": "BTC-USD"}, "invalid_request", "markets"),
        ({"markets": {}}, "invalid_request", "markets"),
        ({"markets": ["NO-SUCH"]}, "not_found", "markets"),
        ({"markets": [1]}, "not_found", "markets"),
        ({"markets": [None]}, "not_found", "markets"),
        ({"markets": [[]]}, "not_found", "markets"),
        ({"markets": [{}]}, "not_found", "markets"),
        ({"markets": [NUL]}, "not_found", "markets"),
        ({"markets": [10**40]}, "not_found", "markets"),
        ({"markets": ["x" * 100_000]}, "not_found", "markets"),
        ({"interval": "1m"}, "invalid_request", "interval"),
        ({"channel": "candles", "interval": "2m"}, "invalid_request", "interval"),
        ({"channel": "candles", "interval": 1}, "invalid_request", "interval"),
        ({"channel": "candles", "interval": []}, "invalid_request", "interval"),
        ({"channel": "candles", "interval": {}}, "invalid_request", "interval"),
        ({"depth": 10}, "invalid_request", "depth"),
        ({NUL: 10}, "invalid_request", NUL),
    ],
    ids=shown,
)
def test_a_subscription_that_makes_no_sense_is_refused_by_name(
    public: Socket, market: str, method: str, params: dict[str, Any], code: str, field: str
) -> None:
    error = public.refused(method, **{"channel": "book", "markets": [market], **params})

    assert (error["code"], list(error["errors"])) == (code, [field])
    assert len(error["message"]) < 1000


def test_with_one_unknown_market_nothing_is_subscribed(public: Socket, market: str) -> None:
    public.refused("subscribe", channel="status", markets=[market, "NO-SUCH"])

    assert public.arrived() == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, "not_found"),
        ({"market": None}, "not_found"),
        ({"market": "NO-SUCH"}, "not_found"),
        ({"market": ["BTC-USD"]}, "not_found"),
        ({"market": {}}, "not_found"),
        ({"markets": ["BTC-USD"]}, "invalid_request"),
    ],
)
def test_a_resync_that_makes_no_sense(public: Socket, params: dict[str, Any], code: str) -> None:
    assert public.refused("resync", **params)["code"] == code
