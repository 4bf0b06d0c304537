"""Orders that belong together, over REST and the socket: safe to repeat, held once, ended together."""

from __future__ import annotations

import pytest

from markets import serializers as shapes
from tests.api.shapes import check
from tests.drivers.exchange import ExchangeDriver, Trader

pytestmark = pytest.mark.usefixtures("both_lanes")

Group = dict[str, object]


def statuses(trader: Trader, group: Group) -> list[tuple[object, object]]:
    orders = group["orders"]
    assert isinstance(orders, list)
    now = [trader.order(order["id"]) for order in orders]
    return [(order["status"], order["reason"]) for order in now]


def a_market_at_100(exchange: ExchangeDriver) -> tuple[str, Trader, Trader, Trader]:
    market = exchange.new_market()
    alice, bob, carol = exchange.traders(market, 3)
    bob.place(market, "sell", "1", price="100")
    carol.place(market, "buy", "1", price="100")
    return market, alice, bob, carol


def test_of_an_oco_a_fill_of_one_cancels_the_other(exchange: ExchangeDriver) -> None:
    market, alice, bob, _ = a_market_at_100(exchange)
    base = market.split("-")[0]

    pair = alice.post(
        "orders/oco",
        market=market,
        side="sell",
        quantity="5",
        price="110",
        stop={"stop_price": "90", "price": "89"},
    )

    check(pair, shapes.GroupShape())
    assert pair["type"] == "oco"
    assert [(o["type"], o["status"], o["group_role"]) for o in pair["orders"]] == [
        ("limit", "open", "oco_limit"),
        ("stop_limit", "untriggered", "oco_stop"),
    ]
    assert {o["group_id"] for o in pair["orders"]} == {pair["id"]}
    assert alice.balance(base)[1] == "5", "held once"
    bob.place(market, "buy", "2", price="110")
    assert statuses(alice, pair) == [("partially_filled", None), ("canceled", "oco")]
    assert alice.balance(base)[1] == "3"


def test_of_an_oco_the_stops_trigger_cancels_the_limit_order(exchange: ExchangeDriver) -> None:
    market, alice, bob, carol = a_market_at_100(exchange)
    pair = alice.post(
        "orders/oco",
        market=market,
        side="sell",
        quantity="5",
        price="110",
        stop={"stop_price": "90"},
    )
    bob.place(market, "buy", "20", price="90")

    carol.place(market, "sell", "1", price="90")

    assert statuses(alice, pair) == [("canceled", "oco"), ("filled", None)]


def test_an_oco_may_begin_with_a_take_profit(exchange: ExchangeDriver) -> None:
    market, alice, bob, carol = a_market_at_100(exchange)
    pair = alice.post(
        "orders/oco",
        market=market,
        side="sell",
        type="take_profit_limit",
        quantity="5",
        stop_price="110",
        price="109",
        stop={"stop_price": "90"},
    )
    check(pair, shapes.GroupShape())
    assert [(o["type"], o["status"], o["group_role"]) for o in pair["orders"]] == [
        ("take_profit_limit", "untriggered", "oco_limit"),
        ("stop", "untriggered", "oco_stop"),
    ]
    bob.place(market, "sell", "1", price="110")

    carol.place(market, "buy", "1", price="110")

    assert statuses(alice, pair) == [("open", None), ("canceled", "oco")]


def test_a_bracket_may_wait_to_take_its_profit(exchange: ExchangeDriver) -> None:
    market, alice, bob, _ = a_market_at_100(exchange)
    bob.place(market, "sell", "5", price="101")

    group = alice.post(
        "orders/bracket",
        market=market,
        side="buy",
        quantity="5",
        price="101",
        take_profit={"stop_price": "110"},
        stop_loss={"stop_price": "90"},
    )

    assert [(o["type"], o["status"]) for o in group["orders"][1:]] == [
        ("take_profit", "untriggered"),
        ("stop", "untriggered"),
    ]


def test_the_end_of_one_ends_the_other(exchange: ExchangeDriver) -> None:
    market, alice, _, _ = a_market_at_100(exchange)
    pair = alice.post(
        "orders/oco",
        market=market,
        side="buy",
        quantity="5",
        price="90",
        stop={"stop_price": "110"},
    )

    alice.http.delete(f"orders/{pair['orders'][1]['id']}")

    assert statuses(alice, pair) == [("canceled", "oco"), ("canceled", "canceled_by_owner")]
    assert alice.balance("USD")[1] == "0"


def test_a_brackets_exits_are_armed_by_what_the_entry_brings(exchange: ExchangeDriver) -> None:
    market, alice, bob, carol = a_market_at_100(exchange)

    bracket = alice.post(
        "orders/bracket",
        market=market,
        side="buy",
        quantity="4",
        price="95",
        take_profit={"price": "120"},
        stop_loss={"stop_price": "80"},
    )
    before = [(o["quantity"], o["status"]) for o in bracket["orders"]]
    bob.place(market, "sell", "3", price="95")
    entry, profit, loss = (alice.order(order["id"]) for order in bracket["orders"])
    carol.place(market, "buy", "1", price="120")
    after = [alice.order(order["id"]) for order in bracket["orders"]]

    assert before == [("4", "open"), ("0", "untriggered"), ("0", "untriggered")]
    assert (entry["filled_quantity"], profit["quantity"], loss["quantity"]) == ("3", "3", "3")
    assert (profit["status"], loss["status"]) == ("open", "untriggered")
    assert [order["remaining_quantity"] for order in after] == ["1", "2", "2"]


@pytest.mark.parametrize("way", ["REST", "socket"])
def test_a_repeated_group_is_the_same_group(exchange: ExchangeDriver, way: str) -> None:
    market, alice, _, _ = a_market_at_100(exchange)
    wish = {
        "market": market,
        "side": "sell",
        "quantity": "5",
        "price": "110",
        "client_order_id": "pair",
        "stop": {"stop_price": "90", "client_order_id": "pair-stop"},
    }

    if way == "REST":
        first = alice.http.post("orders/oco", json=wish)
        second = alice.http.post("orders/oco", json=wish)
        assert (first.status_code, second.status_code) == (201, 200)
        answers = [first.json(), second.json()]
        other = alice.http.post("orders/oco", json={**wish, "price": "111"}).json()
        alone = alice.submit(market, "sell", "5", price="110", client_order_id="pair").json()
    else:
        with alice.socket() as socket:
            answers = [socket.ask("submit_oco", **wish) for _ in range(2)]
            other = socket.refused("submit_oco", **{**wish, "price": "111"})
            alone = socket.refused(
                "submit_order",
                market=market,
                side="sell",
                quantity="5",
                price="110",
                client_order_id="pair-stop",
            )

    assert answers[0] == answers[1]
    assert (other["code"], alone["code"]) == ("conflict", "conflict")
    assert len(alice.http.get("orders").json()["results"]) == 2


def test_a_group_is_placed_whole_or_not_at_all(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    poor = exchange.new_trader(**{market.split("-")[0]: "4"})

    refused = poor.http.post(
        "orders/oco",
        json={
            "market": market,
            "side": "sell",
            "quantity": "5",
            "price": "110",
            "stop": {"stop_price": "90"},
        },
    ).json()

    assert refused["code"] == "insufficient_funds"
    assert poor.http.get("orders").json()["results"] == []


def test_an_operator_finds_the_groups_money_right(exchange: ExchangeDriver) -> None:
    market, alice, bob, _ = a_market_at_100(exchange)
    alice.post(
        "orders/bracket",
        market=market,
        side="sell",
        quantity="5",
        price="105",
        take_profit={"price": "90"},
        stop_loss={"stop_price": "120", "price": "125"},
    )
    bob.place(market, "buy", "2", price="105")

    held = alice.balance(market.split("-")[0])[1], alice.balance("USD")[1]

    assert held == ("3", str(5 * 125)), "buying back is paid for from the start"
    exchange.check()
