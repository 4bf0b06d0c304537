"""Law 1: a market has one writer. A second engine fails at its first batch, changes nothing, steps down."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from exchange_site import asgi
from markets.matching.commands import PlaceOrder
from markets.matching.types import OrderType, Side
from markets.messages import transport
from markets.models import Market, Order
from markets.ownership import ownership
from tests.drivers.exchange import ExchangeDriver
from tests.drivers.figures import Figures


async def _second_engine(market: str, command: PlaceOrder, first: Any) -> transport.Answers:
    """Start another engine of the market, let the first one write, then give the second a command."""
    layer: Any = transport_layer()
    reply = await layer.new_channel()
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    loaded = asyncio.Event()

    async def receive() -> dict[str, Any]:
        loaded.set()
        return await inbox.get()

    async def send(message: dict[str, Any]) -> None:
        raise AssertionError(message)

    scope = {"type": "channel", "channel": transport.engine_channel(market)}
    engine = asyncio.create_task(asgi.router(scope, receive, send))
    await loaded.wait()
    await first()
    commands = transport.Commands(1, reply, [transport.carry(command)])
    await inbox.put({"type": transport.COMMANDS, "payload": transport.encode(commands)})
    answer = await layer.receive(reply)
    async with asyncio.timeout(10):
        await engine  # it ends by itself
    return transport.unpack_answers(answer["payload"])


def transport_layer() -> Any:
    from channels.layers import get_channel_layer

    return get_channel_layer()


def test_a_second_engine_changes_nothing_and_steps_down(
    exchange: ExchangeDriver, market: str
) -> None:
    alice, bob = exchange.traders(market)
    command = PlaceOrder(bob.account.pk, Side.BUY, OrderType.LIMIT, 1 * 10**8, 100 * 10**8)

    async def first() -> None:
        await asyncio.to_thread(alice.place, market, "buy", "1", price="99")

    answers = exchange.in_loop(_second_engine(market, command, first))

    assert [answer.failure for answer in answers.answers] == [transport.Failure.UNAVAILABLE]
    assert Order.objects.filter(market__symbol=market).count() == 1
    figures = Figures(exchange.url)
    assert figures("exchange_step_downs_total", market=market) == 1
    assert figures("exchange_engine_running", market=market) == 1, "the first one"
    alice.place(market, "buy", "1", price="98")  # the first engine goes on
    exchange.wait_until(
        lambda: exchange.book(market)["bids"] == [["99", "1"], ["98", "1"]],
        "the book is the first's",
    )


def test_a_market_is_owned_once(exchange: ExchangeDriver, market: str) -> None:
    market_id = Market.objects.get(symbol=market).pk

    acquired = ownership().acquire(market_id)

    assert not acquired, "the running exchange has it"


@pytest.mark.parametrize("count", [40])
def test_money_is_spent_once_however_many_markets_want_it(
    exchange: ExchangeDriver, count: int
) -> None:
    markets = [exchange.new_market(), exchange.new_market()]
    alice = exchange.new_trader(USD=10 * count)

    orders = [
        {"market": markets[number % 2], "side": "buy", "quantity": "1", "price": "20"}
        for number in range(count)
    ]
    results = alice.http.post("orders/batch", json={"orders": orders}).json()["results"]

    placed = [result for result in results if result["status"] == 201]
    refused = [result["error"]["code"] for result in results if result["status"] != 201]
    assert len(placed) == count // 2, "exactly what the money was enough for"
    assert set(refused) == {"insufficient_funds"}
    assert alice.balance("USD") == ("0", str(10 * count))


def test_a_client_order_id_is_used_once_however_many_markets_want_it(
    exchange: ExchangeDriver,
) -> None:
    markets = [exchange.new_market(), exchange.new_market()]
    alice = exchange.new_trader(USD=1_000_000)
    for number in range(20):
        orders = [
            {
                "market": market,
                "side": "buy",
                "quantity": "1",
                "price": "20",
                "client_order_id": f"once-{number}",
            }
            for market in markets
        ]

        results = alice.http.post("orders/batch", json={"orders": orders}).json()["results"]

        assert sorted(result["status"] for result in results) == [201, 409]
