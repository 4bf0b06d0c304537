"""One may ask whether a wish would be granted, and say how late is too late; neither does a thing.

`validate_…` raises what its command would raise and places nothing; after its `deadline` a command is
refused, and a client that repeats one still says what became of it.
"""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from clients import (
    DeadlinePassed,
    ExchangeClient,
    InsufficientFunds,
    MarketNotOpen,
    NotFound,
    OrderNotOpen,
    Unanswered,
    UnexpectedAnswer,
)
from tests.clients.conftest import client_of
from tests.clients.stand_in import StandIn
from tests.clients.stand_in.rows import problem

BEFORE = datetime(2026, 11, 22, 6, 59, tzinfo=UTC)
SOON = "2026-11-22T07:00:01Z"
LATER = "2026-11-22T07:00:02.000000Z"


@pytest.mark.parametrize("orders_by", ["socket", "rest"])
async def test_what_is_valid_is_not_done(exchange: StandIn, orders_by: str) -> None:
    async with client_of(exchange, orders_by=orders_by) as alice:
        order = await alice.submit_order("BTC-USD", "buy", 1, price=100)

        await alice.validate_order("BTC-USD", "buy", 1, price=101)
        await alice.validate_order("BTC-USD", "sell", quote_quantity=50)
        await alice.validate_oco("BTC-USD", "sell", 1, price=110, stop=90)
        await alice.validate_bracket("BTC-USD", "buy", 1, price=100, take_profit=110)
        await alice.validate_amend(order.id, price=99)

        assert list(exchange.orders) == [order.id]
        assert await alice.order(order.id) == await alice.order(
            client_order_id=order.client_order_id
        )
        assert (await alice.order(order.id)).price == 100


async def test_what_would_be_refused_is_raised_as_the_command_would(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    exchange.refusals.append(problem("insufficient_funds"))
    with pytest.raises(InsufficientFunds):
        await alice.validate_order("BTC-USD", "buy", 1, price=100)

    await exchange.set_status("BTC-USD", "halted")
    for asked in (
        alice.validate_order("BTC-USD", "buy", 1, price=100),
        alice.validate_oco("BTC-USD", "sell", 1, price=110, stop=90),
        alice.validate_bracket("BTC-USD", "buy", 1, stop_loss=90),
    ):
        with pytest.raises(MarketNotOpen):
            await asked
    with pytest.raises(NotFound):
        await alice.validate_amend("o99", price=1)


async def test_a_question_is_repeated_until_it_is_answered(exchange: StandIn) -> None:
    exchange.busy = 2
    exchange.lose_answers = 2

    async with client_of(exchange) as alice:
        await alice.validate_order("BTC-USD", "buy", 1, price=100)
        assert (exchange.busy, exchange.lose_answers, exchange.orders) == (0, 0, {})

        exchange.lose_answers = 100
        with pytest.raises(Unanswered):  # and not OutcomeUnknown: nothing was asked for
            await alice.validate_order("BTC-USD", "buy", 1, price=100)


async def test_an_order_where_a_yes_was_expected_is_not_taken_for_one(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    exchange.knows_validate_only = False

    with pytest.raises(UnexpectedAnswer, match="neither valid nor refused"):
        await alice.validate_order("BTC-USD", "buy", 1, price=100)


# Deadlines


async def test_after_its_deadline_nothing_is_done(exchange: StandIn, alice: ExchangeClient) -> None:
    with pytest.raises(DeadlinePassed):
        await alice.submit_order("BTC-USD", "buy", 1, price=100, deadline=BEFORE)
    with pytest.raises(DeadlinePassed):
        await alice.submit_oco("BTC-USD", "sell", 1, price=110, stop=90, deadline=BEFORE)

    assert exchange.orders == {}
    assert (await alice.submit_order("BTC-USD", "buy", 1, price=100, deadline=SOON)).is_open


async def test_an_order_that_was_in_time_is_found_by_a_late_repeat(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    exchange.lose_answers = 1
    exchange.after_loss = lambda: setattr(exchange, "now", LATER)

    order = await alice.submit_order("BTC-USD", "buy", 1, price=100, deadline=SOON)

    assert list(exchange.orders) == [order.id]


async def test_an_amend_that_was_in_time_is_seen_by_a_late_repeat(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    order = await alice.submit_order("BTC-USD", "buy", 2, price=100)
    exchange.lose_answers = 1
    exchange.after_loss = lambda: setattr(exchange, "now", LATER)

    amended = await alice.amend_order(order.id, price=99, quantity="1.0", deadline=SOON)

    assert (amended.price, amended.quantity) == (Decimal(99), Decimal(1))


async def test_an_amend_that_came_too_late_is_not_taken_for_done(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    order = await alice.submit_order("BTC-USD", "buy", 2, price=100)

    with pytest.raises(DeadlinePassed):
        await alice.amend_order(order.id, price=99, deadline=BEFORE)

    exchange.lose_requests = 1
    exchange.after_loss = lambda: setattr(exchange, "now", LATER)
    with pytest.raises(DeadlinePassed):
        await alice.amend_order(order.id, price=99, deadline=SOON)

    assert (await alice.order(order.id)).price == 100


async def test_an_amend_that_was_heard_and_filled_is_answered_by_its_repeat(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    order = await alice.submit_order("BTC-USD", "sell", 2, price=100)
    taker = {"market": "BTC-USD", "side": "buy", "quantity": "2", "price": "99"}
    exchange.lose_answers = 1
    exchange.after_loss = lambda: exchange.submit("bob", taker)

    amended = await alice.amend_order(order.id, price=99)

    assert (amended.price, amended.status) == (Decimal(99), "filled")
    with pytest.raises(OrderNotOpen):
        await alice.amend_order(order.id, price=98)
