"""Fields that do not go together: an `invalid_order` that names exactly what is wrong, before any step or
limit is looked at, whatever the market holds.
"""

from __future__ import annotations

import pytest

from markets.matching.commands import PlaceOrder
from markets.matching.types import SECOND, OrderType, Side, TimeInForce
from tests.drivers import MarketDriver

LIMIT = PlaceOrder(1, Side.BUY, OrderType.LIMIT, 10, 100)
MARKET = PlaceOrder(1, Side.BUY, OrderType.MARKET, 10)
STOP = PlaceOrder(1, Side.BUY, OrderType.STOP, 10, stop_price=105)
STOP_LIMIT = PlaceOrder(1, Side.BUY, OrderType.STOP_LIMIT, 10, 106, stop_price=105)
GTC, IOC, FOK, GTD = TimeInForce
LATER = 1_700_000_000_000_000 + 60 * SECOND
"""A minute after the market's first moment."""

GOOD = {
    "limit": LIMIT,
    "limit, gtc said": LIMIT._replace(time_in_force=GTC),
    "limit, ioc": LIMIT._replace(time_in_force=IOC),
    "limit, fok": LIMIT._replace(time_in_force=FOK),
    "limit, gtd": LIMIT._replace(time_in_force=GTD, expires_at=LATER),
    "limit, post-only": LIMIT._replace(post_only=True),
    "limit, post-only, gtd": LIMIT._replace(post_only=True, time_in_force=GTD, expires_at=LATER),
    "iceberg": LIMIT._replace(display_quantity=3),
    "iceberg, post-only, gtd": LIMIT._replace(
        display_quantity=3, post_only=True, time_in_force=GTD, expires_at=LATER
    ),
    "market": MARKET,
    "market, ioc said": MARKET._replace(time_in_force=IOC),
    "market, slippage": MARKET._replace(max_slippage=10_000),
    "market, quote quantity": MARKET._replace(quantity=None, quote_quantity=500),
    "market, quote quantity, slippage": MARKET._replace(
        quantity=None, quote_quantity=500, max_slippage=0
    ),
    "stop": STOP,
    "stop, slippage": STOP._replace(max_slippage=10_000),
    "stop, gtd": STOP._replace(time_in_force=GTD, expires_at=LATER),
    "stop, ioc": STOP._replace(time_in_force=IOC),
    "stop-limit": STOP_LIMIT,
    "stop-limit, ioc": STOP_LIMIT._replace(time_in_force=IOC),
    "stop-limit, fok": STOP_LIMIT._replace(time_in_force=FOK),
    "stop-limit, gtd": STOP_LIMIT._replace(time_in_force=GTD, expires_at=LATER),
    "stop-limit, iceberg": STOP_LIMIT._replace(display_quantity=3),
}

BAD: dict[str, tuple[PlaceOrder, list[str]]] = {
    # price and stop_price
    "limit without a price": (LIMIT._replace(price=None), ["price"]),
    "stop-limit without a price": (STOP_LIMIT._replace(price=None), ["price"]),
    "market with a price": (MARKET._replace(price=100), ["price"]),
    "stop with a price": (STOP._replace(price=106), ["price"]),
    "stop without a stop price": (STOP._replace(stop_price=None), ["stop_price"]),
    "stop-limit without a stop price": (STOP_LIMIT._replace(stop_price=None), ["stop_price"]),
    "limit with a stop price": (LIMIT._replace(stop_price=105), ["stop_price"]),
    "market with a stop price": (MARKET._replace(stop_price=105), ["stop_price"]),
    "stop-limit without prices": (
        STOP_LIMIT._replace(price=None, stop_price=None),
        ["price", "stop_price"],
    ),
    # time_in_force
    "market, gtc": (MARKET._replace(time_in_force=GTC), ["time_in_force"]),
    "market, fok": (MARKET._replace(time_in_force=FOK), ["time_in_force"]),
    "market, gtd": (
        MARKET._replace(time_in_force=GTD, expires_at=LATER),
        ["time_in_force"],
    ),
    "stop, fok": (STOP._replace(time_in_force=FOK), ["time_in_force"]),
    # expires_at
    "limit, gtd, without expiry": (LIMIT._replace(time_in_force=GTD), ["expires_at"]),
    "stop, gtd, without expiry": (STOP._replace(time_in_force=GTD), ["expires_at"]),
    "limit with an expiry": (LIMIT._replace(expires_at=LATER), ["expires_at"]),
    "limit, gtc, with an expiry": (
        LIMIT._replace(time_in_force=GTC, expires_at=LATER),
        ["expires_at"],
    ),
    "limit, ioc, with an expiry": (
        LIMIT._replace(time_in_force=IOC, expires_at=LATER),
        ["expires_at"],
    ),
    "market with an expiry": (MARKET._replace(expires_at=LATER), ["expires_at"]),
    "limit, gtd, in the past": (LIMIT._replace(time_in_force=GTD, expires_at=1), ["expires_at"]),
    # post_only
    "post-only, ioc": (LIMIT._replace(post_only=True, time_in_force=IOC), ["post_only"]),
    "post-only, fok": (LIMIT._replace(post_only=True, time_in_force=FOK), ["post_only"]),
    "post-only, market": (MARKET._replace(post_only=True), ["post_only"]),
    "post-only, stop": (STOP._replace(post_only=True), ["post_only"]),
    "post-only, stop-limit": (STOP_LIMIT._replace(post_only=True), ["post_only"]),
    # display_quantity
    "iceberg, ioc": (LIMIT._replace(display_quantity=3, time_in_force=IOC), ["display_quantity"]),
    "iceberg, fok": (LIMIT._replace(display_quantity=3, time_in_force=FOK), ["display_quantity"]),
    "iceberg, market": (MARKET._replace(display_quantity=3), ["display_quantity"]),
    "iceberg, stop": (STOP._replace(display_quantity=3), ["display_quantity"]),
    "iceberg, stop-limit ioc": (
        STOP_LIMIT._replace(display_quantity=3, time_in_force=IOC),
        ["display_quantity"],
    ),
    "iceberg that shows more than it is": (
        LIMIT._replace(display_quantity=11),
        ["display_quantity"],
    ),
    "iceberg that shows nothing": (LIMIT._replace(display_quantity=0), ["display_quantity"]),
    # quantity and quote_quantity
    "limit without a quantity": (LIMIT._replace(quantity=None), ["quantity"]),
    "market without a quantity": (MARKET._replace(quantity=None), ["quantity"]),
    "stop without a quantity": (STOP._replace(quantity=None), ["quantity"]),
    "market with both quantities": (MARKET._replace(quote_quantity=500), ["quote_quantity"]),
    "limit with a quote quantity": (
        LIMIT._replace(quantity=None, quote_quantity=500),
        ["quote_quantity"],
    ),
    "stop with a quote quantity": (
        STOP._replace(quantity=None, quote_quantity=500),
        ["quote_quantity"],
    ),
    "limit with both quantities": (LIMIT._replace(quote_quantity=500), ["quote_quantity"]),
    # max_slippage
    "limit with slippage": (LIMIT._replace(max_slippage=10_000), ["max_slippage"]),
    "stop-limit with slippage": (STOP_LIMIT._replace(max_slippage=10_000), ["max_slippage"]),
    # several at once
    "market, gtd, without expiry": (
        MARKET._replace(time_in_force=GTD),
        ["time_in_force", "expires_at"],
    ),
    "limit with everything of others": (
        LIMIT._replace(
            price=None,
            stop_price=105,
            post_only=True,
            time_in_force=IOC,
            display_quantity=3,
            expires_at=LATER,
            quote_quantity=500,
            max_slippage=0,
        ),
        [
            "price",
            "stop_price",
            "post_only",
            "display_quantity",
            "expires_at",
            "quote_quantity",
            "max_slippage",
        ],
    ),
}

REFUSED_IN_AN_AUCTION: dict[str, list[str]] = {
    "limit, ioc": ["time_in_force"],
    "limit, fok": ["time_in_force"],
    "limit, post-only": ["post_only"],
    "limit, post-only, gtd": ["post_only"],
    "iceberg, post-only, gtd": ["post_only"],
    "market": ["type"],
    "market, ioc said": ["type"],
    "market, slippage": ["type"],
    "market, quote quantity": ["type"],
    "market, quote quantity, slippage": ["type"],
    "stop, ioc": ["time_in_force"],
    "stop-limit, ioc": ["time_in_force"],
    "stop-limit, fok": ["time_in_force"],
}


def a_market(**changes: int) -> MarketDriver:
    market = MarketDriver(**changes)  # type: ignore[arg-type]
    assert market.account("alice") == 1
    return market


@pytest.mark.parametrize("name", GOOD)
def test_what_goes_together_is_taken(name: str) -> None:
    market = a_market()

    assert market.send(GOOD[name]).refused is None


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_is_refused_and_the_fields_named(name: str) -> None:
    market = a_market()
    order, fields = BAD[name]

    answer = market.send(order)

    assert answer.refused == "invalid_order"
    assert list(answer.refusal.errors) == fields
    assert answer.refusal.message == answer.refusal.errors[fields[0]][0]
    assert market.engine.state.sequence == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("limit without a price", "a limit order needs a price (or use type market)"),
        ("stop-limit without a price", "a stop_limit order needs a price"),
        ("market with a price", "a market order has no price; use type limit to set one"),
        ("stop with a price", "a stop order has no price; use type stop_limit to set one"),
        ("market, fok", "a market order is ioc: it never rests and is never fok"),
        ("market with both quantities", "give quantity or quote_quantity, not both"),
    ],
)
def test_the_message_says_what_would_be_right(name: str, message: str) -> None:
    market = a_market()

    assert market.send(BAD[name][0]).refusal.message == message


@pytest.mark.parametrize("name", GOOD)
def test_an_auction_takes_only_what_may_rest(name: str) -> None:
    market = a_market()
    market.auction()

    answer = market.send(GOOD[name])

    fields = REFUSED_IN_AN_AUCTION.get(name)
    assert answer.refused == (None if fields is None else "invalid_order")
    if fields is not None:
        assert list(answer.refusal.errors) == fields


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_go_together_is_told_before_steps_and_limits(name: str) -> None:
    market = a_market(tick_size=7, lot_size=4, min_quantity=100)
    order, fields = BAD[name]

    answer = market.send(order)

    if name not in ("iceberg that shows more than it is", "iceberg that shows nothing"):
        assert list(answer.refusal.errors) == fields
