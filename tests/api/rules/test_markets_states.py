"""Market states, auctions and bands over the API: what is taken when, and what everybody is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drivers.exchange import ExchangeDriver

pytestmark = pytest.mark.usefixtures("both_lanes")

TABLE = {
    # status: (place, amend, cancel, match)
    "open": (201, 200, 200, True),
    "auction": (201, 200, 200, False),
    "halted": ("market_not_open", "market_not_open", 200, False),
    "closed": ("market_not_open", "order_not_open", "order_not_open", False),
}


def outcome(response: Any) -> object:
    return response.status_code if response.is_success else response.json()["code"]


@pytest.mark.parametrize("status", TABLE)
def test_what_a_market_takes_in_each_state(exchange: ExchangeDriver, status: str) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    first = alice.place(market, "sell", "2", price="100")
    second = alice.place(market, "sell", "2", price="101")
    exchange.set_status(market, status)

    place = bob.submit(market, "buy", "1", price="101")
    amend = alice.http.patch(f"orders/{second['id']}", json={"quantity": "1"})
    cancel = alice.http.delete(f"orders/{first['id']}")

    matched = bool(exchange.http.get(f"markets/{market}/trades").json())
    assert (outcome(place), outcome(amend), outcome(cancel), matched) == TABLE[status]


def test_an_auction_collects_tells_what_it_would_come_to_and_trades_at_one_price(
    exchange: ExchangeDriver,
) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    exchange.set_status(market, "auction")

    with exchange.market_data() as socket:
        socket.ask("subscribe", channel="status", markets=[market])
        assert socket.next("status", "snapshot")["auction"]["indicative_price"] is None
        for price, quantity in (("99", "2"), ("90", "3")):
            alice.place(market, "buy", quantity, price=price)
        for price, quantity in (("1", "2"), ("7", "3")):
            bob.place(market, "sell", quantity, price=price)
        told = [socket.next("status", "update") for _ in range(2)]

    assert [each["auction"]["indicative_volume"] for each in told] == ["2", "5"]
    assert told[-1]["auction"] == {
        "indicative_price": "50",
        "indicative_volume": "5",
        "surplus": "0",
        "surplus_side": None,
        "ends_at": None,
    }
    assert exchange.http.get(f"markets/{market}").json()["auction"] == told[-1]["auction"]
    exchange.set_status(market, "open")
    trades = exchange.http.get(f"markets/{market}/trades").json()
    assert {trade["price"] for trade in trades} == {"50"}
    assert sum(int(trade["quantity"]) for trade in trades) == 5
    assert alice.balance("USD") == (str(1_000_000_000 - 250), "0"), "it pays the one price"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"type": "market", "price": None}, "type"),
        ({"time_in_force": "ioc"}, "time_in_force"),
        ({"time_in_force": "fok"}, "time_in_force"),
        ({"post_only": True}, "post_only"),
    ],
)
def test_an_auction_takes_only_what_may_rest(
    exchange: ExchangeDriver, fields: dict[str, Any], field: str
) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    exchange.set_status(market, "auction")

    refused = alice.submit(market, "buy", "1", **{"price": "10", **fields}).json()

    assert (refused["code"], list(refused["errors"])) == ("invalid_order", [field])


def test_an_auction_of_some_seconds_opens_the_market_by_itself(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    exchange.set_status(market, "auction", seconds=1)
    alice.place(market, "buy", "2", price="105")
    bob.place(market, "sell", "2", price="95")

    assert exchange.http.get(f"markets/{market}").json()["auction"]["ends_at"] is not None
    exchange.wait_until(
        lambda: exchange.http.get(f"markets/{market}").json()["status"] == "open", "it opens"
    )

    [trade] = exchange.http.get(f"markets/{market}/trades").json()
    assert (trade["price"], trade["quantity"]) == ("100", "2")


def test_a_halt_in_the_middle_of_an_auction_leaves_a_crossed_book_that_opens_at_one_price(
    exchange: ExchangeDriver,
) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    exchange.set_status(market, "auction")
    alice.place(market, "buy", "2", price="105")
    bob.place(market, "sell", "2", price="95")
    exchange.set_status(market, "halted")
    book = exchange.book(market)
    assert (book["bids"], book["asks"]) == ([["105", "2"]], [["95", "2"]])

    exchange.set_status(market, "open")

    [trade] = exchange.http.get(f"markets/{market}/trades").json()
    assert trade["price"] == "100"


def test_a_price_out_of_the_band_is_refused_and_the_reference_is_told(
    exchange: ExchangeDriver,
) -> None:
    market = exchange.new_market(price_band="0.1")
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "1", price="100")
    alice.place(market, "buy", "1", price="100")
    exchange.settle(market)

    rules = exchange.http.get(f"markets/{market}").json()
    high = alice.submit(market, "buy", "1", price="111").json()
    low = bob.submit(market, "sell", "1", price="89").json()

    assert (rules["price_band"], rules["reference_price"]) == ("0.1", "100")
    assert (high["code"], list(high["errors"])) == ("price_out_of_band", ["price"])
    assert "at most 110" in high["detail"]
    assert "at least 90" in low["detail"]
    assert alice.submit(market, "buy", "1", price="1").status_code == 201, "far is no danger there"


def test_the_band_ends_a_market_order_and_a_volatility_auction_takes_its_place(
    exchange: ExchangeDriver,
) -> None:
    plain = exchange.new_market(price_band="0.1")
    careful = exchange.new_market(price_band="0.1", volatility_auction_s=1)
    outcomes = {}

    for market in (plain, careful):
        alice, bob = exchange.traders(market)
        for price in ("100", "105", "130"):
            bob.place(market, "sell", "1", price=price)
        alice.place(market, "buy", "1", price="100")
        order = alice.place(market, "buy", "2", type="market")
        exchange.settle(market)
        outcomes[market] = (
            order["filled_quantity"],
            order["reason"],
            exchange.http.get(f"markets/{market}").json()["status"],
        )

    assert outcomes[plain] == ("1", "price_band", "open")
    assert outcomes[careful] == ("1", "price_band", "auction")
    exchange.wait_until(
        lambda: exchange.http.get(f"markets/{careful}").json()["status"] == "open", "it opens"
    )
