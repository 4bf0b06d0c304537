"""A batch is many orders in one request, each with an answer of its own, none of them doubled."""

from clients import ExchangeClient, Order, OrderRequest, OutcomeUnknown
from clients.errors import Refused
from tests.clients.conftest import client_of
from tests.clients.stand_in import StandIn


async def test_a_batch_answers_for_each_order(exchange: StandIn, alice: ExchangeClient) -> None:
    exchange.markets["ETH-USD"].row["status"] = "halted"
    wishes = [
        OrderRequest(market="BTC-USD", side="buy", quantity=1, price=10),
        OrderRequest(market="ETH-USD", side="buy", quantity=1, price=10),
        OrderRequest(market="BTC-USD", side="buy", quantity=1, price=11),
    ]

    first, second, third = await alice.submit_orders(wishes)

    assert isinstance(first, Order)
    assert isinstance(third, Order)
    assert isinstance(second, Refused)
    assert second.code == "market_not_open"
    assert first.client_order_id == wishes[0].client_order_id
    assert third.price == 11


async def test_a_batch_whose_answer_was_lost_doubles_nothing(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    exchange.lose_answers = 1
    wishes = [OrderRequest(market="BTC-USD", side="buy", quantity=1, price=p) for p in (1, 2, 3)]

    results = await alice.submit_orders(wishes)

    assert [type(result) for result in results] == [Order] * 3
    assert len(exchange.orders) == 3


async def test_in_a_batch_only_what_was_busy_is_sent_again(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    exchange.busy_at_the_end = 1
    wishes = [OrderRequest(market="BTC-USD", side="buy", quantity=1, price=p) for p in (1, 2)]

    results = await alice.submit_orders(wishes)

    assert exchange.batches == [2, 1]
    assert [type(result) for result in results] == [Order, Order]


async def test_a_batch_that_is_never_answered_names_each_unknown_order(exchange: StandIn) -> None:
    exchange.lose_answers = 100
    wish = OrderRequest(market="BTC-USD", side="buy", quantity=1, price=1)

    async with client_of(exchange, attempts=2) as alice:
        [result] = await alice.submit_orders([wish])

    assert isinstance(result, OutcomeUnknown)
    assert result.client_order_id == wish.client_order_id
