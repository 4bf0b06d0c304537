"""Orders over REST: 201 means durable, and a retry is safe."""

import pytest

from markets import serializers as shapes
from markets.models import Order
from tests.api.shapes import check, refusal
from tests.drivers.exchange import ExchangeDriver

pytestmark = pytest.mark.usefixtures("both_lanes")


def test_an_order_that_rests_is_in_the_book_and_holds_funds(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice = exchange.new_trader(USD=1000)

    order = alice.place(market, "buy", "5", price="100")

    assert (order["status"], order["remaining_quantity"], order["fills"]) == ("open", "5", [])
    assert alice.balance("USD") == ("500", "500")
    exchange.wait_until(
        lambda: exchange.book(market)["bids"] == [["100", "5"]], "the book shows it"
    )


def test_an_order_that_trades_tells_its_fills_and_what_it_paid(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(maker_fee_rate="0.001", taker_fee_rate="0.002")
    base = market.split("-")[0]
    alice, bob = exchange.traders(market)
    alice.place(market, "sell", 2, price="100")
    alice.place(market, "sell", 2, price="101")

    order = bob.place(market, "buy", "5", price="102.0", client_order_id="bob:1")

    check(order, shapes.OrderWithFillsShape())
    assert [(f["price"], f["quantity"], f["fee"]) for f in order["fills"]] == [
        ("100", "2", "0.004"),
        ("101", "2", "0.004"),
    ]
    assert {f["liquidity"] for f in order["fills"]} == {"taker"}
    assert {f["order_id"] for f in order["fills"]} == {order["id"]}
    told = {name: order[name] for name in order if name not in ("id", "sequence", "fills")}
    assert told.pop("created_at") == told.pop("updated_at")
    assert told == {
        "client_order_id": "bob:1",
        "market": market,
        "side": "buy",
        "type": "limit",
        "time_in_force": "gtc",
        "post_only": False,
        "price": "102",
        "stop_price": None,
        "quantity": "5",
        "quote_quantity": None,
        "remaining_quantity": "1",
        "filled_quantity": "4",
        "canceled_quantity": "0",
        "prevented_quantity": "0",
        "average_price": "100.5",
        "filled_notional": "402",
        "fee": "0.008",
        "fee_asset": base,
        "status": "partially_filled",
        "reason": None,
        "display_quantity": None,
        "expires_at": None,
        "max_slippage": None,
        "self_trade_prevention": "cancel_newest",
        "cancel_on_disconnect": False,
        "group_id": None,
        "group_role": None,
    }


def test_what_was_answered_201_is_in_the_rows(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)

    order = alice.place(market, "buy", "1", price="7")

    row = Order.objects.get(pk=int(order["id"]))
    assert (row.account, row.status, row.sequence) == (alice.account, "open", order["sequence"])
    without_fills = {name: value for name, value in order.items() if name != "fills"}
    assert alice.order(order["id"]) == without_fills
    check(alice.order(order["id"]), shapes.OrderShape())


def test_a_repeat_of_a_client_order_id_is_answered_with_the_order_as_it_is_now(
    exchange: ExchangeDriver,
) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    first = alice.place(market, "sell", "3", price="100", client_order_id="once")
    bought = bob.place(market, "buy", "2", price="100")

    again = alice.submit(market, "sell", 3, price="100.00", client_order_id="once")

    assert again.status_code == 200
    order = again.json()
    check(order, shapes.OrderWithFillsShape())
    assert (order["id"], order["status"]) == (first["id"], "partially_filled")
    assert [f["id"] for f in order["fills"]] == [f["id"] for f in bought["fills"]]
    assert [f["liquidity"] for f in order["fills"]] == ["maker"]
    assert Order.objects.filter(account=alice.account).count() == 1


def test_a_repeat_finds_an_order_that_has_ended(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "1", price="100")
    first = alice.place(market, "buy", "1", price="100", client_order_id="once")

    again = alice.submit(market, "buy", "1", price="100", client_order_id="once")

    assert (again.status_code, again.json()) == (200, first)
    assert first["status"] == "filled"


def test_a_client_order_id_with_other_content_is_a_conflict(exchange: ExchangeDriver) -> None:
    market, other = exchange.new_market(), exchange.new_market()
    alice, bob = exchange.traders(market)
    alice.place(market, "buy", "1", price="100", client_order_id="once")

    conflict = (409, "conflict", ["client_order_id"])
    assert (
        refusal(alice.submit(market, "buy", "2", price="100", client_order_id="once")) == conflict
    )
    assert refusal(alice.submit(market, "buy", "1", price="99", client_order_id="once")) == conflict
    assert refusal(alice.submit(other, "buy", "1", price="100", client_order_id="once")) == conflict
    assert bob.submit(market, "buy", "2", price="100", client_order_id="once").status_code == 201


def test_what_does_not_rest_says_why(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    alice.place(market, "sell", "2", price="100")

    killed = bob.place(market, "buy", "3", price="100", time_in_force="fok")
    immediate = bob.place(market, "buy", "3", price="100", time_in_force="ioc")
    late = bob.place(market, "buy", "3", type="market")

    def told(order: dict[str, object]) -> tuple[object, ...]:
        return order["status"], order["reason"], order["filled_quantity"], order["price"]

    assert told(killed) == ("canceled", "fok_unfillable", "0", "100")
    assert told(immediate) == ("canceled", "ioc_remainder", "2", "100")
    assert told(late) == ("canceled", "no_liquidity", "0", None)
    assert late["time_in_force"] == "ioc"
    assert bob.balance("USD")[1] == "0"


def test_a_market_order_takes_the_best_there_is(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    alice.place(market, "buy", "1", price="90")
    alice.place(market, "buy", "1", price="91")

    order = bob.place(market, "sell", "2", type="market")

    assert [fill["price"] for fill in order["fills"]] == ["91", "90"]
    assert (order["status"], order["average_price"], order["price"]) == ("filled", "90.5", None)


def test_a_post_only_order_that_would_take_is_refused_whole(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    alice.place(market, "sell", "2", price="100")

    response = bob.submit(market, "buy", "3", price="100", post_only=True)

    assert refusal(response) == (422, "post_only_would_take", ["price"])
    assert "100" in response.json()["detail"]
    assert bob.http.get("orders").json()["results"] == []
    resting = bob.place(market, "buy", "3", price="99", post_only=True)
    assert (resting["status"], resting["post_only"]) == ("open", True)


def test_an_order_beyond_the_money_is_refused_and_holds_nothing(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice = exchange.new_trader(USD=100)

    assert refusal(alice.submit(market, "buy", "2", price="51")) == (422, "insufficient_funds", [])
    assert refusal(alice.submit(market, "sell", "1", price="51")) == (422, "insufficient_funds", [])
    assert alice.balance("USD") == ("100", "0")
    alice.place(market, "buy", "2", price="50")


def test_a_taker_gets_the_better_price_and_the_difference_back(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(taker_fee_rate="0.01")
    base = market.split("-")[0]
    alice, _ = exchange.traders(market)
    bob = exchange.new_trader(USD=1000)
    alice.place(market, "sell", "2", price="100")

    bob.place(market, "buy", "5", price="200")

    assert bob.balance("USD") == ("200", "600"), (
        "200 paid for two at 100, 600 held for three at 200"
    )
    assert bob.balance(base) == ("1.98", "0")


def test_self_trade_prevention_is_told(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    resting = alice.place(market, "sell", "2", price="100")

    order = alice.place(market, "buy", "1", price="100", self_trade_prevention="decrement")

    assert (order["status"], order["reason"]) == ("canceled", "self_trade_prevention")
    assert (order["prevented_quantity"], order["fills"]) == ("1", [])
    assert alice.order(resting["id"])["remaining_quantity"] == "1"
