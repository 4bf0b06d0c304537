"""Whatever a client sends is answered with {"code", "msg"} or what it asked for, and never with a 500."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from markets.binance.errors import DialectError
from markets.binance.parameters import Parameters
from markets.binance.routes import ROUTES
from tests.binance import shapes
from tests.binance.shapes import check
from tests.drivers.bot import Bot
from tests.drivers.exchange import ExchangeDriver

FEW = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
NAMES = (  # noqa: SIM905
    "symbol symbols side type timeInForce quantity quoteOrderQty price stopPrice icebergQty "
    "limit fromId orderId origClientOrderId newClientOrderId newOrderRespType "
    "selfTradePreventionMode startTime endTime interval windowSize cancelReplaceMode "
    "cancelOrderId cancelOrigClientOrderId newQty recvWindow orderListId listClientOrderId "
    "aboveType abovePrice belowType belowStopPrice workingType workingSide workingPrice "
    "workingQuantity pendingType pendingSide pendingQuantity pendingPrice permissions "
    "omitZeroBalances cancelRestrictions trailingDelta type symbolStatus workingTimeInForce"
).split()
WORDS = (  # noqa: SIM905
    "BUY SELL LIMIT MARKET LIMIT_MAKER STOP_LOSS TAKE_PROFIT TAKE_PROFIT_LIMIT GTC IOC FOK "
    "ACK RESULT FULL 1m 1M 1s 7d NONE DECREMENT STOP_ON_FAILURE ALLOW_FAILURE ONLY_NEW true "
    "false SPOT MINI TRADING"
).split()
numbers = st.one_of(
    st.integers(-1, 10**20).map(str),
    st.decimals(0, 10**9, places=4).map(lambda number: f"{number:f}"),
    st.sampled_from(["0", "1", "100", "0.001", "1e5", "NaN", "-0", "00", "1.", ".5", "٣"]),
)
values = st.one_of(numbers, st.sampled_from(WORDS), st.text(max_size=40), st.just("SYMBOL"))
parameters = st.dictionaries(st.sampled_from(NAMES), values, max_size=12)
calls = st.sampled_from([(method, path) for path, calls in ROUTES.items() for method in calls])


def check_answer(response: Any) -> None:
    assert response.status_code < 500, response.text
    assert response.headers["content-type"].startswith("application/json")
    if response.status_code != 200:
        body = response.json()
        data = body.pop("data", None)
        check(body, shapes.Refusal)
        assert data is None or body["code"] in (-2021, -2022)


@given(call=calls, params=parameters, in_body=st.booleans())
@FEW
def test_any_parameters(
    alice: Bot, symbol: str, call: tuple[str, str], params: dict[str, str], in_body: bool
) -> None:
    method, path = call
    sent = {name: symbol if value == "SYMBOL" else value for name, value in params.items()}
    sent.setdefault("symbol", symbol)

    check_answer(alice.send(method, path, body=in_body and method != "GET", **sent))


@given(call=calls, query=st.text(max_size=80), body=st.binary(max_size=200))
@FEW
def test_any_query_and_body(alice: Bot, call: tuple[str, str], query: str, body: bytes) -> None:
    method, path = call
    headers = {"X-MBX-APIKEY": alice.key, "Content-Type": "application/x-www-form-urlencoded"}

    check_answer(
        alice.http.request(method, path, params={"signature": query}, content=body, headers=headers)
    )


@given(raw=st.binary(max_size=100).map(lambda raw: raw.replace(b"#", b"").replace(b"\n", b"")))
@FEW
def test_any_bytes_in_the_query(alice: Bot, raw: bytes) -> None:
    text = "".join(f"%{byte:02x}" if byte < 33 or byte > 126 else chr(byte) for byte in raw)

    check_answer(alice.http.get(f"/api/v3/depth?{text}"))


@given(
    st.dictionaries(st.sampled_from(["a"]), st.text(max_size=50)),
    st.sampled_from(
        ["text", "required", "symbols", "integer", "decimal", "flag", "client_order_id"]
    ),
)
def test_any_text_is_read_or_refused(given_: dict[str, str], reader: str) -> None:
    params = Parameters({**given_, "symbols": given_.get("a", "")})

    try:
        getattr(params, reader)(*(() if reader == "symbols" else ("a",)))
    except DialectError as error:
        refusal = error.as_json()
    else:
        return
    check(refusal, shapes.Refusal)


@pytest.mark.parametrize("enabled", [True, False])
def test_one_setting_turns_it_off(exchange: ExchangeDriver, settings: Any, enabled: bool) -> None:
    settings.BINANCE = enabled

    response = Bot(exchange.url).get("ping")

    assert response.status_code == (200 if enabled else 404)
