"""Orders that belong together are placed together, once, under the first one's client_order_id."""

from decimal import Decimal

import pytest

from clients import (
    ExchangeClient,
    InsufficientFunds,
    OutcomeUnknown,
    StopPart,
    TakeProfitPart,
    UnexpectedAnswer,
)
from clients.records import OrderGroup
from tests.clients.conftest import client_of
from tests.clients.stand_in import StandIn
from tests.clients.stand_in.rows import problem


async def test_an_oco_is_answered_with_both_orders(alice: ExchangeClient) -> None:
    group = await alice.submit_oco("BTC-USD", "sell", "0.5", price=110, stop=90)

    limit, stop = group.order("oco_limit"), group.order("oco_stop")
    assert (group.type, group.market, group.id) == ("oco", "BTC-USD", limit.id)
    assert (limit.price, limit.status) == (Decimal(110), "open")
    assert (stop.stop_price, stop.status) == (Decimal(90), "untriggered")
    assert limit.is_open
    assert stop.is_open
    assert limit.group_id == stop.group_id == group.id
    with pytest.raises(KeyError):
        group.order("entry")


async def test_a_bracket_is_answered_with_its_entry_and_exits(alice: ExchangeClient) -> None:
    group = await alice.submit_bracket(
        "BTC-USD",
        "buy",
        1,
        price=100,
        take_profit=TakeProfitPart(110, client_order_id="p"),
        stop_loss=StopPart(90, price=89),
        time_in_force="gtc",
    )

    assert [order.group_role for order in group.orders] == ["entry", "take_profit", "stop_loss"]
    assert [order.side for order in group.orders] == ["buy", "sell", "sell"]
    assert group.order("take_profit").client_order_id == "p"
    loss = group.order("stop_loss")
    assert (loss.stop_price, loss.price) == (Decimal(90), Decimal(89))
    assert loss.quantity == 0


@pytest.mark.parametrize("orders_by", ["socket", "rest"])
async def test_a_lost_answer_does_not_double_a_group(exchange: StandIn, orders_by: str) -> None:
    exchange.lose_answers = 2

    async with client_of(exchange, orders_by=orders_by) as alice:
        oco = await alice.submit_oco("BTC-USD", "sell", 1, price=110, stop=90)
        bracket = await alice.submit_bracket("BTC-USD", "buy", 1, price=100, take_profit=110)

    assert [order.id for group in (oco, bracket) for order in group.orders] == list(exchange.orders)


async def test_a_group_that_is_never_answered_is_of_unknown_outcome(exchange: StandIn) -> None:
    exchange.lose_answers = 100

    async with client_of(exchange, attempts=2) as alice:
        with pytest.raises(OutcomeUnknown) as caught:
            await alice.submit_oco("BTC-USD", "sell", 1, price=110, stop=90, client_order_id="g")
        exchange.lose_answers = 0
        again = await alice.submit_oco(
            "BTC-USD", "sell", 1, price=110, stop=90, client_order_id=caught.value.client_order_id
        )

    assert caught.value.client_order_id == "g"
    assert [order.id for order in again.orders] == list(exchange.orders)


async def test_a_refused_group_is_no_order(exchange: StandIn, alice: ExchangeClient) -> None:
    exchange.refusals.append(problem("insufficient_funds"))

    with pytest.raises(InsufficientFunds):
        await alice.submit_bracket("BTC-USD", "buy", 1, stop_loss=90)

    assert exchange.orders == {}


async def test_the_end_of_one_ends_the_other_and_says_why(alice: ExchangeClient) -> None:
    group = await alice.submit_oco("BTC-USD", "sell", 1, price=110, stop=90)

    await alice.cancel_order(group.order("oco_stop").id)

    limit = await alice.order(group.id)
    assert (limit.status, limit.reason, limit.is_open) == ("canceled", "oco", False)


def test_a_group_of_something_else_is_an_unexpected_answer() -> None:
    wrong: list[object] = [None, {}, [{"id": "1"}]]
    for orders in wrong:
        with pytest.raises(UnexpectedAnswer):
            OrderGroup.from_json({"id": "1", "type": "oco", "market": "A-B", "orders": orders})
