"""python-binance, unmodified, pointed here by its class's addresses: its REST calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.binance.conftest import bot_of
from tests.binance.traffic import Traffic
from tests.drivers.bot import Bot
from tests.drivers.exchange import ExchangeDriver

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def busy(exchange: ExchangeDriver) -> Any:
    """A market in which others trade all the time, as the dialect calls it."""
    market = exchange.new_market("0.01", "0.001", taker_fee_rate="0.001")
    traffic = Traffic(exchange, market)
    traffic.start()
    exchange.settle(market)
    yield market.replace("-", "")
    traffic.stop()


@pytest.fixture(scope="module")
def bot(exchange: ExchangeDriver, busy: str) -> Bot:
    """Somebody's key."""
    return bot_of(exchange.traders(busy.replace("USD", "-USD"), 1)[0])


@pytest.fixture
async def client(exchange: ExchangeDriver, bot: Bot) -> AsyncIterator[Any]:
    """Its asynchronous client."""
    library = pytest.importorskip("binance")
    for kind in (library.AsyncClient, library.Client):
        kind.API_URL = f"{exchange.url}/api"
        kind.MARGIN_API_URL = f"{exchange.url}/sapi"
    made = await library.AsyncClient.create(bot.key, bot.secret)
    yield made
    await made.close_connection()


LIMIT = {"type": "LIMIT", "timeInForce": "GTC", "quantity": "0.05"}


async def test_market_data(client: Any, busy: str) -> None:
    info = await client.get_symbol_info(busy)
    book = await client.get_order_book(symbol=busy, limit=1000)
    candles = await client.get_historical_klines(busy, "1m", "1 hour ago UTC")

    assert info["filters"][0]["tickSize"] == "0.01000000"
    assert book["lastUpdateId"] > 0
    assert len(candles[0]) == 12
    assert (await client.get_symbol_ticker(symbol=busy))["symbol"] == busy
    assert (await client.get_orderbook_ticker(symbol=busy))["bidPrice"] == book["bids"][0][0]
    assert len(await client.get_recent_trades(symbol=busy, limit=2)) == 2
    assert (await client.get_ticker(symbol=busy))["count"] > 0
    assert (await client.get_system_status())["status"] == 0


async def test_the_account(client: Any, busy: str) -> None:
    account = await client.get_account()

    assert account["accountType"] == "SPOT"
    assert (await client.get_asset_balance("USD"))["asset"] == "USD"
    (fee,) = await client.get_trade_fee(symbol=busy)
    assert fee["takerCommission"] == "0.00100000"


async def test_orders(client: Any, busy: str) -> None:
    order = await client.order_limit_buy(symbol=busy, quantity="0.05", price="900")
    sold = await client.order_market_sell(symbol=busy, quantity="0.02")

    assert sold["status"] == "FILLED"
    assert (await client.get_order(symbol=busy, orderId=order["orderId"]))["status"] == "NEW"
    assert order["orderId"] in {o["orderId"] for o in await client.get_open_orders(symbol=busy)}
    canceled = await client.cancel_order(symbol=busy, orderId=order["orderId"])
    assert canceled["status"] == "CANCELED"
    assert len(await client.get_all_orders(symbol=busy)) >= 2
    trades = await client.get_my_trades(symbol=busy)
    assert trades[-1]["orderId"] == sold["orderId"]
    assert await client.create_test_order(symbol=busy, side="BUY", price="900", **LIMIT) == {}


async def test_a_replacement(client: Any, busy: str) -> None:
    order = await client.create_order(symbol=busy, side="BUY", price="900", **LIMIT)

    answer = await client.cancel_replace_order(
        symbol=busy,
        side="BUY",
        price="901",
        cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=order["orderId"],
        **LIMIT,
    )

    assert answer["newOrderResult"] == "SUCCESS"
    new = answer["newOrderResponse"]["orderId"]
    await client.cancel_order(symbol=busy, orderId=new)


async def test_a_pair(client: Any, busy: str) -> None:
    placed = await client.create_oco_order(
        symbol=busy,
        side="SELL",
        quantity="0.05",
        aboveType="LIMIT_MAKER",
        abovePrice="1100",
        belowType="STOP_LOSS_LIMIT",
        belowPrice="890",
        belowStopPrice="900",
        belowTimeInForce="GTC",
    )

    (found,) = await client.get_open_oco_orders()
    assert found["orderListId"] == placed["orderListId"]
    await client.cancel_order(symbol=busy, orderId=placed["orders"][0]["orderId"])
    assert await client.get_open_oco_orders() == []


async def test_errors(client: Any, busy: str) -> None:
    from binance.exceptions import BinanceAPIException

    with pytest.raises(BinanceAPIException, match="Unknown order sent"):
        await client.cancel_order(symbol=busy, orderId=1)
    with pytest.raises(BinanceAPIException, match="Filter failure: PRICE_FILTER"):
        await client.order_limit_buy(symbol=busy, quantity="0.05", price="900.001")
