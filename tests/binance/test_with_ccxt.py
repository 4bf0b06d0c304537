"""ccxt, unmodified, pointed here by its addresses alone: all that a bot asks and does over REST."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from textwrap import dedent
from typing import Any

import pytest

from clients.__main__ import CONNECT_A_BOT
from tests.binance.conftest import bot_of
from tests.binance.traffic import Traffic
from tests.drivers.exchange import ExchangeDriver
from tests.drivers.root import ROOT

pytestmark = pytest.mark.slow


def here(urls: Any, url: str) -> Any:
    """ccxt's addresses with this exchange's host in all of them."""
    if isinstance(urls, dict):
        return {name: here(each, url) for name, each in urls.items()}
    return re.sub(r"^https?://[^/]+", url, urls)


@pytest.fixture(scope="module")
def busy(exchange: ExchangeDriver) -> Iterator[str]:
    """A market in which others trade all the time, as ccxt calls it."""
    market = exchange.new_market("0.01", "0.001", taker_fee_rate="0.001", price_band="0.5")
    traffic = Traffic(exchange, market)
    traffic.start()
    exchange.settle(market)
    yield market.replace("-", "/")
    traffic.stop()


@pytest.fixture(scope="module")
def config(exchange: ExchangeDriver, busy: str) -> dict[str, Any]:
    """A bot's key."""
    bot = bot_of(exchange.traders(busy.replace("/", "-"), 1)[0])
    return {"apiKey": bot.key, "secret": bot.secret, "enableRateLimit": False}


@pytest.fixture(scope="module")
def ccxt(exchange: ExchangeDriver, config: dict[str, Any]) -> Any:
    """The synchronous client."""
    library = pytest.importorskip("ccxt")
    client = library.binance(config)
    client.urls["api"] = here(client.urls["api"], exchange.url)
    client.load_markets()
    return client


@pytest.fixture
async def async_ccxt(
    exchange: ExchangeDriver, config: dict[str, Any], ccxt: Any
) -> AsyncIterator[Any]:
    """The asynchronous client."""
    from ccxt import async_support

    client = async_support.binance(config)
    client.urls["api"] = here(client.urls["api"], exchange.url)
    await client.load_markets()
    yield client
    await client.close()


def test_the_markets_and_their_rules(ccxt: Any, busy: str) -> None:
    market = ccxt.market(busy)

    assert (market["spot"], market["active"], market["type"]) == (True, True, "spot")
    assert market["precision"]["price"] == 0.01
    assert market["precision"]["amount"] == 0.001
    assert ccxt.fetch_status()["status"] == "ok"
    assert ccxt.fetch_time() > 0
    assert market["base"] in ccxt.fetch_currencies()


def test_market_data(ccxt: Any, busy: str) -> None:
    ticker = ccxt.fetch_ticker(busy)
    book = ccxt.fetch_order_book(busy, 5)
    trades = ccxt.fetch_trades(busy, limit=10)
    candles = ccxt.fetch_ohlcv(busy, "1m", limit=5)

    assert ticker["low"] <= ticker["open"] <= ticker["high"]
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert ticker["bid"] <= ticker["ask"]
    assert ticker["baseVolume"] * ticker["low"] <= ticker["quoteVolume"]
    assert ticker["quoteVolume"] <= ticker["baseVolume"] * ticker["high"]
    assert ticker["change"] == pytest.approx(ticker["last"] - ticker["open"])
    assert ticker["percentage"] == pytest.approx(ticker["change"] / ticker["open"] * 100)
    assert abs(ticker["last"] / ((ticker["bid"] + ticker["ask"]) / 2) - 1) < 0.01
    assert (len(book["bids"]), len(book["asks"])) == (5, 5)
    assert book["nonce"] > 0
    assert [trade["timestamp"] for trade in trades] == sorted(t["timestamp"] for t in trades)
    assert all(low <= close <= high for _, _, high, low, close, _ in candles)
    assert busy in ccxt.fetch_tickers()
    assert busy in ccxt.fetch_bids_asks()
    assert busy in ccxt.fetch_last_prices()


def test_the_account(ccxt: Any, busy: str) -> None:
    balance = ccxt.fetch_balance()
    fee = ccxt.fetch_trading_fee(busy)

    assert balance["USD"]["free"] > 0
    assert (fee["maker"], fee["taker"]) == (0, 0.001)
    assert busy in ccxt.fetch_trading_fees()


@pytest.mark.parametrize(
    ("type_", "side", "price", "params", "status"),
    [
        ("limit", "buy", 900, {}, "open"),
        ("limit", "buy", 900, {"postOnly": True}, "open"),
        ("limit", "buy", 900, {"clientOrderId": "from/ccxt:1"}, "open"),
        ("limit", "buy", 900, {"icebergQty": "0.01"}, "open"),
        ("limit", "buy", 1010, {"timeInForce": "IOC"}, "closed"),
        ("limit", "buy", 900, {"timeInForce": "IOC"}, "expired"),
        ("limit", "buy", 900, {"timeInForce": "FOK"}, "expired"),
        ("market", "buy", None, {}, "closed"),
        ("market", "sell", None, {}, "closed"),
        ("market", "buy", None, {"cost": 50}, "closed"),
        ("limit", "sell", 800, {"triggerPrice": 810}, "open"),
        ("market", "sell", None, {"triggerPrice": 810}, "open"),
        ("limit", "sell", 800, {"stopLossPrice": 810}, "open"),
        ("market", "sell", None, {"takeProfitPrice": 1200}, "open"),
        ("limit", "sell", 1200, {"takeProfitPrice": 1200}, "open"),
    ],
)
def test_every_type_of_order(
    ccxt: Any, busy: str, type_: str, side: str, price: int | None, params: Any, status: str
) -> None:
    amount = None if "cost" in params else 0.05

    order = ccxt.create_order(busy, type_, side, amount, price, params)

    found = ccxt.fetch_order(order["id"], busy)
    assert (found["id"], found["status"], found["side"]) == (order["id"], status, side)
    assert found["clientOrderId"] == params.get("clientOrderId", order["clientOrderId"])
    if status == "closed":
        assert found["filled"] == pytest.approx(found["amount"])
    if status == "open":
        assert order["id"] in {each["id"] for each in ccxt.fetch_open_orders(busy)}
        assert ccxt.cancel_order(order["id"], busy)["status"] == "canceled"


def test_an_order_is_edited_and_canceled(ccxt: Any, busy: str) -> None:
    order = ccxt.create_order(busy, "limit", "buy", 0.05, 900)

    edited = ccxt.edit_order(order["id"], busy, "limit", "buy", 0.04, 901)

    assert (edited["price"], edited["amount"]) == (901, 0.04)
    assert ccxt.cancel_order(edited["id"], busy)["status"] == "canceled"


def test_all_orders_are_canceled_and_looked_at(ccxt: Any, busy: str) -> None:
    placed = {ccxt.create_order(busy, "limit", "buy", 0.05, 900)["id"] for _ in range(3)}

    canceled = ccxt.cancel_all_orders(busy)

    assert placed == {order["id"] for order in canceled}
    assert placed <= {order["id"] for order in ccxt.fetch_orders(busy)}
    assert placed <= {order["id"] for order in ccxt.fetch_canceled_orders(busy)}
    ccxt.create_order(busy, "market", "buy", 0.05)
    assert ccxt.fetch_closed_orders(busy)
    trades = ccxt.fetch_my_trades(busy)
    assert trades[-1]["takerOrMaker"] == "taker"
    assert trades[-1]["fee"]["cost"] > 0
    assert ccxt.fetch_order_trades(trades[-1]["order"], busy)[-1]["id"] == trades[-1]["id"]


def test_a_test_order(ccxt: Any, busy: str) -> None:
    ccxt.create_order(busy, "limit", "buy", 0.05, 900, {"test": True})

    assert ccxt.fetch_open_orders(busy) == []


@pytest.mark.parametrize(
    ("error", "call"),
    [
        ("InsufficientFunds", lambda c, s: c.create_order(s, "limit", "buy", 10**6, 1400)),
        ("OrderImmediatelyFillable", lambda c, s: c.create_order(s, "limit", "buy", 1, 1100, {"postOnly": True})),
        ("OrderImmediatelyFillable", lambda c, s: c.create_order(s, "limit", "sell", 1, 1000, {"stopLossPrice": 1100})),
        ("OrderNotFound", lambda c, s: c.fetch_order("1", s)),
        ("OrderNotFound", lambda c, s: c.cancel_order("1", s)),
        ("OrderNotFound", lambda c, s: c.cancel_all_orders(s)),
        ("BadSymbol", lambda c, _: c.public_get_depth({"symbol": "NOPE"})),
        ("BadRequest", lambda c, _: c.public_get_klines({"symbol": "NOPE"})),
        ("InvalidOrder", lambda c, s: c.create_order(s, "limit", "buy", 1, 900, {"price": "900.001"})),
        ("InvalidNonce", lambda c, _: c.private_get_account({"timestamp": 1})),
    ],
)  # fmt: skip
def test_errors_are_the_ones_that_ccxt_knows(ccxt: Any, busy: str, error: str, call: Any) -> None:
    import ccxt as library

    with pytest.raises(getattr(library, error)):
        call(ccxt, busy)


def of_document(name: str) -> str:
    """Its lines for ccxt."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
    lines: str = next(block for block in blocks if "ccxt.binance" in block)
    return lines


SHOWN = {
    "README.md": of_document("README.md"),
    "docs/binance.md": of_document("docs/binance.md"),
    "python -m clients --help": dedent(CONNECT_A_BOT.partition("\n")[2]),
}


@pytest.mark.parametrize("where", SHOWN)
def test_the_lines_that_are_shown(
    exchange: ExchangeDriver, config: dict[str, Any], busy: str, where: str, ccxt: Any
) -> None:
    lines = SHOWN[where].replace("http://127.0.0.1:8000", exchange.url).replace("BTC/USD", busy)
    for name in ("apiKey", "secret"):
        lines = re.sub(f'"{name}": "[^"]+"', f'"{name}": "{config[name]}"', lines)
    known: dict[str, Any] = {}

    exec(lines, known)

    assert known["bot"].fetch_balance()["USD"]["free"] > 0


async def test_the_asynchronous_client(async_ccxt: Any, busy: str) -> None:
    order = await async_ccxt.create_order(busy, "limit", "buy", 0.05, 900)

    assert order["id"] in {each["id"] for each in await async_ccxt.fetch_open_orders(busy)}
    edited = await async_ccxt.edit_order(order["id"], busy, "limit", "buy", 0.04, 901)
    assert (await async_ccxt.cancel_order(edited["id"], busy))["status"] == "canceled"
    book = await async_ccxt.fetch_order_book(busy, 1000)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert (await async_ccxt.fetch_balance())["USD"]["free"] > 0
