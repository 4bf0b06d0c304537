"""Orders outlive a client that leaves well, and only that, where the client says so.

With `cancel_on_disconnect` they end with a lost connection, with a crash, and with a block that ends
by an exception; a block that ends well, and `log_out`, let them stay. The dead man's switch is kept
from going off for as long as its block runs, and is left armed by a block that fails.
"""

import asyncio

import pytest

from clients import (
    Busy,
    CancelAfter,
    ClientClosed,
    ConnectionLost,
    ExchangeClient,
    OutcomeUnknown,
    PermissionDenied,
    Refused,
)
from tests.clients.conftest import client_of
from tests.clients.stand_in import StandIn
from tests.clients.stand_in.rows import problem


class Crash(Exception):
    pass


def statuses(exchange: StandIn) -> list[str]:
    return [order["status"] for order in exchange.orders.values()]


async def until_alone(exchange: StandIn) -> None:
    """Wait until the exchange has seen every connection end."""
    await exchange.until(lambda: not exchange.sockets)


# Cancel on disconnect


async def test_a_block_that_ends_well_leaves_its_orders(exchange: StandIn) -> None:
    async with client_of(exchange, cancel_on_disconnect=True) as alice:
        order = await alice.submit_order("BTC-USD", "buy", 1, price=100)

    await until_alone(exchange)
    assert order.cancel_on_disconnect is True
    assert statuses(exchange) == ["open"]
    assert ("socket", "logout") in exchange.requests


async def test_a_block_that_fails_takes_its_orders_with_it(exchange: StandIn) -> None:
    async def fail() -> None:
        async with client_of(exchange, cancel_on_disconnect=True) as alice:
            await alice.submit_order("BTC-USD", "buy", 1, price=100)
            await alice.submit_oco("BTC-USD", "sell", 1, price=110, stop=90)
            raise Crash

    with pytest.raises(Crash):
        await fail()

    await until_alone(exchange)
    assert statuses(exchange) == ["canceled"] * 3
    assert {o["reason"] for o in exchange.orders.values()} == {"cancel_on_disconnect"}


async def test_a_block_that_is_canceled_takes_its_orders_with_it(exchange: StandIn) -> None:
    placed = asyncio.Event()

    async def trade() -> None:
        async with client_of(exchange, cancel_on_disconnect=True) as alice:
            await alice.submit_order("BTC-USD", "buy", 1, price=100)
            placed.set()
            await asyncio.Event().wait()

    trading = asyncio.create_task(trade())
    await placed.wait()
    trading.cancel()
    await asyncio.gather(trading, return_exceptions=True)

    await until_alone(exchange)
    assert statuses(exchange) == ["canceled"]


async def test_a_lost_connection_takes_its_orders_and_the_next_one_is_as_careful(
    exchange: StandIn,
) -> None:
    async with client_of(exchange, cancel_on_disconnect=True) as alice:
        await alice.submit_order("BTC-USD", "buy", 1, price=100)
        await exchange.drop_sockets()
        assert statuses(exchange) == ["canceled"]

        second = await alice.submit_order("BTC-USD", "buy", 1, price=99)

        assert second.cancel_on_disconnect is True
        assert not [path for verb, path in exchange.requests if verb == "POST"]


async def test_an_order_whose_answer_was_lost_ended_with_its_connection_and_its_repeat_says_so(
    exchange: StandIn,
) -> None:
    exchange.lose_answers = 1

    async with client_of(exchange, cancel_on_disconnect=True) as alice:
        order = await alice.submit_order("BTC-USD", "buy", 1, price=100)

    assert (order.status, order.reason) == ("canceled", "cancel_on_disconnect")
    assert list(exchange.orders) == [order.id]


async def test_it_never_goes_by_rest(exchange: StandIn) -> None:
    exchange.lose_answers = 100
    async with client_of(exchange, cancel_on_disconnect=True, attempts=3) as alice:
        with pytest.raises(OutcomeUnknown):
            await alice.submit_order("BTC-USD", "buy", 1, price=100)

    assert not [path for verb, path in exchange.requests if verb == "POST"]
    with pytest.raises(ValueError, match="orders_by='socket'"):
        client_of(exchange, cancel_on_disconnect=True, orders_by="rest")


async def test_a_key_that_may_not_ask_for_it_is_told_so_and_keeps_no_connection(
    exchange: StandIn,
) -> None:
    exchange.refusals.append(problem("permission_denied", "This key may not trade."))

    async with client_of(exchange, cancel_on_disconnect=True) as reader:
        with pytest.raises(PermissionDenied):
            await reader.submit_order("BTC-USD", "buy", 1, price=100)
        await until_alone(exchange)

    assert exchange.orders == {}


async def test_other_clients_of_the_account_keep_their_orders(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    await alice.submit_order("BTC-USD", "buy", 1, price=100)

    async def fail() -> None:
        async with client_of(exchange, cancel_on_disconnect=True) as other:
            await other.submit_order("BTC-USD", "buy", 1, price=99)
            raise Crash

    with pytest.raises(Crash):
        await fail()

    await exchange.until(lambda: statuses(exchange) == ["open", "canceled"])


async def test_to_log_out_leaves_the_orders_and_the_next_command_logs_in_again(
    exchange: StandIn,
) -> None:
    async with client_of(exchange, cancel_on_disconnect=True) as alice:
        first = await alice.submit_order("BTC-USD", "buy", 1, price=100)
        await alice.log_out()
        await alice.log_out()
        second = await alice.submit_order("BTC-USD", "buy", 1, price=99)
        await exchange.drop_sockets()
        with pytest.raises(ConnectionLost):  # nobody said that they stay, and they do not
            await alice.log_out()

    assert first.cancel_on_disconnect is second.cancel_on_disconnect is True
    assert statuses(exchange) == ["open", "canceled"]


async def test_a_log_out_that_is_refused_is_raised_and_everything_is_closed(
    exchange: StandIn,
) -> None:
    alice = client_of(exchange, cancel_on_disconnect=True)

    async def leave() -> None:
        async with alice:
            await alice.submit_order("BTC-USD", "buy", 1, price=100)
            exchange.busy = 1

    with pytest.raises(Busy):
        await leave()

    await until_alone(exchange)
    assert statuses(exchange) == ["canceled"]
    with pytest.raises(ClientClosed):
        await alice.log_out()


# The dead man's switch


@pytest.mark.parametrize("orders_by", ["socket", "rest"])
async def test_the_switch_is_set_looked_at_and_disarmed(exchange: StandIn, orders_by: str) -> None:
    async with client_of(exchange, orders_by=orders_by) as alice:
        armed = await alice.cancel_all_after(60)
        seen = await alice.cancel_after()
        disarmed = await alice.cancel_all_after(0)

    assert isinstance(armed, CancelAfter)
    assert armed.timeout_seconds == 60
    assert armed.cancel_at is not None
    assert armed.cancel_at.minute == 1
    assert (seen.cancel_at, seen.timeout_seconds) == (armed.cancel_at, None)
    assert disarmed.cancel_at is None


async def test_while_its_block_runs_it_is_set_anew_and_then_disarmed(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    async with alice.dead_mans_switch(1):
        await exchange.until(lambda: len(exchange.switchings) >= 3)

    *armed, last = exchange.switchings
    assert (set(armed), last) == ({1}, 0)
    assert (await alice.cancel_after()).cancel_at is None


async def test_a_block_that_fails_leaves_it_armed(exchange: StandIn, alice: ExchangeClient) -> None:
    with pytest.raises(Crash):
        async with alice.dead_mans_switch(60):
            raise Crash

    assert exchange.switchings == [60]
    assert (await alice.cancel_after()).cancel_at is not None


async def test_an_exchange_that_is_away_for_a_while_does_not_end_it(exchange: StandIn) -> None:
    async with client_of(exchange, attempts=1) as alice, alice.dead_mans_switch(1):
        exchange.busy = 1
        exchange.lose_answers = 1
        await exchange.until(lambda: len(exchange.switchings) >= 3)

    assert (exchange.busy, exchange.lose_answers, exchange.switchings[-1]) == (0, 0, 0)


async def test_a_refusal_to_set_it_anew_is_not_silent(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    async def trade() -> None:
        async with alice.dead_mans_switch(1):
            exchange.refusals.append(problem("permission_denied", "This key may not."))
            await exchange.until(lambda: not exchange.refusals)

    with pytest.raises(Refused, match="This key may not"):
        await trade()

    assert exchange.switchings == [1]


async def test_it_needs_a_second_at_the_least(exchange: StandIn, alice: ExchangeClient) -> None:
    with pytest.raises(ValueError, match="1 second or more"):
        async with alice.dead_mans_switch(0):
            pass

    assert exchange.switchings == []
