"""Law 1: a market has one writer. A second engine fails at its first batch, changes nothing, steps down.

An engine that cannot be certain carries out nothing; one that leaves finishes what came before it was told.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from channels.layers import get_channel_layer

from exchange_site import asgi
from markets.matching.commands import CancelOrder, PlaceOrder
from markets.matching.types import OrderType, Side
from markets.messages import transport
from markets.models import Market, Order
from markets.ownership import ownership
from markets.tenure import CERTAIN, Tenure, now
from tests.drivers.exchange import ExchangeDriver, Trader
from tests.drivers.figures import Figures


class SecondEngine:
    """Another engine of a market that the exchange runs, with an inbox of its own."""

    def __init__(self, market: str) -> None:
        self._layer: Any = get_channel_layer()
        self._channel = transport.engine_channel(market)
        self._loaded = asyncio.Event()
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.tenure = Tenure()
        self._ids = itertools.count(1)

    async def start(self) -> None:
        """Load the market."""
        self._reply = await self._layer.new_channel()
        await self._until_heard()
        scope = {"type": "channel", "channel": self._channel, "tenure": self.tenure}
        self._task = asyncio.create_task(asgi.router(scope, self._receive, self._send))
        await self._loaded.wait()

    async def _until_heard(self) -> None:
        """What is published is heard from some moment after the channel was opened."""
        heard = asyncio.create_task(self._layer.receive(self._reply))
        while not heard.done():
            await self._layer.send(self._reply, {"type": transport.ECHO})
            await asyncio.wait([heard], timeout=0.1)

    async def _receive(self) -> dict[str, Any]:
        self._loaded.set()
        return await self.inbox.get()

    async def _send(self, message: dict[str, Any]) -> None:
        raise AssertionError(message)

    async def ask(self, command: transport.ClientCommand) -> transport.Answer:
        """What it answers to a command."""
        self.give(command)
        while True:
            answer = await self._layer.receive(self._reply)
            if answer["type"] == transport.ANSWER:
                return transport.unpack_answers(answer["payload"]).answers[0]

    def give(self, command: transport.ClientCommand) -> None:
        """Let a command arrive."""
        commands = transport.Commands(next(self._ids), self._reply, [transport.carry(command)])
        payload = transport.pack(commands, self._layer)
        self.inbox.put_nowait({"type": transport.COMMANDS, "payload": payload})

    def drain(self, token: str) -> None:
        """Let an engine be told to leave."""
        self.inbox.put_nowait({"type": transport.DRAIN, "token": token})

    async def ended(self) -> None:
        """It ends by itself."""
        async with asyncio.timeout(10):
            await self._task

    async def stop(self) -> None:
        """End it."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def _buy(trader: Trader) -> PlaceOrder:
    return PlaceOrder(trader.account.pk, Side.BUY, OrderType.LIMIT, 1 * 10**8, 97 * 10**8)


def _first_starts_over(exchange: ExchangeDriver, market: str, trader: Trader) -> None:
    """The exchange's own engine finds out with its next command, and starts from the rows."""
    order = {"market": market, "side": "buy", "quantity": "1", "price": "96"}
    exchange.wait_until(
        lambda: trader.http.post("orders", json=order).status_code == 201,
        "the first engine starts over",
    )


def test_a_second_engine_changes_nothing_and_steps_down(
    exchange: ExchangeDriver, market: str
) -> None:
    alice, bob = exchange.traders(market)
    command = _buy(bob)

    async def second() -> transport.Answer:
        engine = SecondEngine(market)
        await engine.start()
        await asyncio.to_thread(alice.place, market, "buy", "1", price="99")
        answer = await engine.ask(command)
        await engine.ended()
        return answer

    assert exchange.in_loop(second()).failure is transport.Failure.UNAVAILABLE
    assert Order.objects.filter(market__symbol=market).count() == 1
    figures = Figures(exchange.url)
    assert figures("exchange_step_downs_total", market=market) == 1
    assert figures("exchange_engine_running", market=market) == 1, "the first one"
    alice.place(market, "buy", "1", price="98")  # the first engine goes on
    exchange.wait_until(
        lambda: exchange.book(market)["bids"] == [["99", "1"], ["98", "1"]],
        "the book is the first's",
    )


def test_a_second_engine_refuses_nothing_by_what_it_last_knew(
    exchange: ExchangeDriver, market: str
) -> None:
    (alice,) = exchange.traders(market, 1)
    account = alice.account.pk

    async def second() -> transport.Answer:
        engine = SecondEngine(market)
        await engine.start()
        order = await asyncio.to_thread(alice.place, market, "buy", "1", price="99")
        answer = await engine.ask(CancelOrder(account, int(order["id"]) + 1))
        await engine.ended()
        return answer

    answer = exchange.in_loop(second())

    assert (answer.code, answer.failure) == (None, transport.Failure.UNAVAILABLE)


def test_an_engine_that_is_not_certain_carries_out_nothing_until_it_is(
    exchange: ExchangeDriver, market: str
) -> None:
    (alice,) = exchange.traders(market, 1)
    command = _buy(alice)

    async def second() -> tuple[transport.Answer, transport.Answer]:
        engine = SecondEngine(market)
        engine.tenure.lease.renew(now() - 2 * CERTAIN)
        await engine.start()
        refused = await engine.ask(command)
        engine.tenure.lease.renew(now())
        done = await engine.ask(command)
        await engine.stop()
        return refused, done

    refused, done = exchange.in_loop(second())

    assert refused.failure is transport.Failure.UNAVAILABLE
    assert done.order is not None
    assert Order.objects.filter(market__symbol=market).count() == 1
    _first_starts_over(exchange, market, alice)


def test_an_engine_that_leaves_carries_out_what_came_before_and_leaves_what_comes_after(
    exchange: ExchangeDriver, market: str
) -> None:
    (alice,) = exchange.traders(market, 1)
    command = _buy(alice)

    async def second() -> SecondEngine:
        engine = SecondEngine(market)
        await engine.start()
        engine.drain("another engine's")
        engine.give(command)
        engine.drain(engine.tenure.token)
        engine.give(command)
        await engine.ended()
        return engine

    engine = exchange.in_loop(second())

    assert Order.objects.filter(market__symbol=market).count() == 1
    assert engine.inbox.qsize() == 1, "its successor's"
    _first_starts_over(exchange, market, alice)


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
