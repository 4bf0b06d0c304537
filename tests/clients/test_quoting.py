"""A maker knows where its orders belong, which of them are there, and what to change."""

from decimal import Decimal
from random import Random

from clients import (
    ExchangeClient,
    Order,
)
from clients.scripts.own_orders import OwnOrders
from clients.scripts.quoting import REACH, AnchoredWalk, grid_step, places, plan, quantity_for
from tests.clients.stand_in import StandIn


def an_order(id: str, side: str, price: int, status: str = "open") -> Order:
    return Order.from_json(
        {
            "id": id,
            "side": side,
            "price": str(price),
            "status": status,
            "market": "BTC-USD",
            "type": "limit",
            "time_in_force": "gtc",
            "quantity": "1",
            "remaining_quantity": "1",
            "filled_quantity": "0",
        }
    )


# Where orders belong


def test_the_grid_lies_on_round_numbers_of_ticks() -> None:
    assert grid_step(Decimal(64000), Decimal("0.01")) == 10
    assert grid_step(Decimal(3400), Decimal("0.01")) == Decimal("0.5")
    assert grid_step(Decimal(150), Decimal("0.01")) == Decimal("0.02")
    assert grid_step(Decimal(1), Decimal("0.01")) == Decimal("0.01")


def test_places_lie_on_both_sides_of_the_centre_and_never_meet() -> None:
    found = places(Decimal(104), Decimal(10), 2)

    assert [(side, int(price)) for side, price in found] == [
        ("buy", 100),
        ("sell", 110),
        ("buy", 90),
        ("sell", 120),
    ]


def test_only_what_is_out_of_place_is_canceled_and_only_what_is_missing_submitted() -> None:
    own = {o.id: o for o in (an_order("1", "buy", 100), an_order("2", "buy", 100))}
    own["3"] = an_order("3", "sell", 140)

    changes = plan(places(Decimal(104), Decimal(10), 2), own, limit=2)

    assert changes.cancel == ("2", "3")
    assert changes.submit == (("sell", Decimal(110)), ("buy", Decimal(90)))


def test_the_walk_never_leaves_the_reach_of_its_anchor() -> None:
    anchor = Decimal(64000)
    walk = AnchoredWalk(Decimal(60000), anchor, Random(1), volatility=0.02)

    prices = [walk.step() for _ in range(2000)]

    bound = Decimal(str(REACH))
    assert all(abs(price / anchor - 1) <= bound for price in prices)
    assert min(prices) < anchor < max(prices)


async def test_quantities_are_whole_lots_within_the_market_s_limits(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    exchange.markets["BTC-USD"].row.update(lot_size="0.001", min_notional="10", max_quantity="2")
    market = await alice.market("BTC-USD")

    assert quantity_for(market, Decimal(100), Decimal(55)) == Decimal("0.55")
    assert quantity_for(market, Decimal(3000), Decimal(1)) == Decimal("0.004")
    assert quantity_for(market, Decimal(1), Decimal(1000)) == 2


# What is open


def test_an_order_that_ended_never_comes_back() -> None:
    own = OwnOrders()
    own.put(an_order("1", "buy", 1))
    own.put(an_order("1", "buy", 1, "filled"))

    own.put(an_order("1", "buy", 1))

    assert own.of("BTC-USD") == {}
