"""An order is submitted once, however often it has to be sent.

The client makes a client_order_id and repeats it after a timeout, `busy` or a lost connection; a
refusal is an answer; what stays unanswered is OutcomeUnknown and says which id to ask for.
"""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from clients import (
    Busy,
    ClientClosed,
    Conflict,
    ExchangeClient,
    InsufficientFunds,
    NotAuthenticated,
    NotConnected,
    NotFound,
    Order,
    OrderNotOpen,
    OutcomeUnknown,
    TimedOut,
)
from clients.errors import REFUSALS, Refused, ServerFailed, error_of
from tests.clients.conftest import client_of, no_pause
from tests.clients.stand_in import StandIn
from tests.clients.stand_in.rows import problem


async def test_an_order_is_answered_as_a_record_of_decimals(alice: ExchangeClient) -> None:
    order = await alice.submit_order("BTC-USD", "buy", "1.50", price=Decimal("100.0"))

    assert (order.side, order.type, order.status) == ("buy", "limit", "open")
    assert (order.price, order.quantity) == (Decimal(100), Decimal("1.5"))
    assert order.client_order_id is not None
    assert order.raw["price"] == "100"
    assert order.is_open


async def test_without_a_price_it_is_a_market_order(
    alice: ExchangeClient, bob: ExchangeClient
) -> None:
    await alice.submit_order("BTC-USD", "sell", 1, price=100)

    order = await bob.submit_order("BTC-USD", "buy", 2)

    assert (order.type, order.status, order.reason) == ("market", "canceled", "no_liquidity")
    assert order.fills is not None
    assert [(fill.price, fill.quantity) for fill in order.fills] == [(Decimal(100), Decimal(1))]


@pytest.mark.parametrize("quantity", [0.1, 1.0, True])
async def test_a_float_is_refused_before_anything_is_sent(
    exchange: StandIn, alice: ExchangeClient, quantity: object
) -> None:
    with pytest.raises(TypeError, match="quantity"):
        await alice.submit_order("BTC-USD", "buy", quantity, price=1)  # type: ignore[arg-type]

    assert exchange.requests == []


@pytest.mark.parametrize("orders_by", ["socket", "rest"])
async def test_a_lost_answer_does_not_double_the_order(exchange: StandIn, orders_by: str) -> None:
    exchange.lose_answers = 2

    async with client_of(exchange, orders_by=orders_by) as alice:
        order = await alice.submit_order("BTC-USD", "buy", 1, price=100)

    assert [row["client_order_id"] for row in exchange.orders.values()] == [order.client_order_id]


@pytest.mark.parametrize("orders_by", ["socket", "rest"])
async def test_busy_is_tried_again(exchange: StandIn, orders_by: str) -> None:
    exchange.busy = 3

    async with client_of(exchange, orders_by=orders_by) as alice:
        order = await alice.submit_order("BTC-USD", "buy", 1, price=100)

    assert order.is_open
    assert len(exchange.orders) == 1


async def test_busy_to_the_last_means_that_no_order_exists(exchange: StandIn) -> None:
    exchange.busy = 100

    async with client_of(exchange, attempts=4) as alice:
        with pytest.raises(Busy):
            await alice.submit_order("BTC-USD", "buy", 1, price=100)

    assert exchange.busy == 96


async def test_an_order_that_is_never_answered_is_of_unknown_outcome(exchange: StandIn) -> None:
    exchange.lose_answers = 100

    async with client_of(exchange, attempts=3) as alice:
        with pytest.raises(OutcomeUnknown, match="after 3 attempts") as caught:
            await alice.submit_order("BTC-USD", "buy", 1, price=100, client_order_id="mine-1")
        exchange.lose_answers = 0
        found = await alice.order(client_order_id=caught.value.client_order_id)

    assert found.client_order_id == "mine-1"


async def test_an_unanswered_attempt_outweighs_a_later_busy(exchange: StandIn) -> None:
    exchange.lose_answers = 1
    exchange.after_loss = lambda: setattr(exchange, "busy", 9)

    async with client_of(exchange, attempts=2, orders_by="rest") as alice:
        with pytest.raises(OutcomeUnknown):
            await alice.submit_order("BTC-USD", "buy", 1, price=100)


async def test_a_refusal_is_an_answer_and_is_not_repeated(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    exchange.refusals.append(problem("insufficient_funds", "100 USD are needed."))

    with pytest.raises(InsufficientFunds, match="100 USD are needed"):
        await alice.submit_order("BTC-USD", "buy", 1, price=100)

    assert exchange.orders == {}


async def test_nothing_is_sent_where_nobody_listens() -> None:
    async with ExchangeClient(
        "http://127.0.0.1:9", "alice", attempts=2, make_backoff=no_pause
    ) as alice:
        with pytest.raises(NotConnected):
            await alice.submit_order("BTC-USD", "buy", 1, price=100)
        with pytest.raises(NotConnected):
            await alice.markets()


@pytest.mark.parametrize("orders_by", ["socket", "rest"])
async def test_a_key_that_is_not_known_is_said_at_once(exchange: StandIn, orders_by: str) -> None:
    async with client_of(exchange, "bad", orders_by=orders_by) as nobody:
        with pytest.raises(NotAuthenticated):
            await nobody.submit_order("BTC-USD", "buy", 1, price=100)


async def test_a_lost_trading_socket_is_opened_again(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    first = await alice.submit_order("BTC-USD", "buy", 1, price=100)
    await exchange.drop_sockets()

    second = await alice.submit_order("BTC-USD", "buy", 1, price=99)

    assert list(exchange.orders) == [first.id, second.id]


async def test_a_cancel_whose_answer_was_lost_is_answered_by_its_repeat(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    order = await alice.submit_order("BTC-USD", "buy", 1, price=100)
    exchange.lose_answers = 1

    canceled = await alice.cancel_order(order.id)

    assert (canceled.id, canceled.status) == (order.id, "canceled")


async def test_a_cancel_that_comes_too_late_shows_how_the_order_ended(
    alice: ExchangeClient, bob: ExchangeClient
) -> None:
    order = await alice.submit_order("BTC-USD", "sell", 1, price=100, client_order_id="s1")
    await bob.submit_order("BTC-USD", "buy", 1, price=100)

    with pytest.raises(OrderNotOpen) as caught:
        await alice.cancel_order(client_order_id="s1")

    assert caught.value.order is not None
    ended = Order.from_json(caught.value.order)
    assert (ended.id, ended.status) == (order.id, "filled")
    assert ended.filled_quantity == 1


async def test_an_amend_changes_price_or_total(alice: ExchangeClient) -> None:
    order = await alice.submit_order("BTC-USD", "buy", 2, price=100)

    assert (await alice.amend_order(order.id, quantity="1.5")).remaining_quantity == Decimal("1.5")
    assert (await alice.amend_order(client_order_id=order.client_order_id, price=99)).price == 99
    with pytest.raises(ValueError, match="give a price, a quantity, a stop_price"):
        await alice.amend_order(order.id)
    with pytest.raises(ValueError, match="either id or client_order_id"):
        await alice.amend_order(price=1)


async def test_a_waiting_stop_gets_another_stop_price(alice: ExchangeClient) -> None:
    stop = await alice.submit_order("BTC-USD", "sell", 2, stop_price=90)
    assert (stop.type, stop.status, stop.is_open) == ("stop", "untriggered", True)

    amended = await alice.amend_order(stop.id, stop_price="91.5")

    assert (amended.stop_price, amended.quantity) == (Decimal("91.5"), Decimal(2))
    assert [order.id for order in await alice.open_orders()] == [stop.id]


async def test_all_orders_of_a_market_are_canceled(
    exchange: StandIn, alice: ExchangeClient, bob: ExchangeClient
) -> None:
    mine = [await alice.submit_order("BTC-USD", "buy", 1, price=p) for p in (99, 98)]
    await alice.submit_order("ETH-USD", "buy", 1, price=1)
    await bob.submit_order("BTC-USD", "buy", 1, price=97)

    assert await alice.cancel_all("BTC-USD") == [order.id for order in mine]
    assert [order.market for order in await alice.open_orders()] == ["ETH-USD"]


@pytest.mark.parametrize("orders_by", ["socket", "rest"])
async def test_all_orders_of_a_side_are_canceled(exchange: StandIn, orders_by: str) -> None:
    async with client_of(exchange, orders_by=orders_by) as alice:
        bid = await alice.submit_order("BTC-USD", "buy", 1, price=99)
        asks = [await alice.submit_order(m, "sell", 1, price=101) for m in ("BTC-USD", "ETH-USD")]

        assert await alice.cancel_all(side="sell") == [order.id for order in asks]
        assert await alice.cancel_all(side="buy") == [bid.id]


async def test_lists_are_read_to_the_end_page_by_page(alice: ExchangeClient) -> None:
    placed = [await alice.submit_order("BTC-USD", "buy", 1, price=n) for n in range(1, 131)]

    everything = await alice.orders("BTC-USD", limit=None)
    some = await alice.orders("BTC-USD", limit=120)

    assert [order.id for order in everything] == [order.id for order in reversed(placed)]
    assert len(some) == 120


async def test_a_client_is_used_within_its_block(exchange: StandIn) -> None:
    alice = client_of(exchange)

    with pytest.raises(ClientClosed):
        await alice.submit_order("BTC-USD", "buy", 1, price=1)
    async with alice:
        await alice.markets()
    with pytest.raises(ClientClosed):
        await alice.markets()


async def test_an_order_says_all_that_was_asked_for(alice: ExchangeClient) -> None:
    order = await alice.submit_order(
        "BTC-USD",
        "buy",
        10,
        price=100,
        time_in_force="gtd",
        expires_at="2026-11-23T07:00:00Z",
        display_quantity=1,
    )

    assert (order.display_quantity, order.post_only) == (Decimal(1), False)
    assert order.expires_at == datetime(2026, 11, 23, 7, tzinfo=UTC)
    assert (order.stop_price, order.quote_quantity, order.group_role) == (None, None, None)


async def test_a_market_order_may_say_what_it_spends(
    alice: ExchangeClient, bob: ExchangeClient
) -> None:
    await alice.submit_order("BTC-USD", "sell", 10, price=100)

    order = await bob.submit_order("BTC-USD", "buy", quote_quantity=50)

    assert (order.type, order.quote_quantity) == ("market", Decimal(50))
    assert order.filled_quantity == Decimal("0.5")
    assert order.fills is not None
    assert order.fills[0].fee_rate == Decimal("0.001")


async def test_fees_are_told_market_by_market(alice: ExchangeClient) -> None:
    fees = await alice.fees()

    assert [(each.market, each.maker_fee_rate) for each in fees] == [
        ("BTC-USD", Decimal("-0.0001")),
        ("ETH-USD", Decimal("-0.0001")),
    ]
    assert (fees[0].volume_30d, fees[0].volume_asset) == (Decimal(5000), "USD")


async def test_markets_are_records_and_tolerate_what_is_new(alice: ExchangeClient) -> None:
    market = await alice.market("BTC-USD")

    assert (market.base, market.tick_size, market.price_band) == ("BTC", Decimal("0.01"), None)
    assert market.raw["something_new"] is True
    assert (await alice.time()).year == 2026
    assert [m.symbol for m in await alice.markets()] == ["BTC-USD", "ETH-USD"]
    with pytest.raises(NotFound, match="There is no market DOGE-USD"):
        await alice.market("DOGE-USD")


def test_every_code_of_the_contract_has_an_exception_of_its_own() -> None:
    codes = [
        *("invalid_request", "not_authenticated", "permission_denied", "not_found"),
        *("method_not_allowed", "conflict", "invalid_order", "insufficient_funds"),
        *("post_only_would_take", "price_out_of_band", "market_not_open", "order_not_open"),
        *("deadline_passed", "account_frozen"),
        *("payload_too_large", "rate_limited", "busy", "unavailable"),
    ]

    assert sorted(REFUSALS) == sorted(codes)
    for code in codes:
        error = error_of({"code": code, "detail": "No.", "errors": {"price": ["Too low."]}})
        assert isinstance(error, Refused)
        assert (error.code, str(error)) == (code, f"{code}: No. price: Too low.")
    assert isinstance(error_of({"code": "timeout"}), TimedOut)
    assert isinstance(error_of({}, status=500), ServerFailed)
    assert type(error_of({"code": "of_the_future"}, status=422)) is Refused
    assert isinstance(error_of({"code": "conflict"}), Conflict)
