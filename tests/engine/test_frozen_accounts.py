"""A frozen account, with engines: in each market it is frozen at one place of the sequence. What was on its
way is canceled or refused, whoever runs the market, and whenever: nothing of it is left resting.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from io import StringIO
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command

from markets import operators, process
from markets.accounts import fee_account, open_account
from markets.gateway import Gateway
from markets.matching.commands import PlaceOrder
from markets.matching.types import OrderType, Side
from markets.messages.transport import Answer
from markets.models import LIVE_ORDERS, FrozenAccount, OperatorCommand, Order
from markets.operators import FreezeRefused
from tests.api.shapes import refusal
from tests.drivers.exchange import ExchangeDriver, Trader
from tests.drivers.server import ServerProcess
from tests.waiting import wait_until

UNIT = 10**8
FROZEN: tuple[int, str, list[str]] = (422, "account_frozen", [])


def freeze(trader: Trader) -> None:
    for command in operators.freeze_account(trader.account, "olga", "stolen key"):
        assert operators.wait_for(command, 5), "the engine obeys"


def unfreeze(trader: Trader) -> None:
    for command in operators.unfreeze_account(trader.account, "olga", "it was a mistake"):
        assert operators.wait_for(command, 5), "the engine obeys"


def a_bid(trader: Trader) -> PlaceOrder:
    """1 at 1, in units."""
    return PlaceOrder(trader.account.pk, Side.BUY, OrderType.LIMIT, UNIT, UNIT)


def resting(trader: Trader) -> list[Order]:
    return list(Order.objects.filter(LIVE_ORDERS, account=trader.account))


def test_its_orders_end_in_every_market_and_their_money_is_free(exchange: ExchangeDriver) -> None:
    one, two = exchange.new_market(), exchange.new_market()
    alice = exchange.new_trader(USD=1000)
    orders = [alice.place(market, "buy", "1", price="99") for market in (one, two)]

    freeze(alice)

    ended = [alice.order(order["id"]) for order in orders]
    assert {(order["status"], order["reason"]) for order in ended} == {
        ("canceled", "account_frozen")
    }
    assert alice.balance("USD") == ("1000", "0")
    for market in (one, two):
        assert refusal(alice.submit(market, "buy", "1", price="99")) == FROZEN
    unfreeze(alice)
    alice.place(one, "buy", "1", price="99")


def test_an_order_that_is_in_the_engines_queue_when_the_freeze_comes_does_not_rest(
    exchange: ExchangeDriver, market: str
) -> None:
    alice = exchange.new_trader(USD=1000)
    command = a_bid(alice)

    async def place_many() -> list[asyncio.Future[Answer]]:
        gateway = process.current().gateway
        return [gateway.submit(market, command) for _ in range(50)]

    async def answers_of(sent: list[asyncio.Future[Answer]]) -> list[Answer]:
        return await asyncio.gather(*sent)

    with exchange.engine_stalled(market):
        sent = exchange.in_loop(place_many())
        commands = operators.freeze_account(alice.account, "olga", "gone wild")
    answers = exchange.in_loop(answers_of(sent))
    assert all(operators.wait_for(command, 5) for command in commands)

    assert {answer.code for answer in answers} <= {None, "account_frozen"}
    assert resting(alice) == []
    exchange.check()


def test_a_market_that_is_made_afterwards_takes_nothing_of_it(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader(USD=1000)
    freeze(alice)

    market = exchange.new_market()

    assert refusal(alice.submit(market, "buy", "1", price="99")) == FROZEN


def test_a_flood_of_its_orders_from_two_web_processes_ends(
    exchange: ExchangeDriver, market: str
) -> None:
    alice = exchange.new_trader(USD=1_000_000)
    command = a_bid(alice)

    async def keep_busy(gateway: Gateway) -> str | None:
        answer = await gateway.submit(market, command)
        for _ in range(2000):
            answer = await gateway.submit(market, command)
            if answer.code:
                break
        return answer.code

    async def two_keep_busy() -> list[str | None]:
        gateways = [Gateway(), Gateway()]
        for gateway in gateways:
            await gateway.start()
        codes = await asyncio.gather(*map(keep_busy, gateways))
        for gateway in gateways:
            await gateway.stop()
        return list(codes)

    running = asyncio.run_coroutine_threadsafe(two_keep_busy(), exchange.loop)
    exchange.wait_until(lambda: exchange.sequence(market) > 20, "they have begun")
    operators.freeze_account(alice.account, "olga", "floods the book")

    assert running.result(60) == ["account_frozen"] * 2
    assert resting(alice) == []


def test_to_freeze_again_asks_again_and_keeps_who_and_why(
    exchange: ExchangeDriver, market: str
) -> None:
    alice = exchange.new_trader(USD=1000)
    freeze(alice)

    again = operators.freeze_account(alice.account, "otto", "really")

    assert all(operators.wait_for(command, 5) for command in again)
    assert {operators.outcome_of(command) for command in again} == {"done: it was so already"}
    row = FrozenAccount.objects.get(account=alice.account)
    assert (row.by, row.reason) == ("olga", "stolen key")


def test_what_cannot_be_frozen_or_unfrozen_is_said(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader(USD=1000)

    with pytest.raises(FreezeRefused, match="the exchange's own account"):
        operators.freeze_account(fee_account(), "olga", "no reason")
    with pytest.raises(FreezeRefused, match="needs a reason"):
        operators.freeze_account(alice.account, "olga", "  ")
    with pytest.raises(FreezeRefused, match="is not frozen"):
        operators.unfreeze_account(alice.account, "olga", "never was")


# The commands


def run(command: str, *arguments: str, **options: Any) -> list[str]:
    printed = StringIO()
    call_command(command, *arguments, stdout=printed, **options)
    return printed.getvalue().splitlines()


def test_the_commands_say_what_each_market_did(exchange: ExchangeDriver, market: str) -> None:
    alice = exchange.new_trader(USD=1000)
    order = alice.place(market, "buy", "1", price="99")

    frozen = run("freeze_account", alice.account.name, reason="stolen key")
    unfrozen = run("unfreeze_account", alice.account.name, reason="new key")

    assert frozen[0] == f"{alice.account.name} is frozen"
    sequence = order["sequence"]
    assert f"{market}: done at sequence {sequence + 2}" in frozen, "frozen, and one canceled"
    assert unfrozen[0] == f"{alice.account.name} is unfrozen"
    assert f"{market}: done at sequence {sequence + 3}" in unfrozen
    notes = OperatorCommand.objects.filter(market__symbol=market).order_by("pk")
    assert list(notes.values_list("note", flat=True)) == ["stolen key", "new key"]


def test_a_mistake_in_a_command_is_one_line(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader()
    name = alice.account.name

    with pytest.raises(CommandError, match="there is no account 'nobody'"):
        run("freeze_account", "nobody", reason="why not")
    with pytest.raises(CommandError, match="at most 200 characters"):
        run("freeze_account", name, reason=201 * "x")
    with pytest.raises(CommandError, match="needs a reason"):
        run("freeze_account", name, reason=" ")
    with pytest.raises(CommandError, match=f"{name} is not frozen"):
        run("unfreeze_account", name, reason="why not")


def test_without_an_engine_the_exit_code_says_that_it_waits(db: None) -> None:
    operators.create_market("QUIET", "USD", tick_size=Decimal(1), lot_size=Decimal(1))
    open_account("quiet-carol")

    with pytest.raises(SystemExit) as waits:
        run("freeze_account", "quiet-carol", reason="stolen key", wait=0)

    assert waits.value.code == 3
    command = OperatorCommand.objects.get(market__symbol="QUIET-USD")
    assert (command.kind, command.done, command.note) == ("set_frozen", False, "stolen key")
    assert FrozenAccount.objects.filter(account__name="quiet-carol").exists(), "from now on"


# Nobody runs the market, for a while


@pytest.mark.slow
@pytest.mark.long
def test_an_engine_that_comes_back_freezes_before_it_takes_an_order(server: ServerProcess) -> None:
    """Killed with the order resting, frozen while nobody runs the market, and started again."""
    keys = {
        name: server.open_account(name, "--deposit", "USD=1000", "--deposit", "BTC=10")
        for name in ("alice", "bob")
    }
    server.start()

    def submit(name: str, side: str) -> Any:
        order = {"market": "BTC-USD", "side": side, "quantity": 1, "price": 100}
        headers = {"Authorization": f"Bearer {keys[name]}"}
        return httpx.post(f"{server.url}/api/v1/orders", json=order, headers=headers).json()

    rests = submit("alice", "buy")
    server.kill()
    frozen = server.try_manage("freeze_account", "alice", "--reason", "stolen", "--wait=0")
    server.start()

    taken = submit("bob", "sell")
    refused = submit("alice", "buy")

    assert (frozen.returncode, rests["status"]) == (3, "open")
    assert (taken["status"], taken["filled_quantity"]) == ("open", "0"), "alice's order is gone"
    assert refused["code"] == "account_frozen"
    headers = {"Authorization": f"Bearer {keys['alice']}"}
    url = f"{server.url}/api/v1/orders/{rests['id']}"
    wait_until(
        lambda: httpx.get(url, headers=headers).json()["reason"] == "account_frozen", "canceled"
    )
    server.kill()
    server.start()
    assert submit("alice", "buy")["code"] == "account_frozen", "it survives another start"
    assert server.stop() == 0
    server.manage("audit")
